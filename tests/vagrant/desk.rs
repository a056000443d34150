//! Where Vagrant is run: the shipped Vagrantfile, on a computer that has what a test gives it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use crate::{
    TREE,
    support::{Said, TempDir, installed, netns, require},
};

/// As Vagrant names it.
pub const ARCHITECTURE: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };

/// By software, so that the computer's own processor does not matter.
pub const EMULATED: (&str, &str) = ("LABKIT_DRIVER", "qemu");

pub const CAPABLE: &str = "processor : 0\nflags : fpu vmx sse2\n\n";

pub const ROOMY: &str = "MemTotal: 16000000 kB\nMemFree: 1000000 kB\nMemAvailable: 12000000 kB\n";

/// A directory with the shipped Vagrantfile, and a place for what Vagrant keeps.
pub struct Desk {
    pub dir: TempDir,
}

impl Desk {
    pub fn new() -> Desk {
        let desk = Desk { dir: tempfile::tempdir().unwrap() };
        for name in ["home", "lab", "programs"] {
            fs::create_dir(desk.dir.path().join(name)).unwrap();
        }
        desk.lay_out("lab");
        desk
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Copies what is shipped.
    pub fn lay_out(&self, name: &str) {
        fs::create_dir_all(self.path(name).join("lib")).unwrap();
        let source = Path::new(TREE).join("vagrant");
        let files = fs::read_dir(source.join("lib")).unwrap().map(|entry| entry.unwrap().path());
        for file in files.chain([source.join("Vagrantfile")]) {
            fs::copy(&file, self.path(name).join(file.strip_prefix(&source).unwrap())).unwrap();
        }
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    /// Vagrant in namespaces of its own: with no network, no libvirt, and files of the desk in the place of others.
    pub fn vagrant(&self, arguments: &[&str], settings: &[(&str, &str)], instead: &[(&str, &str)]) -> Said {
        self.vagrant_after(":", arguments, settings, instead)
    }

    /// The same, with a line of shell before it.
    pub fn vagrant_after(
        &self,
        first: &str,
        arguments: &[&str],
        settings: &[(&str, &str)],
        instead: &[(&str, &str)],
    ) -> Said {
        let bind = |(name, path): &(&str, &str)| format!("mount --bind '{}' '{path}'\n", self.path(name).display());
        let mounts: String = instead.iter().map(bind).collect();
        let script = format!("mount -t tmpfs tmpfs /run\n{mounts}{first}\nexec vagrant \"$@\"");
        let path = format!("{}:{}", self.path("programs").display(), std::env::var("PATH").unwrap());
        Command::new("unshare")
            .args(["--map-root-user", "--net", "--mount", "sh", "-euc", &script, "vagrant"])
            .args(arguments)
            .current_dir(self.path("lab"))
            .env("PATH", path)
            .env("HOME", self.path("home"))
            .env("VAGRANT_HOME", self.path("home"))
            .env("VAGRANT_CHECKPOINT_DISABLE", "1")
            .envs(settings.iter().copied())
            .output()
            .unwrap()
            .into()
    }

    /// What `vagrant up` says when it refuses, which it must.
    pub fn refused(&self, settings: &[(&str, &str)], instead: &[(&str, &str)]) -> String {
        let said = self.vagrant(&["up"], settings, instead);
        assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
        said.out + &said.err
    }

    /// A box with this metadata, and a disk of this many bytes that cannot be packed.
    pub fn add_box(&self, metadata: &Value, size: usize) {
        let file = fs::File::create(self.path("lab/labkit.box")).unwrap();
        let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(file, flate2::Compression::fast()));
        let mut disk = vec![0; size];
        disk.iter_mut().for_each(|byte| *byte = fastrand::u8(..));
        for (name, content) in [("./metadata.json", metadata.to_string().into_bytes()), ("box.img", disk)] {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, name, content.as_slice()).unwrap();
        }
        archive.into_inner().unwrap().finish().unwrap();
    }
}

/// All of them are needed for anything that Vagrant does here: without the plugin it would look for VirtualBox.
pub fn vagrant() -> bool {
    let is_plugin = |path: PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("vagrant-libvirt-");
    let specifications = fs::read_dir("/usr/share/rubygems-integration/all/specifications").into_iter().flatten();
    let has_libvirt = specifications.flatten().any(|entry| is_plugin(entry.path()));
    installed("vagrant") && require("programs", has_libvirt, "`vagrant-libvirt` is not installed") && netns()
}

pub fn assert_says(said: &str, parts: &[&str]) {
    // Vagrant breaks no lines, but indents some.
    for part in parts {
        assert!(said.contains(part), "`{part}` is not in:\n{said}");
    }
}

pub fn libvirt_box(architecture: &str) -> Value {
    json!({ "provider": "libvirt", "format": "qcow2", "virtual_size": 2, "architecture": architecture })
}
