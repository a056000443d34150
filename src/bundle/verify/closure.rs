//! What is in a bundle needs nothing that is not: packages their packages, manifests their images, a lock its entries.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::Finding;
use crate::{
    bundle::{
        Item,
        apt::{self, Control},
        contents, images_of,
        kind::ItemKind,
        lock::{Lock, compare},
        registry::Reference,
    },
    error::{Context, Error, Result},
    oci::{Layout, Manifest, media_type},
};

/// Of a bundle whose blobs are all whole.
pub fn findings(layout: &Layout, items: &[Item], expected: Option<&Lock>) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let own = contents::lock(layout, items)?;
    if let (Some(own), Some(expected)) = (&own, expected) {
        let moved = compare(own, expected);
        findings.extend(moved.iter().map(|moved| {
            let words = |version: &Option<String>| version.clone().unwrap_or_else(|| "nothing".to_owned());
            Finding::new(
                "lock",
                format!("{} is {} here, and {} in that lock", moved.what, words(&moved.from), words(&moved.to)),
            )
        }));
    } else if expected.is_some() {
        findings.push(Finding::new("lock", "the bundle was built from none"));
    }
    if let Some(own) = &own {
        findings.extend(entries(items, own));
    }
    findings.extend(packages(layout, items, own.as_ref())?);
    findings.extend(images(layout, items, own.as_ref())?);
    findings.extend(architectures(layout, items)?);
    Ok(findings)
}

/// Everything that the lock names is there.
fn entries(items: &[Item], lock: &Lock) -> Vec<Finding> {
    let carried: BTreeSet<&str> = items.iter().flat_map(|item| &item.layers).map(|layer| layer.digest.hex()).collect();
    let manifests: BTreeSet<&str> = items.iter().map(|item| item.digest.hex()).collect();
    let debs =
        lock.debs.iter().map(|deb| (format!("deb {} {}", deb.name, deb.architecture), &carried, deb.sha256.as_str()));
    let files = lock.files.iter().map(|file| (format!("{} {}", file.kind, file.name), &carried, file.sha256.as_str()));
    let images = lock
        .images
        .iter()
        .map(|image| (format!("image {} {}", image.name, image.architecture), &manifests, image.digest.hex()));
    let all = debs.chain(files).chain(images);
    let lost = all.filter(|(_, there, hex)| !there.contains(hex)).map(|(what, _, _)| what);
    let made = lock.all_made().filter(|made| items.iter().all(|item| item.name != made.name));
    let lost = lost.chain(made.map(|made| format!("image {} of packages", made.name)));
    lost.map(|what| Finding::new("lock", format!("{what} is not in the bundle"))).collect()
}

/// Every package finds what it depends on, for each architecture.
fn packages(layout: &Layout, items: &[Item], lock: Option<&Lock>) -> Result<Vec<Finding>> {
    let mut controls = Vec::new();
    for item in items.iter().filter(|item| item.kind == Some(ItemKind::Deb)) {
        controls.push(control(layout, item).context(|| format!("package `{}`", item.name))?);
    }
    let architectures: BTreeSet<String> = match lock {
        Some(lock) => lock.wanted.architectures.iter().cloned().collect(),
        None => controls.iter().map(|one| architecture_of(one).to_owned()).filter(|one| one != "all").collect(),
    };
    let mut findings = Vec::new();
    for architecture in architectures {
        let wanted: Vec<String> = controls
            .iter()
            .filter(|one| [architecture.as_str(), "all"].contains(&architecture_of(one)))
            .filter_map(|one| one.field("Package").map(str::to_owned))
            .collect();
        let missing = apt::missing(&controls, &wanted, &architecture);
        findings.extend(missing.into_iter().map(|what| Finding::new(format!("packages for {architecture}"), what)));
    }
    Ok(findings)
}

fn architecture_of(control: &Control) -> &str {
    control.field("Architecture").unwrap_or_default()
}

/// The control paragraph of a package.
fn control(layout: &Layout, item: &Item) -> Result<Control> {
    let layer = item.layers.first().ok_or_else(|| Error::failed("it has no control paragraph"))?;
    let text = String::from_utf8(layout.text_of(&layer.digest)?).map_err(|_| Error::failed("it is no UTF-8"))?;
    Control::parse(&text)
}

/// Every image that a manifest names is there, for each architecture.
fn images(layout: &Layout, items: &[Item], lock: Option<&Lock>) -> Result<Vec<Finding>> {
    let mut there: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for item in items.iter().filter(|item| item.kind == Some(ItemKind::Image)) {
        // `arm64/v8` is arm64.
        let architecture = item.architecture.split('/').next().unwrap_or_default();
        there.entry(item.name.as_str()).or_default().insert(architecture);
    }
    let mut findings = Vec::new();
    for item in items.iter().filter(|item| item.kind == Some(ItemKind::Manifest)) {
        for layer in &item.layers {
            let text = String::from_utf8_lossy(&layout.text_of(&layer.digest)?).into_owned();
            for image in images_of::manifest(&text) {
                let name = image.parse::<Reference>().map_or_else(|_| image.clone(), |reference| reference.to_string());
                let found = there.get(name.as_str()).cloned().unwrap_or_default();
                let wanted = lock.map(|lock| lock.wanted.architectures.as_slice()).unwrap_or_default();
                if found.is_empty() {
                    findings
                        .push(Finding::new(&item.name, format!("it names image `{name}`, which is not in the bundle")));
                }
                for architecture in wanted.iter().filter(|one| !found.is_empty() && !found.contains(one.as_str())) {
                    findings.push(Finding::new(
                        &item.name,
                        format!("it names image `{name}`, which is not there for {architecture}"),
                    ));
                }
            }
        }
    }
    Ok(findings)
}

/// The part of an image's configuration that says what it is for.
#[derive(Deserialize)]
struct Config {
    architecture: String,
}

/// Every image is made for what the index says that it is for.
fn architectures(layout: &Layout, items: &[Item]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for item in items.iter().filter(|item| item.kind == Some(ItemKind::Image) && !item.architecture.is_empty()) {
        let manifest: Manifest = layout.document_of(&item.digest)?;
        if ![media_type::CONFIG, media_type::DOCKER_CONFIG].contains(&manifest.config.media_type.as_str()) {
            continue;
        }
        let config: Config = layout.document_of(&manifest.config.digest)?;
        let said = item.architecture.split('/').next().unwrap_or_default();
        if config.architecture != said {
            let made = config.architecture.escape_debug();
            findings.push(Finding::new(&item.name, format!("its image for {said} is made for {made}")));
        }
    }
    Ok(findings)
}
