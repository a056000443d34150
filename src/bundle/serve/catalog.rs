//! Which repositories a bundle has, and what may be had from each.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;

use super::referrers;
use crate::{
    bundle::{contents::DEEPEST, kind::ItemKind, registry::Reference},
    error::Result,
    oci::{Descriptor, Digest, Index, Kind, Layout, Manifest},
};

/// Every repository by its registry and its path there: `docker.io` and `library/alpine`.
pub struct Catalog {
    repositories: BTreeMap<(String, String), Repository>,
}

/// What the images of one name lead to. What it names need not be there: of an image for many platforms only some were
/// wanted.
#[derive(Debug, Default)]
pub struct Repository {
    pub tags: BTreeMap<String, Digest>,
    /// With the media type that a manifest is served as.
    pub manifests: BTreeMap<Digest, String>,
    pub blobs: BTreeSet<Digest>,
    /// By the manifest that each refers to.
    pub referrers: BTreeMap<Digest, Vec<Descriptor>>,
}

impl Catalog {
    /// Reads every document. One that is damaged is left out with a warning: the rest is of use without it.
    pub fn read(layout: &Layout) -> Result<Catalog> {
        let index = layout.index()?;
        let mut catalog = Catalog { repositories: BTreeMap::new() };
        for descriptor in &index.manifests {
            let Some(name) = descriptor.name().and_then(Reference::in_full) else { continue };
            match is_image(layout, descriptor) {
                Ok(true) => catalog.add(layout, name, descriptor),
                Ok(false) => {}
                Err(error) => log::warn!("image {name} is left out: {error}"),
            }
        }
        let referring = referrers::read(layout, &index);
        for repository in catalog.repositories.values_mut() {
            referrers::add(layout, repository, &referring);
        }
        Ok(catalog)
    }

    fn add(&mut self, layout: &Layout, name: Reference, descriptor: &Descriptor) {
        let shown = name.to_string();
        let repository = self.repositories.entry((name.registry, name.repository)).or_default();
        if let Some(tag) = name.tag {
            let first = repository.tags.entry(tag).or_insert_with(|| descriptor.digest.clone());
            if *first != descriptor.digest {
                log::warn!("image {shown} stands there twice: {first} is served by that name");
            }
        }
        repository.follow(layout, descriptor, DEEPEST);
    }

    /// The repository that a client means. It may name the registry beside the path (`ns`, as containerd does) or at
    /// the beginning of the path (as mirrors of podman do), or not at all where only one registry has the path.
    pub fn find(&self, path: &str, ns: Option<&str>) -> Option<&Repository> {
        let get = |registry: &str, path: &str| self.repositories.get(&(registry.to_owned(), path.to_owned()));
        let full = path.split_once('/').filter(|(registry, _)| ns.is_none_or(|ns| ns == *registry));
        if let Some(found) = full.and_then(|(registry, path)| get(registry, path)) {
            return Some(found);
        }
        match ns {
            Some(registry) => get(registry, path),
            None => {
                let mut found = self.repositories.iter().filter(|((_, other), _)| other == path);
                found.next().filter(|_| found.next().is_none()).map(|(_, repository)| repository)
            }
        }
    }

    /// `docker.io/library/alpine:3.21`, in their order.
    pub fn names(&self) -> Vec<String> {
        let names = self
            .repositories
            .iter()
            .flat_map(|((registry, path), of)| of.tags.keys().map(move |tag| format!("{registry}/{path}:{tag}")));
        names.collect()
    }
}

impl Repository {
    /// Takes in what a descriptor leads to.
    pub fn follow(&mut self, layout: &Layout, descriptor: &Descriptor, depth: usize) {
        let inner = match descriptor.kind() {
            Kind::Other => {
                self.blobs.insert(descriptor.digest.clone());
                return;
            }
            _ if self.manifests.contains_key(&descriptor.digest) || depth == 0 => return,
            // It is named by an image for many platforms, and not wanted.
            _ if layout.blob(&descriptor.digest).is_err() => return,
            Kind::Index => document(layout, &descriptor.digest).map(|index: Index| index.manifests),
            Kind::Manifest => document(layout, &descriptor.digest)
                .map(|manifest: Manifest| [manifest.config].into_iter().chain(manifest.layers).collect()),
        };
        let inner: Vec<Descriptor> = match inner {
            Ok(inner) => inner,
            Err(error) => return log::warn!("manifest {} is left out: {error}", descriptor.digest),
        };
        self.manifests.insert(descriptor.digest.clone(), descriptor.media_type.clone());
        for descriptor in inner {
            self.follow(layout, &descriptor, depth - 1);
        }
    }
}

/// A document, which is what its digest says.
pub fn document<T: DeserializeOwned>(layout: &Layout, digest: &Digest) -> Result<T> {
    Ok(serde_json::from_slice(&layout.text_of(digest)?)?)
}

fn is_image(layout: &Layout, descriptor: &Descriptor) -> Result<bool> {
    let of = |artifact_type: &Option<String>| ItemKind::of(artifact_type.as_deref()) == Some(ItemKind::Image);
    let is_image = match descriptor.kind() {
        Kind::Index => document(layout, &descriptor.digest).map(|_: Index| true)?,
        Kind::Manifest => document(layout, &descriptor.digest).map(|found: Manifest| of(&found.artifact_type))?,
        Kind::Other => false,
    };
    Ok(is_image && of(&descriptor.artifact_type))
}
