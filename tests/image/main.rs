//! The image of a machine, built as anybody builds it and booted in QEMU: what its disk and boxes are, that it becomes a
//! node without network and across power cuts, and that two of them know each other.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "test code")]

#[path = "../support/mod.rs"]
mod support;

mod boxes;
mod qemu;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
};

use qemu::Machine;
use support::{LABKIT, Said, TempDir, installed, require, testbed::LAB};

const PROGRAMS: [&str; 8] =
    ["mmdebstrap", "mke2fs", "sfdisk", "mkfs.vfat", "mcopy", "grub-mkimage", "qemu-img", "qemu-system-x86_64"];

/// One for all tests.
static BUILT: Mutex<Option<TempDir>> = Mutex::new(None);

/// A directory with the image in all its forms, and the bundle that is in it. None, loudly, where that cannot be.
fn built() -> Option<PathBuf> {
    if !PROGRAMS.into_iter().all(installed) || !require("root", nix::unistd::geteuid().is_root(), "an image is root's")
    {
        return None;
    }
    let mut built = BUILT.lock().unwrap();
    let dir = built.get_or_insert_with(|| {
        let dir = tempfile::tempdir_in("/var/tmp").unwrap();
        for arguments in
            [&["bundle", "lock", "node"][..], &["bundle", "build", "--quiet"], &["bundle", "pack", "--quiet"]]
        {
            said(Command::new(LABKIT).current_dir(dir.path()).args(arguments).env("LABKIT_BUNDLE", "none")).ok();
        }
        let forms = ["raw", "qcow2", "vmdk", "virtualbox", "libvirt"].into_iter().flat_map(|form| ["--form", form]);
        let bundle = dir.path().join("lab.bundle.tar");
        let mut build = build(&["--labkit", LABKIT]);
        build.arg("--machine-bundle").arg(bundle).arg("-o").arg(dir.path()).args(forms).env("TMPDIR", dir.path());
        said(&mut build).ok();
        dir
    });
    Some(dir.path().to_owned())
}

fn build(arguments: &[&str]) -> Command {
    let mut build = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("images/build"));
    build.args(arguments);
    build
}

fn said(command: &mut Command) -> Said {
    command.output().unwrap().into()
}

const SECRET: &str = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a\n";

/// Sockets of the two ends of a cable.
fn cable(dir: &Path) -> [PathBuf; 2] {
    ["one", "other"].map(|end| dir.join(end))
}

#[test]
fn it_becomes_a_node_without_network_and_does_an_exercise_across_power_cuts() {
    let Some(dir) = built() else { return };
    let image = dir.join("labkit-amd64.qcow2");
    // Nobody told it anything.
    let untold = Machine::of(&image);
    let mut nobody = untold.start();
    nobody.shows("localhost login: ");
    let login_s = nobody.cpu_s();
    drop(nobody);

    let wishes = "recipes = [\"node\", \"ex1 seconds=1 rounds=1\"]\n";
    let ends = cable(&dir);
    let machine = Machine::of(&image)
        .seeded(&[("lab.toml", LAB), ("secret", SECRET), ("provision.toml", wishes)])
        .on_cable(&ends[0], &ends[1], "52:54:00:a8:38:0a");
    for until in ["labkit-seed@", "identity  master of lab lab, told by the MAC of its device", "changed   packages"] {
        machine.start().shows(until);
    }
    let mut last = machine.start();
    last.shows("ready     master: all is done");
    let console = last.console();
    assert!(console.contains("finished  ex1 seconds=1 rounds=1 in "), "{console}");
    for case in ["veth", "bridge", "vxlan"] {
        assert!(console.contains(&format!("proved    {case}: ")), "{case}: {console}");
    }
    drop(last);
    // It says so at the next boot as well, and has nothing to do.
    let mut again = machine.start();
    again.shows("ready     master: nothing was left to do");
    eprintln!("to a login {login_s:.1} s of CPU, as a node {:.1} s", again.cpu_s());
}

/// What node01 runs once it is one: figures between the two, taken by ssh with keys that both derived.
const BETWEEN: &str = r#"
--- Do two machines of one image know each other?
local hosts = {}
for _, node in ipairs(lab.nodes().nodes) do
    hosts[node.name] = { name = node.name, address = node.address }
end
bench.link { case = "node01 to master", from = hosts.node01, to = hosts.master, seconds = 1 }
"#;

#[test]
fn two_machines_of_one_image_know_each_other_by_what_they_derive() {
    let Some(dir) = built() else { return };
    let image = dir.join("labkit-amd64.qcow2");
    let cables = tempfile::tempdir_in("/var/tmp").unwrap();
    let ends = cable(cables.path());
    let identity = [("lab.toml", LAB), ("secret", SECRET), ("between.lua", BETWEEN)];
    let wishes = "recipes = [\"node\", \"/run/labkit/seed/between.lua\"]\n";
    let master = Machine::of(&image).seeded(&identity).on_cable(&ends[0], &ends[1], "52:54:00:a8:38:0a");
    let node01 = Machine::of(&image).seeded(&[&identity[..], &[("provision.toml", wishes)]].concat()).on_cable(
        &ends[1],
        &ends[0],
        "52:54:00:a8:38:0b",
    );
    let mut master = master.start();
    master.shows("ready     master: all is done");
    let mut node01 = node01.start();
    node01.shows("ready     node01: all is done");
    assert!(node01.console().contains("✓ node01 to master: "), "{}", node01.console());
}

/// Debian's package `ovmf`.
const UEFI: &str = "/usr/share/ovmf/OVMF.fd";

#[test]
fn a_machine_with_uefi_starts_it_as_well() {
    let Some(dir) = built() else { return };
    if require("programs", Path::new(UEFI).exists(), "ovmf is not installed") {
        Machine::of(&dir.join("labkit-amd64.qcow2")).by_uefi(UEFI).start().shows("localhost login: ");
    }
}

#[test]
fn what_cannot_be_built_is_told_before_anything_is_made() {
    if !PROGRAMS.into_iter().all(installed) || !require("root", nix::unistd::geteuid().is_root(), "an image is root's")
    {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("labkit");
    fs::write(&script, "#!/bin/sh\n").unwrap();
    let mut other = fs::read(LABKIT).unwrap();
    other[18] = 183;
    let arm = dir.path().join("arm");
    fs::write(&arm, other).unwrap();
    let (script, arm) = (script.to_str().unwrap(), arm.to_str().unwrap());
    let cases: [(&[&str], &str); 6] = [
        (&["--labkit", "/nowhere/labkit"], "there is no /nowhere/labkit"),
        (&["--labkit", script], "labkit is no program of 64 bits for Linux"),
        (&["--labkit", arm], "arm is for arm64, and the image for amd64"),
        (&["--labkit", LABKIT, "--machine-bundle", "/nowhere/lab.bundle.tar"], "there is no /nowhere/lab.bundle.tar"),
        (&["--labkit", LABKIT, "--size", "1"], "--size 1: a disk of 1 GB has no room for 1500 MB"),
        (&["--arch", "riscv64"], "invalid choice: 'riscv64'"),
    ];
    for (arguments, expected) in cases {
        let out = dir.path().join("out");
        let refused = said(build(arguments).arg("-o").arg(&out));
        assert_ne!(refused.code, Some(0));
        assert!(refused.err.contains(expected), "{expected}: {}", refused.err);
        assert!(!out.exists(), "{expected}: something was made");
    }
}
