//! A directory for things on their way, only for its owner, that goes when nobody needs it any more.

use std::{
    fs::{self, DirBuilder},
    io::ErrorKind,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use crate::{
    chance,
    error::{Context, Error, Result},
};

#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// A new directory below `parent`, its name beginning with `stem`.
    pub fn create(parent: &Path, stem: &str) -> Result<Scratch> {
        loop {
            let path = parent.join(format!("{stem}{}", chance::letters(12)));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Scratch { path }),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => {
                    return Err(Error::from(error).context(format!("make the directory `{}`", path.display())));
                }
            }
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes what a sudden end left of earlier ones.
    pub fn sweep(parent: &Path, stem: &str) -> Result<()> {
        for entry in fs::read_dir(parent).context(|| format!("list `{}`", parent.display()))?.flatten() {
            if entry.file_name().to_string_lossy().starts_with(stem) {
                fs::remove_dir_all(entry.path()).context(|| format!("remove `{}`", entry.path().display()))?;
            }
        }
        Ok(())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            log::warn!("remove `{}`: {error}", self.path.display());
        }
    }
}
