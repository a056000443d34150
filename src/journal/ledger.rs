//! What labkit changed of the machine and has not yet taken back, of all runs.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{Before, FileState, Thing, lock::Lock};
use crate::{
    clock,
    error::{Context, Error, Result},
};

/// A line of `machine/ledger.jsonl`: an effect on the machine, or that one was taken back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Change(Box<Change>),
    Reverted { id: u64 },
}

/// One effect on the machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// From 1, in the order of the effects.
    pub id: u64,
    pub at: String,
    pub recipe: String,
    /// The recipe's file; none where it is built in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    pub run: String,
    /// Place in the recipe.
    pub position: String,
    /// What was about to be done, in words.
    pub what: String,
    #[serde(flatten)]
    pub before: Before,
}

impl Change {
    /// True where it is about this thing, or a part of it.
    pub fn touches(&self, thing: &Thing) -> bool {
        self.before.things().iter().any(|own| own.overlaps(thing))
    }

    /// True where the same recipe made both.
    pub fn is_of_the_recipe_of(&self, other: &Change) -> bool {
        (&self.recipe, &self.file) == (&other.recipe, &other.file)
    }
}

/// The open ledger. Nobody else changes the machine while it is held.
#[derive(Debug)]
pub struct Ledger {
    dir: PathBuf,
    file: File,
    /// Length of the lines that are whole.
    end: u64,
    next: u64,
    pending: Vec<Change>,
    lock: Lock,
}

/// A change about to be made, and for whom.
pub struct Entry<'a> {
    pub recipe: &'a str,
    pub file: Option<&'a Path>,
    pub run: &'a str,
    pub position: &'a str,
    pub what: &'a str,
}

/// Where what concerns this machine is kept.
pub fn directory(state: &Path) -> PathBuf {
    state.join("machine")
}

fn path(state: &Path) -> PathBuf {
    directory(state).join("ledger.jsonl")
}

impl Ledger {
    /// Takes the lock of this machine; an error that names the holder where another run has it.
    pub fn open(state: &Path, who: &str) -> Result<Ledger> {
        let dir = directory(state);
        let opened = || -> Result<Ledger> {
            DirBuilder::new().recursive(true).mode(0o700).create(dir.join("before"))?;
            let lock = Lock::take(&dir.join("lock"), who)?;
            let mut file = OpenOptions::new().create(true).read(true).append(true).mode(0o600).open(path(state))?;
            let mut text = String::new();
            file.read_to_string(&mut text)?;
            if text.is_empty() {
                // Its name must be there as well after a sudden end.
                [&dir, state].into_iter().try_for_each(|dir| File::open(dir)?.sync_all())?;
            }
            // A last line that a sudden end cut short was never acted on; the next one takes its place.
            let end = text.rfind('\n').map_or(0, |end| end as u64 + 1);
            let (pending, next) = parse(&text).context(|| format!("read `{}`", path(state).display()))?;
            Ok(Ledger { dir: dir.clone(), file, end, next, pending, lock })
        };
        opened().context(|| format!("open what labkit did to this machine in `{}`", dir.display()))
    }

    /// What is not yet taken back, oldest first, without taking the lock.
    pub fn pending_in(state: &Path) -> Result<Vec<Change>> {
        let path = path(state);
        match fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            text => {
                let read = text.map_err(Error::from).and_then(|text| parse(&text));
                read.map(|(pending, _)| pending).context(|| format!("read `{}`", path.display()))
            }
        }
    }

    /// What is not yet taken back, oldest first.
    pub fn pending(&self) -> &[Change] {
        &self.pending
    }

    /// Writes what is about to happen, and gives its number; it is with the disk when this returns.
    pub fn write(&mut self, entry: &Entry, before: Before) -> Result<u64> {
        let id = self.next;
        let change = Change {
            id,
            at: clock::now(),
            recipe: entry.recipe.to_owned(),
            file: entry.file.map(Path::to_owned),
            run: entry.run.to_owned(),
            position: entry.position.to_owned(),
            what: entry.what.to_owned(),
            before,
        };
        self.append(&Line::Change(Box::new(change.clone())))
            .context(|| "note a change of this machine before it is made")?;
        self.next += 1;
        self.pending.push(change);
        Ok(id)
    }

    /// Notes that a change has been taken back, or was never made; what only it needed is kept no longer.
    pub fn reverted(&mut self, id: u64) -> Result<()> {
        self.append(&Line::Reverted { id }).context(|| "note that a change was taken back")?;
        let (gone, pending): (Vec<Change>, Vec<Change>) =
            std::mem::take(&mut self.pending).into_iter().partition(|change| change.id == id);
        self.pending = pending;
        for content in
            gone.iter().filter_map(content).filter(|one| !self.pending.iter().any(|c| content(c) == Some(one)))
        {
            match fs::remove_file(self.kept(content)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).context(|| "forget what a file held");
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn append(&mut self, line: &Line) -> Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        let mut written = || -> Result<()> {
            // A full disk may have left half of a line.
            self.file.set_len(self.end)?;
            self.file.write_all(&text)?;
            Ok(self.file.sync_data()?)
        };
        written().map_err(crate::disk::out_of_space)?;
        self.end += text.len() as u64;
        Ok(())
    }

    /// Nobody else changes the machine before all that this process runs from now on has ended, also where it ends first.
    pub fn hand_on(&mut self) -> Result<()> {
        self.lock.hand_on()
    }

    /// Takes the lock anew: what a program left running in the background, such as a daemon, inherited it, and is not to
    /// keep others from this machine.
    pub fn renew(&mut self) {
        self.lock.renew();
    }

    /// Where what concerns this machine is kept.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where the content of a file with this digest is kept.
    pub fn kept(&self, sha256: &str) -> PathBuf {
        self.dir.join("before").join(sha256)
    }

    /// Keeps what a file held, for the way back; it is with the disk when this returns.
    pub fn keep(&self, sha256: &str, content: &[u8]) -> Result<()> {
        let path = self.kept(sha256);
        if path.exists() {
            return Ok(());
        }
        crate::disk::replace_with(&path, |file| {
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
            Ok(file.write_all(content)?)
        })
        .map_err(crate::disk::out_of_space)?;
        // The name must be there as well after a sudden end.
        File::open(self.dir.join("before")).and_then(|dir| dir.sync_all()).context(|| "keep what a file held")
    }
}

/// The digest of the content that is kept for a change.
fn content(change: &Change) -> Option<&String> {
    match &change.before {
        Before::File { before: FileState::File { sha256, .. }, .. } => Some(sha256),
        _ => None,
    }
}

/// Lines to changes that are pending, and the next number.
fn parse(text: &str) -> Result<(Vec<Change>, u64)> {
    let (mut pending, mut last) = (Vec::<Change>::new(), 0);
    // A last line without its end was never acted on.
    for (line, at) in text.split_inclusive('\n').zip(1..).filter(|(line, _)| line.ends_with('\n')) {
        match serde_json::from_str(line).context(|| format!("line {at}"))? {
            Line::Change(change) => {
                last = last.max(change.id);
                pending.push(*change);
            }
            Line::Reverted { id } => pending.retain(|change| change.id != id),
        }
    }
    Ok((pending, last + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::lock::tests::soon;
    use std::os::unix::fs::MetadataExt;

    const ENTRY: Entry = Entry { recipe: "node", file: None, run: "run", position: "node.lua:1", what: "load it" };

    fn module(name: &str) -> Before {
        Before::Module { name: name.to_owned() }
    }

    #[test]
    fn changes_are_pending_until_they_are_taken_back_and_numbers_are_never_used_twice() {
        let state = tempfile::tempdir().unwrap();
        let mut ledger = soon(|| Ledger::open(state.path(), "run node"));
        for name in ["overlay", "br_netfilter"] {
            ledger.write(&ENTRY, module(name)).unwrap();
        }
        ledger.reverted(2).unwrap();
        drop(ledger);
        let mut ledger = soon(|| Ledger::open(state.path(), "run node"));
        assert_eq!(ledger.pending().iter().map(|change| change.id).collect::<Vec<_>>(), [1]);
        ledger.write(&ENTRY, module("br_netfilter")).unwrap();
        let pending = Ledger::pending_in(state.path()).unwrap();
        assert_eq!(pending.iter().map(|change| change.id).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(pending[1].before, module("br_netfilter"));
    }

    #[test]
    fn a_line_cut_short_was_never_acted_on() {
        let state = tempfile::tempdir().unwrap();
        let mut ledger = soon(|| Ledger::open(state.path(), "run node"));
        ledger.write(&ENTRY, module("overlay")).unwrap();
        ledger.file.write_all(b"{\"change\":{\"id\":2,").unwrap();
        // Also within one run, as a full disk may leave it.
        ledger.write(&ENTRY, module("br_netfilter")).unwrap();
        ledger.reverted(2).unwrap();
        ledger.file.write_all(b"{\"change\":{\"id\":3,").unwrap();
        drop(ledger);
        assert_eq!(Ledger::pending_in(state.path()).unwrap().len(), 1);
        let mut ledger = soon(|| Ledger::open(state.path(), "run node"));
        ledger.reverted(1).unwrap();
        assert_eq!(Ledger::pending_in(state.path()).unwrap(), []);
    }

    #[test]
    fn what_a_file_held_is_kept_for_its_owner_alone_and_as_long_as_it_is_needed() {
        let state = tempfile::tempdir().unwrap();
        let mut ledger = soon(|| Ledger::open(state.path(), "run node"));
        let file = |content: &str| FileState::File { sha256: content.to_owned(), mode: 0o600, uid: 0, gid: 0 };
        let change = |path: &str| Before::File { path: path.into(), before: file("digest"), after: FileState::Absent };
        ledger.keep("digest", b"secret").unwrap();
        assert_eq!(fs::metadata(ledger.kept("digest")).unwrap().mode() & 0o777, 0o600);
        let ids = ["/a", "/b"].map(|path| ledger.write(&ENTRY, change(path)).unwrap());
        ledger.reverted(ids[0]).unwrap();
        assert_eq!(fs::read(ledger.kept("digest")).unwrap(), b"secret");
        ledger.reverted(ids[1]).unwrap();
        assert!(!ledger.kept("digest").exists());
    }
}
