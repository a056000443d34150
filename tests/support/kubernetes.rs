//! Kubernetes, built from Debian's source (tests/testbed/kubernetes).

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use super::{Said, require};

/// The package of one of its programs. None, loudly, where it cannot be built; a failure where LABKIT_REQUIRE names
/// `programs`.
pub fn package(program: &str) -> Option<PathBuf> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testbed/kubernetes");
    let said: Said = Command::new(script).arg(program).output().unwrap().into();
    let is_possible = !said.err.contains("not installed: ");
    require("programs", is_possible, &said.err).then(|| PathBuf::from(said.ok().trim_end()))
}
