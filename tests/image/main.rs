//! The image of a machine, built as anybody builds it and booted in QEMU: what its disk and boxes are, that it becomes a
//! node without network and across power cuts, and that two of them know each other.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "test code")]

#[path = "../support/mod.rs"]
mod support;

mod boxes;
mod others;
mod qemu;
mod refused;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
};

use qemu::Machine;
use support::{LABKIT, Said, common::Common, installed, require, testbed::LAB};

const PROGRAMS: [&str; 8] =
    ["mmdebstrap", "mke2fs", "sfdisk", "mkfs.vfat", "mcopy", "qemu-img", "qemu-system-x86_64", "genisoimage"];

/// One for all tests.
static BUILT: Mutex<Option<Common>> = Mutex::new(None);

/// What an exercise of the machine's needs, and its image does not have.
const TOOLS: &str = "host.packages { install = { \"sysbench\" } }\n";

/// Whether images can be built here: loudly, where not.
fn can_build() -> bool {
    PROGRAMS.into_iter().all(installed) && require("root", nix::unistd::geteuid().is_root(), "an image is root's")
}

/// A directory with the image in all its forms, and the bundle that is in it: built from another bundle, where no network
/// is. None, loudly, where that cannot be.
fn built() -> Option<PathBuf> {
    if !can_build() {
        return None;
    }
    let mut built = BUILT.lock().unwrap();
    let dir = built.get_or_insert_with(|| {
        let dir = Common::new();
        let labkit = |words: &[&str]| {
            said(Command::new(LABKIT).current_dir(dir.path()).args(words).env("LABKIT_BUNDLE", "none")).ok();
        };
        fs::write(dir.path().join("tools.lua"), TOOLS).unwrap();
        labkit(&["bundle", "lock", "node", "./tools.lua"]);
        labkit(&["bundle", "build", "--quiet"]);
        labkit(&["bundle", "pack", "--quiet"]);
        let packages = said(&mut build(&["--list-packages"])).ok();
        labkit(&["bundle", "lock", "--image-package", packages.trim_end(), "-o", "image.lock"]);
        labkit(&["bundle", "build", "image.lock", "-o", "image.bundle", "--from", "lab.bundle", "--quiet"]);

        let mut alone = Command::new("unshare");
        alone.args(["--net", "--", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh"]).arg(BUILD);
        alone.args(["--labkit", LABKIT, "--bundle", "image.bundle", "--machine-bundle", "lab.bundle.tar", "-o", "."]);
        alone.args(["raw", "qcow2", "vmdk", "virtualbox", "libvirt"].into_iter().flat_map(|form| ["--form", form]));
        let built = said(alone.current_dir(dir.path()).env("TMPDIR", dir.path()));
        assert_eq!(built.code, Some(0), "{}{}", built.out, built.err);
        fs::write(dir.path().join(SAID), built.err).unwrap();
        dir
    });
    Some(dir.path().to_owned())
}

/// Where the build's own words are.
const SAID: &str = "said";

const BUILD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/images/build");

fn build(arguments: &[&str]) -> Command {
    let mut build = Command::new(BUILD);
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

    let wishes = "recipes = [\"node\", \"/run/labkit/seed/tools.lua\", \"ex1 seconds=1 rounds=1\"]\n";
    let ends = cable(&dir);
    let machine = Machine::of(&image)
        .seeded(&[("lab.toml", LAB), ("secret", SECRET), ("tools.lua", TOOLS), ("provision.toml", wishes)])
        .on_cable(&ends[0], &ends[1], "52:54:00:a8:38:0a");
    // The last two are before its packages are installed, and when they are.
    for until in [
        "labkit-seed@",
        "identity  master of lab lab, told by the MAC of its device",
        "begins    /run/labkit/seed/tools.lua",
        "changed   packages",
    ] {
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
