//! What is in a bundle: images as they are, and artifacts with types of their own.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Kinds of items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemKind {
    Image,
    /// A Debian package; its first layer is its control paragraph, its second the package.
    Deb,
    /// A Helm chart, packed.
    Chart,
    /// Objects for Kubernetes, as YAML.
    Manifest,
    /// Public keys that an archive of packages is signed with.
    Keyring,
    File,
    /// The lock that the bundle was built from.
    Lock,
}

/// The media type of a package's control paragraph.
pub const CONTROL: &str = "application/vnd.labkit.deb.control.v1";

impl ItemKind {
    const ARTIFACTS: [ItemKind; 6] =
        [ItemKind::Deb, ItemKind::Chart, ItemKind::Manifest, ItemKind::Keyring, ItemKind::File, ItemKind::Lock];

    /// What an artifact's manifest calls it; none for an image.
    pub fn artifact_type(self) -> Option<&'static str> {
        match self {
            ItemKind::Image => None,
            ItemKind::Deb => Some("application/vnd.labkit.deb.v1"),
            ItemKind::Chart => Some("application/vnd.cncf.helm.chart.v1"),
            ItemKind::Manifest => Some("application/vnd.labkit.manifest.v1"),
            ItemKind::Keyring => Some("application/vnd.labkit.keyring.v1"),
            ItemKind::File => Some("application/vnd.labkit.file.v1"),
            ItemKind::Lock => Some("application/vnd.labkit.lock.v1"),
        }
    }

    /// The media type of what it carries.
    pub fn media_type(self) -> &'static str {
        match self {
            ItemKind::Image => crate::oci::media_type::MANIFEST,
            ItemKind::Deb => "application/vnd.debian.binary-package",
            ItemKind::Chart => "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
            ItemKind::Manifest => "application/yaml",
            ItemKind::Keyring => "application/pgp-keys",
            ItemKind::File => "application/octet-stream",
            ItemKind::Lock => "application/toml",
        }
    }

    /// The kind of a manifest; none of a type that others made.
    pub fn of(artifact_type: Option<&str>) -> Option<ItemKind> {
        match artifact_type {
            None => Some(ItemKind::Image),
            some => ItemKind::ARTIFACTS.into_iter().find(|kind| kind.artifact_type() == some),
        }
    }
}

impl fmt::Display for ItemKind {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.pad(match self {
            ItemKind::Image => "image",
            ItemKind::Deb => "deb",
            ItemKind::Chart => "chart",
            ItemKind::Manifest => "manifest",
            ItemKind::Keyring => "keyring",
            ItemKind::File => "file",
            ItemKind::Lock => "lock",
        })
    }
}
