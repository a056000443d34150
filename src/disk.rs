//! Files that are whole or not there, and disks that are full.

use std::{
    fs,
    fs::{File, OpenOptions, TryLockError},
    io::Write,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use nix::sys::statvfs::statvfs;

use crate::error::{Error, Result};

const HINT_SPACE: &str = "free some space, or set LABKIT_STATE to a directory on another disk";

/// Says what to do where the disk is full.
pub fn out_of_space(error: Error) -> Error {
    hint_where_full(error, HINT_SPACE)
}

/// Gives an error of a full disk this hint, and leaves every other error as it is.
pub fn hint_where_full(error: Error, hint: &str) -> Error {
    match error.is_of_full_disk() {
        true => error.hint(hint),
        false => error,
    }
}

/// Bytes that an ordinary user may still write below this directory; none where that is not to be known.
pub fn left(dir: &Path) -> Option<u64> {
    let disk = statvfs(dir).ok()?;
    #[allow(clippy::unnecessary_cast, reason = "32 bits on other machines")]
    Some(disk.blocks_available() as u64 * disk.fragment_size() as u64)
}

/// A program that the holder of a lock was just starting as it was killed has the lock until it is killed as well.
const MOMENT: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(10);

/// Takes the lock of a file (flock(2)); false where another process has it, for longer than a moment.
pub fn lock_if_free(file: &File) -> Result<bool> {
    let deadline = Instant::now() + MOMENT;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::Error(error)) => return Err(error.into()),
            Err(TryLockError::WouldBlock) if Instant::now() > deadline => return Ok(false),
            Err(TryLockError::WouldBlock) => thread::sleep(LOOK),
        }
    }
}

/// Writes a file beside its place and renames it there; what was there stays whole if anything fails.
pub fn replace(path: &Path, text: &[u8]) -> Result<()> {
    replace_with(path, |file| Ok(file.write_all(text)?)).map_err(out_of_space)
}

/// The same of a file that `fill` writes.
pub fn replace_with(path: &Path, fill: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
    let written = write_new(&beside, fill).and_then(|()| Ok(fs::rename(&beside, path)?));
    written.map_err(|error| {
        let _ = fs::remove_file(&beside);
        error.context(format!("write `{}`", path.display()))
    })
}

/// Writes a file that is not there yet, to the disk; none is left where that fails.
pub fn write_new(path: &Path, fill: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
    // New and ours: in a directory that others write to, a link of that name would lead elsewhere.
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    fill(&mut file).and_then(|()| Ok(file.sync_data()?)).inspect_err(|_| {
        let _ = fs::remove_file(path);
    })
}
