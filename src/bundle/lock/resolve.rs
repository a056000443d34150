//! From what is wanted to what it is now: packages by apt, images by their registries, files by their addresses.

use std::collections::{BTreeMap, BTreeSet};

use super::{Deb, File, Image, Lock, VERSION, Wanted, address, kubeadm};
use crate::{
    bundle::{
        apt::{self, Resolved, Scratch},
        images_of,
        kind::ItemKind,
        registry::{self, Reference, address_of, full_name},
    },
    error::{Error, Result},
    http::Client,
    lab::{MadeImage, Wants},
    machine::own_architecture,
    progress::Progress,
    signal,
};

/// What a lock is made from.
pub struct Question<'a> {
    pub wanted: &'a Wanted,
    /// What each of the recipes needs.
    pub recipes: &'a BTreeMap<String, Wants>,
    pub client: &'a Client,
    pub progress: &'a Progress,
}

/// By name and architecture.
type Debs = BTreeMap<(String, String), Deb>;
/// Images, and what each is wanted by.
type Named = BTreeMap<String, BTreeSet<String>>;

/// It says which images a cluster of its version is made of.
const KUBEADM: &str = "kubeadm";
/// What packages that were asked for by name are wanted by.
const BY_NAME: &str = "packages";
/// What the packages of images are wanted by.
pub const BY_IMAGE: &str = "images of packages";

/// Looks at everything anew.
pub fn resolve(question: &Question) -> Result<Lock> {
    let mut debs = BTreeMap::new();
    let sources = sources(question);
    let mut named = Named::new();
    for architecture in &question.wanted.architectures {
        let purposes = purposes(question);
        if purposes.is_empty() {
            continue;
        }
        question.progress.doing(&format!("packages for {architecture}"));
        let scratch = Scratch::new(architecture, question.wanted.sources.is_empty(), &sources)?;
        for Purpose { name, mut packages, is_image } in purposes {
            if is_image {
                packages.extend(scratch.essential()?);
            }
            let packages: Vec<String> = packages.into_iter().collect();
            for resolved in scratch.resolve(&packages)? {
                add(&mut debs, resolved, &name)?;
            }
        }
    }
    control_planes(question, &sources, &debs, &mut named)?;
    let files = files(question, &mut named)?;
    for image in &question.wanted.images {
        named.entry(full_name(image)?).or_default().insert("images".to_owned());
    }
    let images = images(question, &named)?;
    let (wanted, debs, made) = (question.wanted.clone(), debs.into_values().collect(), made(question)?);
    Ok(Lock { version: VERSION, wanted, debs, files, images, made })
}

/// Which packages are wanted, and what for.
struct Purpose {
    name: String,
    packages: BTreeSet<String>,
    /// With all of a root file system.
    is_image: bool,
}

/// The packages of each image are chosen for it alone: what one of them has would be a reason to leave out what another one
/// wants.
fn purposes(question: &Question) -> Vec<Purpose> {
    let purpose = |name: &str, packages: &[String], is_image| {
        let packages = packages.iter().cloned().collect();
        Purpose { name: name.to_owned(), packages, is_image }
    };
    let mut all: Vec<Purpose> = Vec::new();
    for (recipe, wants) in question.recipes {
        all.push(Purpose { name: recipe.clone(), packages: wants.packages.clone(), is_image: false });
        all.extend(wants.images.iter().map(|image| purpose(&for_image(image), &image.packages, true)));
    }
    all.push(purpose(BY_NAME, &question.wanted.packages, false));
    all.push(purpose(BY_IMAGE, &question.wanted.image_packages, true));
    all.retain(|purpose| !purpose.packages.is_empty());
    all
}

/// What the packages of an image that a recipe wants are wanted by.
pub fn for_image(image: &MadeImage) -> String {
    format!("image {}", image.name)
}

/// The images that recipes want made of packages.
fn made(question: &Question) -> Result<Vec<MadeImage>> {
    let wanted: BTreeSet<&MadeImage> = question.recipes.values().flat_map(|wants| &wants.images).collect();
    let wanted: Vec<MadeImage> = wanted.into_iter().cloned().collect();
    match wanted.windows(2).find(|two| two[0].name == two[1].name) {
        Some(two) => Err(Error::usage(format!(
            "image `{}` is wanted of these packages: {}, and of these: {}",
            two[0].name,
            two[0].packages.join(", "),
            two[1].packages.join(", ")
        ))),
        None => Ok(wanted),
    }
}

/// Where packages are had from: what the lock names, or this machine's own archives, and what the recipes add.
fn sources(question: &Question) -> Vec<apt::Source> {
    let mut sources = question.wanted.sources.clone();
    let added = question.recipes.values().flat_map(|wants| &wants.archives).collect::<BTreeSet<_>>();
    sources.extend(added.into_iter().map(|archive| apt::Source {
        name: archive.name.clone(),
        text: archive.text.clone(),
        key: Some(archive.key.clone()),
    }));
    sources
}

/// The images that each locked kubeadm will want. They are the same for every architecture, and it runs on one of them.
fn control_planes(question: &Question, sources: &[apt::Source], debs: &Debs, named: &mut Named) -> Result<()> {
    let locked = debs.values().filter(|deb| deb.name == KUBEADM);
    let versions: BTreeSet<&String> = locked.map(|deb| &deb.version).collect();
    for version in versions {
        question.progress.doing("images of the control plane");
        let own = debs.get(&(KUBEADM.to_owned(), own_architecture().to_owned())).filter(|own| own.version == *version);
        let kubeadm = match own {
            Some(own) => own.clone(),
            None => {
                let scratch = Scratch::new(own_architecture(), question.wanted.sources.is_empty(), sources)?;
                let resolved = scratch.resolve(&[format!("{KUBEADM}={version}")])?;
                let found = resolved.into_iter().find(|one| one.name == KUBEADM);
                deb(found.ok_or_else(|| Error::failed(format!("apt chose no {KUBEADM} {version}")))?)
            }
        };
        for image in kubeadm::images(question.client, &kubeadm)? {
            named.entry(image).or_default().insert(format!("{KUBEADM} {version}"));
        }
    }
    Ok(())
}

fn deb(resolved: Resolved) -> Deb {
    let Resolved { name, version, architecture, sha256, size, url } = resolved;
    Deb { name, architecture, version, sha256, size, source: url, wanted_by: BTreeSet::new() }
}

fn add(debs: &mut Debs, resolved: Resolved, purpose: &str) -> Result<()> {
    let new = deb(resolved);
    let known = debs.entry((new.name.clone(), new.architecture.clone())).or_insert_with(|| new.clone());
    if known.version != new.version {
        return Err(Error::failed(format!(
            "package `{}` is wanted in two versions: {} by {}, and {} by {purpose}",
            new.name,
            known.version,
            known.wanted_by.iter().cloned().collect::<Vec<_>>().join(", "),
            new.version
        )));
    }
    known.wanted_by.insert(purpose.to_owned());
    Ok(())
}

fn files(question: &Question, named: &mut Named) -> Result<Vec<File>> {
    let mut files = Vec::new();
    for wanted in &question.wanted.files {
        signal::check()?;
        let wanted: address::WantedFile = wanted.parse().map_err(Error::usage)?;
        question.progress.doing(&wanted.name);
        let (file, text) = address::pin(question.client, &wanted)?;
        if wanted.kind == ItemKind::Manifest {
            let text = text.ok_or_else(|| Error::failed(format!("manifest `{}` is no UTF-8 text", wanted.name)))?;
            for image in images_of::manifest(&text) {
                named.entry(full_name(&image)?).or_default().insert(format!("manifest {}", wanted.name));
            }
        }
        files.push(file);
    }
    Ok(files)
}

fn images(question: &Question, named: &Named) -> Result<Vec<Image>> {
    let mut images = Vec::new();
    for (name, wanted_by) in named {
        let reference: Reference = name.parse().map_err(Error::usage)?;
        let source = question.wanted.registries.get(&reference.registry).cloned();
        let base = source.clone().unwrap_or_else(|| address_of(&reference.registry));
        for architecture in &question.wanted.architectures {
            signal::check()?;
            question.progress.doing(name);
            let pinned = registry::pin(question.client, &base, &reference, architecture)?;
            images.push(Image {
                name: name.clone(),
                architecture: architecture.clone(),
                digest: pinned.digest,
                index: pinned.index,
                size: pinned.size,
                source: source.clone(),
                wanted_by: wanted_by.clone(),
            });
        }
    }
    Ok(images)
}
