//! Taking back what recipes did to the machine, the newest first.

use std::{collections::BTreeSet, path::Path};

use crate::{
    error::{Error, Result},
    host,
    journal::{Change, Ledger},
    signal,
};

/// What of a recipe is still done to this machine, the newest first.
pub fn pending(state: &Path, recipe: &str) -> Result<Vec<Change>> {
    let mut changes: Vec<Change> =
        Ledger::pending_in(state)?.into_iter().filter(|change| change.recipe == recipe).collect();
    changes.reverse();
    Ok(changes)
}

/// Recipes of which something is still done to this machine.
pub fn recipes(state: &Path) -> Result<BTreeSet<String>> {
    Ok(Ledger::pending_in(state)?.into_iter().map(|change| change.recipe).collect())
}

/// Brings everything that a recipe changed back to what it was before, and says each. Errors are collected: one thing
/// that cannot be taken back keeps no other from it.
pub fn undo(state: &Path, recipe: &str, force: bool, say: &mut dyn FnMut(&Change)) -> Result<usize> {
    let mut ledger = Ledger::open(state, &format!("undo {recipe}"))?;
    let changes: Vec<Change> = ledger.pending().iter().filter(|change| change.recipe == recipe).cloned().collect();
    let (mut reverted, mut errors, mut unsettled) = (0, Vec::<Error>::new(), Vec::new());
    let mut done = |change: &Change, ledger: &mut Ledger| -> Result<()> {
        ledger.reverted(change.id)?;
        say(change);
        reverted += 1;
        Ok(())
    };
    for change in changes.iter().rev() {
        signal::check()?;
        match refuse_covered(change, ledger.pending()).and_then(|()| host::undo::revert(change, &ledger, force)) {
            Ok(()) if host::undo::is_unsettled(change) => unsettled.push(change),
            Ok(()) => done(change, &mut ledger)?,
            Err(error) => errors.push(error.context(&change.what)),
        }
    }
    for change in unsettled {
        match host::undo::settle(change) {
            Ok(()) => done(change, &mut ledger)?,
            Err(error) => errors.push(error.context(&change.what)),
        }
    }
    let Some((first, rest)) = errors.split_first() else { return Ok(reverted) };
    Err(rest.iter().fold(first.clone(), |all, error| all.then(error)))
}

/// Another recipe that changed the same thing later would find it gone.
fn refuse_covered(change: &Change, pending: &[Change]) -> Result<()> {
    let later =
        pending.iter().find(|other| other.id > change.id && other.recipe != change.recipe && other.what == change.what);
    match later {
        Some(other) => Err(Error::failed(format!("`{}` changed it later", other.recipe))
            .hint(format!("labkit undo {} comes first", other.recipe))),
        None => Ok(()),
    }
}
