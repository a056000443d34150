//! Taking back what recipes did to the machine, the newest first.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use crate::{
    cluster,
    error::{Error, Result},
    host,
    journal::{Before, Change, Ledger, Thing},
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
        if !text.contains('/') && !path.is_file() {
            return Whose { name: text.trim_end_matches(".lua").to_owned(), file: None };
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Whose { name, file: one_path(path) }
    }

    fn has(&self, change: &Change) -> bool {
        change.recipe == self.name && self.file.as_ref().is_none_or(|file| change.file.as_ref() == Some(file))
    }

    /// Theirs of all changes, the newest first; an error where two recipes on disk have that name. The name alone is that
    /// of the one built in where that changed anything.
    fn of(&self, pending: &[Change]) -> Result<Vec<Change>> {
        let mut changes: Vec<Change> = pending.iter().filter(|change| self.has(change)).cloned().collect();
        if self.file.is_none() && changes.iter().any(|change| change.file.is_none()) {
            changes.retain(|change| change.file.is_none());
        }
        changes.reverse();
        let files: BTreeSet<String> =
            changes.iter().filter_map(|change| Some(change.file.as_ref()?.display().to_string())).collect();
        match files.len() {
            0 | 1 => Ok(changes),
            _ => Err(Error::usage(format!("there is more than one recipe `{}` that changed this machine", self.name))
                .hint(format!("name one by its path: {}", files.into_iter().collect::<Vec<_>>().join(", ")))),
        }
    }
}

/// The one absolute path of a file, also of one that is gone.
fn one_path(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    let above = || Some(absolute.parent()?.canonicalize().ok()?.join(absolute.file_name()?));
    path.canonicalize().ok().or_else(above).or(Some(absolute.clone()))
}

/// What of a recipe is still done to this machine, the newest first.
pub fn pending(state: &Path, whose: &Whose) -> Result<Vec<Change>> {
    whose.of(&Ledger::pending_in(state)?)
}

/// True where there is something to take back, and not only something to rely on no longer.
pub fn is_effect(change: &Change) -> bool {
    !matches!(change.before, Before::Same { .. })
}

/// Recipes of which something is still done to this machine.
pub fn recipes(state: &Path) -> Result<BTreeSet<String>> {
    Ok(Ledger::pending_in(state)?.into_iter().map(|change| change.recipe).collect())
}

/// Brings everything that a recipe changed back to what it was before, says each, and gives their number. Errors are
/// collected: one thing that cannot be taken back, or noted, keeps no other from it.
pub fn undo(state: &Path, whose: &Whose, force: bool, say: &mut dyn FnMut(&Change)) -> Result<usize> {
    let mut ledger = Ledger::open(state, &format!("undo {}", whose.name))?;
    ledger.hand_on()?;
    let changes = whose.of(ledger.pending())?;
    let (mut errors, mut count) = (Vec::<Error>::new(), 0);
    // Reverted and to be settled; reverted and to be noted; not reverted.
    let (mut unsettled, mut unnoted, mut stuck) = (Vec::<&Change>::new(), Vec::new(), Vec::<&Change>::new());
    for change in &changes {
        signal::check()?;
        let newer = |others: &[&Change]| others.iter().any(|other| overlap(other, change));
        // States are gone back through one by one: not past one that could not be reached.
        if newer(&stuck) {
            stuck.push(change);
            continue;
        }
        let reverted = refuse_covered(change, ledger.pending()).and_then(|()| revert(change, &ledger, force));
        if matches!(change.before, Before::Program { .. }) {
            ledger.renew();
        }
        match reverted {
            Ok(()) if host::undo::is_unsettled(change) || newer(&unsettled) => unsettled.push(change),
            Ok(()) => {
                count += told(change, say);
                // On a full disk there may be room for the note once the rest is gone.
                if ledger.reverted(change.id).is_err() {
                    unnoted.push(change);
                }
            }
            Err(error) => {
                stuck.push(change);
                errors.push(error.context(&change.what));
            }
        }
    }
    let (settled, failed) = settle(unsettled);
    count += settled.iter().map(|change| told(change, say)).sum::<usize>();
    unnoted.extend(settled);
    errors.extend(failed);
    errors.extend(unnoted.iter().filter_map(|change| ledger.reverted(change.id).err()));
    let Some((first, rest)) = errors.split_first() else { return Ok(count) };
    Err(rest.iter().fold(first.clone(), |all, error| all.then(error)))
}

/// By the room that made it.
fn revert(change: &Change, ledger: &Ledger, force: bool) -> Result<()> {
    cluster::undo::revert(&change.before).unwrap_or_else(|| host::undo::revert(change, ledger, force))
}

/// Starts each unit anew, once, whatever was taken back of it; gives the changes of which no unit failed.
fn settle(unsettled: Vec<&Change>) -> (Vec<&Change>, Vec<Error>) {
    let units: BTreeSet<&str> = unsettled.iter().filter_map(|change| host::undo::unit_to_settle(change)).collect();
    let (mut failed, mut errors) = (Vec::new(), Vec::new());
    for unit in units {
        if let Err(error) = host::undo::settle(unit) {
            failed.push(Thing::Unit(unit.to_owned()));
            errors.push(error);
        }
    }
    let settled = unsettled.into_iter().filter(|change| !failed.iter().any(|unit| change.touches(unit)));
    (settled.collect(), errors)
}

/// Says what was taken back, and counts it; where another recipe had made it so, nothing was.
fn told(change: &Change, say: &mut dyn FnMut(&Change)) -> usize {
    match change.before {
        Before::Same { .. } => 0,
        _ => {
            say(change);
            1
        }
    }
}

fn overlap(one: &Change, other: &Change) -> bool {
    other.before.things().iter().any(|thing| one.touches(thing))
}

/// Another recipe that changed the same thing later, or relies on it, would find it gone.
fn refuse_covered(change: &Change, pending: &[Change]) -> Result<()> {
    if matches!(change.before, Before::Same { .. }) {
        return Ok(());
    }
    let mut later = pending.iter().filter(|other| other.id > change.id && !other.is_of_the_recipe_of(change));
    match later.find(|other| overlap(other, change)) {
        Some(other) => {
            let recipe = other.file.as_ref().map_or(other.recipe.clone(), |file| file.display().to_string());
            Err(Error::failed(format!("`{}` changed it later, or relies on it", other.recipe))
                .hint(format!("labkit undo {recipe} comes first")))
        }
        None => Ok(()),
    }
}
