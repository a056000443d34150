//! A symbolic link.

use std::path::PathBuf;

use serde::Deserialize;

use super::{
    place::{FilePath, Seen},
    shell,
    standing::AtPath,
};
use crate::{error::Result, journal::FileState, lab::Extent};

/// `ln -sfn TO PATH`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Absolute; directories on the way are made.
    pub path: FilePath,
    /// Where it leads: absolute, or from the directory it is in.
    pub to: PathBuf,
}

impl AtPath for Link {
    fn path(&self) -> &FilePath {
        &self.path
    }

    fn title(&self) -> String {
        format!("link {}", self.path)
    }

    fn extent(&self) -> Option<Extent> {
        Some(Extent::Whole(format!("link to {}", self.to.display())))
    }

    fn wanted(&self, _: &Seen) -> Result<(FileState, Vec<u8>)> {
        Ok((FileState::Link { target: self.to.clone() }, Vec::new()))
    }

    fn explain(&self) -> Vec<String> {
        let (to, path) = (self.to.display().to_string(), self.path.to_string());
        vec![shell::command(&["ln", "-sfn", &to, &path])]
    }
}
