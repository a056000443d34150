//! What VirtualBox is asked for, and other labs that it has.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use serde_json::json;

use crate::{
    TREE,
    desk::{ARCHITECTURE, CAPABLE, Desk, ROOMY, assert_says, vagrant},
};

pub const VIRTUALBOX: (&str, &str) = ("VAGRANT_DEFAULT_PROVIDER", "virtualbox");

/// A desk with what stands in for VirtualBox, which Debian does not have, on a computer that is up to it.
pub fn virtualbox_desk() -> (Desk, [(&'static str, &'static str); 2]) {
    let desk = Desk::new();
    fs::copy(Path::new(TREE).join("tests/vagrant/VBoxManage"), desk.path("programs/VBoxManage")).unwrap();
    desk.write("roomy", ROOMY);
    desk.write("capable", CAPABLE);
    desk.add_box(&json!({ "provider": "virtualbox", "architecture": ARCHITECTURE }), 1 << 20);
    (desk, [("roomy", "/proc/meminfo"), ("capable", "/proc/cpuinfo")])
}

#[test]
fn an_address_that_virtualbox_does_not_allow_is_told_before_a_machine_is_made() {
    if !vagrant() {
        return;
    }
    let (desk, instead) = virtualbox_desk();
    let elsewhere = [VIRTUALBOX, ("LABKIT_NETWORK", "192.168.33.0/24")];
    let said = desk.refused(&elsewhere, &instead);
    let why = "master: VirtualBox has no network with 192.168.33.10: it allows only 192.168.56.0/21";
    let hint = "hint: choose addresses there, or allow others: a line `* 192.168.33.0/24` in /etc/vbox/networks.conf";
    assert_says(&said, &[why, hint]);
    let asked = fs::read_to_string(desk.path("programs/asked")).unwrap();
    assert!(!asked.contains("import") && !asked.contains("clonevm"), "{asked}");
    // As it is with that line: the check passes, and the machine is made. /etc is the desk's own there.
    desk.write("etc/vbox/networks.conf", "# ours\n* 192.168.33.0/24\n");
    let overlay = format!(
        "mkdir -p '{0}/work' && mount -t overlay overlay -o 'lowerdir=/etc,upperdir={0}/etc,workdir={0}/work' /etc",
        desk.dir.path().display()
    );
    let said = desk.vagrant_after(&overlay, &["up"], &elsewhere, &instead);
    assert_says(&said.out, &["Setting the name of the VM: lab-192-168-33-0-master", "Booting VM"]);
}

#[test]
fn virtualbox_is_asked_for_a_machine_that_labkit_knows_and_gives_all_of_it_back() {
    if !vagrant() {
        return;
    }
    let (desk, instead) = virtualbox_desk();
    let said = desk.refused(&[VIRTUALBOX, ("LABKIT_NETWORK", "192.168.57.0/24"), ("LABKIT_CPUS", "1")], &instead);
    assert_says(&said, &["there is no VirtualBox here"]);
    let asked = || -> Vec<Vec<String>> {
        let text = fs::read_to_string(desk.path("programs/asked")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    // Each setting with what follows it.
    let is_asked = |words: &[&str]| {
        let found = asked().iter().any(|argv| argv.windows(words.len()).any(|part| part == words));
        assert!(found, "{words:?} is not in {:#?}", asked());
    };
    is_asked(&["--options", "link"]);
    is_asked(&["--name", "lab-192-168-57-0-master"]);
    is_asked(&["--macaddress2", "525400a8390a", "--nictype2", "virtio"]);
    is_asked(&["--nictype1", "virtio"]);
    is_asked(&["--cpus", "1"]);
    is_asked(&["--memory", "2048"]);
    is_asked(&["--rtcuseutc", "on"]);
    is_asked(&["hostonlyif", "ipconfig", "vboxnet0", "--ip", "192.168.57.1", "--netmask", "255.255.255.0"]);
    if ARCHITECTURE == "amd64" {
        is_asked(&["--paravirtprovider", "kvm"]);
        is_asked(&["--uartmode1", "file", desk.path("lab/.labkit/console-master.log").to_str().unwrap()]);
    }
    let mode = |name: &str| fs::metadata(desk.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("lab/.labkit"), mode("lab/.labkit/secret")), (0o700, 0o600));
    let secret = fs::read_to_string(desk.path("lab/.labkit/secret")).unwrap();
    assert!(secret.len() == 65 && !said.contains(secret.trim()) && !format!("{:?}", asked()).contains(secret.trim()));
    // The lab stays where it was put, also for a command that is not told again; and it cannot be moved any more.
    assert_says(&desk.refused(&[VIRTUALBOX], &instead), &["there is no VirtualBox here"]);
    let said = desk.refused(&[VIRTUALBOX, ("LABKIT_NETWORK", "192.168.58.0/24")], &instead);
    assert_says(&said, &["master of lab `lab-192-168-57-0` was made with 192.168.57.10, and the lab is to be another"]);
    assert_eq!(fs::read_to_string(desk.path("lab/.labkit/secret")).unwrap(), secret);
    desk.vagrant(&["destroy", "--force"], &[VIRTUALBOX], &instead).ok();
    let deleted = asked().iter().filter(|argv| argv[0] == "unregistervm" && argv[2] == "--delete").count();
    assert_eq!(deleted, 2, "the machine, and what it was cloned from");
    assert!(!desk.path("lab/.labkit").exists());
}

#[test]
fn a_second_lab_on_the_same_computer_is_told_where_the_first_one_is() {
    if !vagrant() {
        return;
    }
    let (desk, instead) = virtualbox_desk();
    desk.refused(&[VIRTUALBOX], &instead);
    desk.lay_out("second");
    fs::copy(desk.path("lab/labkit.box"), desk.path("second/labkit.box")).unwrap();
    let refused = |settings: &[(&str, &str)]| {
        let cd = format!("cd '{}'", desk.path("second").display());
        let said = desk.vagrant_after(&cd, &["up"], &[&[VIRTUALBOX], settings].concat(), &instead);
        assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
        said.out + &said.err
    };
    let (beside, first) = (("LABKIT_NETWORK", "192.168.57.0/24"), desk.path("lab").display().to_string());
    let said = refused(&[]);
    assert_says(&said, &[&format!("another lab on this computer is called `lab` as well: {first} (master)")]);
    assert_says(&said, &[&format!("hint: `vagrant destroy` in {first}, or have this lab beside it: LABKIT_NETWORK=")]);
    assert_says(&refused(&[beside]), &["Setting the name of the VM: lab-192-168-57-0-master"]);
    // Machines that are not labkit's: by the addresses that their Vagrantfile names, while they run.
    fs::remove_dir_all(desk.path("lab/.labkit")).unwrap();
    desk.write("lab/Vagrantfile", "config.vm.network 'private_network', ip: '192.168.57.12'\n");
    assert!(!refused(&[]).contains("already"));
    let index = desk.path("home/data/machine-index/index");
    let running = fs::read_to_string(&index).unwrap().replace("\"poweroff\"", "\"running\"");
    fs::write(&index, running).unwrap();
    assert_says(&refused(&[]), &["other machines on this computer have 192.168.57.12 already"]);
}
