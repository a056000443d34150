//! Why figures are what they are: causes that can be seen in samples, readings and proofs, with the numbers behind.

mod causes;
mod figure;
mod hpl_model;
mod stream;
mod taken;
mod unlike;

pub use figure::{Checked, check_figure};
pub use hpl_model::Hpl;

use serde::Serialize;

use crate::results::Record;
use taken::Taken;

/// One cause, in words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// A name for machines: `reference_blas`, `cpu_overcommit` …
    pub cause: &'static str,
    pub run: String,
    /// The cases that show it, the one that shows it most first; the evidence is that one's.
    pub cases: Vec<String>,
    /// What it is called in a line: `the reference BLAS`.
    pub title: String,
    /// The figures it was seen in.
    pub evidence: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// By what factor it slows the case down, where that can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factor: Option<f64>,
}

/// All that can be said of these runs, what costs most first.
pub fn of(records: &[&Record]) -> Vec<Finding> {
    let taken: Vec<Taken> = records.iter().flat_map(|record| Taken::all(record)).collect();
    let mut found: Vec<Finding> = taken.iter().filter_map(causes::distrust).collect();
    let taken = Taken::typical(taken);
    for one in &taken {
        found.extend(causes::ALL.iter().filter_map(|cause| cause(one, &taken)));
    }
    for record in records {
        found.extend(stream::findings(record));
    }
    found.extend(unlike::findings(records));
    found.sort_by(|one, other| other.factor.unwrap_or(0.0).total_cmp(&one.factor.unwrap_or(0.0)));
    together(found)
}

/// One finding for each cause of a run, not one for each case; what is no result has a reason of its own each time.
fn together(found: Vec<Finding>) -> Vec<Finding> {
    let mut groups: Vec<Finding> = Vec::new();
    for finding in found {
        let same = |group: &&mut Finding| {
            group.run == finding.run
                && group.cause == finding.cause
                && (finding.factor.is_some() || group.evidence == finding.evidence)
        };
        match groups.iter_mut().find(same) {
            Some(group) => {
                let new: Vec<String> = finding.cases.into_iter().filter(|case| !group.cases.contains(case)).collect();
                group.cases.extend(new);
            }
            None => groups.push(finding),
        }
    }
    groups
}
