//! A lock that has kubeadm has the images of its cluster: a real kubeadm, built from source, is asked.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::{fs, path::PathBuf};

use support::{
    Said, installed, kubernetes,
    stock::{Images, PROGRAMS, Stock, built, verify},
};

/// What kubeadm 1.20.2 prints (`kubeadm config images list --kubernetes-version=v1.20.2`).
const CLUSTER: [&str; 7] = [
    "k8s.gcr.io/coredns:1.7.0",
    "k8s.gcr.io/etcd:3.4.13-0",
    "k8s.gcr.io/kube-apiserver:v1.20.2",
    "k8s.gcr.io/kube-controller-manager:v1.20.2",
    "k8s.gcr.io/kube-proxy:v1.20.2",
    "k8s.gcr.io/kube-scheduler:v1.20.2",
    "k8s.gcr.io/pause:3.2",
];

/// What the package depends on. Nobody asks these for anything: in the archive they are small ones.
const DEPENDS: [&str; 4] = ["kubelet", "kubectl", "kubernetes-cni", "cri-tools"];

/// The real package among the others of an archive; none where it cannot be had.
fn stock() -> Option<Stock> {
    if !PROGRAMS.iter().all(|program| installed(program)) {
        return None;
    }
    let package = kubernetes::package("kubeadm")?;
    let stock = Stock::new();
    fs::copy(&package, stock.path("www/apt/pool").join(package.file_name().unwrap())).unwrap();
    DEPENDS.iter().for_each(|name| stock.add_deb(name, "1.20.2-00", "amd64", "", 100));
    stock.publish();
    Some(stock)
}

/// Images of those names, small ones, for two architectures.
fn push_cluster(stock: &Stock) {
    let layout = Images::new();
    ["amd64", "arm64"].iter().for_each(|one| layout.add(one, one, 5_000));
    layout.join("both", &[("amd64", "amd64"), ("arm64", "arm64")]);
    CLUSTER.iter().for_each(|name| stock.copy_to(&layout, "both", name.split_once('/').unwrap().1));
}

fn lock(stock: &Stock, more: &[&str]) -> (PathBuf, Said) {
    let file = stock.path("cluster.lock");
    let registry = format!("k8s.gcr.io={}", stock.registry.url(""));
    let said = stock.lock_of(&file, &[&["--registry", &registry, "--package", "kubeadm"], more].concat());
    (file, said)
}

/// Its images, with what each is wanted by.
fn images(text: &str) -> Vec<(String, String)> {
    let line = |block: &str, key: &str| {
        let found = block.lines().find_map(|line| line.strip_prefix(&format!("{key} = ")));
        found.unwrap_or_default().trim_matches(['"', '[', ']']).to_owned()
    };
    text.split("\n[[image]]\n").skip(1).map(|block| (line(block, "name"), line(block, "wanted_by"))).collect()
}

#[test]
fn the_images_that_a_real_kubeadm_names_are_locked_and_built() {
    let Some(stock) = stock() else { return };
    push_cluster(&stock);
    let (file, said) = lock(&stock, &["--arch", "amd64"]);
    said.ok();
    let text = fs::read_to_string(&file).unwrap();
    let expected = CLUSTER.map(|name| (name.to_owned(), "kubeadm 1.20.2-00".to_owned()));
    assert_eq!(images(&text), expected);
    let bundle = stock.path("cluster.bundle");
    assert_eq!(built(&file, &bundle, &[])["items"], 7 + 1 + 4 + 1, "images, the package, what it depends on, the lock");
    verify(&bundle, &[]).ok();
}

#[test]
fn for_another_architecture_this_machines_kubeadm_of_that_version_is_asked() {
    let Some(stock) = stock() else { return };
    push_cluster(&stock);
    // Nothing in it runs here, or anywhere.
    stock.add_deb("kubeadm", "1.20.2-00", "arm64", "", 100);
    stock.publish();
    let (file, said) = lock(&stock, &["--arch", "arm64"]);
    said.ok();
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(images(&text).iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), CLUSTER);
    assert!(!text.contains("amd64"), "{text}");
}

#[test]
fn a_kubeadm_that_names_no_images_and_an_image_that_is_not_there_are_told() {
    let Some(stock) = stock() else { return };
    let (file, said) = lock(&stock, &["--arch", "amd64"]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.starts_with("error: image `k8s.gcr.io/coredns:1.7.0` for amd64: "), "{}", said.err);
    assert!(said.err.contains("it is not there (404)"), "{}", said.err);
    stock.add_deb("kubeadm", "1.20.3-00", "amd64", "", 100);
    stock.publish();
    let (_, said) = lock(&stock, &["--arch", "amd64"]);
    assert_eq!(said.code, Some(1));
    let expected = "error: ask kubeadm 1.20.3-00 for its images: it has no /usr/bin/kubeadm\n";
    assert!(said.err.starts_with(expected), "{}", said.err);
    assert!(!file.exists());
}
