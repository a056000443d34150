//! The documents of an image layout (OCI image specification: descriptor.md, image-index.md, manifest.md).

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use super::Digest;

/// A blob as another names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    pub media_type: String,
    pub digest: Digest,
    /// Bytes.
    #[serde(deserialize_with = "size")]
    pub size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// Bytes of a blob: with less, no sum of sizes is too large for a number.
const MOST_BYTES: u64 = 1 << 40;

fn size<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let size = u64::deserialize(from)?;
    match size <= MOST_BYTES {
        true => Ok(size),
        false => Err(D::Error::custom(format!("a blob of {size} bytes: none has so many"))),
    }
}

/// What a machine must be to run an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// As Go and Debian call it: `amd64`, `arm64`.
    pub architecture: String,
    pub os: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

/// `index.json`, or an image for several platforms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    pub schema_version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    pub manifests: Vec<Descriptor>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// An image for one platform, or an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    pub schema_version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    pub config: Descriptor,
    pub layers: Vec<Descriptor>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// What a blob is.
pub mod media_type {
    pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
    pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
    pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
    pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
    pub const LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
    /// `{}`, for what has no configuration.
    pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";
}

/// Keys of annotations.
pub mod note {
    /// What a descriptor is called in an index: `docker.io/library/alpine:3.21`.
    pub const NAME: &str = "org.opencontainers.image.ref.name";
    /// What a file is called when it is unpacked.
    pub const TITLE: &str = "org.opencontainers.image.title";
    /// What it is in the bundle for: `node`, `ex2`.
    pub const WANTED_BY: &str = "io.labkit.wanted-by";
    /// Where it was fetched from.
    pub const SOURCE: &str = "org.opencontainers.image.source";
}

/// Where a document is behind a descriptor, and which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Index,
    Manifest,
    /// Bytes without links of their own, for all that is known here.
    Other,
}

impl Kind {
    pub fn of(media_type: &str) -> Kind {
        match media_type {
            media_type::INDEX | media_type::DOCKER_LIST => Kind::Index,
            media_type::MANIFEST | media_type::DOCKER_MANIFEST => Kind::Manifest,
            _ => Kind::Other,
        }
    }
}

impl Descriptor {
    /// Of bytes that are at hand.
    pub fn of(media_type: &str, bytes: &[u8]) -> Descriptor {
        Descriptor::new(media_type, Digest::of(bytes), bytes.len() as u64)
    }

    pub fn new(media_type: &str, digest: Digest, size: u64) -> Descriptor {
        Descriptor {
            media_type: media_type.to_owned(),
            digest,
            size,
            artifact_type: None,
            platform: None,
            annotations: BTreeMap::new(),
        }
    }

    pub fn kind(&self) -> Kind {
        Kind::of(&self.media_type)
    }

    /// What it is called where somebody names it.
    pub fn name(&self) -> Option<&str> {
        self.annotations.get(note::NAME).map(String::as_str)
    }

    /// Adds an annotation.
    pub fn noted(mut self, key: &str, value: impl Into<String>) -> Descriptor {
        self.annotations.insert(key.to_owned(), value.into());
        self
    }
}

impl Platform {
    pub fn linux(architecture: &str) -> Platform {
        Platform { architecture: architecture.to_owned(), os: "linux".to_owned(), variant: None }
    }
}

impl Index {
    /// Of these, in this order.
    pub fn new(manifests: Vec<Descriptor>) -> Index {
        Index {
            schema_version: 2,
            media_type: Some(media_type::INDEX.to_owned()),
            manifests,
            annotations: BTreeMap::new(),
        }
    }
}

impl Manifest {
    /// An image's, or an artifact's where it is of a type.
    pub fn new(artifact_type: Option<&str>, config: Descriptor, layers: Vec<Descriptor>) -> Manifest {
        Manifest {
            schema_version: 2,
            media_type: Some(media_type::MANIFEST.to_owned()),
            artifact_type: artifact_type.map(str::to_owned),
            config,
            layers,
            annotations: BTreeMap::new(),
        }
    }
}
