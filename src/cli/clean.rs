//! `labkit clean`

use std::fs;

use argh::FromArgs;

use super::output;
use crate::{
    error::{Context, Result},
    journal::Journal,
    kept,
    recipe::revert,
    results::store,
};

/// Take away what sudden ends left on the host, and old results if asked.
#[derive(FromArgs)]
#[argh(subcommand, name = "clean")]
pub struct Clean {
    /// delete all results but the newest N
    #[argh(option, arg_name = "N")]
    keep_runs: Option<usize>,
}

impl Clean {
    pub fn run(self) -> Result<()> {
        let state = store::state_dir()?;
        let kept: Vec<String> = kept::all(&state)?.into_iter().map(|lab| lab.id).collect();
        let ids = store::ids(&state)?;
        let mut cleaned = 0;
        for id in ids.iter().filter(|id| !kept.contains(id)) {
            let dir = store::runs(&state).join(id);
            if !store::is_in_use(&dir) && !Journal::pending(&dir)?.is_empty() {
                revert(&dir).context(|| format!("clean up after {id}"))?;
                output::note(&format!("removed   what {id} left on the host"));
                cleaned += 1;
            }
        }
        let spared = self.keep_runs.unwrap_or(ids.len());
        for id in ids[..ids.len().saturating_sub(spared)].iter().filter(|id| !kept.contains(id)) {
            let dir = store::runs(&state).join(id);
            if !store::is_in_use(&dir) {
                fs::remove_dir_all(&dir).context(|| format!("remove `{}`", dir.display()))?;
                output::note(&format!("deleted   {id}"));
                cleaned += 1;
            }
        }
        if cleaned == 0 {
            output::note("nothing to clean");
        }
        Ok(())
    }
}
