//! Taking back what was done to the machine: each thing as it was before.

use std::fs;

use super::{apt, block, hostname, module, place, program, swap, sysctl, unit, user};
use crate::{
    error::{Context, Error, Result},
    journal::{Before, Change, FileState, Ledger},
};

/// Brings one thing into the state that was before. Done twice, or after an effect that was never made, it is the same.
pub fn revert(change: &Change, ledger: &Ledger, force: bool) -> Result<()> {
    match &change.before {
        Before::File { path, before, after } => {
            let seen = place::look(path)?.state;
            if seen == *before {
                return place::clear_rest(path);
            }
            if seen != *after && !force {
                return Err(Error::failed(format!("`{}` was changed by somebody else since", path.display()))
                    .hint("--force brings it back to what was before labkit, and loses that change"));
            }
            place::put(path, before, &kept(before, ledger)?)
        }
        Before::Block { path, name, comment, content, existed } => {
            block::revert(path, name, comment, content.as_deref(), *existed)
        }
        Before::Sysctl { values } => sysctl::revert(values),
        Before::Module { name } => module::revert(name),
        Before::Swap { devices } => swap::revert(devices),
        Before::Hostname { name } => hostname::revert(name),
        Before::Packages { before } => apt::revert(before),
        Before::Hold { packages } => apt::revert_hold(packages),
        Before::User { name, existed, groups } => user::revert(name, *existed, groups),
        Before::Program { undo, unless, creates } => program::revert(undo, unless, creates.as_deref()),
        Before::Unit { unit, enabled, active } => unit::revert(unit, enabled, *active),
    }
}

/// What a file held.
fn kept(state: &FileState, ledger: &Ledger) -> Result<Vec<u8>> {
    match state {
        FileState::File { sha256, .. } => {
            let path = ledger.kept(sha256);
            fs::read(&path).context(|| format!("read what was kept in `{}`", path.display()))
        }
        _ => Ok(Vec::new()),
    }
}
