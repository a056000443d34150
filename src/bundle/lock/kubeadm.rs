//! Which images a cluster's control plane is made of: the kubeadm that will make it is asked.

use std::{
    collections::BTreeSet, env, fs, io::Read, os::unix::fs::PermissionsExt, path::Path, sync::atomic::AtomicBool,
    time::Duration,
};

use super::Deb;
use crate::{
    error::{Context, Error, Result},
    exec::Program,
    http::{Client, Download, FileAt},
    scratch::Scratch,
    tarball::Archive,
};

const PROGRAM: &str = "usr/bin/kubeadm";
/// More than any kubeadm has.
const MOST_BYTES: u64 = 512 << 20;
const LIMIT: Duration = Duration::from_secs(300);

/// What `kubeadm config images list` of this package prints. It must be one for this machine.
pub fn images(client: &Client, deb: &Deb) -> Result<BTreeSet<String>> {
    let attempt = || format!("ask kubeadm {} for its images", deb.version);
    let scratch = Scratch::create(&env::temp_dir(), "labkit-")?;
    let list = || -> Result<BTreeSet<String>> {
        let package = scratch.path().join("kubeadm.deb");
        Download { source: &FileAt(deb.source.clone()), sha256: &deb.sha256, size: deb.size }.fetch(
            client,
            &scratch.path().join("begun"),
            &package,
            &|_| (),
        )?;
        let program = scratch.path().join("kubeadm");
        take_out(&package, &program)?;
        ask(&program, &deb.version)
    };
    list().context(attempt)
}

/// Takes one file out of a package.
fn take_out(package: &Path, program: &Path) -> Result<()> {
    let package = package.display().to_string();
    let argv = ["dpkg-deb", "--fsys-tarfile", &package];
    let (output, found) = Program { argv: &argv, limit: LIMIT }.pipe(&AtomicBool::new(false), |out| {
        let mut archive = Archive::new(out);
        for entry in archive.entries()? {
            let entry = entry?;
            if entry.path_bytes().strip_prefix(b"./") == Some(PROGRAM.as_bytes()) {
                let mut file = fs::File::create_new(program)?;
                std::io::copy(&mut entry.take(MOST_BYTES), &mut file)?;
                file.set_permissions(fs::Permissions::from_mode(0o700))?;
                return Ok(true);
            }
        }
        Ok(false)
    })?;
    match found? {
        true => Ok(()),
        false => output.require_success(&argv).and_then(|()| Err(Error::failed(format!("it has no /{PROGRAM}")))),
    }
}

fn ask(program: &Path, version: &str) -> Result<BTreeSet<String>> {
    // `1.32.8-1.1` is Kubernetes v1.32.8; asked for it by name, it asks nobody on the internet.
    let upstream = version.split('-').next().unwrap_or(version);
    let (program, wanted) = (program.display().to_string(), format!("--kubernetes-version=v{upstream}"));
    let argv = [program.as_str(), "config", "images", "list", &wanted];
    let output = Program { argv: &argv, limit: LIMIT }.run(&AtomicBool::new(false))?;
    output.require_success(&argv)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let images: BTreeSet<String> =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    match images.is_empty() {
        true => Err(Error::failed("it named none")),
        false => Ok(images),
    }
}
