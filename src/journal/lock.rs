//! Who may change this machine: one labkit at a time, and what it runs.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};

use crate::{
    clock,
    error::{Context, Error, Result},
    signal,
};

/// Held by the process, and by what it runs where it is handed on: the kernel lets go of it when the last of them ends,
/// however that ends.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    who: String,
    file: File,
    is_handed_on: bool,
}

/// How long what a killed labkit had begun may go on: an upgrade of a whole system takes that long.
const PATIENCE: Duration = Duration::from_secs(1800);
const LOOK: Duration = Duration::from_millis(20);

impl Lock {
    /// Takes it; an error that names the holder where another labkit has it.
    pub fn take(path: &Path, who: &str) -> Result<Lock> {
        let (deadline, mut told) = (Instant::now() + PATIENCE, false);
        loop {
            let mut file = open(path)?;
            match file.try_lock() {
                // Its holder may have put another in its place meanwhile.
                Ok(()) if is_at(path, &file) => {
                    let lock = Lock { path: path.to_owned(), who: who.to_owned(), file, is_handed_on: false };
                    lock.sign()?;
                    return Ok(lock);
                }
                Ok(()) => continue,
                Err(fs::TryLockError::WouldBlock) => {}
                Err(error) => return Err(Error::failed(error)),
            }
            let mut holder = String::new();
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
    }

    /// Takes it anew, so that what inherited it until now has it no longer. Where that cannot be, as on a full disk, the
    /// old one holds for longer than it need.
    pub fn renew(&mut self) {
        let renewed = || -> Result<Lock> {
            let beside = self.path.with_extension("part");
            let (path, who) = (self.path.clone(), self.who.clone());
            let mut lock = Lock { path, who, file: open(&beside)?, is_handed_on: false };
            lock.file.lock()?;
            lock.sign()?;
            if self.is_handed_on {
                lock.hand_on()?;
            }
            fs::rename(&beside, &self.path)?;
            Ok(lock)
        };
        match renewed() {
            Ok(lock) => *self = lock,
            Err(error) => log::debug!("take `{}` anew: {error}", self.path.display()),
        }
    }

    /// Hands it on to what this process runs from now on.
    pub fn hand_on(&mut self) -> Result<()> {
        fcntl(&self.file, FcntlArg::F_SETFD(FdFlag::empty())).context(|| "hand the lock on")?;
        self.is_handed_on = true;
        Ok(())
    }

    /// Says in it who has it.
    fn sign(&self) -> Result<()> {
        let mut file = &self.file;
        file.set_len(0)?;
        Ok(file
            .write_all(format!("process {}, {}, since {}\n", std::process::id(), self.who, clock::now()).as_bytes())?)
    }
}

fn open(path: &Path) -> Result<File> {
    Ok(OpenOptions::new().create(true).truncate(false).read(true).write(true).mode(0o600).open(path)?)
}

fn is_at(path: &Path, file: &File) -> bool {
    let inode = |facts: std::io::Result<fs::Metadata>| facts.ok().map(|facts| facts.ino());
    inode(fs::metadata(path)) == inode(file.metadata())
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A child of another test, between its fork and its exec, has every descriptor for a moment.
    pub fn soon<T>(take: impl Fn() -> Result<T>) -> T {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            match take() {
                Ok(taken) => return taken,
                Err(error) => assert!(Instant::now() < deadline, "{error}"),
            }
            thread::yield_now();
        }
    }

    #[test]
    fn two_at_once_are_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let held = Lock::take(&path, "run node").unwrap();
        let refused = Lock::take(&path, "undo node").unwrap_err().to_string();
        assert!(refused.contains(&format!("process {}, run node, since ", std::process::id())), "{refused}");
        drop(held);
        soon(|| Lock::take(&path, "undo node"));
    }

    #[test]
    fn what_inherited_it_keeps_nobody_out_once_it_is_renewed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let mut lock = Lock::take(&path, "run node").unwrap();
        let inherited = lock.file.try_clone().unwrap();
        lock.renew();
        assert!(Lock::take(&path, "undo node").is_err());
        drop(lock);
        soon(|| Lock::take(&path, "undo node"));
        drop(inherited);
    }
}
