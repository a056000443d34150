//! From a lock to a bundle: what is missing is fetched, all of it is checked, and the index is written last. The same lock
//! gives the same bytes.

mod compose;
mod fetch;
mod images;
mod made;
mod origin;
mod remote;
mod site;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use fetch::{Fetching, Need};
pub use origin::Origin;
pub use remote::{Fetched, fetch};
use serde::Serialize;
use site::Site;

use super::{lock::Lock, verify};
use crate::{
    error::{Error, Result},
    http::{Client, FileAt},
    oci::{Contents, Digest},
    progress::Progress,
};
pub use origin::copy;

/// How a bundle is to be built.
pub struct Orders<'a> {
    pub lock: &'a Lock,
    pub dir: &'a Path,
    /// Asked before the world is.
    pub from: &'a [Origin],
    /// labkits for images of other architectures: `arm64` and its file.
    pub labkits: &'a [(String, PathBuf)],
    /// How long a connection may be silent.
    pub patience: Duration,
    /// Downloads at once.
    pub parallel: usize,
    pub progress: &'a Progress,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Built {
    /// Of the index, and so of everything.
    pub digest: Digest,
    pub items: usize,
    pub blobs: usize,
    pub bytes: u64,
    /// Bytes that were downloaded or copied for it; the others were there.
    pub fetched: u64,
    /// Blobs that were there and held something else.
    pub mended: usize,
}

/// Builds, or goes on where an earlier build ended.
pub fn build(orders: &Orders) -> Result<Built> {
    let site = Site::take(orders.dir)?;
    let client = Client::new(orders.patience);
    let mended = discard_bad(&site, orders.progress)?;
    let images = images::documents(&site, &client, orders)?;
    let mut needs = named(orders.lock)?;
    needs.extend(images.iter().flat_map(|image| image.needs()));
    let how = Fetching { client: &client, from: orders.from, parallel: orders.parallel, progress: orders.progress };
    let fetched = fetch::all(&site, &how, needs)?;
    let composed = compose::index(&site, orders, &images)?;
    let mut needed = composed.needed;
    needed.extend(images.iter().flat_map(|image| image.all()));
    let (items, blobs) = (composed.index.manifests.len(), needed.len());
    let digest = site.finish(&serde_json::to_vec(&composed.index)?, None, &needed)?;
    let bytes = verify::there(orders.dir)?.values().sum();
    orders.progress.end();
    Ok(Built { digest, items, blobs, bytes, fetched, mended })
}

/// Packages and files, as a lock names them.
fn named(lock: &Lock) -> Result<Vec<Need<'_>>> {
    let debs =
        lock.debs.iter().map(|deb| (format!("{} {}", deb.name, deb.version), &deb.sha256, deb.size, &deb.source));
    let files = lock.files.iter().map(|file| (file.name.clone(), &file.sha256, file.size, &file.source));
    let needs = debs.chain(files).map(|(what, sha256, size, source)| {
        let digest = Digest::from_hex(sha256).map_err(Error::usage)?;
        Ok(Need { what, digest, size, source: Box::new(FileAt(source.clone())) })
    });
    needs.collect()
}

/// Blobs of an earlier build that are not what they are called are fetched again.
fn discard_bad(site: &Site, progress: &Progress) -> Result<usize> {
    let layout = site.layout();
    let Contents { blobs, .. } = layout.contents()?;
    progress.begin_bytes("check", blobs.values().sum());
    let bad = verify::hash(layout, &blobs, &|bytes| progress.advance(bytes as i64))?;
    for (digest, finding) in &bad {
        progress.line(&format!("again     {finding}"));
        site.discard(digest)?;
    }
    Ok(bad.len())
}
