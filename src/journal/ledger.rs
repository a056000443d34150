//! What labkit changed of the machine and has not yet taken back, of all runs.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use serde::{Deserialize, Serialize};

use super::Before;
use crate::{
    clock,
    error::{Context, Error, Result},
    signal,
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
    pub run: String,
    /// Place in the recipe.
    pub position: String,
    /// What was about to be done, in words.
    pub what: String,
    #[serde(flatten)]
    pub before: Before,
}

/// The open ledger. Nobody else changes the machine while it is held.
#[derive(Debug)]
pub struct Ledger {
    dir: PathBuf,
    file: File,
    next: u64,
    pending: Vec<Change>,
    _lock: File,
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
            let lock = lock(&dir.join("lock"), who)?;
            let mut file = OpenOptions::new().create(true).read(true).append(true).mode(0o600).open(path(state))?;
            let mut text = String::new();
            file.read_to_string(&mut text)?;
            // A last line that a sudden end cut short was never acted on; the next one must not be joined to it.
            file.set_len(text.rfind('\n').map_or(0, |end| end as u64 + 1))?;
            file.seek(std::io::SeekFrom::End(0))?;
            let (pending, next) = parse(&text).context(|| format!("read `{}`", path(state).display()))?;
            Ok(Ledger { dir: dir.clone(), file, next, pending, _lock: lock })
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

    /// Writes what is about to happen; it is with the disk when this returns.
    pub fn write(&mut self, recipe: &str, run: &str, position: &str, what: &str, before: Before) -> Result<()> {
        let change = Change {
            id: self.next,
            at: clock::now(),
            recipe: recipe.to_owned(),
            run: run.to_owned(),
            position: position.to_owned(),
            what: what.to_owned(),
            before,
        };
        self.append(&Line::Change(Box::new(change.clone())))?;
        self.next += 1;
        self.pending.push(change);
        Ok(())
    }

    /// Notes that a change has been taken back.
    pub fn reverted(&mut self, id: u64) -> Result<()> {
        self.append(&Line::Reverted { id })?;
        self.pending.retain(|change| change.id != id);
        Ok(())
    }

    fn append(&mut self, line: &Line) -> Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        let mut written = || -> Result<()> {
            self.file.write_all(&text)?;
            Ok(self.file.sync_data()?)
        };
        written().context(|| "note a change of this machine before it is made").map_err(crate::disk::out_of_space)
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
        crate::disk::replace(&path, content)?;
        // The name must be there as well after a sudden end.
        File::open(self.dir.join("before")).and_then(|dir| dir.sync_all()).context(|| "keep what a file held")
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

/// How long what a killed labkit had begun may go on: an upgrade of a whole system takes that long.
const PATIENCE: Duration = Duration::from_secs(1800);
const LOOK: Duration = Duration::from_millis(20);

/// Held by the process and by what it runs: the kernel lets go of it when the last of them ends, however that ends.
fn lock(path: &Path, who: &str) -> Result<File> {
    let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).mode(0o600).open(path)?;
    let (deadline, mut told) = (Instant::now() + PATIENCE, false);
    while let Err(error) = file.try_lock() {
        if !matches!(error, fs::TryLockError::WouldBlock) {
            return Err(Error::failed(error));
        }
        let mut holder = String::new();
        file.rewind()?;
        file.read_to_string(&mut holder)?;
        let pid = holder.split([' ', ',']).nth(1).unwrap_or_default();
        // A labkit that was killed has begun something, such as apt, that is still at work.
        if Path::new("/proc").join(pid).join("stat").exists() || Instant::now() > deadline {
            return Err(Error::failed(format!("another labkit is changing this machine: {}", holder.trim()))
                .hint("wait until it has ended"));
        }
        if !told {
            log::warn!("wait for what an earlier labkit had begun and is still at work: {}", holder.trim());
            told = true;
        }
        signal::check()?;
        thread::sleep(LOOK);
    }
    fcntl(&file, FcntlArg::F_SETFD(FdFlag::empty())).context(|| "hand the lock on")?;
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(format!("process {}, {who}, since {}\n", std::process::id(), clock::now()).as_bytes())?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(name: &str) -> Before {
        Before::Module { name: name.to_owned() }
    }

    #[test]
    fn changes_are_pending_until_they_are_taken_back_and_numbers_are_never_used_twice() {
        let state = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(state.path(), "run node").unwrap();
        for name in ["overlay", "br_netfilter"] {
            ledger.write("node", "run", "node.lua:1", "load it", module(name)).unwrap();
        }
        ledger.reverted(2).unwrap();
        drop(ledger);
        let mut ledger = Ledger::open(state.path(), "run node").unwrap();
        assert_eq!(ledger.pending().iter().map(|change| change.id).collect::<Vec<_>>(), [1]);
        ledger.write("node", "run", "node.lua:1", "load it", module("br_netfilter")).unwrap();
        let pending = Ledger::pending_in(state.path()).unwrap();
        assert_eq!(pending.iter().map(|change| change.id).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(pending[1].before, module("br_netfilter"));
    }

    #[test]
    fn a_line_cut_short_was_never_acted_on() {
        let state = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(state.path(), "run node").unwrap();
        ledger.write("node", "run", "node.lua:1", "load it", module("overlay")).unwrap();
        ledger.file.write_all(b"{\"change\":{\"id\":2,").unwrap();
        drop(ledger);
        assert_eq!(Ledger::pending_in(state.path()).unwrap().len(), 1);
        let mut ledger = Ledger::open(state.path(), "run node").unwrap();
        ledger.reverted(1).unwrap();
        assert_eq!(Ledger::pending_in(state.path()).unwrap(), []);
    }

    #[test]
    fn two_at_once_are_refused_by_name() {
        let state = tempfile::tempdir().unwrap();
        let held = Ledger::open(state.path(), "run node").unwrap();
        let refused = Ledger::open(state.path(), "undo node").unwrap_err().to_string();
        assert!(refused.contains(&format!("process {}, run node, since ", std::process::id())), "{refused}");
        drop(held);
        Ledger::open(state.path(), "undo node").unwrap();
    }
}
