//! An archive that packages come from instead of the machine's own.

use std::path::PathBuf;

/// Of one run: nothing of it is left on the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageArchive {
    /// What has it, for people: ``bundle `/media/LABKIT/lab.bundle` ``.
    pub named: String,
    /// For apt's own files, and nobody else's: `sources.list.d` in it names the archive.
    pub dir: PathBuf,
    /// Where it is asked: `127.0.0.1`.
    pub host: String,
}
