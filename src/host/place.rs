//! What stands at a path, looked at and put there.

use std::{
    fmt,
    fs::{self, File, Permissions},
    io::{ErrorKind, Write},
    os::unix::fs::{MetadataExt, PermissionsExt, fchown, lchown, symlink},
    path::{Component, Path, PathBuf},
    str::FromStr,
};

use nix::{
    errno::Errno,
    fcntl::{AT_FDCWD, RenameFlags, renameat2},
    unistd::geteuid,
};
use serde::{Deserialize, Serialize};

use crate::{
    digest::sha256_hex,
    disk,
    error::{Context, Error, Result},
    journal::FileState,
};

/// An absolute path without `..`, and not the root itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct FilePath(PathBuf);

impl FilePath {
    pub fn as_path(&self) -> &Path {
        &self.0
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        self.0.display().fmt(out)
    }
}

impl FromStr for FilePath {
    type Err = String;

    fn from_str(text: &str) -> Result<FilePath, String> {
        let path = Path::new(text);
        let refuse = |why: &str| Err(format!("`{}` is no path of a file: {why}", text.escape_debug()));
        match () {
            () if !path.is_absolute() => refuse("it does not begin with `/`"),
            () if path.components().any(|part| part == Component::ParentDir) => refuse("it contains `..`"),
            () if path.file_name().is_none() => refuse("it is the root"),
            () if text.contains('\0') => refuse("it contains a zero byte"),
            // As the kernel reads it: no `//`, no `/./`, no `/` behind.
            () => Ok(FilePath(path.components().collect())),
        }
    }
}

impl TryFrom<String> for FilePath {
    type Error = String;

    fn try_from(text: String) -> Result<FilePath, String> {
        text.parse()
    }
}

/// Permission bits, as `chmod` takes them: `"0644"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct FileMode(pub u32);

impl FileMode {
    pub fn of_files() -> FileMode {
        FileMode(0o644)
    }

    pub fn of_directories() -> FileMode {
        FileMode(0o755)
    }
}

impl fmt::Display for FileMode {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{:04o}", self.0)
    }
}

impl TryFrom<String> for FileMode {
    type Error = String;

    fn try_from(text: String) -> Result<FileMode, String> {
        let bits = u32::from_str_radix(&text, 8).ok().filter(|bits| (3..=4).contains(&text.len()) && *bits <= 0o7777);
        bits.map(FileMode).ok_or_else(|| format!("`{text}` is no mode: write it as `chmod` takes it: \"0644\""))
    }
}

/// What stands at a path, and what a file there holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub state: FileState,
    /// Empty where it is no file.
    pub content: Vec<u8>,
}

/// Looks at a path; a link is looked at itself.
pub fn look(path: &Path) -> Result<Seen> {
    let looked = || -> Result<Seen> {
        let facts = match fs::symlink_metadata(path) {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(Seen { state: FileState::Absent, content: Vec::new() });
            }
            facts => facts?,
        };
        let (mode, uid, gid) = (facts.mode() & 0o7777, facts.uid(), facts.gid());
        let mut content = Vec::new();
        let state = match facts.file_type() {
            kind if kind.is_symlink() => FileState::Link { target: fs::read_link(path)? },
            kind if kind.is_dir() => FileState::Directory { mode, uid, gid },
            kind if kind.is_file() => {
                content = fs::read(path)?;
                FileState::File { sha256: sha256_hex(&content), mode, uid, gid }
            }
            _ => FileState::Other,
        };
        Ok(Seen { state, content })
    };
    looked().context(|| format!("look at `{}`", path.display()))
}

/// Puts a state at a path, whatever stands there, and at once: nobody sees half of it, and a sudden end leaves what was
/// or what is to be. `content` is that of a file. A directory is only taken away when it is empty.
pub fn put(path: &Path, state: &FileState, content: &[u8]) -> Result<()> {
    clear_rest(path)?;
    put_at_once(path, state, content).map_err(|error| refused(error, path))?;
    settle(path)
}

fn put_at_once(path: &Path, state: &FileState, content: &[u8]) -> Result<()> {
    let (is, rest) = (look(path)?.state, rest(path));
    let is_directory = |state: &FileState| matches!(state, FileState::Directory { .. });
    if is_directory(&is) && !is_directory(state) && fs::read_dir(path)?.next().is_some() {
        return Err(Errno::ENOTEMPTY.into());
    }
    match state {
        FileState::Absent if is_directory(&is) => return Ok(fs::remove_dir(path)?),
        FileState::Absent if is == FileState::Absent => return Ok(()),
        FileState::Absent => return Ok(fs::remove_file(path)?),
        FileState::Directory { mode, uid, gid } if is_directory(&is) => return own(path, *mode, *uid, *gid),
        FileState::File { mode, uid, gid, .. } => {
            disk::write_new(&rest, |file| {
                // Before anything is in it that others may not read.
                fchown(&*file, Some(*uid), Some(*gid))?;
                file.set_permissions(Permissions::from_mode(*mode))?;
                Ok(file.write_all(content)?)
            })?;
        }
        FileState::Link { target } => symlink(target, &rest)?,
        FileState::Directory { mode, uid, gid } => {
            fs::create_dir(&rest)?;
            own(&rest, *mode, *uid, *gid).inspect_err(|_| {
                let _ = fs::remove_dir(&rest);
            })?;
        }
        FileState::Other => return Err(Error::failed("it was neither file, link nor directory")),
    }
    // A directory cannot be renamed over what is none, nor the other way round.
    let moved: Result<()> = match is == FileState::Absent || is_directory(&is) == is_directory(state) {
        true => fs::rename(&rest, path).map_err(Error::from),
        false => exchange(&rest, path),
    };
    // What was there is under that name now, or what was to be.
    clear_rest(path).and(moved)
}

/// Puts one thing in the place of another of another kind; not every file system can do that at once.
fn exchange(new: &Path, old: &Path) -> Result<()> {
    match renameat2(AT_FDCWD, new, AT_FDCWD, old, RenameFlags::RENAME_EXCHANGE) {
        Err(Errno::EINVAL | Errno::EXDEV | Errno::ENOSYS) => {
            let removed = if old.symlink_metadata()?.is_dir() { fs::remove_dir(old) } else { fs::remove_file(old) };
            Ok(removed.and_then(|()| fs::rename(new, old))?)
        }
        exchanged => Ok(exchanged?),
    }
}

fn own(directory: &Path, mode: u32, uid: u32, gid: u32) -> Result<()> {
    lchown(directory, Some(uid), Some(gid))?;
    Ok(fs::set_permissions(directory, Permissions::from_mode(mode))?)
}

/// The name under which a file is written before it is renamed to its own: a sudden end leaves no other.
fn rest(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.labkit-part"))
}

/// Takes away what a sudden end left of an earlier attempt to write there.
pub fn clear_rest(path: &Path) -> Result<()> {
    let removed = match fs::remove_file(rest(path)) {
        Err(error) if error.kind() == ErrorKind::IsADirectory => fs::remove_dir(rest(path)),
        removed => removed,
    };
    match removed {
        Err(error) if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Err(refused(error.into(), path))
        }
        _ => Ok(()),
    }
}

/// The name is with the disk as well when this returns.
fn settle(path: &Path) -> Result<()> {
    let parent = path.parent().unwrap_or(path);
    let synced = || File::open(parent)?.sync_all();
    match synced() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other.context(|| format!("write `{}` to disk", parent.display())),
    }
}

/// Says why a path cannot be written to, and what to do about it.
fn refused(error: Error, path: &Path) -> Error {
    let text = error.to_string();
    let denied = text.contains("os error 13") || text.contains("os error 1)") || text.contains("EPERM");
    let hint = match () {
        () if text.contains("os error 30") => "the file system is mounted read-only: `mount -o remount,rw` it",
        () if text.contains("os error 28") => "free some space on that disk; labkit left what was there",
        () if denied && !geteuid().is_root() => "run it as root: sudo labkit …",
        () if denied => "not even root may: is it immutable (`lsattr`), or is this a container?",
        () if text.contains("os error 39") => "there is something in the directory: look, and empty it",
        () => return error.context(format!("write `{}`", path.display())),
    };
    error.context(format!("write `{}`", path.display())).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_absolute_and_leads_nowhere_else() {
        let path = |text: &str| text.parse::<FilePath>().map(|path| path.to_string());
        assert_eq!(path("/etc//hosts/").unwrap(), "/etc/hosts");
        for bad in ["etc/hosts", "/etc/../root", "/", "", "/a\0b"] {
            assert!(path(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_mode_is_written_as_chmod_takes_it() {
        let mode = |text: &str| FileMode::try_from(text.to_owned()).map(|mode| mode.0);
        assert_eq!((mode("0644"), mode("755")), (Ok(0o644), Ok(0o755)));
        for bad in ["", "rw-r--r--", "0999", "64", "17777", "-644"] {
            assert!(mode(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn any_state_can_be_put_in_the_place_of_any_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("thing");
        let (uid, gid) = super::super::accounts::own();
        let file = |mode, text: &str| FileState::File { sha256: sha256_hex(text.as_bytes()), mode, uid, gid };
        let states = [
            (FileState::Absent, ""),
            (file(0o600, "one"), "one"),
            (file(0o755, "two"), "two"),
            (FileState::Link { target: "nowhere".into() }, ""),
            (FileState::Directory { mode: 0o750, uid, gid }, ""),
        ];
        for (from, text) in &states {
            for (to, other) in &states {
                put(&path, from, text.as_bytes()).unwrap();
                fs::write(rest(&path), "left of a sudden end").unwrap();
                put(&path, to, other.as_bytes()).unwrap();
                assert_eq!(look(&path).unwrap(), Seen { state: to.clone(), content: other.as_bytes().to_vec() });
                assert!(!rest(&path).exists());
            }
        }
    }
}
