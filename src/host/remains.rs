//! Directories that programs make and fill by themselves: where they were not there before, they go again.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{place::FilePath, shell};
use crate::{
    args::OneOrMany,
    error::{Context, Error, Result},
    journal::{Before, Thing},
    lab::{
        Lab,
        operation::{Difference, Operation},
    },
};

/// Noted before the programs are there, and removed after they are gone.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remains {
    /// Absolute; what lies in them goes with them.
    pub paths: OneOrMany<FilePath>,
}

/// What belongs to everybody is never all of one program's.
const SHALLOWEST: usize = 3;

impl Remains {
    /// Itself, if everything in it can be.
    pub fn check(&self) -> Result<()> {
        let is_shallow = |path: &&FilePath| path.as_path().components().count() < SHALLOWEST;
        match self.paths.0.iter().find(is_shallow) {
            Some(path) => Err(Error::usage(format!("`{path}` is not one program's alone"))),
            None => Ok(()),
        }
    }

    fn shown(&self) -> String {
        self.paths.0.iter().map(FilePath::to_string).collect::<Vec<_>>().join(", ")
    }
}

impl Operation for Remains {
    /// Those that are not there, and not noted either.
    type Seen = Vec<PathBuf>;

    fn title(&self) -> String {
        format!("remains in {}", self.shown())
    }

    fn things(&self) -> Vec<Thing> {
        self.paths.0.iter().map(|path| Thing::Path(path.as_path().to_owned())).collect()
    }

    fn look(&self, lab: &Lab) -> Result<Vec<PathBuf>> {
        let noted = lab.changes().iter().flat_map(|change| change.before.things());
        let noted: Vec<Thing> = noted.filter(|thing| matches!(thing, Thing::Path(_))).collect();
        let paths = self.paths.0.iter().map(|path| path.as_path().to_owned());
        Ok(paths.filter(|path| !path.exists() && !noted.contains(&Thing::Path(path.clone()))).collect())
    }

    fn difference(&self, absent: &Vec<PathBuf>) -> Option<Difference> {
        (!absent.is_empty()).then(|| Difference::of("note that they are not there, for the way back"))
    }

    fn before(&self, absent: &Vec<PathBuf>, _: &mut Lab) -> Result<Before> {
        Ok(Before::Remains { absent: absent.clone() })
    }

    fn apply(&self, _: &Vec<PathBuf>, _: &Lab) -> Result<()> {
        Ok(())
    }

    fn explain(&self) -> Vec<String> {
        // Nothing to do on the way there.
        vec![shell::command(&[":", &self.title()])]
    }
}

/// Removes them, whatever is in them; one that is a mount point stays, empty.
pub fn revert(absent: &[PathBuf]) -> Result<()> {
    absent.iter().try_for_each(|path| remove(path).context(|| format!("remove `{}`", path.display())))
}

fn remove(path: &Path) -> std::io::Result<()> {
    let removed = match path.symlink_metadata() {
        Ok(facts) if facts.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ResourceBusy) => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_there_goes_with_all_that_is_in_it_and_twice_is_once() {
        let dir = tempfile::tempdir().unwrap();
        let filled = dir.path().join("filled");
        fs::create_dir_all(filled.join("a/b")).unwrap();
        fs::write(filled.join("a/b/c"), "x").unwrap();
        for _ in 0..2 {
            revert(&[filled.clone(), dir.path().join("never")]).unwrap();
            assert!(!filled.exists());
        }
    }

    #[test]
    fn what_belongs_to_everybody_is_refused() {
        let remains = |path: &str| Remains { paths: OneOrMany(vec![path.parse().unwrap()]) };
        assert!(remains("/var").check().is_err() && remains("/etc").check().is_err());
        assert!(remains("/var/lib").check().is_ok());
    }
}
