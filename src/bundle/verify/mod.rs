//! Is a bundle whole? Every blob is hashed, everything that is named must be there, and what depends on something finds it.

mod closure;
mod hash;
mod links;

use std::{collections::BTreeMap, fmt, path::Path};

pub use hash::hash;
use links::Links;
use serde::Serialize;

use super::{Bundle, items, lock::Lock};
use crate::{
    error::Result,
    minisign::PublicKey,
    oci::{Contents, Digest, Layout},
    progress::Progress,
};

/// What is wrong with a bundle, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// `blob sha256:…`, or the name of what lacks it.
    pub place: String,
    pub what: String,
}

impl Finding {
    pub fn new(place: impl Into<String>, what: impl Into<String>) -> Finding {
        Finding { place: place.into(), what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{}: {}", self.place, self.what)
    }
}

/// What was looked at, and what is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    pub blobs: usize,
    pub bytes: u64,
    pub items: usize,
    /// Of the index; none where that cannot be read.
    pub digest: Option<Digest>,
    /// What the signature says besides; none where no key was given.
    pub signed: Option<String>,
    /// Blobs that nothing leads to: they are whole, and of no use.
    pub unused: Vec<Digest>,
    pub findings: Vec<Finding>,
}

/// What is there while a build is at work, or was cut short.
const BEGUN: &str = "`.build/";

/// Looks at everything. With a lock, the bundle must be what it says; with a key, its holder must have signed it.
pub fn verify(bundle: &Bundle, lock: Option<&Lock>, key: Option<&PublicKey>, progress: &Progress) -> Result<Verified> {
    let layout = &bundle.layout;
    let Contents { blobs, strangers } = layout.contents()?;
    let mut verified = Verified { blobs: blobs.len(), bytes: blobs.values().sum(), ..Verified::default() };
    verified.findings = strange(strangers);
    progress.begin_bytes("verify", verified.bytes);
    let bad = hash(layout, &blobs, &|bytes| progress.advance(bytes as i64))?;
    verified.findings.extend(bad.values().cloned());
    match layout.index() {
        Err(error) => verified.findings.push(Finding::new("index.json", error.to_string())),
        Ok(index) => {
            verified.digest = layout.digest().ok();
            let mut links = Links::new(layout, &blobs, &bad);
            links.index(&index);
            verified.unused = blobs.keys().filter(|digest| !links.used.contains(digest)).cloned().collect();
            verified.findings.extend(links.findings);
        }
    }
    if let Some(key) = key {
        match vouched(layout, key) {
            Ok(comment) => verified.signed = Some(comment),
            Err(error) => verified.findings.push(Finding::new("signature", error.to_string())),
        }
    }
    // What depends on what can only be told of a bundle that says the truth about itself.
    if verified.findings.is_empty() {
        let items = items(layout)?;
        verified.items = items.len();
        verified.findings = closure::findings(layout, &items, lock)?;
    }
    Ok(verified)
}

fn strange(strangers: Vec<String>) -> Vec<Finding> {
    let (begun, others): (Vec<String>, Vec<String>) = strangers.into_iter().partition(|what| what.starts_with(BEGUN));
    let begun = (!begun.is_empty())
        .then(|| Finding::new("layout", "a build was cut short in it: `labkit bundle build` goes on"));
    begun.into_iter().chain(others.into_iter().map(|what| Finding::new("layout", what))).collect()
}

fn vouched(layout: &Layout, key: &PublicKey) -> Result<String> {
    match layout.signature() {
        Some(signature) => key.verify(&layout.index_text()?, &signature),
        None => Err(crate::error::Error::failed("nobody signed it")),
    }
}

/// Blobs that lie in a directory, with their bytes.
pub fn there(dir: &Path) -> Result<BTreeMap<Digest, u64>> {
    Ok(Layout::directory(dir)?.contents()?.blobs)
}
