//! What a name of an image leads to, for one architecture.

use serde::Deserialize;

use super::{Reference, Remote, remote::Document};
use crate::{
    error::{Error, Result},
    http::{Client, Failure, persist},
    oci::{Descriptor, Digest, Index, Kind, Manifest, Platform},
};

/// An image, pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// Of what the name leads to.
    pub index: Digest,
    /// Of the manifest for the architecture.
    pub digest: Digest,
    /// Bytes of manifest, configuration and layers.
    pub size: u64,
}

/// The part of an image's configuration that says what it is for.
#[derive(Deserialize)]
struct Config {
    architecture: String,
}

const ATTEMPTS: u32 = 4;

/// What this name leads to now.
pub fn pin(client: &Client, base: &str, reference: &Reference, architecture: &str) -> Result<Pinned> {
    let remote = Remote::new(base, &reference.repository);
    let attempt = || -> Result<Pinned> {
        let top = persist(ATTEMPTS, || remote.manifest(client, &reference.wanted()))?;
        let chosen = match Kind::of(&top.media_type) {
            Kind::Index => {
                let index: Index = serde_json::from_slice(&top.text)?;
                let digest = choose(&index, architecture)?.digest.clone();
                persist(ATTEMPTS, || remote.manifest(client, &digest.to_string()))?
            }
            Kind::Manifest => {
                Document { text: top.text.clone(), media_type: top.media_type, digest: top.digest.clone() }
            }
            Kind::Other => {
                return Err(Error::failed(format!("the registry answers `{}`", top.media_type.escape_debug()))
                    .hint("images in Docker's first schema are too old to be used"));
            }
        };
        let manifest: Manifest = serde_json::from_slice(&chosen.text)?;
        // An index may say what it likes: the configuration is what a machine believes.
        refuse_other(&persist(ATTEMPTS, || config(client, &remote, &manifest))?, architecture)?;
        let blobs = manifest.layers.iter().chain([&manifest.config]).map(|blob| blob.size).sum::<u64>();
        Ok(Pinned { index: top.digest, digest: chosen.digest, size: chosen.text.len() as u64 + blobs })
    };
    attempt().map_err(|error| error.context(format!("image `{reference}` for {architecture}")))
}

fn choose<'a>(index: &'a Index, architecture: &str) -> Result<&'a Descriptor> {
    let is_it = |platform: &Platform| platform.os == "linux" && platform.architecture == architecture;
    let mut fitting = index.manifests.iter().filter(|one| one.platform.as_ref().is_some_and(is_it));
    fitting.next().ok_or_else(|| {
        let there: Vec<&str> =
            index.manifests.iter().filter_map(|one| Some(one.platform.as_ref()?.architecture.as_str())).collect();
        Error::failed("there is none for this architecture").hint(format!("there is: {}", there.join(", ")))
    })
}

fn config(client: &Client, remote: &Remote, manifest: &Manifest) -> Result<Config, Failure> {
    let text = remote.blob(client, &manifest.config.digest)?;
    serde_json::from_slice(&text).map_err(|error| Failure::lasting(error.into()))
}

fn refuse_other(config: &Config, architecture: &str) -> Result<()> {
    match config.architecture == architecture {
        true => Ok(()),
        false => Err(Error::failed(format!("it is for {} alone", config.architecture.escape_debug()))),
    }
}
