//! Kubernetes, built from Debian's source (tests/testbed/kubernetes, tests/testbed/images).

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use super::{Said, require};

/// The file of one of its packages. None, loudly, where it cannot be built; a failure where LABKIT_REQUIRE names
/// `programs`.
pub fn package(name: &str) -> Option<PathBuf> {
    built("kubernetes", &[name])
}

/// The OCI layout of its control plane's images, under the names that kubeadm asks for. None as with a package.
pub fn images() -> Option<PathBuf> {
    built("images", &[])
}

fn built(script: &str, arguments: &[&str]) -> Option<PathBuf> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testbed").join(script);
    let said: Said = Command::new(script).args(arguments).output().unwrap().into();
    let is_possible = !said.err.contains("not installed: ");
    require("programs", is_possible, &said.err).then(|| PathBuf::from(said.ok().trim_end()))
}
