//! `lab.lock`: every input of a bundle, pinned by what it holds.

mod address;
mod compare;
mod kubeadm;
mod resolve;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

pub use compare::{Moved, compare};
use resolve::{BY_IMAGE, for_image};
pub use resolve::{Question, resolve};

use serde::{Deserialize, Serialize};

use super::{apt::Source, kind::ItemKind, registry::Reference};
use crate::{
    error::{Context, Error, Result},
    lab::MadeImage,
    oci::Digest,
    toml_text,
};

/// The file. Entries stand in the order of their names, each with all of its lines together, so that two people's changes
/// to different entries merge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Of the format.
    pub version: u32,
    pub wanted: Wanted,
    #[serde(default, rename = "deb", skip_serializing_if = "Vec::is_empty")]
    pub debs: Vec<Deb>,
    #[serde(default, rename = "file", skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<File>,
    #[serde(default, rename = "image", skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Image>,
    /// Images that recipes want made of packages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made: Vec<MadeImage>,
}

/// What was asked for; the entries follow from it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// `amd64`, `arm64`
    pub architectures: Vec<String>,
    /// Recipes whose packages and images are taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipes: Vec<String>,
    /// Packages besides those: `jq`, `kubeadm=1.32.1-1.1`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<String>,
    /// Packages for images that are made of packages, with all that a root file system needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub image_packages: Vec<String>,
    /// Images besides those of the recipes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
    /// Files, as `KIND:NAME=URL`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Images that are made of those packages.
    #[serde(default, rename = "made", skip_serializing_if = "Vec::is_empty")]
    pub made: Vec<MadeImage>,
    /// Archives of packages, as deb822; this machine's own where there are none.
    #[serde(default, rename = "source", skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// Addresses of registries that are elsewhere than they are called: `docker.io = "http://127.0.0.1:5000"`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub registries: BTreeMap<String, String>,
}

/// A Debian package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deb {
    pub name: String,
    /// `amd64`, `arm64`, `all`
    pub architecture: String,
    pub version: String,
    /// 64 hexadecimal digits.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    /// Where it is fetched.
    pub source: String,
    /// What it came into the lock for.
    #[serde(default)]
    pub wanted_by: BTreeSet<String>,
}

/// A chart, a manifest, a key ring or any other file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub name: String,
    pub kind: ItemKind,
    /// 64 hexadecimal digits.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    /// Where it is fetched.
    pub source: String,
    #[serde(default)]
    pub wanted_by: BTreeSet<String>,
}

/// A container image for one architecture.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// In full: `registry.k8s.io/pause:3.10`.
    pub name: String,
    /// `amd64`
    pub architecture: String,
    /// Of the manifest for this architecture.
    pub digest: Digest,
    /// Of what the name leads to: an index for several architectures, or the manifest itself.
    pub index: Digest,
    /// Bytes of its manifest, configuration and layers.
    pub size: u64,
    /// The registry that has it, where that is another than its name says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(default)]
    pub wanted_by: BTreeSet<String>,
}

/// Of the format that is written.
pub const VERSION: u32 = 1;

const HEAD: &str = "# Every input of a bundle, pinned. Written by `labkit bundle lock`; `labkit bundle build` fetches what stands here.\n\n";

/// Architectures that labkit is for.
const ARCHITECTURES: [&str; 2] = ["amd64", "arm64"];

impl Wanted {
    /// True where it would be a lock of nothing.
    pub fn is_empty(&self) -> bool {
        [&self.recipes, &self.packages, &self.image_packages, &self.images, &self.files].into_iter().all(Vec::is_empty)
    }

    /// Itself, if everything in it can be.
    pub fn checked(self) -> Result<Wanted> {
        match self.fault() {
            Some(fault) => Err(Error::usage(fault)),
            None => Ok(self),
        }
    }

    fn fault(&self) -> Option<String> {
        if let Some(other) = self.architectures.iter().find(|one| !ARCHITECTURES.contains(&one.as_str())) {
            return Some(format!("`{}` is no architecture: {}", other.escape_debug(), ARCHITECTURES.join(", ")));
        }
        if self.architectures.is_empty() {
            return Some("it is for no architecture".to_owned());
        }
        let files = self.files.iter().map(|file| file.parse()).collect::<Result<Vec<address::WantedFile>, _>>();
        let files = files.map_or_else(Some, |files| address::of_two_addresses(&files));
        let mut names = self.made.iter().map(|made| &made.name).chain(&self.images);
        files.or_else(|| names.find_map(|name| name.parse::<Reference>().err()))
    }
}

impl Lock {
    pub fn read(path: &Path) -> Result<Lock> {
        let attempt = || format!("read `{}`", path.display());
        let text = fs::read_to_string(path)
            .context(attempt)
            .map_err(|error| error.hint("`labkit bundle lock RECIPE` writes lab.lock"))?;
        Lock::parse(&text).context(attempt)
    }

    pub fn parse(text: &str) -> Result<Lock> {
        let lock: Lock = toml_text::parse(text)?;
        match lock.fault() {
            Some(fault) => Err(Error::usage(fault)),
            None => Ok(lock),
        }
    }

    /// Every image that is made of packages. One that was asked for by name is made so, whatever a recipe says of it.
    pub fn all_made(&self) -> impl Iterator<Item = &MadeImage> {
        let asked = &self.wanted.made;
        let of_recipes = self.made.iter().filter(|made| asked.iter().all(|other| other.name != made.name));
        asked.iter().chain(of_recipes)
    }

    /// What the packages of such an image are in the lock for.
    pub fn purpose(&self, made: &MadeImage) -> String {
        match self.wanted.made.contains(made) {
            true => BY_IMAGE.to_owned(),
            false => for_image(made),
        }
    }

    /// True where a package is there for images that are made of packages.
    pub fn has_for_images(&self, name: &str) -> bool {
        self.debs.iter().any(|deb| deb.name == name && deb.wanted_by.contains(BY_IMAGE))
    }

    /// The file, in its one form.
    pub fn text(&self) -> Result<String> {
        let mut sorted = self.clone();
        sorted.debs.sort();
        sorted.files.sort();
        sorted.images.sort();
        sorted.made.sort();
        Ok(HEAD.to_owned() + &toml_text::write(&sorted)?)
    }

    /// The first thing in it that cannot be.
    fn fault(&self) -> Option<String> {
        if self.version != VERSION {
            return Some(format!("its version is {}, and this labkit knows {VERSION}", self.version));
        }
        if let Some(fault) = self.wanted.fault() {
            return Some(fault);
        }
        let mut seen = BTreeSet::new();
        let debs = self.debs.iter().map(|deb| (&deb.sha256, format!("deb {} {}", deb.name, deb.architecture)));
        let files = self.files.iter().map(|file| (&file.sha256, format!("{} {}", file.kind, file.name)));
        for (sha256, what) in debs.chain(files) {
            if let Err(why) = Digest::from_hex(sha256) {
                return Some(format!("{what}: {why}"));
            }
            if !seen.insert(what.clone()) {
                return Some(format!("{what} stands there twice"));
            }
        }
        let mut names = self.images.iter().map(|image| &image.name).chain(self.made.iter().map(|made| &made.name));
        if let Some(name) = names.find(|name| name.parse::<Reference>().is_err()) {
            return Some(format!("`{}` is no name of an image", name.escape_debug()));
        }
        let images = self.images.iter().map(|image| format!("image {} {}", image.name, image.architecture));
        let made = self.made.iter().map(|made| format!("image {} of packages", made.name));
        images.chain(made).find(|what| !seen.insert(what.clone())).map(|what| format!("{what} stands there twice"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_that_was_asked_for_by_name_is_made_so_whatever_a_recipe_says() {
        let made =
            |name: &str, package: &str| format!("made]]\nname = \"localhost/{name}:1\"\npackages = [\"{package}\"]\n");
        let head = "version = 1\n[wanted]\narchitectures = [\"amd64\"]\n";
        let text = [head, "[[wanted.", &made("a", "x"), "[[", &made("a", "y"), "[[", &made("b", "z")].concat();
        let lock = Lock::parse(&text).unwrap();
        let packages: Vec<&str> = lock.all_made().map(|made| made.packages[0].as_str()).collect();
        assert_eq!(packages, ["x", "z"]);
        assert_eq!(Lock::parse(&lock.text().unwrap()).unwrap(), lock);
        assert!(
            Lock::parse(&(text.clone() + "[[" + &made("b", "z")))
                .unwrap_err()
                .to_string()
                .contains("stands there twice")
        );
        assert!(Lock::parse(&text.replace("localhost/b", "localhost/B")).is_err());
    }
}
