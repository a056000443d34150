//! `labkit import`

use std::{collections::BTreeMap, path::PathBuf};

use argh::FromArgs;
use serde_json::json;

use super::output;
use crate::{
    columns::columns,
    error::{Error, Result},
    import,
    results::{Figure, Metric, Reading, Record, store},
    signal,
};

/// Make a run out of raw files of other tools: hpcc, HPL, iperf3, ping, sysbench, iozone.
#[derive(FromArgs)]
#[argh(
    subcommand,
    name = "import",
    note = "An hpccinf.txt among the files is what the runs of hpcc are compared with; what went to standard error says \
            why one failed. A second import with --into adds another case to the same run."
)]
pub struct Import {
    /// files to read; what each is shows in its text
    #[argh(positional)]
    files: Vec<PathBuf>,

    /// name of the arrangement they were taken of: cluster, node01, veth
    #[argh(option)]
    case: String,

    /// where they were taken: bare, vm, container or pod
    #[argh(option, long = "where", arg_name = "PLACE")]
    place: Option<String>,

    /// what else is known of the place: blas=…, memory_mb=1024, cpus=1; may be repeated
    #[argh(option)]
    set: Vec<String>,

    /// add to this imported run: id, beginning of it, or latest
    #[argh(option, arg_name = "RUN")]
    into: Option<String>,

    /// heading of the run's report
    #[argh(option)]
    title: Option<String>,

    /// only say what is in the files
    #[argh(switch)]
    dry_run: bool,

    /// for machines
    #[argh(switch)]
    json: bool,
}

impl Import {
    pub fn run(self) -> Result<()> {
        signal::listen()?;
        let state = store::state_dir()?;
        let into = self.into.as_deref().map(|name| Record::find(&state, name)).transpose()?;
        let settings = self.set.iter().map(|setting| split(setting)).collect::<Result<BTreeMap<_, _>>>()?;
        let import =
            import::Import { files: self.files, case: self.case, place: self.place, settings, title: self.title };
        if self.dry_run {
            let rows = import
                .count(into.as_ref())?
                .into_iter()
                .map(|((tool, verdict), count)| vec![tool, verdict.to_string(), count.to_string()]);
            return output::print(&columns(&["tool", "verdict", "runs"], &rows.collect::<Vec<_>>(), &[2], None));
        }
        let imported = import.run(&state, into)?;
        if self.json {
            output::json(&json!({ "run": imported.run, "readings": imported.readings, "dir": imported.dir }))?;
        } else {
            output::print(&shown(&imported))?;
        }
        match imported.readings.iter().find(|reading| !reading.verdict.is_trusted()) {
            Some(bad) => {
                let said = format!("`{}` may not be believed: {}: {}", bad.case, bad.verdict, bad.cause());
                let kept = "it is kept, marked as invalid, and compared with nothing";
                Err(Error::proof(said).hint(bad.remedy().unwrap_or(kept)))
            }
            None => {
                match imported.doubts.as_slice() {
                    [] => Ok(()),
                    doubts => Err(Error::proof(doubts.join("\n"))
                        .hint("they are kept, marked as invalid, and compared with nothing")),
                }
            }
        }
    }
}

fn split(setting: &str) -> Result<(String, String)> {
    match setting.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(Error::usage(format!("--set {setting}: no `=` in it")).hint("--set memory_mb=1024")),
    }
}

/// With more readings than this only their number is shown.
const MOST_SHOWN: usize = 40;

fn shown(imported: &import::Imported) -> String {
    let rows: Vec<Vec<String>> = imported.readings.iter().take(MOST_SHOWN).map(row).collect();
    let mut text = columns(&["case", "tool", "verdict", "first figure"], &rows, &[], None);
    if imported.readings.len() > MOST_SHOWN {
        text += &format!("… and {} more\n", imported.readings.len() - MOST_SHOWN);
    }
    for reading in imported.readings.iter().take(MOST_SHOWN) {
        for warning in &reading.warnings {
            text += &format!("! {}: {warning}\n", reading.raw.as_deref().unwrap_or(&reading.case));
        }
    }
    text + &format!("imported as {} into {}\n", imported.run.id, imported.dir.display())
}

fn row(reading: &Reading) -> Vec<String> {
    // How many packets were lost says least of a ping.
    let says_much = |figure: &&Figure| figure.labels.is_empty() && figure.metric != "ping_loss_percent";
    let figure = reading.figures.iter().find(says_much);
    let figure = figure.and_then(|figure| {
        let metric = Metric::named(figure.metric).ok()?;
        Some(format!("{} {}", metric.title, metric.print_with_unit(figure.value)))
    });
    vec![reading.case.clone(), reading.bench.clone(), reading.verdict.to_string(), figure.unwrap_or_default()]
}
