//! `labkit down`

use std::path::Path;

use argh::FromArgs;

use super::output;
use crate::{
    error::{Error, Result},
    kept::{self, Kept},
    recipe::revert,
    results::store,
};

/// Take a kept lab down.
#[derive(FromArgs)]
#[argh(subcommand, name = "down")]
pub struct Down {
    /// id of the lab or the beginning of it; not needed where only one is kept
    #[argh(positional)]
    lab: Option<String>,

    /// all of them
    #[argh(switch)]
    all: bool,
}

impl Down {
    pub fn run(self) -> Result<()> {
        let state = store::state_dir()?;
        let labs = match self.all {
            true => kept::all(&state)?,
            false => vec![kept::find(&state, self.lab.as_deref())?],
        };
        let errors: Vec<String> =
            labs.iter().filter_map(|lab| take_down(lab, &state).err()).map(|error| error.to_string()).collect();
        match errors.is_empty() {
            true => Ok(()),
            false => Err(Error::failed(errors.join("\n"))),
        }
    }
}

fn take_down(lab: &Kept, state: &Path) -> Result<()> {
    if lab.holder.is_none() {
        revert(&store::runs(state).join(&lab.id))?;
    }
    let inside = lab.end(state)?;
    output::note(&format!("down      {}", lab.id));
    for pid in inside {
        output::note(&format!("          process {pid} is still inside and keeps its namespace until it ends"));
    }
    Ok(())
}
