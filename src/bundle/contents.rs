//! What a bundle holds, item by item.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Serialize, de::DeserializeOwned};

use super::{kind::ItemKind, lock::Lock};
use crate::{
    error::{Context, Error, Result},
    oci::{Descriptor, Digest, Index, Kind, Layout, Manifest, Platform, note},
    signal,
};

/// An image for one platform, or an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// As the index calls it; empty where it has no name.
    pub name: String,
    /// None where somebody else made the artifact.
    pub kind: Option<ItemKind>,
    /// Of its manifest.
    pub digest: Digest,
    /// `amd64`; empty where it is for all.
    pub architecture: String,
    /// Bytes of its own blobs, those counted that others share.
    pub size: u64,
    pub layers: Vec<Layer>,
    /// What it is in the bundle for.
    pub wanted_by: BTreeSet<String>,
}

/// What an item carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Layer {
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
    pub media_type: String,
    /// What it is called as a file; empty for the layers of an image.
    pub title: String,
}

/// Images within images are no deeper than this anywhere; deeper ones would be made to keep a reader busy.
pub const DEEPEST: usize = 4;
/// More items than any bundle has.
const MOST: usize = 100_000;
/// Bytes of documents that are read, those counted again that several lead to: real bundles have some millions.
const MOST_READ: u64 = 64 << 20;

/// Everything that the index leads to, in its order. Documents that are not what their digests say are errors.
pub fn items(layout: &Layout) -> Result<Vec<Item>> {
    let mut reading = Reading { layout, items: Vec::new(), read: 0 };
    for descriptor in &layout.index()?.manifests {
        reading.add(descriptor, descriptor, DEEPEST)?;
    }
    Ok(reading.items)
}

/// The lock that a bundle was built from; none where there is none in it.
pub fn lock(layout: &Layout, items: &[Item]) -> Result<Option<Lock>> {
    let Some(layer) = items.iter().find(|item| item.kind == Some(ItemKind::Lock)).and_then(|item| item.layers.first())
    else {
        return Ok(None);
    };
    let text = String::from_utf8(layout.text_of(&layer.digest)?).map_err(|_| Error::failed("its lock is no UTF-8"))?;
    Lock::parse(&text).context(|| "read the bundle's own lock").map(Some)
}

struct Reading<'a> {
    layout: &'a Layout,
    items: Vec<Item>,
    /// Bytes.
    read: u64,
}

impl Reading<'_> {
    /// `top` is what the index says of it.
    fn add(&mut self, top: &Descriptor, descriptor: &Descriptor, depth: usize) -> Result<()> {
        signal::check()?;
        match descriptor.kind() {
            _ if self.items.len() > MOST => Err(Error::failed(format!("it has more than {MOST} items: no bundle has"))),
            Kind::Index if depth > 0 => {
                let index: Index = self.document(top, descriptor)?;
                // Of an image for many platforms only some were wanted.
                let there = index.manifests.iter().filter(|inner| self.layout.blob(&inner.digest).is_ok());
                let there: Vec<&Descriptor> = there.collect();
                there.into_iter().try_for_each(|inner| self.add(top, inner, depth - 1))
            }
            Kind::Manifest => {
                let manifest: Manifest = self.document(top, descriptor)?;
                self.items.push(item(top, descriptor, &manifest));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn document<T: DeserializeOwned>(&mut self, top: &Descriptor, descriptor: &Descriptor) -> Result<T> {
        let read = || -> Result<(T, usize)> {
            let text = self.layout.text_of(&descriptor.digest)?;
            Ok((serde_json::from_slice(&text)?, text.len()))
        };
        let (document, bytes) = read().context(|| named(top))?;
        self.read += bytes as u64;
        match self.read > MOST_READ {
            true => Err(Error::failed("its indexes lead to the same things again and again: no bundle's do"))
                .context(|| named(top)),
            false => Ok(document),
        }
    }
}

fn item(top: &Descriptor, descriptor: &Descriptor, manifest: &Manifest) -> Item {
    let blobs: BTreeMap<&Digest, u64> =
        manifest.layers.iter().chain([&manifest.config]).map(|blob| (&blob.digest, blob.size)).collect();
    let layers = manifest.layers.iter().map(|layer| Layer {
        digest: layer.digest.clone(),
        size: layer.size,
        media_type: layer.media_type.clone(),
        title: layer.annotations.get(note::TITLE).cloned().unwrap_or_default(),
    });
    let wanted_by = top.annotations.get(note::WANTED_BY).map(String::as_str).unwrap_or_default();
    Item {
        name: top.name().unwrap_or_default().to_owned(),
        kind: ItemKind::of(manifest.artifact_type.as_deref()),
        digest: descriptor.digest.clone(),
        architecture: descriptor.platform.as_ref().or(top.platform.as_ref()).map(written).unwrap_or_default(),
        size: descriptor.size + blobs.values().sum::<u64>(),
        layers: layers.collect(),
        wanted_by: wanted_by.split(", ").filter(|word| !word.is_empty()).map(str::to_owned).collect(),
    }
}

fn written(platform: &Platform) -> String {
    let variant = platform.variant.iter().map(|variant| format!("/{variant}"));
    format!("{}{}", platform.architecture, variant.collect::<String>())
}

fn named(descriptor: &Descriptor) -> String {
    descriptor.name().map_or(descriptor.digest.to_string(), |name| format!("`{name}`"))
}
