//! A directory with its mode and owner.

use serde::Deserialize;

use super::{
    accounts,
    place::{FileMode, FilePath, Seen},
    shell,
    standing::AtPath,
};
use crate::{
    args::Short,
    error::{Error, Result},
    journal::FileState,
    lab::{Lab, operation::bring},
};

/// `install -d -m MODE -o OWNER -g GROUP PATH`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    /// Absolute; directories on the way are made.
    pub path: FilePath,
    /// As `chmod` takes it; `"0755"` unless given.
    #[serde(default = "FileMode::of_directories")]
    pub mode: FileMode,
    /// Name or number; whoever runs labkit unless given.
    #[serde(default)]
    pub owner: Option<String>,
    /// Name or number; of whoever runs labkit unless given.
    #[serde(default)]
    pub group: Option<String>,
}

impl Short for Directory {
    const EXPECTED: &'static str = "a path";

    fn from_text(text: &str) -> Option<Result<Directory, String>> {
        Some(text.parse().map(Directory::at))
    }
}

impl Directory {
    /// One that anybody may read, of whoever runs labkit.
    pub fn at(path: FilePath) -> Directory {
        Directory { path, mode: FileMode::of_directories(), owner: None, group: None }
    }

    /// Makes the directories that are missing above a path, the highest first.
    pub fn above(path: &FilePath, lab: &mut Lab) -> Result<()> {
        let missing = path.as_path().ancestors().skip(1).take_while(|above| !above.exists());
        let mut missing: Vec<FilePath> = missing.filter_map(|above| above.to_str()?.parse().ok()).collect();
        missing.reverse();
        for directory in missing.into_iter().map(Directory::at) {
            // A plan does not make what it says.
            if !lab.work.changed.contains(&directory.title()) || lab.acts() {
                bring(lab, &directory)?;
            }
        }
        Ok(())
    }
}

impl AtPath for Directory {
    fn path(&self) -> &FilePath {
        &self.path
    }

    fn title(&self) -> String {
        format!("directory {}", self.path)
    }

    fn wanted(&self, seen: &Seen) -> Result<(FileState, Vec<u8>)> {
        if let FileState::Link { target } = &seen.state {
            return Err(Error::failed(format!("it is a link to `{}`", target.display()))
                .hint("name the directory itself: the link stays as it is"));
        }
        let (uid, gid) = accounts::owner(self.owner.as_deref(), self.group.as_deref())?;
        Ok((FileState::Directory { mode: self.mode.0, uid, gid }, Vec::new()))
    }

    fn explain(&self) -> Vec<String> {
        let (owner, group) = (self.owner.as_deref(), self.group.as_deref());
        vec![shell::command(&shell::install(&["-d"], self.mode, owner, group, &[&self.path.to_string()]))]
    }
}
