//! A machine without network: what it needs comes from the bundle, and nothing else is asked.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use support::{
    LABKIT, Said,
    testbed::{Testbed, assert_same},
};

const MASTER: &str = "master";

/// What the lab's pods run, and what runs them.
const IMAGE: &str = "localhost/hpcc:1";
const IMAGE_PACKAGES: &str = "hpcc,openmpi-bin,libopenblas0-serial,openssh-server";

fn labkit(dir: &Path, arguments: &[&str]) -> Said {
    Command::new(LABKIT).current_dir(dir).args(arguments).env("LABKIT_BUNDLE", "none").output().unwrap().into()
}

/// A bundle for the recipe `node`, containerd and an image of HPCC, made here from Debian's own archive, as one file.
fn made(dir: &Path) -> PathBuf {
    labkit(dir, &["bundle", "lock", "node", "--package", "containerd", "--image-package", IMAGE_PACKAGES]).ok();
    labkit(dir, &["bundle", "image", "--packages", IMAGE_PACKAGES, "--tag", IMAGE, "--quiet"]).ok();
    labkit(dir, &["bundle", "verify", "--lock", "lab.lock"]).ok();
    // Made anew, of files alone, it is the same to the last byte, the image that was made of packages included.
    labkit(dir, &["bundle", "build", "-o", "again", "--from", "lab.bundle/blobs", "--quiet"]).ok();
    labkit(dir, &["bundle", "diff", "lab.bundle", "again"]).ok();
    let index = |bundle: &str| fs::read(dir.join(bundle).join("index.json")).unwrap();
    assert!(index("lab.bundle") == index("again"));
    labkit(dir, &["bundle", "pack"]).ok();
    dir.join("lab.bundle.tar")
}

/// Counts and drops whatever leaves the machine: that of root, and that of anybody.
const CUT: &str = "table inet cut { chain out { type filter hook output priority 0; oifname \"lo\" accept; \
                   meta skuid 0 counter drop; counter drop; }; }";

fn nft(testbed: &Testbed, arguments: &[&str]) -> String {
    let netns = testbed.netns(MASTER);
    let argv = [&["netns", "exec", &netns, "nft"], arguments].concat();
    Said::from(Command::new("ip").args(argv).output().unwrap()).ok()
}

/// Packets that root would have sent to others.
fn sent(testbed: &Testbed) -> u64 {
    let rules = nft(testbed, &["list", "table", "inet", "cut"]);
    let line = rules.lines().find(|line| line.contains("skuid")).unwrap();
    line.split("packets ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn a_machine_without_network_becomes_a_node_from_the_bundle_alone() {
    let work = tempfile::tempdir().unwrap();
    let Some(testbed) = Testbed::up(1) else { return };
    let bundle = made(work.path());
    fs::copy(&bundle, testbed.root(MASTER).join("usr/local/bin/lab.bundle.tar")).unwrap();
    nft(&testbed, &[CUT]);
    let lists = "find /var/lib/apt/lists /etc/apt -type f -exec sha256sum {} + | sort";
    let (before, known) = (testbed.state(MASTER), testbed.sh(MASTER, lists).ok());

    let first = testbed.labkit(MASTER, &["run", "node"]);
    assert_eq!(first.code, Some(0), "{}{}", first.out, first.err);
    assert!(first.err.contains("packages  come from bundle `/usr/local/bin/lab.bundle.tar`"), "{}", first.err);
    let lock = fs::read_to_string(work.path().join("lab.lock")).unwrap();
    let version = lock.split("name = \"chrony\"").nth(1).unwrap().split("version = \"").nth(1).unwrap();
    let installed = testbed.sh(MASTER, "dpkg-query -W -f '${Version}' chrony").ok();
    assert!(version.starts_with(&format!("{installed}\"")), "{installed} is not {version:.20}");
    assert_eq!(testbed.sh(MASTER, lists).ok(), known, "apt's own account of archives");
    assert!(!testbed.root(MASTER).join("var/lib/labkit/machine/archive").exists());
    let run = testbed.sh(MASTER, "cat /var/lib/labkit/runs/*/run.json").ok();
    let digest = labkit(work.path(), &["bundle", "ls", "lab.bundle", "--json"]).ok();
    let digest = digest.split("\"digest\": \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(run.contains(&format!("\"bundle\": \"{digest}\"")), "{digest} is not in {run}");

    let second = testbed.labkit(MASTER, &["run", "node"]);
    assert!(second.err.starts_with("nothing to do: all "), "{}", second.err);
    testbed.labkit(MASTER, &["undo", "node"]).ok();
    assert_same(&before, &testbed.state(MASTER), "after undo");
    assert_eq!(sent(&testbed), 0, "{}", nft(&testbed, &["list", "table", "inet", "cut"]));

    serves_itself(&testbed, &before);
    assert_eq!(sent(&testbed), 0, "{}", nft(&testbed, &["list", "table", "inet", "cut"]));
}

/// The bundle as a service of the machine: apt as a person types it, and containerd's own client.
fn serves_itself(testbed: &Testbed, before: &str) {
    let offline = testbed.labkit(MASTER, &["run", "offline"]);
    assert_eq!(offline.code, Some(0), "{}{}", offline.out, offline.err);
    assert!(testbed.labkit(MASTER, &["run", "offline"]).err.starts_with("nothing to do: all "));
    // The machine's own archives are out of reach; the bundle's is not.
    let apt = "apt-get update -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts=/var/tmp/only && \
               apt-get install -y --no-install-recommends containerd";
    testbed.sh(MASTER, "mkdir /var/tmp/only; ln -s /etc/apt/sources.list.d/labkit-bundle.sources /var/tmp/only/").ok();
    let said = testbed.sh(MASTER, apt);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    let pull =
        format!("ctr images pull --snapshotter native --hosts-dir /etc/containerd/certs.d {IMAGE} && ctr images ls -q");
    let said = testbed.sh(MASTER, &format!("systemctl start containerd && {pull}"));
    assert!(said.code == Some(0) && said.out.contains(IMAGE), "{}{}", said.out, said.err);
    testbed
        .sh(MASTER, "systemctl stop containerd; apt-get purge -y --autoremove containerd; rm -rf /var/tmp/only")
        .ok();
    testbed
        .sh(MASTER, "rm -rf /var/lib/containerd /run/containerd /opt/containerd /etc/containerd/config.toml /etc/cni")
        .ok();
    testbed.labkit(MASTER, &["undo", "offline"]).ok();
    assert_same(before, &testbed.state(MASTER), "after undo of offline");
}

#[test]
fn a_package_that_the_bundle_lacks_is_named_and_nothing_is_installed() {
    let work = tempfile::tempdir().unwrap();
    let Some(testbed) = Testbed::up(1) else { return };
    labkit(work.path(), &["bundle", "lock", "--package", "jq"]).ok();
    labkit(work.path(), &["bundle", "build", "--quiet"]).ok();
    found_on_a_stick(&testbed, work.path());
    labkit(work.path(), &["bundle", "embed", "--quiet"]).ok();
    // One file, and nothing beside it.
    fs::copy(work.path().join("labkit-lab"), testbed.root(MASTER).join("usr/local/bin/labkit")).unwrap();
    let before = testbed.state(MASTER);
    let recipe =
        testbed.recipe(MASTER, "lacks.lua", "--- Is it there?\nhost.packages { install = { \"jq\", \"tree\" } }\n");
    let said = testbed.labkit(MASTER, &["run", &recipe]);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    assert!(said.err.contains("there is no package `tree` in bundle `/usr/local/bin/labkit`"), "{}", said.err);
    assert!(said.err.contains("labkit bundle lock --package tree"), "{}", said.err);
    assert_same(&before, &testbed.state(MASTER), "after a package that is not there");
    let recipe = testbed.recipe(MASTER, "has.lua", "--- Is it there?\nhost.packages { install = \"jq\" }\n");
    testbed.labkit(MASTER, &["run", &recipe]).ok();
    assert_eq!(testbed.sh(MASTER, "echo '{\"a\": 7}' | jq .a").ok(), "7\n");
    testbed.labkit(MASTER, &["undo", &recipe]).ok();
    assert_same(&before, &testbed.state(MASTER), "after undo");
    damaged(&testbed, work.path());
}

/// A file system that is mounted, and whose device udev found to have the label LABKIT.
fn found_on_a_stick(testbed: &Testbed, work: &Path) {
    let parts = labkit(work, &["bundle", "pack", "--split", "1M", "-o", "lab.bundle.tar"]).ok();
    assert!(parts.lines().count() > 2, "{parts}");
    for part in parts.lines() {
        fs::copy(work.join(part), testbed.home().join("machines").join(MASTER).join("plain").join(part)).unwrap();
    }
    let named = "dev=$(awk '$5 == \"/var/tmp/plain\" { print $3 }' /proc/self/mountinfo); mkdir -p /dev/disk/by-label; \
                 mknod /dev/stick b ${dev%:*} ${dev#*:}; ln -s ../../stick /dev/disk/by-label/LABKIT";
    assert_eq!(testbed.labkit(MASTER, &["bundle", "ls"]).code, Some(2));
    testbed.sh(MASTER, named).ok();
    let found = testbed.labkit(MASTER, &["bundle", "ls"]).ok();
    assert!(found.contains("/var/tmp/plain/lab.bundle.tar.001: "), "{found}");
    testbed.sh(MASTER, "rm -r /dev/disk /dev/stick /var/tmp/plain/lab*").ok();
}

/// One bit of a package is another: apt refuses it before anything is unpacked.
fn damaged(testbed: &Testbed, work: &Path) {
    let blobs = work.join("lab.bundle/blobs/sha256");
    let lock = fs::read_to_string(work.join("lab.lock")).unwrap();
    let entry = lock.split("name = \"jq\"").nth(1).unwrap();
    let sha256 = entry.split("sha256 = \"").nth(1).unwrap().split('"').next().unwrap();
    let mut bytes = fs::read(blobs.join(sha256)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(blobs.join(sha256), bytes).unwrap();
    let said = labkit(work, &["bundle", "verify", "lab.bundle"]);
    assert_eq!(said.code, Some(4), "{}{}", said.out, said.err);
    assert!(said.out.contains(&format!("blob sha256:{sha256}: it holds something else")), "{}", said.out);
    labkit(work, &["bundle", "embed", "--quiet"]).ok();
    fs::copy(work.join("labkit-lab"), testbed.root(MASTER).join("usr/local/bin/labkit")).unwrap();
    testbed.sh(MASTER, "apt-get clean").ok();
    let before = testbed.state(MASTER);
    let said = testbed.labkit(MASTER, &["run", "/var/tmp/has.lua"]);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    assert!(said.err.contains("Hash Sum mismatch"), "{}", said.err);
    assert_same(&before, &testbed.state(MASTER), "after a damaged package");
}
