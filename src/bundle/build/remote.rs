//! The bundle of another machine of the classroom, fetched whole.

use std::{collections::BTreeSet, path::Path, time::Duration};

use serde::Serialize;

use super::{
    discard_bad,
    fetch::{self, Fetching, Need},
    site::Site,
};
use crate::{
    bundle::{contents::DEEPEST, remote_bundle::RemoteBundle},
    error::{Error, Result},
    http::Client,
    minisign::PublicKey,
    oci::{Descriptor, Digest, Index, Kind, Manifest},
    progress::Progress,
};

/// What came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fetched {
    pub digest: Digest,
    pub blobs: usize,
    /// Bytes that came now; the others were there.
    pub fetched: u64,
    /// Whether a key vouched for it.
    pub signed: bool,
}

/// Fetches into a directory, or goes on where an earlier call ended. With a key, only what it signed is taken.
pub fn fetch(
    address: &str,
    dir: &Path,
    key: Option<&PublicKey>,
    progress: &Progress,
    patience: Duration,
) -> Result<Fetched> {
    let client = Client::new(patience);
    let remote = RemoteBundle::at(address);
    let text = remote.index_text(&client)?;
    let signature = remote.signature(&client)?;
    if let Some(key) = key {
        let signature = signature.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok());
        let signature = signature.ok_or_else(|| Error::proof("nobody signed this bundle"))?;
        key.verify(&text, signature)?;
    }
    let index: Index = serde_json::from_slice(&text)?;
    let site = Site::take(dir)?;
    discard_bad(&site, progress)?;
    let mut walk = Walk { site: &site, client: &client, remote: &remote, needed: BTreeSet::new(), needs: Vec::new() };
    for descriptor in &index.manifests {
        walk.follow(descriptor, DEEPEST)?;
    }
    let Walk { needed, needs, .. } = walk;
    let how = Fetching { client: &client, from: &[], parallel: PARALLEL, progress };
    let fetched = fetch::all(&site, &how, needs)?;
    let digest = site.finish(&text, signature.as_deref(), &needed)?;
    progress.end();
    Ok(Fetched { digest, blobs: needed.len(), fetched, signed: key.is_some() })
}

/// One server, and a network that many share.
const PARALLEL: usize = 2;

struct Walk<'a> {
    site: &'a Site,
    client: &'a Client,
    remote: &'a RemoteBundle,
    needed: BTreeSet<Digest>,
    needs: Vec<Need<'static>>,
}

impl Walk<'_> {
    fn follow(&mut self, descriptor: &Descriptor, depth: usize) -> Result<()> {
        if self.needed.contains(&descriptor.digest) {
            return Ok(());
        }
        match descriptor.kind() {
            Kind::Other => {
                self.needed.insert(descriptor.digest.clone());
                self.needs.push(Need {
                    what: descriptor.digest.to_string(),
                    digest: descriptor.digest.clone(),
                    size: descriptor.size,
                    source: Box::new(self.remote.blob(&descriptor.digest)),
                });
                Ok(())
            }
            _ if depth == 0 => Err(Error::failed("it leads deeper than images do")),
            kind => {
                let text = match self.text(&descriptor.digest)? {
                    Some(text) => text,
                    // Of an image for many platforms only some were wanted.
                    None if depth < DEEPEST => return Ok(()),
                    None => return Err(Error::failed(format!("the other machine has no {}", descriptor.digest))),
                };
                self.site.put(&descriptor.media_type, &text)?;
                self.needed.insert(descriptor.digest.clone());
                let inner = match kind {
                    Kind::Index => serde_json::from_slice::<Index>(&text)?.manifests,
                    _ => {
                        let manifest: Manifest = serde_json::from_slice(&text)?;
                        manifest.layers.into_iter().chain([manifest.config]).collect()
                    }
                };
                inner.iter().try_for_each(|descriptor| self.follow(descriptor, depth - 1))
            }
        }
    }

    fn text(&self, digest: &Digest) -> Result<Option<Vec<u8>>> {
        match self.site.layout().text_of(digest) {
            Ok(text) => Ok(Some(text)),
            Err(_) => self.remote.document(self.client, digest),
        }
    }
}
