//! A computer, box or lab that cannot be brought up: told before anything is begun.

use std::fs;

use crate::{
    LAB,
    desk::{ARCHITECTURE, CAPABLE, Desk, EMULATED, ROOMY, assert_says, libvirt_box, vagrant},
    support::LABKIT,
    virtualbox::{VIRTUALBOX, virtualbox_desk},
};

#[test]
fn what_the_computer_lacks_is_told_before_anything_is_begun() {
    if !vagrant() {
        return;
    }
    let desk = Desk::new();
    desk.write("plain", "processor : 0\nflags : fpu sse2 hypervisor\n\n");
    desk.write("capable", CAPABLE);
    desk.write("full", "MemTotal: 8000000 kB\nMemAvailable: 3000000 kB\n");
    desk.write("roomy", ROOMY);
    desk.add_box(&libvirt_box(ARCHITECTURE), 1 << 20);
    let (roomy, full) = (("roomy", "/proc/meminfo"), ("full", "/proc/meminfo"));
    let said = desk.refused(&[], &[("plain", "/proc/cpuinfo"), roomy]);
    assert_says(&said, &["this computer cannot run machines", "neither vmx nor svm", "LABKIT_DRIVER=qemu runs them"]);
    let said = desk.refused(&[EMULATED], &[full]);
    assert_says(&said, &["master, node01, node02 need 6144 MiB of memory, and 2929 MiB are free", "LABKIT_MEMORY=768"]);
    // One machine would have room.
    let said = desk.vagrant(&["up", "master"], &[EMULATED], &[full]);
    assert!(said.code == Some(1) && !said.err.contains("MiB of memory"), "{}{}", said.out, said.err);
    assert!(desk.path("lab/.labkit/secret").exists());
    // What only speaks against it may be tried.
    let said = desk.refused(&[EMULATED, ("LABKIT_ANYWAY", "1")], &[full]);
    assert_says(&said, &["need 6144 MiB of memory", "Error while connecting to Libvirt"]);
}

#[test]
fn a_disk_without_room_for_the_lab_is_told() {
    if !vagrant() {
        return;
    }
    let (desk, instead) = virtualbox_desk();
    // Where VirtualBox keeps machines.
    let machines = desk.path("programs/machines").display().to_string();
    fs::create_dir(&machines).unwrap();
    let small = format!("mount -t tmpfs -o size=100m tmpfs '{machines}'");
    let said = desk.vagrant_after(&small, &["up"], &[VIRTUALBOX], &instead);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    let why = format!("the lab needs about 6144 MiB of disk in {machines}, and 100 MiB are free there");
    assert_says(&said.err, &[&why, "hint: make room there", "LABKIT_ANYWAY=1"]);
}

#[test]
fn a_box_that_is_not_for_this_computer_is_refused_and_a_stock_one_needs_labkit() {
    if !vagrant() {
        return;
    }
    let desk = Desk::new();
    desk.write("roomy", ROOMY);
    let instead = [("roomy", "/proc/meminfo")];
    let said = desk.refused(&[EMULATED], &instead);
    assert_says(&said, &["there is no baked box, and no labkit for Linux on", "hint: put labkit.box beside the"]);
    let other = if ARCHITECTURE == "amd64" { "arm64" } else { "amd64" };
    desk.add_box(&libvirt_box(other), 1 << 20);
    let said = desk.refused(&[EMULATED], &instead);
    let why = format!("labkit.box is for {other}, which this computer cannot run: it is {ARCHITECTURE}");
    assert_says(&said, &[&why, &format!("hint: get the box for {ARCHITECTURE}")]);
    // With labkit beside it a stock box will do; that packages will want the internet is said.
    let (desk, instead) = virtualbox_desk();
    fs::remove_file(desk.path("lab/labkit.box")).unwrap();
    fs::copy(LABKIT, desk.path("lab/labkit")).unwrap();
    let said = desk.refused(&[VIRTUALBOX], &instead);
    assert_says(&said, &["no lab.bundle.tar beside the Vagrantfile", "Box 'bento/ubuntu-24.04' could not be found"]);
    desk.write("lab/lab.bundle.tar", "a bundle");
    assert!(!desk.refused(&[VIRTUALBOX], &instead).contains("no lab.bundle.tar"));
}

#[test]
fn addresses_that_cannot_be_are_refused() {
    if !vagrant() {
        return;
    }
    let desk = Desk::new();
    desk.write("roomy", ROOMY);
    desk.write("capable", CAPABLE);
    let instead = [("roomy", "/proc/meminfo"), ("capable", "/proc/cpuinfo")];
    desk.add_box(&libvirt_box(ARCHITECTURE), 1 << 20);
    for (place, why) in [("1", "this host's own address there"), ("255", "the broadcast address")] {
        desk.write("lab/lab.toml", &LAB.replace("192.168.56.11", &format!("192.168.56.{place}")));
        assert_says(&desk.refused(&[EMULATED], &instead), &[&format!("node01: 192.168.56.{place} is {why}")]);
    }
    desk.write("lab/lab.toml", &LAB.replace("\"lab\"", "\"my lab\""));
    assert_says(
        &desk.refused(&[EMULATED], &instead),
        &["the lab is called `my lab`, and its machines cannot be named"],
    );
    fs::remove_file(desk.path("lab/lab.toml")).unwrap();
    let said = desk.refused(&[EMULATED, ("LABKIT_NETWORK", "192.168.121.0/24")], &instead);
    assert_says(&said, &["`network` 192.168.121.0/24 overlaps 192.168.121.0/24, which libvirt uses itself"]);
}
