//! What one bundle has and the other has not.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Bundle, Item, items};
use crate::error::Result;

/// An item that is not the same in both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `deb/chrony/amd64`
    pub name: String,
    pub architecture: String,
    /// What it is in the first; none where only the second has it.
    pub first: Option<String>,
    pub second: Option<String>,
}

/// In the order of the names.
pub fn diff(first: &Bundle, second: &Bundle) -> Result<Vec<Difference>> {
    let (first, second) = (by_name(first)?, by_name(second)?);
    let mut all: Vec<_> = first.keys().chain(second.keys()).collect();
    all.sort();
    all.dedup();
    let differ = all.into_iter().filter(|key| first.get(*key) != second.get(*key));
    Ok(differ
        .map(|key| Difference {
            name: key.0.clone(),
            architecture: key.1.clone(),
            first: first.get(key).cloned(),
            second: second.get(key).cloned(),
        })
        .collect())
}

/// What each item is, by what it carries.
fn by_name(bundle: &Bundle) -> Result<BTreeMap<(String, String), String>> {
    Ok(items(&bundle.layout)?
        .into_iter()
        .map(|item| ((item.name.clone(), item.architecture.clone()), is(&item)))
        .collect())
}

/// A package by the name of its file, which has its version; an image by its manifest.
fn is(item: &Item) -> String {
    let short = item.digest.hex().get(..12).unwrap_or_default();
    match item.layers.last().map(|layer| layer.title.as_str()).filter(|title| !title.is_empty()) {
        Some(title) => format!("{title} {short}"),
        None => format!("sha256:{short}"),
    }
}
