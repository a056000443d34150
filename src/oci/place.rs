//! Where the files of a layout lie: each by itself in a directory, or all in one archive.

use std::{
    collections::BTreeMap,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use crate::{
    error::{Context, Error, Result},
    tarball,
    volume::{Stretch, open_plain},
};

/// Files by their paths from the layout's top.
pub enum Place {
    Directory(PathBuf),
    Packed(BTreeMap<String, Stretch>),
}

/// More entries than any bundle has.
const MOST_ENTRIES: usize = 200_000;
/// Deeper than blobs are is no place of a layout's.
const DEEPEST: usize = 3;

impl Place {
    /// Reads the list of what an archive holds, and nothing else of it.
    pub fn packed(of: &Stretch) -> Result<Place> {
        let files = tarball::files(of, MOST_ENTRIES)?;
        let mut plainly = BTreeMap::new();
        for (name, lies) in files {
            if plainly.insert(plain(&name).to_owned(), lies).is_some() {
                return Err(Error::failed(format!("entry `{}`: it comes twice", plain(&name).escape_debug())));
            }
        }
        Ok(Place::Packed(plainly))
    }

    /// A file, and nothing else: a link could lead out of the layout, and a pipe would never end.
    pub fn open(&self, path: &str) -> Result<Stretch> {
        match self {
            Place::Packed(files) => files.get(path).cloned().ok_or_else(|| Error::failed("it is not there")),
            Place::Directory(dir) => {
                let path = dir.join(path);
                match fs::symlink_metadata(&path) {
                    Ok(facts) if facts.is_file() => Stretch::of_file(open_plain(&path)?),
                    Ok(_) => Err(Error::failed("it is no file")),
                    Err(error) if error.kind() == ErrorKind::NotFound => Err(Error::failed("it is not there")),
                    Err(error) => Err(error.into()),
                }
            }
        }
    }

    /// Every file with its bytes, in the order of the paths; what is no file has none.
    pub fn list(&self) -> Result<Vec<(String, Option<u64>)>> {
        match self {
            Place::Packed(files) => Ok(files.iter().map(|(path, lies)| (path.clone(), Some(lies.length()))).collect()),
            Place::Directory(dir) => {
                let mut found = Vec::new();
                walk(dir, Path::new(""), &mut found)?;
                Ok(found)
            }
        }
    }
}

/// tar writes `./index.json` where it is given a directory.
fn plain(name: &str) -> &str {
    name.strip_prefix("./").unwrap_or(name)
}

fn walk(top: &Path, below: &Path, found: &mut Vec<(String, Option<u64>)>) -> Result<()> {
    let dir = top.join(below);
    let mut entries = fs::read_dir(&dir)
        .and_then(|entries| entries.collect::<std::io::Result<Vec<_>>>())
        .context(|| format!("look into `{}`", dir.display()))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (below, facts) = (below.join(entry.file_name()), entry.path().symlink_metadata()?);
        match facts.is_dir() && below.components().count() < DEEPEST {
            true => walk(top, &below, found)?,
            false => found.push((below.display().to_string(), facts.is_file().then_some(facts.len()))),
        }
    }
    Ok(())
}
