//! What the recipe `ex2` tells each runtime and pod network, and `base` mpirun, as a person would type it.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use support::{Bench, golden, require, servers::succeed};

/// A lab whose master is whatever machine this is.
const LAB: &str = r#"
name = "lab"
network = "127.0.0.0/8"
pod_cidr = "10.17.0.0/16"
service_cidr = "10.96.0.0/12"
node = [
    { name = "master", address = "127.0.0.1", role = "master" },
    { name = "node01", address = "127.0.0.2", role = "worker" },
]
"#;

/// What `labkit explain RECIPE` says on the master, with these parameters.
fn script(recipe: &str, parameters: &[&str]) -> String {
    let bench = Bench::new();
    let etc = bench.state.path();
    fs::write(etc.join("lab.toml"), LAB).unwrap();
    fs::write(etc.join("secret"), "5a".repeat(32)).unwrap();
    fs::set_permissions(etc.join("secret"), fs::Permissions::from_mode(0o600)).unwrap();
    let mut command = bench.command(&["explain", recipe]);
    command.args(parameters.iter().flat_map(|parameter| ["--set", parameter]));
    // No program is needed to explain, and no kubeadm of this machine's is asked for its pause image.
    succeed(command.env("LABKIT_ETC", etc).env("LABKIT_BUNDLE", "none").env("PATH", etc))
}

/// What `labkit explain ex2` says from the packages of Kubernetes on.
fn explained(parameters: &[&str]) -> String {
    let text = script("ex2", parameters);
    let (_, text) = text.split_once("apt-mark hold ").unwrap();
    // One hierarchy of control groups or several: that is this machine's.
    text.replace("cgroup_manager = \"cgroupfs\"\nconmon_cgroup = \"pod\"\n", "cgroup_manager = \"systemd\"\n")
        .replace("SystemdCgroup = false", "SystemdCgroup = true")
}

#[test]
fn each_runtime_and_network_is_told_as_recorded() {
    let calico = ["network=calico", "encapsulation=vxlan", "manifest=/etc/labkit/calico.yaml"];
    golden("recipes/ex2-containerd.sh", &explained(&[]));
    golden("recipes/ex2-cri-o.sh", &explained(&["runtime=cri-o", "hpl=false"]));
    golden("recipes/ex2-calico.sh", &explained(&[&calico[..], &["runtime=cri-o", "hpl=false"]].concat()));
}

#[test]
fn what_is_measured_on_machines_is_told_as_recorded() {
    let text = script("base", &["n=500", "nb=64", "links=1"]);
    let at = text.find("# measure cluster").unwrap();
    golden("recipes/base.sh", &text[at..]);
}

#[test]
fn a_real_cri_o_takes_its_file() {
    // No archive of Debian's has it: named by itself, where everything else can be had.
    let is_there = Command::new("crio").arg("--version").output().is_ok();
    if !require("cri-o", is_there, "`crio` is not installed") {
        return;
    }
    let text = explained(&["runtime=cri-o"]);
    let (_, file) = text.split_once("/etc/crio/crio.conf.d/20-labkit.conf <<'END'\n").unwrap();
    let file = file.split_once("\nEND\n").unwrap().0.replace("‹pause image of kubeadm›", "registry.k8s.io/pause:3.10");
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("20-labkit.conf"), file).unwrap();
    let mut crio = Command::new("crio");
    crio.arg("--config").arg("").arg("--config-dir").arg(dir.path()).arg("config");
    let taken = succeed(&mut crio);
    for line in ["cni_default_network = \"labkit\"", "pause_image = \"registry.k8s.io/pause:3.10\""] {
        assert!(taken.lines().any(|taken| taken == line), "{taken}");
    }
}
