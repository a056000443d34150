//! `labkit results compare`

use std::path::Path;

use serde_json::json;

use super::output;
use crate::{
    error::Result,
    report,
    results::{Record, Selection, beside, likeness},
};

/// What is asked for.
pub struct SideBySide {
    /// The first is what the others are compared with.
    pub runs: Vec<String>,
    pub metrics: Vec<String>,
    pub cases: Vec<String>,
    pub json: bool,
}

impl SideBySide {
    pub fn run(self, state: &Path) -> Result<()> {
        let records = Record::find_all(state, &self.runs)?;
        let selection = Selection::of(self.metrics, self.cases, &records)?;
        let rows = beside::beside(&records, &selection)?;
        let later = || records.iter().skip(1);
        let unlike: Vec<_> = records
            .first()
            .map_or_else(Vec::new, |first| later().map(|other| likeness::unlike(first, other)).collect());
        if !self.json {
            return output::print(&report::beside::text(&records, &rows, &unlike));
        }
        let unlike: Vec<_> =
            later().zip(&unlike).map(|(record, found)| json!({ "run": record.run.id, "differences": found })).collect();
        let run = |record: &Record| json!({ "id": record.run.id, "dir": record.dir, "machine": record.run.machine });
        let runs: Vec<_> = records.iter().map(run).collect();
        output::json(&json!({ "runs": runs, "unlike": unlike, "rows": rows }))
    }
}
