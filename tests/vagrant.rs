//! The Vagrantfile: what it reads as labkit reads it, what it refuses before anything is begun, and what it asks of
//! providers. With Debian's Vagrant; the whole lab is brought up where LABKIT_VAGRANT_BOX names a box for libvirt.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use labkit::nodes::Nodes;
use serde_json::{Value, json};
use support::{LABKIT, Said, TempDir, installed, netns};

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

/// Runs Ruby on a text.
fn ruby(arguments: &[&str], input: &str) -> Said {
    let mut child = Command::new("ruby")
        .args(arguments)
        .current_dir(TREE)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap().into()
}

/// What the Vagrantfile's reader says of each text: `{"lab": …}` or `{"why": …}`.
fn read_by_ruby(texts: &[String]) -> Vec<Value> {
    let said = ruby(&["-w", "tests/vagrant/read.rb"], &serde_json::to_string(texts).unwrap()).ok();
    serde_json::from_str(&said).unwrap()
}

/// The text with one byte taken away, or another one in its place, for every byte and many others.
fn spoiled(text: &str) -> Vec<String> {
    let others: Vec<String> = "\"'\\[]{}=.#,:/-_+ \t\r\n0129axä\u{0}\u{7f}".chars().map(String::from).collect();
    let others = [others, vec![String::new()]].concat();
    let at = |at: usize, other: &String| format!("{}{other}{}", &text[..at], &text[at + 1..]);
    (0..text.len()).flat_map(|n| others.iter().map(move |other| at(n, other)).collect::<Vec<_>>()).collect()
}

/// Labs that say the same or something else in another way.
fn rewritten() -> Vec<String> {
    let changed = |from: &str, to: &str| {
        assert!(LAB.contains(from), "{from}");
        LAB.replacen(from, to, 1)
    };
    let head = LAB.split("[[node]]").next().unwrap();
    let nodes = |nodes: &str| format!("{head}node = {nodes}\n");
    let master = "{ name = \"a\", address = \"192.168.56.9\", role = \"master\" }";
    let mut texts = vec![
        LAB.replace('\n', "\r\n"),
        format!("\u{feff}{LAB}"),
        nodes("[]"),
        nodes(&format!("[{master}]")),
        nodes(&format!("[\n  {master}, # one\n]")),
        nodes(&format!("[ {}]", master.replace(", ", ",\n"))),
        nodes(&format!("[ {}]", master.replace(" }", ", }"))),
        nodes(&format!("[ {master} {master} ]")),
        nodes(&format!("[{master}]\n[[node]]\nname = \"b\"\naddress = \"192.168.56.8\"\nrole = \"worker\"")),
        nodes(&format!("[{master}]\nversions.kubernetes = \"1.32\"\nversions.\"cri-o\" = '1.32'")),
        nodes(&format!("[{master}]\nversions.a = \"1\"\n[versions]\nb = \"2\"")),
        nodes(&format!("[{master}]\nversions = {{ a = \"1\" }}\nversions.b = \"2\"")),
        nodes("{ name = \"a\" }"),
        nodes("\"master\""),
        nodes("[\"master\"]"),
        format!("{LAB}[versions]\n"),
        format!("{LAB}[versions.more]\n"),
        format!("{LAB}[node]\n"),
        format!("{LAB}[[versions]]\n"),
        format!("{LAB}[other]\nx = 1\n"),
        format!("{LAB}a.b = \"1\"\n"),
        format!("{LAB}\"\" = \"empty\"\n"),
        format!("{LAB}crun = 1.32\n"),
        format!("{LAB}crun = 1979-05-27\n"),
        format!("{LAB}crun = true\n"),
        format!("{LAB}crun = '''\n1.'32''\n'''\n"),
        format!("{LAB}crun = \"\"\"1.\\\n   32\\u00e9\\U0001F600 \"\" \"\"\"\"\n"),
        format!("{LAB}crun = \"\\ud800\"\n"),
        format!("{LAB}crun = \"\\q\"\n"),
        format!("{LAB}crun = \"\\e\\x41\"\n"),
        format!("{LAB}# a tab\t and a bell \u{7}\n"),
        LAB.trim_end().to_owned(),
        String::new(),
        "\0".to_owned(),
    ];
    let pairs = [
        ("\"lab\"", "\"\""),
        ("\"lab\"", "\"\"\"lab\"\"\""),
        ("\"lab\"", "'l\\ab'"),
        ("name = \"lab\"", "\"name\" = \"lab\""),
        ("name = \"lab\"", "'na me' = \"lab\""),
        ("name = \"lab\"", "name.first = \"lab\""),
        ("[[node]]", "[[ node ]]  # here"),
        ("[[node]]", "[[\"node\"]]"),
        ("[[node]]", "[ [node]]"),
        ("[versions]", "[ 'versions' ]"),
        ("[versions]", "[versions]\n[versions]"),
        ("[versions]\nkubernetes = \"1.32\"\n", ""),
        ("cpus = 4", "cpus = 0x4"),
        ("cpus = 4", "cpus = 0b1_0"),
        ("cpus = 4", "cpus = +4"),
        ("cpus = 4", "cpus = 04"),
        ("cpus = 4", "cpus = 4_"),
        ("cpus = 4", "cpus = 4.0"),
        ("cpus = 4", "cpus = 0"),
        ("cpus = 4", "cpus = -4"),
        ("cpus = 4", "cpus = 4294967295"),
        ("cpus = 4", "cpus = 4294967296"),
        ("cpus = 4", "cpus = \"4\""),
        ("cpus = 4", "cpu = 4"),
        ("cpus = 4", "cpus = [4]"),
        ("\"192.168.56.0/24\"", "\"192.168.56.77/+24\""),
        ("\"192.168.56.0/24\"", "\"192.168.56.0/024\""),
        ("\"192.168.56.0/24\"", "\"192.168.56.0/33\""),
        ("\"192.168.56.0/24\"", "\"192.168.56.0/24/1\""),
        ("\"192.168.56.0/24\"", "\"0.0.0.0/0\""),
        ("\"10.17.0.0/16\"", "\"fd00::/64\""),
        ("\"10.17.0.0/16\"", "\"fd00::1.2.3.4/129\""),
        ("\"10.17.0.0/16\"", "\"192.168.0.0/16\""),
        ("\"10.17.0.0/16\"", "\"10.96.0.0/32\""),
        ("\"192.168.56.11\"", "\"192.168.56.011\""),
        ("\"192.168.56.11\"", "\"192.168.56.256\""),
        ("\"192.168.56.11\"", "\"192.168.56.10\""),
        ("\"192.168.56.11\"", "\"192.168.57.11\""),
        ("\"192.168.56.11\"", "\"::192.168.56.11\""),
        ("\"192.168.56.11\"", "\"fe80::1%eth0\""),
        ("\"node01\"", "\"master\""),
        ("\"node01\"", "\"Node01\""),
        ("\"node01\"", "\"-node\""),
        ("\"node01\"", "\"a.b\""),
        ("\"worker\"", "\"master\""),
        ("\"master\"\ncpus", "\"worker\"\ncpus"),
        ("\"worker\"", "\"Worker\""),
    ];
    texts.extend(pairs.map(|(from, to)| changed(from, to)));
    texts.push(changed("\"node01\"", &format!("\"{}\"", "x".repeat(63))));
    texts.push(changed("\"node01\"", &format!("\"{}\"", "x".repeat(64))));
    // Another family altogether.
    texts.push(LAB.replace("192.168.56.0/24", "fd56::/64").replace("192.168.56.", "fd56::"));
    texts
}

#[test]
fn a_lab_is_read_as_labkit_reads_it() {
    if !installed("ruby") {
        return;
    }
    let mut texts = rewritten();
    texts.extend(spoiled(LAB));
    let mut good = 0;
    for (text, said) in texts.iter().zip(read_by_ruby(&texts)) {
        match Nodes::parse(text, Path::new("lab.toml")) {
            Ok(nodes) => {
                let again = said["lab"].as_str();
                let again = again.unwrap_or_else(|| panic!("labkit reads it, and Ruby says {said}:\n{text}"));
                assert_eq!(Nodes::parse(again, Path::new("again")).unwrap(), nodes, "{text}");
                good += 1;
            }
            Err(error) => assert!(said["why"].is_string(), "Ruby reads it, and labkit says {error}:\n{text}"),
        }
    }
    // Within names, versions and comments most bytes may be others.
    assert!(good > 300 && texts.len() - good > 3000, "{good} of {} are labs", texts.len());
}

#[test]
fn what_is_wrong_with_a_lab_is_said_with_file_line_value_and_remedy() {
    if !installed("ruby") {
        return;
    }
    let cases = [
        ("\"192.168.56.11\"", "\"192.168.56.10\"", "lab.toml: master and node01 have the same address 192.168.56.10"),
        ("\"node01\"", "\"master\"", "lab.toml: two nodes are called `master`"),
        ("\"node01\"", "\"Node_1\"", "lab.toml line 13: `Node_1` is no host name"),
        ("\"worker\"", "\"boss\"", "lab.toml line 15: `boss` is no role"),
        ("role = \"worker\"", "roll = \"worker\"", "lab.toml line 15: `roll` is not known"),
        ("role = \"worker\"\n", "", "lab.toml line 12: `role` is missing"),
        ("192.168.56.11", "192.168.56.300", "lab.toml line 14: `192.168.56.300` is no address"),
        ("192.168.56.11", "10.0.2.15", "lab.toml: node01: 10.0.2.15 is not in `network` 192.168.56.0/24"),
        ("10.96.0.0/12", "10.17.1.0/24", "lab.toml: `service_cidr` 10.17.1.0/24 overlaps `pod_cidr` 10.17.0.0/16"),
        ("cpus = 4", "cpus = 0", "lab.toml line 10: `cpus` is no number from 1 on"),
        ("cpus = 4", "cpus = four", "lab.toml line 10: `four` is no value that a lab.toml has"),
        ("name = \"lab\"", "name = \"lab", "lab.toml line 1: the text that begins here is not closed"),
        ("\"worker\"", "\"master\"", "lab.toml: 2 nodes have the role `master`"),
    ];
    let texts: Vec<String> = cases.iter().map(|(from, to, _)| LAB.replacen(from, to, 1)).collect();
    for ((from, to, begins), said) in cases.iter().zip(read_by_ruby(&texts)) {
        let why = said["why"].as_str().unwrap_or_default();
        assert!(why.starts_with(begins) && why.contains("\nhint: "), "{from} -> {to}: {said}");
    }
}

/// A directory with the shipped Vagrantfile, and a place for what Vagrant keeps.
struct Desk {
    dir: TempDir,
}

impl Desk {
    fn new() -> Desk {
        let desk = Desk { dir: tempfile::tempdir().unwrap() };
        for name in ["home", "lab", "programs"] {
            fs::create_dir(desk.dir.path().join(name)).unwrap();
        }
        desk.lay_out("lab");
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Copies what is shipped.
    fn lay_out(&self, name: &str) {
        fs::create_dir_all(self.path(name).join("lib")).unwrap();
        let source = Path::new(TREE).join("vagrant");
        let files = fs::read_dir(source.join("lib")).unwrap().map(|entry| entry.unwrap().path());
        for file in files.chain([source.join("Vagrantfile")]) {
            fs::copy(&file, self.path(name).join(file.strip_prefix(&source).unwrap())).unwrap();
        }
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    /// Vagrant in namespaces of its own: with no network, no libvirt, and files of the desk in the place of others.
    fn vagrant(&self, arguments: &[&str], settings: &[(&str, &str)], instead: &[(&str, &str)]) -> Said {
        self.vagrant_after(":", arguments, settings, instead)
    }

    /// The same, with a line of shell before it.
    fn vagrant_after(
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
    fn refused(&self, settings: &[(&str, &str)], instead: &[(&str, &str)]) -> String {
        let said = self.vagrant(&["up"], settings, instead);
        assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
        said.out + &said.err
    }

    /// A box with this metadata, and a disk of this many bytes that cannot be packed.
    fn add_box(&self, metadata: &Value, size: usize) {
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
fn vagrant() -> bool {
    let is_plugin = |path: PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("vagrant-libvirt-");
    let specifications = fs::read_dir("/usr/share/rubygems-integration/all/specifications").into_iter().flatten();
    let has_libvirt = specifications.flatten().any(|entry| is_plugin(entry.path()));
    installed("vagrant") && support::require("programs", has_libvirt, "`vagrant-libvirt` is not installed") && netns()
}

fn assert_says(said: &str, parts: &[&str]) {
    // Vagrant breaks no lines, but indents some.
    for part in parts {
        assert!(said.contains(part), "`{part}` is not in:\n{said}");
    }
}

/// As Vagrant names it.
const ARCHITECTURE: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };

fn libvirt_box(architecture: &str) -> Value {
    json!({ "provider": "libvirt", "format": "qcow2", "virtual_size": 2, "architecture": architecture })
}

/// By software, so that the computer's own processor does not matter.
const EMULATED: (&str, &str) = ("LABKIT_DRIVER", "qemu");
const CAPABLE: &str = "processor : 0\nflags : fpu vmx sse2\n\n";
const ROOMY: &str = "MemTotal: 16000000 kB\nMemFree: 1000000 kB\nMemAvailable: 12000000 kB\n";

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
fn a_setting_that_is_wrong_is_said_with_its_value_and_one_that_is_right() {
    if !installed("ruby") {
        return;
    }
    let cases = [
        ("cpus", "LABKIT_CPUS", "many", "LABKIT_CPUS=many: it is no number of CPUs of each machine, from 1 to 64"),
        ("cpus", "LABKIT_CPUS", "0", "LABKIT_CPUS=0: it is no number of CPUs"),
        ("network", "LABKIT_NETWORK", "192.168.57.0", "LABKIT_NETWORK=192.168.57.0: it is no IPv4 network"),
        ("network", "LABKIT_NETWORK", "fd00::/64", "LABKIT_NETWORK=fd00::/64: it is no IPv4 network"),
        (
            "exercise",
            "LABKIT_EXERCISE",
            "ex1; reboot",
            "LABKIT_EXERCISE=ex1; reboot: it is no recipe with its settings",
        ),
        ("driver", "LABKIT_DRIVER", "xen", "LABKIT_DRIVER=xen: it is neither kvm nor qemu"),
    ];
    for (setting, name, value, why) in cases {
        let code = format!(
            "begin; Labkit::Settings.new({{ {name:?} => {value:?} }}).{setting}; rescue Labkit::Refusal => e; print e; end"
        );
        let said = ruby(&["-w", "-r", "./vagrant/lib/settings", "-e", &code], "").ok();
        assert!(said.starts_with(why) && said.contains("\nhint: set it for example to "), "{name}={value}: {said}");
    }
    let code = "Labkit::Settings.new({ 'LABKIT_EXERCISE' => 'ex1 seconds=1 rounds=1', 'LABKIT_CPUS' => ' ' })";
    let said = evaluated("settings", &format!("[{code}.exercise, {code}.cpus, {code}.driver, {code}.anyway?]"));
    assert_eq!(said, "[\"ex1 seconds=1 rounds=1\", nil, \"kvm\", false]");
}

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

/// A desk with what stands in for VirtualBox, which Debian does not have, on a computer that is up to it.
fn virtualbox_desk() -> (Desk, [(&'static str, &'static str); 2]) {
    let desk = Desk::new();
    fs::copy(Path::new(TREE).join("tests/vagrant/VBoxManage"), desk.path("programs/VBoxManage")).unwrap();
    desk.write("roomy", ROOMY);
    desk.write("capable", CAPABLE);
    desk.add_box(&json!({ "provider": "virtualbox", "architecture": ARCHITECTURE }), 1 << 20);
    (desk, [("roomy", "/proc/meminfo"), ("capable", "/proc/cpuinfo")])
}

const VIRTUALBOX: (&str, &str) = ("VAGRANT_DEFAULT_PROVIDER", "virtualbox");

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

/// What an expression of Ruby is, with a file of vagrant/lib.
fn evaluated(file: &str, expression: &str) -> String {
    ruby(&["-w", "-r", &format!("./vagrant/lib/{file}"), "-e", &format!("p({expression})")], "")
        .ok()
        .trim_end()
        .to_owned()
}

#[test]
fn other_systems_tell_what_they_have_in_their_own_way() {
    if !installed("ruby") {
        return;
    }
    let vm_stat = "Mach Virtual Memory Statistics: (page size of 16384 bytes)\nPages free: 10000.\nPages active: 900000.\n\
                   Pages inactive: 50000.\nPages speculative: 4000.\nPages purgeable: 0.\n";
    assert_eq!(evaluated("host", &format!("Labkit::Host.macos_memory({vm_stat:?})")), "1000");
    assert_eq!(evaluated("host", "Labkit::Host.macos_memory('')"), "nil");
    assert_eq!(evaluated("host", "Labkit::Host.linux_memory(\"MemAvailable:   2048000 kB\\n\")"), "2000");
    assert_eq!(evaluated("host", "Labkit::Host.linux_virtualisation(\"flags : fpu svm\\n\")"), "nil");
    // ARM lists no such flags.
    assert_eq!(evaluated("host", "Labkit::Host.linux_virtualisation(\"Features : fp asimd\\n\")"), "nil");
    let networks = "\"# x\\n* 10.0.0.0/8 fd00::/64\\n\\n *192.168.0.0/16 \\n\"";
    let allowed = format!("Labkit::Host.allowed_networks({networks}).map {{ |one| \"#{{one}}/#{{one.prefix}}\" }}");
    assert_eq!(evaluated("host", &allowed), "[\"10.0.0.0/8\", \"fd00::/64\", \"192.168.0.0/16\"]");
}

#[test]
fn the_secret_is_its_owners_alone_from_its_first_byte_and_drawn_once() {
    if !installed("ruby") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(".labkit").join(name);
    let make = |before: &str| {
        let script = format!(
            "File.umask(0); {before}; begin; Labkit::Handover.new({:?}).make(Labkit::Lab.usual); print 'made'; \
             rescue Labkit::Refusal => e; print e; end",
            dir.path()
        );
        ruby(&["-w", "-r", "./vagrant/lib/handover", "-e", &script], "").ok()
    };
    // Whoever opens it for writing asks for nothing but a new file with this mode.
    let only_new = "class << File; alias before open; def open(path, *rest, &block); \
                    abort \"opened #{rest}\" if path.end_with?('secret') && rest.any? && \
                    rest != [File::WRONLY | File::CREAT | File::EXCL, 0o600]; before(path, *rest, &block); end; end";
    assert_eq!(make(only_new), "made");
    let secret = fs::read_to_string(path("secret")).unwrap();
    assert_eq!(fs::metadata(path("secret")).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(path("")).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(secret.len() == 65 && secret.trim_end().chars().all(|c| c.is_ascii_hexdigit()), "{secret}");
    assert_eq!(make(""), "made");
    assert_eq!(fs::read_to_string(path("secret")).unwrap(), secret);
    fs::set_permissions(path("secret"), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(make("").contains("secret may be read by others"));
    fs::set_permissions(path("secret"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(path("secret"), &secret[..40]).unwrap();
    assert!(make("").contains("secret is no secret of a lab: it was cut short or changed\nhint: `vagrant destroy`"));
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
