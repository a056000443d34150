//! The directory that a bundle is built in: whole blobs under their names, begun ones apart, the index last.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, OpenOptions},
    path::{Path, PathBuf},
};

use crate::{
    disk,
    error::{Context, Error, Result},
    oci::{Descriptor, Digest, Index, Layout, MARK, MARK_TEXT, SIGNATURE},
};

/// Held as long as it is built in: one build at a time.
pub struct Site {
    dir: PathBuf,
    layout: Layout,
    _lock: File,
}

/// What is begun lies here, and is gone when the bundle is whole.
pub const BEGUN: &str = ".build";
const BLOBS: &str = "blobs/sha256";
const INDEX: &str = "index.json";

impl Site {
    /// Makes the directory where there is none, and takes it; an error where it holds something else, or another build.
    pub fn take(dir: &Path) -> Result<Site> {
        let attempt = || format!("build in `{}`", dir.display());
        let is_foreign = !dir.join(MARK).exists()
            && !dir.join(BEGUN).exists()
            && fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some());
        if is_foreign {
            return Err(Error::usage("it holds something else than a bundle").hint("-o NEW-DIRECTORY"))
                .context(attempt);
        }
        let made = || -> Result<File> {
            fs::create_dir_all(dir.join(BEGUN))?;
            fs::create_dir_all(dir.join(BLOBS))?;
            Ok(OpenOptions::new().write(true).create(true).truncate(false).open(dir.join(BEGUN).join("lock"))?)
        };
        let lock = made().context(attempt).map_err(disk_full)?;
        if !disk::lock_if_free(&lock).context(attempt)? {
            return Err(Error::failed("another `labkit bundle` is at work in it")).context(attempt);
        }
        if !dir.join(MARK).exists() {
            write(dir, MARK, MARK_TEXT.as_bytes())?;
        }
        Ok(Site { dir: dir.to_owned(), layout: Layout::directory(dir).context(attempt)?, _lock: lock })
    }

    /// Where a whole blob lies.
    pub fn blob(&self, digest: &Digest) -> PathBuf {
        self.dir.join(BLOBS).join(digest.hex())
    }

    /// Where a blob lies that has been begun.
    pub fn begun(&self, digest: &Digest) -> PathBuf {
        self.dir.join(BEGUN).join(digest.hex())
    }

    /// A place for something whose digest is not known yet.
    pub fn begun_as(&self, name: &str) -> PathBuf {
        self.dir.join(BEGUN).join(name)
    }

    /// Blobs that are there, with their bytes, whole or not.
    pub fn there(&self) -> Result<BTreeMap<Digest, u64>> {
        Ok(self.layout.contents()?.blobs)
    }

    /// The index of an earlier build; none where that did not come so far.
    pub fn index(&self) -> Option<Index> {
        self.layout.index().ok()
    }

    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Writes a blob that is at hand.
    pub fn put(&self, media_type: &str, bytes: &[u8]) -> Result<Descriptor> {
        let descriptor = Descriptor::of(media_type, bytes);
        let path = self.blob(&descriptor.digest);
        if fs::metadata(&path).map(|facts| facts.len()).ok() != Some(descriptor.size) {
            let begun = self.begun(&descriptor.digest);
            // What an earlier build left of it.
            let _ = fs::remove_file(&begun);
            disk::write_new(&begun, |file| Ok(std::io::Write::write_all(file, bytes)?))
                .and_then(|()| Ok(fs::rename(&begun, &path)?))
                .context(|| format!("write blob {}", descriptor.digest))
                .map_err(disk_full)?;
        }
        Ok(descriptor)
    }

    /// A blob that turned out to be something else goes.
    pub fn discard(&self, digest: &Digest) -> Result<()> {
        fs::remove_file(self.blob(digest)).context(|| format!("remove blob {digest}"))
    }

    /// Makes the bundle: its blobs are on the disk before its index says so. Blobs that it does not need go.
    pub fn finish(self, text: &[u8], signature: Option<&[u8]>, needed: &BTreeSet<Digest>) -> Result<Digest> {
        File::open(self.dir.join(BLOBS))?.sync_all().context(|| "write blobs to the disk")?;
        let is_new = fs::read(self.dir.join(INDEX)).ok().as_deref() != Some(text);
        if is_new {
            // It was of the index before.
            let _ = fs::remove_file(self.dir.join(SIGNATURE));
            write(&self.dir, INDEX, text)?;
        }
        if let Some(signature) = signature {
            write(&self.dir, SIGNATURE, signature)?;
        }
        for digest in self.there()?.keys().filter(|digest| !needed.contains(digest)) {
            self.discard(digest)?;
        }
        fs::remove_dir_all(self.dir.join(BEGUN)).context(|| "clear what was begun")?;
        File::open(&self.dir)?.sync_all().context(|| "write the bundle to the disk")?;
        Ok(Digest::of(text))
    }
}

fn write(dir: &Path, name: &str, text: &[u8]) -> Result<()> {
    let begun = dir.join(BEGUN).join(name);
    let _ = fs::remove_file(&begun);
    disk::write_new(&begun, |file| Ok(std::io::Write::write_all(file, text)?))
        .and_then(|()| Ok(fs::rename(&begun, dir.join(name))?))
        .context(|| format!("write `{}`", dir.join(name).display()))
        .map_err(disk_full)
}

/// Says what to do where the disk is full.
pub fn disk_full(error: Error) -> Error {
    disk::hint_where_full(error, "free some space and run the same command again: what is there already is kept")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_build_at_a_time_and_none_where_something_else_lies() {
        let dir = tempfile::tempdir().unwrap();
        let site = Site::take(&dir.path().join("b")).unwrap();
        let error = Site::take(&dir.path().join("b")).err().unwrap().to_string();
        assert!(error.ends_with("another `labkit bundle` is at work in it"), "{error}");
        drop(site);
        assert!(Site::take(&dir.path().join("b")).is_ok());
        let error = Site::take(dir.path()).err().unwrap();
        assert!(error.to_string().ends_with("it holds something else than a bundle"), "{error}");
    }

    #[test]
    fn what_is_not_needed_goes_and_nothing_begun_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let site = Site::take(dir.path()).unwrap();
        let (kept, old) = (site.put("x", b"kept").unwrap(), site.put("x", b"old").unwrap());
        fs::write(site.begun(&old.digest), "ol").unwrap();
        let index = Index::new(vec![kept.clone()]);
        let digest =
            site.finish(&serde_json::to_vec(&index).unwrap(), None, &BTreeSet::from([kept.digest.clone()])).unwrap();
        let layout = Layout::directory(dir.path()).unwrap();
        assert_eq!((layout.digest().unwrap(), layout.index().unwrap()), (digest, index));
        let contents = layout.contents().unwrap();
        assert_eq!((contents.blobs.len(), contents.strangers.len()), (1, 0));
    }
}
