//! The index of a bundle: an artifact around each package and file, and the images, in the order of their names.

use std::collections::{BTreeMap, BTreeSet};

use super::{Orders, images::Documents, made, site::Site};
use crate::{
    bundle::{
        apt::{self, Control, Package},
        kind::{self, ItemKind},
        lock::{Deb, File},
    },
    error::{Context, Error, Result},
    lab::MadeImage,
    oci::{Descriptor, Digest, Index, Kind, Manifest, Platform, media_type, note},
};

/// An index, and every blob that it leads to but those of images.
pub struct Composed {
    pub index: Index,
    pub needed: BTreeSet<Digest>,
}

/// What a bundle calls its own lock.
pub const LOCK: &str = "lab.lock";

/// Composes it from blobs that are all there.
pub fn index(site: &Site, orders: &Orders, images: &[Documents]) -> Result<Composed> {
    let mut composing = Composing { site, needed: BTreeSet::new(), all: BTreeMap::new(), packages: Vec::new() };
    orders.progress.begin("packages", orders.lock.debs.len() as u64);
    for deb in &orders.lock.debs {
        orders.progress.doing(&deb.name);
        composing.deb(deb).context(|| format!("package {} {}", deb.name, deb.version))?;
        orders.progress.step();
    }
    for file in &orders.lock.files {
        composing.file(file)?;
    }
    for image in images {
        composing.image(image);
    }
    for made in orders.lock.all_made() {
        composing.made(orders, made)?;
    }
    composing.lock(&orders.lock.text()?)?;
    Ok(Composed { index: Index::new(composing.all.into_values().collect()), needed: composing.needed })
}

struct Composing<'a> {
    site: &'a Site,
    needed: BTreeSet<Digest>,
    /// By their names and what they are for.
    all: BTreeMap<(String, String), Descriptor>,
    /// For images that are made of them.
    packages: Vec<(&'a Deb, Package)>,
}

impl<'a> Composing<'a> {
    fn deb(&mut self, deb: &'a Deb) -> Result<()> {
        let package = digest(&deb.sha256)?;
        let text = apt::control_of_deb(&self.site.blob(&package))?;
        let control = Control::parse(&text)?;
        apt::require_same(&control, deb)?;
        self.packages.push((deb, Package { control, digest: package.clone(), size: deb.size }));
        let control = self.site.put(kind::CONTROL, text.as_bytes())?;
        let title = format!("{}_{}_{}.deb", deb.name, file_version(&deb.version), deb.architecture);
        let layer = Descriptor::new(ItemKind::Deb.media_type(), package, deb.size).noted(note::TITLE, title);
        let name = format!("deb/{}/{}", deb.name, deb.architecture);
        let architecture = (deb.architecture != "all").then_some(deb.architecture.as_str());
        self.artifact(ItemKind::Deb, name, architecture, vec![control, layer], &deb.wanted_by, &deb.source)
    }

    fn file(&mut self, file: &File) -> Result<()> {
        let title = file.name.rsplit('/').next().unwrap_or_default();
        let layer = Descriptor::new(file.kind.media_type(), digest(&file.sha256)?, file.size).noted(note::TITLE, title);
        let name = format!("{}/{}", file.kind, file.name);
        self.artifact(file.kind, name, None, vec![layer], &file.wanted_by, &file.source)
    }

    fn lock(&mut self, text: &str) -> Result<()> {
        let layer = self.site.put(ItemKind::Lock.media_type(), text.as_bytes())?.noted(note::TITLE, LOCK);
        self.artifact(ItemKind::Lock, LOCK.to_owned(), None, vec![layer], &BTreeSet::new(), "")
    }

    fn image(&mut self, documents: &Documents) {
        let image = documents.image;
        let mut top = documents.top.clone().noted(note::NAME, &image.name);
        // One for several architectures stands there once.
        let architecture = if top.kind() == Kind::Index { String::new() } else { image.architecture.clone() };
        let mut wanted_by = image.wanted_by.clone();
        if let Some(other) = self.all.get(&(image.name.clone(), architecture.clone())) {
            wanted_by.extend(
                other
                    .annotations
                    .get(note::WANTED_BY)
                    .into_iter()
                    .flat_map(|words| words.split(", "))
                    .map(str::to_owned),
            );
        }
        if !wanted_by.is_empty() {
            top = top.noted(note::WANTED_BY, joined(&wanted_by));
        }
        self.all.insert((image.name.clone(), architecture), top);
    }

    /// For several architectures its name leads to an index of them.
    fn made(&mut self, orders: &Orders, made: &MadeImage) -> Result<()> {
        let mut tops = Vec::new();
        for architecture in &orders.lock.wanted.architectures {
            let top = self.made_for(orders, made, architecture);
            tops.push(top.context(|| format!("image `{}` for {architecture}", made.name))?);
        }
        let top = match tops.as_slice() {
            [one] => one.clone(),
            several => self.site.put(media_type::INDEX, &serde_json::to_vec(&Index::new(several.to_vec()))?)?,
        };
        self.needed.insert(top.digest.clone());
        self.all.insert((made.name.clone(), String::new()), top.noted(note::NAME, &made.name));
        Ok(())
    }

    fn made_for(&mut self, orders: &Orders, made: &MadeImage, architecture: &str) -> Result<Descriptor> {
        let purpose = orders.lock.purpose(made);
        let is_for =
            |deb: &Deb| [architecture, "all"].contains(&deb.architecture.as_str()) && deb.wanted_by.contains(&purpose);
        let packages = self.packages.iter().filter(|(deb, _)| is_for(deb)).map(|(_, package)| package.clone());
        let packages: Vec<Package> = packages.collect();
        let lacks = |name: &&String| !packages.iter().any(|one| one.control.field("Package") == Some(name.as_str()));
        if let Some(name) = made.packages.iter().find(lacks) {
            return Err(Error::usage(format!("package `{name}` is not in the lock for images"))
                .hint(format!("labkit bundle lock --image-package {}", made.packages.join(","))));
        }
        let top = made::make(self.site, orders, made, architecture, &packages)?;
        self.needed.extend(made::blobs(self.site, &top)?);
        Ok(top)
    }

    fn artifact(
        &mut self,
        kind: ItemKind,
        name: String,
        architecture: Option<&str>,
        layers: Vec<Descriptor>,
        wanted_by: &BTreeSet<String>,
        source: &str,
    ) -> Result<()> {
        let config = self.site.put(media_type::EMPTY, b"{}")?;
        self.needed.extend(layers.iter().chain([&config]).map(|blob| blob.digest.clone()));
        let manifest = Manifest::new(kind.artifact_type(), config, layers);
        let mut top = self.site.put(media_type::MANIFEST, &serde_json::to_vec(&manifest)?)?;
        self.needed.insert(top.digest.clone());
        top.artifact_type = manifest.artifact_type;
        top.platform = architecture.map(Platform::linux);
        top = top.noted(note::NAME, &name);
        for (key, value) in [(note::WANTED_BY, joined(wanted_by)), (note::SOURCE, source.to_owned())] {
            if !value.is_empty() {
                top = top.noted(key, value);
            }
        }
        self.all.insert((name, String::new()), top);
        Ok(())
    }
}

/// The epoch of a version is in no name of a file (deb-version(7), dpkg-name(1)).
fn file_version(version: &str) -> &str {
    version.split_once(':').map_or(version, |(_, rest)| rest)
}

fn joined(words: &BTreeSet<String>) -> String {
    words.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn digest(sha256: &str) -> Result<Digest> {
    Digest::from_hex(sha256).map_err(Error::usage)
}
