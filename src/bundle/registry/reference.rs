//! Names of images (distribution's reference grammar), in full.

use std::{fmt, str::FromStr};

use crate::{
    error::{Error, Result},
    oci::Digest,
};

/// `registry.k8s.io/pause:3.10`, `docker.io/library/alpine@sha256:…`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// `docker.io`, `localhost:5000`
    pub registry: String,
    /// `library/alpine`
    pub repository: String,
    /// `latest` where neither a tag nor a digest is given.
    pub tag: Option<String>,
    pub digest: Option<Digest>,
}

const HUB: &str = "docker.io";

impl Reference {
    /// A name that says which registry is meant; short ones (`alpine`) leave that open.
    pub fn in_full(text: &str) -> Option<Reference> {
        let reference: Reference = text.parse().ok()?;
        text.strip_prefix(&reference.registry)?.starts_with('/').then_some(reference)
    }

    /// What a registry is asked for: the digest where there is one.
    pub fn wanted(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, tag) => tag.clone().unwrap_or_default(),
        }
    }
}

/// A name in full, as people may shorten it.
pub fn full_name(text: &str) -> Result<String> {
    text.parse::<Reference>().map(|reference| reference.to_string()).map_err(Error::usage)
}

/// Where a registry is asked: Docker's is elsewhere than it is called.
pub fn address_of(registry: &str) -> String {
    match registry {
        HUB => "https://registry-1.docker.io".to_owned(),
        other => format!("https://{other}"),
    }
}

fn is_component(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(plain) && text.ends_with(plain) && text.chars().all(|c| plain(c) || "._-".contains(c))
}

fn is_registry(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    let ends = |c: char| c.is_ascii_alphanumeric() || "[]".contains(c);
    text.starts_with(ends) && text.ends_with(ends) && text.chars().all(plain)
}

fn is_tag(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    (1..=128).contains(&text.len()) && !text.starts_with(['.', '-']) && text.chars().all(plain)
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Reference, String> {
        let refuse = |why: &str| Err(format!("`{}` is no name of an image: {why}", text.escape_debug()));
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest.parse::<Digest>()?)),
            None => (text, None),
        };
        // A colon before the last slash is a port's.
        let (name, tag) = match name.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (name, None),
        };
        let (registry, repository) = match name.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest.to_owned()),
            Some(_) => (HUB, name.to_owned()),
            None => (HUB, format!("library/{name}")),
        };
        match () {
            () if !is_registry(registry) => refuse(&format!("`{}` is no registry", registry.escape_debug())),
            () if !repository.split('/').all(is_component) || repository.len() > 255 => {
                refuse("letters in lower case, digits, and `.`, `_`, `-` between them")
            }
            () if tag.is_some_and(|tag| !is_tag(tag)) => refuse("its tag is none"),
            () => Ok(Reference {
                registry: registry.to_owned(),
                repository,
                tag: tag.or(digest.is_none().then_some("latest")).map(str::to_owned),
                digest,
            }),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{}/{}", self.registry, self.repository)?;
        self.tag.iter().try_for_each(|tag| write!(out, ":{tag}"))?;
        self.digest.iter().try_for_each(|digest| write!(out, "@{digest}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_completed_as_docker_does() {
        let full = |text: &str| text.parse::<Reference>().unwrap().to_string();
        assert_eq!(full("alpine"), "docker.io/library/alpine:latest");
        assert_eq!(full("calico/node:v3.30.7"), "docker.io/calico/node:v3.30.7");
        assert_eq!(full("registry.k8s.io/pause:3.10"), "registry.k8s.io/pause:3.10");
        assert_eq!(full("localhost:5000/a/b"), "localhost:5000/a/b:latest");
        assert_eq!(full("localhost/hpcc:1"), "localhost/hpcc:1");
        let digest = format!("sha256:{}", "0a".repeat(32));
        assert_eq!(full(&format!("quay.io/x/y@{digest}")), format!("quay.io/x/y@{digest}"));
        let both = format!("quay.io/x/y:1@{digest}").parse::<Reference>().unwrap();
        assert_eq!((both.wanted(), both.tag.as_deref()), (digest, Some("1")));
    }

    #[test]
    fn a_short_name_says_no_registry() {
        for short in ["alpine", "library/alpine:3.21", "3.21"] {
            assert_eq!(Reference::in_full(short), None, "{short}");
        }
        assert_eq!(Reference::in_full("docker.io/library/alpine:3.21").unwrap().tag.as_deref(), Some("3.21"));
        assert_eq!(Reference::in_full("localhost/hpcc:1").unwrap().registry, "localhost");
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for bad in [
            "",
            "/",
            "a//b",
            "A",
            "a:",
            "a:b c",
            "../etc/passwd",
            "a/../b",
            "x.y/",
            "a@sha256:12",
            "a:-x",
            "a b",
            "h:1/",
        ] {
            assert!(bad.parse::<Reference>().is_err(), "{bad}");
        }
    }
}
