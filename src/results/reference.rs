//! The figures of the reference report, as runs: what a published lab report measured, read from its raw files.

use std::path::PathBuf;

use serde::Deserialize;

use super::{Proof, Reading, Record, Run, Sample};
use crate::error::{Context, Result};

/// Stands for all of them where a run is asked for.
pub const NAME: &str = "reference";

const RUNS: [(&str, &str); 3] = [
    ("reference-ex1", include_str!("reference/ex1.json")),
    ("reference-base", include_str!("reference/base.json")),
    ("reference-ex2", include_str!("reference/ex2.json")),
];

#[derive(Deserialize)]
struct Kept {
    run: Run,
    proofs: Vec<Proof>,
    readings: Vec<Reading>,
    samples: Vec<Sample>,
}

/// Their names, as `labkit report` takes them.
pub fn names() -> impl Iterator<Item = &'static str> {
    RUNS.iter().map(|(name, _)| *name)
}

/// The run of this name, where it is one of them. It has no directory.
pub fn named(name: &str) -> Option<Result<Record>> {
    let (_, text) = RUNS.iter().find(|(known, _)| *known == name)?;
    let kept = serde_json::from_str(text).context(|| format!("read `{name}`"));
    let record =
        |Kept { run, proofs, readings, samples }| Record { run, samples, proofs, readings, dir: PathBuf::new() };
    Some(kept.map(record))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_run_is_whole() {
        for name in names() {
            let record = named(name).unwrap().unwrap();
            assert_eq!(record.run.id, name);
            assert!(record.run.imported && !record.samples.is_empty() && !record.readings.is_empty());
            for reading in &record.readings {
                assert!(record.run.cases.contains(&reading.case), "{name}: {}", reading.case);
            }
        }
    }
}
