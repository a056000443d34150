//! `labkit results`

use std::path::Path;

use argh::FromArgs;
use serde_json::json;

use super::{compare::SideBySide, output};
use crate::{
    clock,
    columns::columns,
    error::{Error, Result},
    report,
    results::{Record, Run, registry::METRICS, store},
};

/// The runs so far, the figures of one, or several side by side.
#[derive(FromArgs)]
#[argh(
    subcommand,
    name = "results",
    example = "labkit results latest",
    example = "labkit results compare RUN RUN",
    note = "A run is its id, the beginning of it, its directory, or `latest`.",
    note = "`compare` sets each later run against the first, and warns of what was not alike."
)]
pub struct Results {
    /// a run, or `compare` and two runs or more
    #[argh(positional, arg_name = "RUN")]
    words: Vec<String>,

    /// with `compare`: only this metric; again for more
    #[argh(option, arg_name = "NAME")]
    metric: Vec<String>,

    /// with `compare`: only this case; again for more
    #[argh(option, arg_name = "NAME")]
    case: Vec<String>,

    /// every metric there is: unit, which way is better, plausible range
    #[argh(switch)]
    metrics: bool,

    /// for machines: with a run, everything measured
    #[argh(switch)]
    json: bool,
}

impl Results {
    pub fn run(mut self) -> Result<()> {
        if self.metrics {
            return if self.json { output::json(&METRICS) } else { output::print(&report::registry::text(METRICS)) };
        }
        let state = store::state_dir()?;
        if self.words.first().is_some_and(|word| word == "compare") {
            let (runs, metrics, cases) = (self.words.split_off(1), self.metric, self.case);
            return SideBySide { runs, metrics, cases, json: self.json }.run(&state);
        }
        if !(self.metric.is_empty() && self.case.is_empty()) {
            return Err(Error::usage("--metric and --case choose what is compared")
                .hint("labkit results compare RUN RUN --metric NAME"));
        }
        match self.words.as_slice() {
            [] => list(&state, self.json),
            [name] => one(&state, name, self.json),
            several => Err(Error::usage(format!("{} runs at once", several.len()))
                .hint(format!("side by side: labkit results compare {}", several.join(" ")))),
        }
    }
}

fn one(state: &Path, name: &str, json: bool) -> Result<()> {
    let record = Record::find(state, name)?;
    match json {
        true => output::json(&json!({
            "run": record.run,
            "proofs": record.proofs,
            "readings": record.readings,
            "samples": record.samples,
        })),
        false => output::print(&report::text::summary(&record)),
    }
}

fn list(state: &Path, json: bool) -> Result<()> {
    let mut runs = Vec::new();
    for id in store::ids(state)? {
        match Record::read(&store::runs(state).join(&id)) {
            Ok(record) => runs.push(record.run),
            Err(error) => log::warn!("{error}"),
        }
    }
    if json {
        return output::json(&runs);
    }
    if runs.is_empty() {
        output::note("there are no runs yet; start one: labkit run ex1");
        return Ok(());
    }
    let row = |run: &Run| {
        let outcome = format!("{:?}", run.outcome).to_lowercase();
        vec![run.id.clone(), clock::for_people(&run.start), outcome, run.cases.join(", ")]
    };
    let rows: Vec<_> = runs.iter().map(row).collect();
    output::print(&columns(&["run", "when", "outcome", "cases"], &rows, &[], None))
}
