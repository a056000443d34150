//! `labkit clean`

use std::{fs, path::Path};

use argh::FromArgs;

use super::output;
use crate::{
    error::{Context, Error, Result},
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
        let (mut cleaned, mut errors) = (0, Vec::new());
        for id in ids.iter().filter(|id| !kept.contains(id)) {
            let dir = store::runs(&state).join(id);
            match if store::is_in_use(&dir) { Ok(false) } else { clean_up(&dir) } {
                Ok(false) => {}
                Ok(true) => {
                    output::note(&format!("removed   what {id} left on the host"));
                    cleaned += 1;
                }
                Err(error) => errors.push(error.context(format!("clean up after {id}")).to_string()),
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
        if !errors.is_empty() {
            return Err(Error::failed(errors.join("\n")));
        }
        if cleaned == 0 {
            output::note("nothing to clean");
        }
        Ok(())
    }
}

/// Reverts what a run left; false where it left nothing.
fn clean_up(dir: &Path) -> Result<bool> {
    if Journal::pending(dir)?.is_empty() {
        return Ok(false);
    }
    revert(dir).map(|()| true)
}
