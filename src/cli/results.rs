//! `labkit results`

use argh::FromArgs;
use serde_json::json;

use super::output;
use crate::{
    clock,
    columns::columns,
    error::Result,
    report,
    results::{Record, store},
};

/// The runs so far, or the figures of one.
#[derive(FromArgs)]
#[argh(subcommand, name = "results")]
pub struct Results {
    /// a run: its id, the beginning of it, its directory, or `latest`
    #[argh(positional)]
    run: Option<String>,

    /// for machines: with a run, everything measured
    #[argh(switch)]
    json: bool,
}

impl Results {
    pub fn run(self) -> Result<()> {
        let state = store::state_dir()?;
        if let Some(name) = &self.run {
            let record = Record::find(&state, name)?;
            return match self.json {
                true => output::json(&json!({ "run": record.run, "samples": record.samples, "proofs": record.proofs })),
                false => output::print(&report::text::summary(&record)),
            };
        }
        let mut runs = Vec::new();
        for id in store::ids(&state)? {
            let dir = store::runs(&state).join(&id);
            match Record::read(&dir) {
                Ok(record) => runs.push(record.run),
                Err(error) => log::warn!("{error}"),
            }
        }
        if self.json {
            return output::json(&runs);
        }
        if runs.is_empty() {
            output::note("there are no runs yet; start one: labkit run ex1");
            return Ok(());
        }
        let row = |run: &crate::results::Run| {
            vec![
                run.id.clone(),
                clock::for_people(&run.start),
                format!("{:?}", run.outcome).to_lowercase(),
                run.cases.join(", "),
            ]
        };
        let rows: Vec<_> = runs.iter().map(row).collect();
        output::print(&columns(&["run", "when", "outcome", "cases"], &rows, &[], None))
    }
}
