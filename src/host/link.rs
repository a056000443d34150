//! A symbolic link.

use std::path::PathBuf;

use serde::Deserialize;

use super::{
    file::Standing,
    place::{self, FilePath},
    shell,
};
use crate::{
    error::Result,
    journal::{Before, FileState},
    lab::{
        Lab,
        operation::{Difference, Operation},
    },
};

/// `ln -sfn TO PATH`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Absolute; directories on the way are made.
    pub path: FilePath,
    /// Where it leads: absolute, or from the directory it is in.
    pub to: PathBuf,
}

impl Operation for Link {
    type Seen = Standing;

    fn title(&self) -> String {
        format!("link {}", self.path)
    }

    fn look(&self, lab: &Lab) -> Result<Standing> {
        Standing::with(self.path.as_path(), FileState::Link { target: self.to.clone() }, lab)
    }

    fn difference(&self, seen: &Standing) -> Option<Difference> {
        seen.words().map(Difference::of)
    }

    fn before(&self, seen: &Standing, lab: &mut Lab) -> Result<Before> {
        seen.before(self.path.as_path(), lab)
    }

    fn apply(&self, seen: &Standing, _: &Lab) -> Result<()> {
        place::put(self.path.as_path(), &seen.wanted, b"")
    }

    fn explain(&self) -> Vec<String> {
        let (to, path) = (self.to.display().to_string(), self.path.to_string());
        vec![shell::command(&["ln", "-sfn", &to, &path])]
    }
}
