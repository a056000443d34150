//! Taking back what recipes did to the machine, the newest first.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use crate::{
    error::{Error, Result},
    host,
    journal::{Before, Change, Ledger},
    signal,
};

/// Whose changes are meant: those of a recipe by its name, or of the one in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whose {
    pub name: String,
    file: Option<PathBuf>,
}

impl Whose {
    /// As `labkit run` takes it; the file need not be there any more.
    pub fn named(text: &str) -> Whose {
        let path = Path::new(text);
        let is_path = text.contains('/') || path.is_file();
        let file = is_path.then(|| path.canonicalize().or_else(|_| std::path::absolute(path)).ok()).flatten();
        let name = path.file_name().unwrap_or_default().to_string_lossy().trim_end_matches(".lua").to_owned();
        Whose { name, file }
    }

    fn has(&self, change: &Change) -> bool {
        change.recipe == self.name && self.file.as_ref().is_none_or(|file| change.file.as_ref() == Some(file))
    }

    /// Theirs of all changes, the newest first; an error where two recipes have that name.
    fn of(&self, pending: &[Change]) -> Result<Vec<Change>> {
        let mut changes: Vec<Change> = pending.iter().filter(|change| self.has(change)).cloned().collect();
        changes.reverse();
        let files: BTreeSet<String> = changes
            .iter()
            .map(|change| change.file.as_ref().map_or("the one built in".to_owned(), |file| file.display().to_string()))
            .collect();
        match files.len() {
            0 | 1 => Ok(changes),
            _ => Err(Error::usage(format!("there is more than one recipe `{}` that changed this machine", self.name))
                .hint(format!("name one by its path: {}", files.into_iter().collect::<Vec<_>>().join(", ")))),
        }
    }
}

/// What of a recipe is still done to this machine, the newest first.
pub fn pending(state: &Path, whose: &Whose) -> Result<Vec<Change>> {
    whose.of(&Ledger::pending_in(state)?)
}

/// Recipes of which something is still done to this machine.
pub fn recipes(state: &Path) -> Result<BTreeSet<String>> {
    Ok(Ledger::pending_in(state)?.into_iter().map(|change| change.recipe).collect())
}

/// Brings everything that a recipe changed back to what it was before, and says each. Errors are collected: one thing
/// that cannot be taken back, or noted, keeps no other from it.
pub fn undo(state: &Path, whose: &Whose, force: bool, say: &mut dyn FnMut(&Change)) -> Result<usize> {
    let mut ledger = Ledger::open(state, &format!("undo {}", whose.name))?;
    ledger.hand_on()?;
    let changes = whose.of(ledger.pending())?;
    let (mut errors, mut unsettled, mut done) = (Vec::<Error>::new(), Vec::new(), Vec::new());
    for change in &changes {
        signal::check()?;
        let reverted =
            refuse_covered(change, ledger.pending()).and_then(|()| host::undo::revert(change, &ledger, force));
        if matches!(change.before, Before::Program { .. }) {
            ledger.renew();
        }
        match reverted {
            Ok(()) if host::undo::is_unsettled(change) => unsettled.push(change),
            Ok(()) => {
                say(change);
                // On a full disk there may be room for the note once the rest is gone.
                if ledger.reverted(change.id).is_err() {
                    done.push(change);
                }
            }
            Err(error) => errors.push(error.context(&change.what)),
        }
    }
    for change in unsettled {
        match host::undo::settle(change) {
            Ok(()) => {
                say(change);
                done.push(change);
            }
            Err(error) => errors.push(error.context(&change.what)),
        }
    }
    errors.extend(done.iter().filter_map(|change| ledger.reverted(change.id).err()));
    let Some((first, rest)) = errors.split_first() else { return Ok(changes.len()) };
    Err(rest.iter().fold(first.clone(), |all, error| all.then(error)))
}

/// Another recipe that changed the same thing later would find it gone.
fn refuse_covered(change: &Change, pending: &[Change]) -> Result<()> {
    let things = change.before.things();
    let later = pending
        .iter()
        .filter(|other| other.id > change.id && (&other.recipe, &other.file) != (&change.recipe, &change.file));
    let covering = later.into_iter().find(|other| other.before.things().iter().any(|thing| things.contains(thing)));
    match covering {
        Some(other) => {
            let recipe = other.file.as_ref().map_or(other.recipe.clone(), |file| file.display().to_string());
            Err(Error::failed(format!("`{}` changed it later, or relies on it", other.recipe))
                .hint(format!("labkit undo {recipe} comes first")))
        }
        None => Ok(()),
    }
}
