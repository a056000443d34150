//! What the files of a unit held when labkit started it. A clock could jump; a digest cannot.

use std::{
    collections::BTreeMap,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use super::place::FilePath;
use crate::{
    digest::sha256_hex,
    disk,
    error::{Context, Result},
};

/// `machine/started.json`: units and the digest of what they read.
pub struct Started {
    file: PathBuf,
    units: BTreeMap<String, String>,
}

impl Started {
    /// `machine` is where what concerns this machine is kept.
    pub fn read(machine: &Path) -> Result<Started> {
        let file = machine.join("started.json");
        let units = match fs::read(&file) {
            Err(error) if error.kind() == ErrorKind::NotFound => BTreeMap::new(),
            text => {
                let text = text.context(|| format!("read `{}`", file.display()))?;
                serde_json::from_slice(&text).context(|| format!("read `{}`", file.display()))?
            }
        };
        Ok(Started { file, units })
    }

    /// True where the files are not what they were when labkit started the unit, or where it never did.
    pub fn is_stale(&self, unit: &str, files: &[FilePath]) -> Result<bool> {
        Ok(self.units.get(unit) != Some(&digest(files)?))
    }

    /// Notes what the files hold, now that it has read them.
    pub fn note(mut self, unit: &str, files: &[FilePath]) -> Result<()> {
        self.units.insert(unit.to_owned(), digest(files)?);
        self.write()
    }

    /// It is not known any more what the unit read.
    pub fn forget(mut self, unit: &str) -> Result<()> {
        self.units.remove(unit).map_or(Ok(()), |_| self.write())
    }

    fn write(&self) -> Result<()> {
        disk::replace(&self.file, &serde_json::to_vec_pretty(&self.units)?)
    }
}

fn digest(files: &[FilePath]) -> Result<String> {
    let mut all = Vec::new();
    for file in files {
        let content = match fs::read(file.as_path()) {
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            content => content.context(|| format!("read `{file}`"))?,
        };
        all.extend(sha256_hex(&content).into_bytes());
    }
    Ok(sha256_hex(&all))
}
