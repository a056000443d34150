//! Upstream's own manifests of Calico, read by a real kubectl and patched: what is other, and that nothing else is.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    process::Command,
};

use labkit::cluster::{Encapsulation, manifest, patched};
use serde_json::Value;
use support::{TempDir, fixture, kubernetes, servers::succeed};

const RELEASES: [&str; 2] = ["v3.25.0", "v3.30.7"];
/// How many objects each has.
const OBJECTS: [usize; 2] = [27, 39];

/// The kubectl of the machines of the testbed, and where it is for as long as the test.
fn kubectl() -> Option<(TempDir, PathBuf)> {
    let package = kubernetes::package("kubectl")?;
    let dir = tempfile::tempdir().unwrap();
    succeed(Command::new("dpkg-deb").arg("-x").arg(package).arg(dir.path()));
    let program = dir.path().join("usr/bin/kubectl");
    Some((dir, program))
}

/// As labkit reads a manifest, by this kubectl.
fn objects(kubectl: &PathBuf, text: &str) -> Vec<Value> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("calico.yaml");
    std::fs::write(&file, text).unwrap();
    let argv = manifest::argv(file.to_str().unwrap());
    manifest::printed_objects(&succeed(Command::new(kubectl).args(&argv[1..]))).unwrap()
}

/// Where two values differ, as JSON pointers; what has a name in a list stands there by its name, and a list of plain
/// values is one value.
fn differences(one: &Value, other: &Value, at: &str, found: &mut BTreeMap<String, Value>) {
    let by_name = |list: &[Value]| -> Option<BTreeMap<String, Value>> {
        list.iter().map(|item| Some((item["name"].as_str()?.to_owned(), item.clone()))).collect()
    };
    let parts = |value: &Value| match value {
        Value::Object(all) => Some(all.clone().into_iter().collect()),
        Value::Array(list) => by_name(list),
        _ => None,
    };
    match (parts(one), parts(other)) {
        (Some(one), Some(other)) => {
            let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for key in keys {
                let of = |all: &BTreeMap<String, Value>| all.get(key).cloned().unwrap_or_default();
                differences(&of(&one), &of(&other), &format!("{at}/{key}"), found);
            }
        }
        _ if one == other => {}
        _ => drop(found.insert(at.to_owned(), other.clone())),
    }
}

fn title(object: &Value) -> String {
    format!("{} {}", object["kind"].as_str().unwrap(), object["metadata"]["name"].as_str().unwrap())
}

/// Everything that is other after the patches, in this encapsulation: where, and what stands there now.
fn expected(encapsulation: Encapsulation) -> BTreeMap<String, Value> {
    let pod = "DaemonSet calico-node/spec/template/spec";
    let container = format!("{pod}/containers/calico-node");
    let env = |name: &str, value: &str| {
        (format!("{container}/env/{name}"), serde_json::json!({ "name": name, "value": value }))
    };
    // Upstream wraps all packets in IP: `ipip` is as it is there.
    let mut all = BTreeMap::from([
        env("CALICO_IPV4POOL_CIDR", "10.17.0.0/16"),
        env("IP_AUTODETECTION_METHOD", "kubernetes-internal-ip"),
        env("FELIX_USAGEREPORTINGENABLED", "false"),
        (format!("{container}/resources/requests/cpu"), "25m".into()),
        (format!("{pod}/initContainers/upgrade-ipam"), Value::Null),
        (format!("{pod}/initContainers/mount-bpffs"), Value::Null),
    ]);
    let mut pool = |name: &str, value: &str| drop(all.insert(format!("{container}/env/{name}/value"), value.into()));
    if encapsulation != Encapsulation::Ipip {
        pool("CALICO_IPV4POOL_IPIP", "Never");
    }
    match encapsulation {
        Encapsulation::CrossSubnet => pool("CALICO_IPV4POOL_VXLAN", "CrossSubnet"),
        Encapsulation::Vxlan => pool("CALICO_IPV4POOL_VXLAN", "Always"),
        Encapsulation::None | Encapsulation::Ipip => return all,
    }
    all.insert("ConfigMap calico-config/data/calico_backend".to_owned(), "vxlan".into());
    for (probe, flag) in [("livenessProbe", "-felix-live"), ("readinessProbe", "-felix-ready")] {
        all.insert(format!("{container}/{probe}/exec/command"), serde_json::json!(["/bin/calico-node", flag]));
    }
    all
}

#[test]
fn genuine_manifests_differ_in_what_is_patched_and_in_nothing_else() {
    let Some((_dir, kubectl)) = kubectl() else { return };
    for (release, count) in RELEASES.iter().zip(OBJECTS) {
        let Some(text) = fixture(&format!("manifests/calico-{release}.yaml")) else { return };
        let upstream = objects(&kubectl, &text);
        assert_eq!(upstream.len(), count, "{release}");
        for encapsulation in
            [Encapsulation::None, Encapsulation::CrossSubnet, Encapsulation::Ipip, Encapsulation::Vxlan]
        {
            let made = patched(upstream.clone(), &"10.17.0.0/16".parse().unwrap(), encapsulation).unwrap();
            assert_eq!(made.len(), count, "{release}");
            let mut found = BTreeMap::new();
            for (one, other) in upstream.iter().zip(&made) {
                differences(one, other, &title(one), &mut found);
            }
            assert_eq!(found, expected(encapsulation), "{release} {encapsulation:?}");
        }
    }
}

#[test]
fn a_manifest_that_is_none_of_calicos_is_refused_by_what_it_lacks() {
    let Some((_dir, kubectl)) = kubectl() else { return };
    let Some(text) = fixture("manifests/calico-v3.25.0.yaml") else { return };
    for (from, to, why) in [
        ("kind: DaemonSet", "kind: Deployment", "it has no DaemonSet calico-node"),
        ("  calico_backend: ", "  other_backend: ", "ConfigMap calico-config has no data/calico_backend"),
        (
            "        - name: calico-node\n",
            "        - name: other\n",
            "DaemonSet calico-node has no container calico-node",
        ),
    ] {
        let upstream = objects(&kubectl, &text.replace(from, to));
        let error = patched(upstream, &"10.17.0.0/16".parse().unwrap(), Encapsulation::Vxlan).unwrap_err();
        assert_eq!(error.to_string(), why);
    }
}
