//! What changed from one lock to the next.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Lock;

/// An entry that is another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// `deb chrony amd64`
    pub what: String,
    /// None where it is new.
    pub from: Option<String>,
    /// None where it is gone.
    pub to: Option<String>,
}

/// In the order of the entries.
pub fn compare(old: &Lock, new: &Lock) -> Vec<Moved> {
    let (old, new) = (entries(old), entries(new));
    let mut all: Vec<&String> = old.keys().chain(new.keys()).collect();
    all.sort();
    all.dedup();
    let moved = all.into_iter().filter(|what| old.get(*what) != new.get(*what)).map(|what| {
        let (was, is) = (old.get(what), new.get(what));
        // Of the same version it says by its bytes that it is another.
        let is_same = was.zip(is).is_some_and(|((was, _), (is, _))| was == is);
        let words = |entry: Option<&(String, String)>| {
            entry.map(|(version, digest)| if is_same { format!("{version} {digest}") } else { version.clone() })
        };
        Moved { what: what.clone(), from: words(was), to: words(is) }
    });
    moved.collect()
}

/// Each entry's version, and what it holds.
fn entries(lock: &Lock) -> BTreeMap<String, (String, String)> {
    let debs = lock.debs.iter().map(|deb| {
        (format!("deb {} {}", deb.name, deb.architecture), (deb.version.clone(), format!("sha256:{}", deb.sha256)))
    });
    let files = lock.files.iter().map(|file| {
        let digest = format!("sha256:{}", file.sha256);
        (format!("{} {}", file.kind, file.name), (digest.clone(), digest))
    });
    let images = lock.images.iter().map(|image| {
        (format!("image {} {}", image.name, image.architecture), (image.digest.to_string(), image.index.to_string()))
    });
    let made = lock.all_made().map(|made| {
        let packages = made.packages.join(" ");
        (format!("image {} of packages", made.name), (packages.clone(), packages))
    });
    debs.chain(files).chain(images).chain(made).collect()
}
