//! The documents of the images that a lock names: first what they lead to, then that.

use std::sync::Arc;

use super::{Orders, fetch::Need, site::Site};
use crate::{
    bundle::{
        lock::Image,
        registry::{Blob, Reference, Remote, address_of},
    },
    error::{Error, Result},
    http::{Client, persist},
    oci::{Descriptor, Digest, Index, Kind, Manifest, Platform, media_type},
};

/// An image whose documents are in the bundle.
pub struct Documents<'a> {
    pub image: &'a Image,
    /// What its name leads to.
    pub top: Descriptor,
    manifest: Manifest,
    remote: Arc<Remote>,
}

const ATTEMPTS: u32 = 6;

/// Fetches the documents of every image.
pub fn documents<'a>(site: &Site, client: &Client, orders: &'a Orders) -> Result<Vec<Documents<'a>>> {
    let one = |image: &'a Image| {
        of(site, client, orders, image)
            .map_err(|error| error.context(format!("image `{}` for {}", image.name, image.architecture)))
    };
    orders.lock.images.iter().map(one).collect()
}

fn of<'a>(site: &Site, client: &Client, orders: &Orders, image: &'a Image) -> Result<Documents<'a>> {
    let reference: Reference = image.name.parse().map_err(Error::usage)?;
    let base = image.source.clone().unwrap_or_else(|| address_of(&reference.registry));
    let remote = Arc::new(Remote::new(&base, &reference.repository));
    let get = |digest: &Digest| -> Result<Vec<u8>> {
        let known = site.layout().text_of(digest).ok();
        let near = || orders.from.iter().find_map(|origin| origin.document(client, digest));
        match known.or_else(near) {
            Some(text) => Ok(text),
            None => persist(ATTEMPTS, || remote.manifest(client, &digest.to_string())).map(|document| document.text),
        }
    };
    let top = get(&image.index)?;
    let top_type = media_type_of(&top)?;
    let top = site.put(&top_type, &top)?;
    let chosen = get(&image.digest)?;
    if top.kind() == Kind::Index {
        let index: Index = site.layout().document_of(&image.index)?;
        let is_of = |one: &Descriptor| {
            one.digest == image.digest
                && one.platform.as_ref().is_some_and(|platform| platform.architecture == image.architecture)
        };
        if !index.manifests.iter().any(is_of) {
            return Err(Error::failed(format!("its index has no {} for {}", image.digest, image.architecture))
                .hint("`labkit bundle lock` looks anew"));
        }
    }
    site.put(&media_type_of(&chosen)?, &chosen)?;
    let manifest: Manifest = serde_json::from_slice(&chosen)?;
    Ok(Documents { image, top: Descriptor { platform: platform(image, &top), ..top }, manifest, remote })
}

/// An index is for several; a manifest says nothing of what it is for.
fn platform(image: &Image, top: &Descriptor) -> Option<Platform> {
    (top.kind() == Kind::Manifest).then(|| Platform::linux(&image.architecture))
}

/// What a document is, as it says itself: registries have been wrong about it.
fn media_type_of(text: &[u8]) -> Result<String> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Typed {
        media_type: Option<String>,
        manifests: Option<serde::de::IgnoredAny>,
    }
    let typed: Typed = serde_json::from_slice(text)?;
    let unsaid = if typed.manifests.is_some() { media_type::INDEX } else { media_type::MANIFEST };
    Ok(typed.media_type.unwrap_or_else(|| unsaid.to_owned()))
}

impl Documents<'_> {
    /// Its configuration and layers.
    pub fn needs(&self) -> Vec<Need<'static>> {
        let blobs = self.manifest.layers.iter().chain([&self.manifest.config]);
        let needs = blobs.map(|blob| Need {
            what: self.image.name.clone(),
            digest: blob.digest.clone(),
            size: blob.size,
            source: Box::new(Blob { remote: Arc::clone(&self.remote), digest: blob.digest.clone() }),
        });
        needs.collect()
    }

    /// Everything that belongs to it.
    pub fn all(&self) -> impl Iterator<Item = Digest> {
        let blobs = self.manifest.layers.iter().chain([&self.manifest.config]).map(|blob| &blob.digest);
        blobs.chain([&self.image.index, &self.image.digest]).cloned()
    }
}
