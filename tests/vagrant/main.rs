//! The Vagrantfile: what it reads as labkit reads it, what it refuses before anything is begun, and what it asks of
//! providers. With Debian's Vagrant; the whole lab is brought up where LABKIT_VAGRANT_BOX names a box for libvirt.
#![allow(clippy::unwrap_used, reason = "test code")]

#[path = "../support/mod.rs"]
mod support;

mod computer;
mod desk;
mod lab;
mod parts;
mod ruby;
mod virtualbox;

use std::{fs, path::Path, process::Command};

use desk::{Desk, assert_says, vagrant};
use ruby::ruby;
use support::Said;

const TREE: &str = env!("CARGO_MANIFEST_DIR");

const LAB: &str = r#"name = "lab"
network = "192.168.56.0/24"
pod_cidr = "10.17.0.0/16"
service_cidr = "10.96.0.0/12"

[[node]]
name = "master"
address = "192.168.56.10"
role = "master"
cpus = 4

[[node]]
name = "node01" # the only worker
address = "192.168.56.11"
role = "worker"
memory = 1_024

[versions]
kubernetes = "1.32"
"#;

#[test]
fn the_shipped_vagrantfile_is_valid() {
    if !vagrant() {
        return;
    }
    let desk = Desk::new();
    let said = desk.vagrant(&["validate", "--ignore-provider"], &[], &[]).ok();
    assert_says(&said, &["Vagrantfile validated successfully."]);
    for file in fs::read_dir(Path::new(TREE).join("vagrant/lib")).unwrap() {
        let path = file.unwrap().path();
        let said = ruby(&["-wc", path.to_str().unwrap()], "");
        assert_eq!((said.out.as_str(), said.err.as_str()), ("Syntax OK\n", ""), "{}", path.display());
    }
    // Other machines, and nothing of them is made by being asked for.
    desk.write("lab/lab.toml", LAB);
    let said = desk.vagrant(&["status"], &[], &[]).ok();
    assert!(said.contains("node01 ") && !said.contains("node02"), "{said}");
    assert!(!desk.path("lab/.labkit").exists());
}

#[test]
fn what_is_wrong_with_lab_toml_settings_or_box_is_said_by_every_command() {
    if !vagrant() {
        return;
    }
    let desk = Desk::new();
    let said = desk.vagrant(&["status"], &[("LABKIT_MEMORY", "2G")], &[]);
    let why = "LABKIT_MEMORY=2G: it is no number of MiB of memory of each machine, from 512 to";
    assert!(said.code == Some(1) && said.err.contains(why), "{}{}", said.out, said.err);
    desk.write("lab/lab.toml", &LAB.replace("56.11", "56.10"));
    let said = desk.vagrant(&["status"], &[], &[]);
    let why = "lab/lab.toml: master and node01 have the same address 192.168.56.10\nhint: give each its own";
    assert!(said.code == Some(1) && said.err.contains(why), "{}{}", said.out, said.err);
    desk.write("lab/lab.toml", LAB);
    desk.write("lab/labkit.box", "not a box");
    let said = desk.vagrant(&["status"], &[], &[]);
    assert!(said.code == Some(1) && said.err.contains("labkit.box is no box, or is cut"), "{}{}", said.out, said.err);
}

#[test]
fn three_machines_come_up_without_a_network_run_an_exercise_heal_and_leave_nothing() {
    // Half an hour where the processor is emulated: for whoever asks for it.
    let Some(path) = std::env::var_os("LABKIT_VAGRANT_BOX") else {
        support::require("vagrant", false, "LABKIT_VAGRANT_BOX names no box for libvirt (tests/vagrant/up)");
        return;
    };
    let said: Said = Command::new(Path::new(TREE).join("tests/vagrant/up")).arg(path).output().unwrap().into();
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
}
