//! From the index to the last layer: whatever is named must be there, and be as long as it is said to be.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use crate::{
    bundle::contents::DEEPEST,
    oci::{Descriptor, Digest, Index, Kind, Layout, Manifest},
};

pub struct Links<'a> {
    layout: &'a Layout,
    blobs: &'a BTreeMap<Digest, u64>,
    bad: &'a BTreeMap<Digest, Finding>,
    /// Blobs that something leads to.
    pub used: BTreeSet<Digest>,
    pub findings: Vec<Finding>,
}

impl<'a> Links<'a> {
    pub fn new(layout: &'a Layout, blobs: &'a BTreeMap<Digest, u64>, bad: &'a BTreeMap<Digest, Finding>) -> Links<'a> {
        Links { layout, blobs, bad, used: BTreeSet::new(), findings: Vec::new() }
    }

    pub fn index(&mut self, index: &Index) {
        index.manifests.iter().for_each(|descriptor| self.follow(descriptor, "index.json", DEEPEST));
    }

    fn follow(&mut self, descriptor: &Descriptor, from: &str, depth: usize) {
        let place = descriptor.name().unwrap_or(from).to_owned();
        match self.blobs.get(&descriptor.digest) {
            None => return self.find(place, format!("names {}, which is not there", descriptor.digest)),
            Some(size) if *size != descriptor.size => self.find(
                place.clone(),
                format!("says that {} has {} bytes, and it has {size}", descriptor.digest, descriptor.size),
            ),
            Some(_) => {}
        }
        // What is wrong with a blob has been said, and what it says is not to be believed.
        let is_new = self.used.insert(descriptor.digest.clone());
        if !is_new || self.bad.contains_key(&descriptor.digest) {
            return;
        }
        match descriptor.kind() {
            Kind::Other => {}
            _ if depth == 0 => self.find(place, "leads deeper than images do".to_owned()),
            Kind::Index => match self.layout.document_of::<Index>(&descriptor.digest) {
                Ok(index) => self.platforms(&index, &place, depth),
                Err(error) => self.find(place, error.to_string()),
            },
            Kind::Manifest => match self.layout.document_of::<Manifest>(&descriptor.digest) {
                Ok(manifest) => {
                    manifest
                        .layers
                        .iter()
                        .chain([&manifest.config])
                        .for_each(|blob| self.follow(blob, &place, depth - 1));
                }
                Err(error) => self.find(place, error.to_string()),
            },
        }
    }

    /// An image for many platforms is here for some of them.
    fn platforms(&mut self, index: &Index, place: &str, depth: usize) {
        let there: Vec<&Descriptor> =
            index.manifests.iter().filter(|one| self.blobs.contains_key(&one.digest)).collect();
        if there.is_empty() && !index.manifests.is_empty() {
            self.find(place.to_owned(), "no image that its index names is there".to_owned());
        }
        there.into_iter().for_each(|one| self.follow(one, place, depth - 1));
    }

    fn find(&mut self, place: String, what: String) {
        self.findings.push(Finding { place, what });
    }
}
