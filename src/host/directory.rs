//! A directory with its mode and owner.

use serde::Deserialize;

use super::{
    accounts,
    file::Standing,
    place::{self, FileMode, FilePath},
    shell,
};
use crate::{
    args::Short,
    error::Result,
    journal::{Before, FileState},
    lab::{
        Lab,
        operation::{Difference, Operation, bring},
    },
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

impl Operation for Directory {
    type Seen = Standing;

    fn title(&self) -> String {
        format!("directory {}", self.path)
    }

    fn look(&self, lab: &Lab) -> Result<Standing> {
        let (own_uid, own_gid) = accounts::own();
        let wanted = FileState::Directory {
            mode: self.mode.0,
            uid: self.owner.as_deref().map_or(Ok(own_uid), accounts::uid)?,
            gid: self.group.as_deref().map_or(Ok(own_gid), accounts::gid)?,
        };
        Standing::with(self.path.as_path(), wanted, lab)
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
        let mut argv = vec!["install".to_owned(), "-d".to_owned(), "-m".to_owned(), self.mode.to_string()];
        for (option, value) in [("-o", &self.owner), ("-g", &self.group)] {
            argv.extend(value.iter().flat_map(|value| [option.to_owned(), value.clone()]));
        }
        argv.push(self.path.to_string());
        vec![shell::command(&argv)]
    }
}
