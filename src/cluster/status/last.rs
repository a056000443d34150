//! The last run of the recipe that made this machine a node.

use serde::Serialize;

use crate::{
    error::Result,
    results::{Outcome, Record, store},
};

#[derive(Debug, Serialize)]
pub struct LastRun {
    pub id: String,
    pub start: String,
    pub outcome: Outcome,
    pub proofs: usize,
    pub proofs_held: usize,
}

/// In a run's id.
const RECIPE: &str = "-ex2-";

impl LastRun {
    pub fn find() -> Result<Option<LastRun>> {
        let state = store::state_dir()?;
        let ids = store::ids(&state)?;
        let Some(id) = ids.iter().rfind(|id| id.contains(RECIPE)) else { return Ok(None) };
        let Record { run, proofs, .. } = Record::read(&store::runs(&state).join(id))?;
        let proofs_held = proofs.iter().filter(|proof| proof.valid).count();
        Ok(Some(LastRun { id: run.id, start: run.start, outcome: run.outcome, proofs: proofs.len(), proofs_held }))
    }
}
