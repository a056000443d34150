//! What of a machine must not be on two: identities, keys, secrets, and what it wrote down about itself.

use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use super::address;
use crate::error::{Context, Result};

/// One thing of a machine that a clone must not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    pub path: PathBuf,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The file goes.
    File,
    /// The file stays, with this in it: its absence would mean something else.
    Content(&'static str),
    /// A link to another file takes its place.
    Link(&'static str),
}

/// Files, also by the beginning of their name (`…*`).
const FILES: [&str; 16] = [
    "etc/labkit/secret",
    "etc/labkit/provision.toml",
    "var/lib/labkit/provision.jsonl",
    address::FILE,
    "etc/ssh/ssh_host_*",
    "etc/ssh/labkit-host-cert.pub",
    // What the kernel's random numbers begin with (systemd-random-seed.service(8), systemd-creds(1)).
    "var/lib/systemd/random-seed",
    "var/lib/systemd/credential.secret",
    "var/lib/NetworkManager/secret_key",
    "var/lib/NetworkManager/seen-bssids",
    "var/lib/NetworkManager/timestamps",
    "boot/efi/loader/random-seed",
    "var/cache/apt/pkgcache.bin",
    "var/cache/apt/srcpkgcache.bin",
    "var/lib/dbus/machine-id.*",
    "etc/udev/rules.d/70-persistent-net.rules",
];

/// Directories that are empty on a new machine; what is below them stays as far as it is a directory.
const EMPTY: [&str; 12] = [
    "var/lib/dhcp",
    "var/lib/NetworkManager/leases",
    "var/lib/systemd/netif/leases",
    "var/lib/cloud/instances",
    "var/lib/cloud/data",
    "var/lib/cloud/sem",
    "var/log",
    "var/crash",
    "var/lib/apt/lists",
    "var/cache/apt/archives",
    "var/tmp",
    "tmp",
];

/// In the home of each user: keys that labkit derived, hosts that were met, what was typed.
const OF_USERS: [&str; 8] = [
    ".ssh/id_labkit",
    ".ssh/known_hosts",
    ".ssh/known_hosts.old",
    ".bash_history",
    ".lesshst",
    ".viminfo",
    ".python_history",
    ".wget-hsts",
];

/// Everything of that kind below the root of a machine, in the order of the paths.
pub fn traces(root: &Path) -> Result<Vec<Trace>> {
    let mut found = Vec::new();
    for pattern in FILES {
        found.extend(matching(root, pattern)?.into_iter().map(|path| Trace { path, kind: Kind::File }));
    }
    for dir in EMPTY {
        below(&root.join(dir), &mut found)?;
    }
    for home in homes(root)? {
        let paths = OF_USERS.iter().map(|name| home.join(name)).filter(|path| is_there(path));
        found.extend(paths.map(|path| Trace { path, kind: Kind::File }));
    }
    // Empty, it is drawn anew at the next boot (machine-id(5)); missing, a read-only machine has none.
    let unlike = |path: &str, content: &str| {
        let path = root.join(path);
        fs::read_to_string(&path).is_ok_and(|text| text != content).then_some(path)
    };
    for (path, content) in [("etc/machine-id", ""), ("etc/hostname", "localhost\n")] {
        found.extend(unlike(path, content).map(|path| Trace { path, kind: Kind::Content(content) }));
    }
    let dbus = root.join("var/lib/dbus/machine-id");
    if fs::symlink_metadata(&dbus).is_ok_and(|file| file.is_file()) {
        found.push(Trace { path: dbus, kind: Kind::Link("/etc/machine-id") });
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

impl Trace {
    /// Takes it away.
    pub fn remove(&self) -> Result<()> {
        let removed = match self.kind {
            Kind::File => fs::remove_file(&self.path),
            Kind::Content(content) => fs::write(&self.path, content),
            Kind::Link(to) => fs::remove_file(&self.path).and_then(|()| symlink(to, &self.path)),
        };
        removed.context(|| format!("seal `{}`", self.path.display()))
    }
}

fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// The files whose name begins as the pattern does, where it ends with `*`; else the one file.
fn matching(root: &Path, pattern: &str) -> Result<Vec<PathBuf>> {
    let path = root.join(pattern);
    let Some(beginning) = pattern.rsplit('/').next().and_then(|name| name.strip_suffix('*')) else {
        return Ok(is_there(&path).then_some(path).into_iter().collect());
    };
    let named = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(beginning));
    Ok(entries(path.parent().unwrap_or(root))?.into_iter().filter(named).collect())
}

/// All that is below a directory and none itself. Links are not followed.
fn below(dir: &Path, found: &mut Vec<Trace>) -> Result<()> {
    for path in entries(dir)? {
        match fs::symlink_metadata(&path).is_ok_and(|entry| entry.is_dir()) {
            true => below(&path, found)?,
            false => found.push(Trace { path, kind: Kind::File }),
        }
    }
    Ok(())
}

/// Of root and of everybody below /home.
fn homes(root: &Path) -> Result<Vec<PathBuf>> {
    Ok(std::iter::once(root.join("root")).chain(entries(&root.join("home"))?).collect())
}

/// What is in a directory; nothing where there is none.
fn entries(dir: &Path) -> Result<Vec<PathBuf>> {
    let read = || fs::read_dir(dir)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>();
    match read() {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(Vec::new()),
        read => read.context(|| format!("look into `{}`", dir.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn what_makes_a_machine_itself_goes_and_what_it_can_do_stays() {
        let root = tempfile::tempdir().unwrap();
        let gone = [
            "etc/labkit/secret",
            "etc/ssh/ssh_host_ed25519_key",
            "etc/ssh/ssh_host_rsa_key.pub",
            "home/vagrant/.ssh/id_labkit",
            "root/.bash_history",
            "var/lib/dhcp/dhclient.leases",
            "var/lib/systemd/random-seed",
            "var/log/journal/0123/system.journal",
            "etc/systemd/network/20-labkit.network",
        ];
        let stays =
            ["etc/labkit/lab.toml", "etc/ssh/sshd_config", "home/vagrant/.ssh/authorized_keys", "var/lib/dpkg/status"];
        gone.iter().chain(&stays).for_each(|path| put(root.path(), path, "x"));
        put(root.path(), "etc/machine-id", "0123456789abcdef\n");
        put(root.path(), "var/lib/dbus/machine-id", "0123456789abcdef\n");
        put(root.path(), "etc/hostname", "node01\n");
        traces(root.path()).unwrap().iter().for_each(|trace| trace.remove().unwrap());
        for path in gone {
            assert!(!is_there(&root.path().join(path)), "{path} is still there");
        }
        for path in stays {
            assert!(is_there(&root.path().join(path)), "{path} is gone");
        }
        let read = |path: &str| fs::read_to_string(root.path().join(path)).unwrap();
        assert_eq!((read("etc/machine-id"), read("etc/hostname")), (String::new(), "localhost\n".to_owned()));
        assert_eq!(fs::read_link(root.path().join("var/lib/dbus/machine-id")).unwrap(), Path::new("/etc/machine-id"));
        assert!(root.path().join("var/log/journal/0123").is_dir());
        assert_eq!(traces(root.path()).unwrap(), []);
    }

    #[test]
    fn a_link_out_of_the_tree_is_not_followed() {
        let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        put(outside.path(), "kept", "x");
        fs::create_dir_all(root.path().join("var")).unwrap();
        fs::create_dir_all(root.path().join("var/tmp")).unwrap();
        symlink(outside.path(), root.path().join("var/tmp/out")).unwrap();
        traces(root.path()).unwrap().iter().for_each(|trace| trace.remove().unwrap());
        assert!(outside.path().join("kept").exists() && !is_there(&root.path().join("var/tmp/out")));
    }
}
