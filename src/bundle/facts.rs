//! What a recipe is told of a bundle.

use std::{collections::BTreeSet, path::PathBuf};

use serde::Serialize;

use super::{Bundle, items, kind::ItemKind, registry::Reference};
use crate::{
    error::{Context, Result},
    oci::Digest,
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BundleFacts {
    /// Where it lies: a directory, a file, or the program that carries it.
    pub place: PathBuf,
    /// Of its index, and so of everything.
    pub digest: Digest,
    /// Architectures that it has packages for.
    pub architectures: BTreeSet<String>,
    /// Names of its images, in full.
    pub images: BTreeSet<String>,
    /// Registries that the names of its images begin with.
    pub registries: BTreeSet<String>,
    /// The key that its archive of packages is signed with, in its armour.
    pub key: String,
    /// This program.
    pub program: PathBuf,
}

impl BundleFacts {
    /// Of the bundle that is served by this key.
    pub fn read(bundle: &Bundle, key: String) -> Result<BundleFacts> {
        let items = items(&bundle.layout)?;
        let of = |kind: ItemKind| items.iter().filter(move |item| item.kind == Some(kind));
        let images: BTreeSet<String> = of(ItemKind::Image).map(|item| item.name.clone()).collect();
        let registry = |name: &String| Some(name.parse::<Reference>().ok()?.registry);
        let place = std::path::absolute(&bundle.place)?;
        Ok(BundleFacts {
            place,
            digest: bundle.layout.digest()?,
            architectures: of(ItemKind::Deb)
                .map(|item| item.architecture.clone())
                .filter(|one| !one.is_empty())
                .collect(),
            registries: images.iter().filter_map(registry).collect(),
            images,
            key,
            program: std::env::current_exe().context(|| "find this program")?,
        })
    }
}
