//! Where a blob may be had without the world: another bundle, files of any name, another machine of the classroom.

use std::{
    collections::BTreeMap,
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use crate::{
    bundle::{Bundle, remote_bundle::RemoteBundle},
    error::{Context, Error, Result},
    http::{Client, Source},
    oci::Digest,
    volume::{Stretch, open_plain},
};

/// Given by `--from`.
pub enum Origin {
    Bundle(Box<Bundle>),
    /// Files below a directory, by their bytes: which of them it is shows in what it holds.
    Files(BTreeMap<u64, Vec<PathBuf>>),
    /// `labkit bundle serve` of another machine.
    Remote(RemoteBundle),
}

/// Deeper than caches of packages are.
const DEEPEST: usize = 6;

impl Origin {
    /// A bundle, a directory of files, or the address of a machine that serves one.
    pub fn open(place: &str) -> Result<Origin> {
        let attempt = || format!("take from `{place}`");
        if place.contains("://") {
            return Ok(Origin::Remote(RemoteBundle::at(place)));
        }
        let path = Path::new(place);
        if let Ok(bundle) = Bundle::open(path) {
            return Ok(Origin::Bundle(Box::new(bundle)));
        }
        if !path.is_dir() {
            return Err(Error::usage("it is neither a bundle, a directory nor an address")).context(attempt);
        }
        let mut files = BTreeMap::new();
        walk(path, DEEPEST, &mut files).context(attempt)?;
        Ok(Origin::Files(files))
    }

    /// Stretches of this machine that may be the blob.
    pub fn candidates(&self, digest: &Digest, size: u64) -> Vec<Stretch> {
        match self {
            Origin::Bundle(bundle) => bundle.layout.blob(digest).into_iter().collect(),
            Origin::Files(files) => {
                let paths = files.get(&size).into_iter().flatten();
                paths.filter_map(|path| Stretch::of_file(open_plain(path).ok()?).ok()).collect()
            }
            Origin::Remote(_) => Vec::new(),
        }
    }

    /// Where the blob is downloaded, if this is a machine.
    pub fn source(&self, digest: &Digest) -> Option<Box<dyn Source>> {
        match self {
            Origin::Remote(remote) => Some(Box::new(remote.blob(digest))),
            _ => None,
        }
    }

    /// A document of an image, where it is here.
    pub fn document(&self, client: &Client, digest: &Digest) -> Option<Vec<u8>> {
        let text = match self {
            Origin::Bundle(bundle) => bundle.layout.text_of(digest).ok(),
            Origin::Files(_) => None,
            Origin::Remote(remote) => remote.document(client, digest).ok().flatten(),
        };
        text.filter(|text| Digest::of(text) == *digest)
    }
}

fn walk(dir: &Path, depth: usize, files: &mut BTreeMap<u64, Vec<PathBuf>>) -> Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let facts = entry.path().symlink_metadata()?;
        if facts.is_dir() && depth > 0 {
            // A directory that may not be read has nothing for us.
            let _ = walk(&entry.path(), depth - 1, files);
        } else if facts.is_file() {
            files.entry(facts.len()).or_default().push(entry.path());
        }
    }
    Ok(())
}

/// Copies a stretch to a file that is not there yet, if it is what its digest says; true where it was.
pub fn copy(from: &Stretch, digest: &Digest, begun: &Path, to: &Path, passed: &dyn Fn(i64)) -> Result<bool> {
    let _ = fs::remove_file(begun);
    let mut tally = crate::digest::Tally::new(from.reader());
    let mut moved = 0;
    crate::disk::write_new(begun, |file| {
        let mut piece = vec![0; 256 << 10];
        loop {
            crate::signal::check()?;
            let read = tally.read(&mut piece)?;
            if read == 0 {
                return Ok(());
            }
            std::io::Write::write_all(file, &piece[..read])?;
            moved += read as i64;
            passed(read as i64);
        }
    })?;
    match tally.end().0 == digest.hex() {
        true => fs::rename(begun, to).context(|| format!("rename `{}`", begun.display())).map(|()| true),
        false => {
            passed(-moved);
            fs::remove_file(begun)?;
            Ok(false)
        }
    }
}
