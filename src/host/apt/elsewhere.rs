//! apt, told to take packages from one archive and from nowhere else, without the machine's own configuration of archives
//! being touched.

use std::{fs, path::Path};

use crate::{
    error::{Context, Result},
    lab::PackageArchive,
};

const SOURCES: &str = "sources.list.d";
const LISTS: &str = "lists";

/// Writes what apt needs to take packages from an archive at this address, signed with this key.
pub fn prepare(dir: &Path, address: &str, suite: &str, component: &str, key: &str) -> Result<()> {
    let write = || -> Result<()> {
        fs::create_dir_all(dir.join(SOURCES))?;
        fs::create_dir_all(dir.join(LISTS))?;
        let keyring = dir.join("key.asc");
        fs::write(&keyring, key)?;
        let text = format!(
            "Types: deb\nURIs: {address}\nSuites: {suite}\nComponents: {component}\nSigned-By: {}\n",
            keyring.display()
        );
        Ok(fs::write(dir.join(SOURCES).join("labkit.sources"), text)?)
    };
    write().context(|| format!("prepare apt in `{}`", dir.display()))
}

/// The words by which apt-get and apt-cache are told.
pub fn options(archive: Option<&PackageArchive>) -> Vec<String> {
    let Some(PackageArchive { dir, host, .. }) = archive else { return Vec::new() };
    let at = |below: &str| dir.join(below).display().to_string();
    let options = [
        ("Dir::Etc::sourcelist", "/dev/null".to_owned()),
        ("Dir::Etc::sourceparts", at(SOURCES)),
        ("Dir::State::lists", at(LISTS)),
        ("Dir::Cache::pkgcache", at("pkgcache.bin")),
        ("Dir::Cache::srcpkgcache", at("srcpkgcache.bin")),
        // It is on this machine, whatever stands between that and the world.
        (&format!("Acquire::http::Proxy::{host}"), "DIRECT".to_owned()),
        // The directory is root's alone.
        ("APT::Sandbox::User", "root".to_owned()),
    ];
    options.into_iter().flat_map(|(name, value)| ["-o".to_owned(), format!("{name}={value}")]).collect()
}
