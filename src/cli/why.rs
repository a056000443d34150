//! `labkit why`

use argh::FromArgs;

use super::output;
use crate::{
    diagnosis::{self, Finding},
    error::Result,
    report::text::folded,
    results::{Record, metric::significant, store},
};

/// Say why figures are what they are, with the numbers behind.
#[derive(FromArgs)]
#[argh(
    subcommand,
    name = "why",
    note = "Several runs are looked at together: a slow one beside a fast one tells more. `reference` stands for the \
            figures of the reference report."
)]
pub struct Why {
    /// runs: ids, beginnings of ids, directories, `reference`; the latest unless given
    #[argh(positional)]
    runs: Vec<String>,

    /// for machines
    #[argh(switch)]
    json: bool,
}

impl Why {
    pub fn run(self) -> Result<()> {
        let names = if self.runs.is_empty() { vec!["latest".to_owned()] } else { self.runs };
        let records = Record::find_all(&store::state_dir()?, &names)?;
        let findings = diagnosis::of(&records.iter().collect::<Vec<_>>());
        if self.json {
            return output::json(&findings);
        }
        if findings.is_empty() {
            return output::print("nothing stands out: no cause of slowness or doubt is in these figures\n");
        }
        let several = records.len() > 1;
        output::print(&findings.iter().map(|finding| shown(finding, several)).collect::<Vec<_>>().join("\n"))
    }
}

fn shown(finding: &Finding, several: bool) -> String {
    let factor = finding.factor.filter(|factor| *factor > 1.0);
    let cost = factor.map(|factor| format!(" (a factor of {})", significant(factor, 2))).unwrap_or_default();
    let cases = finding.cases.join(", ");
    let of = [if several { finding.run.as_str() } else { "" }, &cases];
    let of: Vec<&str> = of.into_iter().filter(|part| !part.is_empty()).collect();
    let mut text = folded("", &format!("{}: {}{cost}", of.join(", "), finding.title));
    text += &folded("  ", &finding.evidence);
    if let Some(remedy) = &finding.remedy {
        text += &folded("  try: ", remedy);
    }
    text
}
