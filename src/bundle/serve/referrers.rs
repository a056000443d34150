//! Manifests that say which other they belong to, such as signatures (OCI image specification, `subject`).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::catalog::{Repository, document};
use crate::{
    bundle::contents::DEEPEST,
    oci::{Descriptor, Digest, Index, Kind, Layout},
};

/// One of them: whom it refers to, and how it is listed.
pub struct Referring {
    subject: Digest,
    listed: Descriptor,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    subject: Option<Descriptor>,
    artifact_type: Option<String>,
    config: Option<Descriptor>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// All that stand in the index of a layout, with a name or without.
pub fn read(layout: &Layout, index: &Index) -> Vec<Referring> {
    index.manifests.iter().filter_map(|descriptor| of(layout, descriptor)).collect()
}

fn of(layout: &Layout, descriptor: &Descriptor) -> Option<Referring> {
    if descriptor.kind() == Kind::Other {
        return None;
    }
    // What is damaged refers to nothing.
    let found: Document = document(layout, &descriptor.digest).ok()?;
    let mut listed = Descriptor::new(&descriptor.media_type, descriptor.digest.clone(), descriptor.size);
    listed.artifact_type = found.artifact_type.or(found.config.map(|config| config.media_type));
    listed.annotations = found.annotations;
    Some(Referring { subject: found.subject?.digest, listed })
}

/// Adds those that belong to manifests of a repository, and those that belong to these.
pub fn add(layout: &Layout, repository: &mut Repository, all: &[Referring]) {
    let mut rest: Vec<&Referring> = all.iter().collect();
    loop {
        let (found, other): (Vec<_>, Vec<_>) =
            rest.into_iter().partition(|one| repository.manifests.contains_key(&one.subject));
        if found.is_empty() {
            return;
        }
        for Referring { subject, listed } in found {
            repository.follow(layout, listed, DEEPEST);
            repository.referrers.entry(subject.clone()).or_default().push(listed.clone());
        }
        rest = other;
    }
}
