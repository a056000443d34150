//! Taking back what was done to the machine: each thing as it was before.

use std::{collections::BTreeMap, fs};

use super::{apt, block, hostname, module, place, program, remains, standing, swap, sysctl, unit, user};
use crate::{
    error::{Context, Error, Result},
    journal::{Before, Change, FileState, Ledger, PackageState},
};

/// Brings one thing into the state that was before. Done twice, or after an effect that was never made, it is the same.
pub fn revert(change: &Change, ledger: &Ledger, force: bool) -> Result<()> {
    match &change.before {
        // Of another room, or of none.
        Before::Same { .. } | Before::Member { .. } => Ok(()),
        Before::File { path, before, after } => {
            let seen = place::look(path)?.state;
            match () {
                () if seen == *before => place::clear_rest(path)?,
                () if force || standing::is_between(before, &seen, after) => {
                    place::put(path, before, &kept(before, ledger)?)?;
                }
                () => {
                    return Err(Error::failed(format!("`{}` was changed by somebody else since", path.display()))
                        .hint(standing::BACK));
                }
            }
            // Also where it is as it was: a sudden end may have come between the file and what systemd knows of it.
            if unit::is_of_units(path) { unit::reload() } else { Ok(()) }
        }
        Before::Block { path, name, comment, content, after, existed, was_ended } => {
            let block = block::Block::between(path, name, comment, after)?;
            let earlier = block::Earlier { content: content.as_deref(), existed: *existed, was_ended: *was_ended };
            block::revert(&block, &earlier, force)
        }
        Before::Remains { absent } => remains::revert(absent),
        Before::Sysctl { values, along } => sysctl::revert(values, along, force),
        Before::Module { name } => module::revert(name),
        Before::Swap { devices } => swap::revert(devices),
        Before::Hostname { name } => hostname::revert(name),
        Before::Packages { before } => apt::revert(&oldest(change, before, ledger), before),
        Before::Hold { packages } => apt::revert_hold(packages),
        Before::User { name, existed, home_existed, shell, groups } => {
            user::revert(name, *existed, *home_existed, shell.as_deref(), groups)
        }
        Before::Program { undo, unless, creates } => program::revert(undo, unless, creates.as_deref()),
        Before::Unit { unit, enabled, active, .. } => unit::revert(unit, enabled, *active, ledger.dir()),
    }
}

/// Packages without those that the same recipe touched before, and no other one since: they go back to what they were
/// then, at once.
fn oldest(change: &Change, before: &BTreeMap<String, PackageState>, ledger: &Ledger) -> BTreeMap<String, PackageState> {
    let is_older = |name: &str| {
        let touches =
            |other: &&Change| matches!(&other.before, Before::Packages { before } if before.contains_key(name));
        let last = ledger.pending().iter().rev().filter(|other| other.id < change.id).find(touches);
        last.is_some_and(|last| last.is_of_the_recipe_of(change))
    };
    before.iter().filter(|(name, _)| !is_older(name)).map(|(name, state)| (name.clone(), state.clone())).collect()
}

/// True where something is left to do once all else is as it was.
pub fn is_unsettled(change: &Change) -> bool {
    matches!(&change.before, Before::Unit { reads, .. } if !reads.is_empty())
}

/// The unit that is to read its files again.
pub fn unit_to_settle(change: &Change) -> Option<&str> {
    match &change.before {
        Before::Unit { unit, .. } => Some(unit),
        _ => None,
    }
}

/// A unit runs with what its files held: now that they are as they were, it reads them again.
pub fn settle(unit: &str) -> Result<()> {
    unit::restart(unit).map_err(|error| error.context(format!("unit {unit}")))
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
