//! Calico on a real API server: what is applied, what is said of images that cannot be had, what goes again.

use std::fs;

use crate::support::{
    self,
    cluster::{KUBECTL, MASTER, at_once, machines, of_two},
    testbed::{NAMES, Testbed, assert_same},
};

/// What a list of the cluster holds.
fn items(testbed: &Testbed, what: &str) -> Vec<serde_json::Value> {
    let list = testbed.sh(MASTER, &format!("{KUBECTL} get {what} --output json")).ok();
    let mut list: serde_json::Value = serde_json::from_str(&list).unwrap();
    serde_json::from_value(list["items"].take()).unwrap()
}

/// What Calico leaves where its pods ran, as it makes it (its pods cannot run here), and a route of somebody else.
const TRACES: &str = "mkdir -p /var/lib/calico /var/log/calico/cni /run/calico; touch /var/lib/calico/mtu; \
    ip link add cali0123456789a type veth peer name calipeer; \
    ip link add vxlan.calico type vxlan id 4096 dstport 4789 local 192.168.56.10; ip link set vxlan.calico up; \
    ip route add blackhole 10.17.42.0/26 proto 80; ip route add 10.17.43.0/26 via 192.168.56.11 proto 12; \
    ip route add 10.99.0.0/24 via 192.168.56.11 proto static; iptables -N cali-FORWARD; \
    iptables -I FORWARD -m comment --comment cali:wUHhoiAYhphO9Mso -j cali-FORWARD; \
    iptables -A FORWARD -m comment --comment cali:S93hcgKJrXEqnTfs -m mark --mark 0x10000/0x10000 -j ACCEPT";

#[test]
fn calico_is_applied_as_it_is_patched_and_an_image_that_cannot_be_had_is_named() {
    let Some(manifest) = support::fixture("manifests/calico-v3.25.0.yaml") else { return };
    let Some(testbed) = machines(2) else { return };
    let names = &NAMES[..2];
    // Every kernel that a distribution ships has it, and Calico's pod asks for it.
    let prepare =
        "[ -d /sys/fs/bpf ] || { mount -o remount,rw /sys && mkdir /sys/fs/bpf && mount -o remount,ro /sys; }";
    for name in names {
        fs::write(testbed.root(name).join("etc/labkit/lab.toml"), of_two()).unwrap();
        fs::write(testbed.root(name).join("etc/labkit/calico.yaml"), &manifest).unwrap();
        testbed.sh(name, prepare).ok();
    }
    let before: Vec<String> = names.iter().map(|name| testbed.state(name)).collect();
    let arguments = |patience: &'static str| {
        ["run", "ex2", "--set", "network=calico", "--set", "manifest=/etc/labkit/calico.yaml", "--set", patience]
    };
    let all = at_once(&testbed, names, &arguments("patience=60"));
    assert!(all[0].err.contains("changed   pod network calico: apply it"), "{}", all[0].err);
    for (said, nodes) in all.iter().zip([names, &names[1..]]) {
        assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
        let told = said.err.lines().find(|line| line.contains("not ready within 60 s: ")).unwrap();
        let (_, told) = told.split_once(" s: ").unwrap();
        for (name, why) in nodes.iter().zip(told.split("; ")) {
            assert!(why.starts_with(&format!("{name} (calico-node: ")), "{told}");
            assert!(why.contains("\"docker.io/calico/cni:v3.25.0\""), "{told}");
        }
    }

    let definitions = items(&testbed, "customresourcedefinitions");
    assert_eq!(definitions.len(), 17);
    let is_established = |one: &serde_json::Value| {
        let conditions = one["status"]["conditions"].as_array().unwrap();
        conditions.iter().any(|one| one["type"] == "Established" && one["status"] == "True")
    };
    assert!(definitions.iter().all(is_established), "{definitions:?}");
    let daemons = items(&testbed, "daemonsets --namespace kube-system --selector k8s-app=calico-node");
    let pod = &daemons[0]["spec"]["template"]["spec"];
    let env = |name: &str| {
        let all = pod["containers"][0]["env"].as_array().unwrap();
        all.iter().find(|one| one["name"] == name).unwrap()["value"].as_str().unwrap().to_owned()
    };
    assert_eq!(env("CALICO_IPV4POOL_CIDR"), "10.17.0.0/16");
    assert_eq!(env("CALICO_IPV4POOL_VXLAN"), "CrossSubnet");
    assert_eq!(env("IP_AUTODETECTION_METHOD"), "kubernetes-internal-ip");
    assert_eq!(pod["containers"][0]["resources"]["requests"]["cpu"], "25m");
    assert_eq!(pod["initContainers"].as_array().unwrap().len(), 1);

    // Told twice it is done once, and what somebody changed is put right.
    let again = testbed.labkit(MASTER, &arguments("patience=1"));
    assert_eq!(again.code, Some(1), "{}{}", again.out, again.err);
    assert!(!again.err.contains("changed "), "{}", again.err);
    let other = "set env daemonset/calico-node --namespace kube-system CALICO_IPV4POOL_IPIP=Always";
    testbed.sh(MASTER, &format!("{KUBECTL} {other}")).ok();
    let mended = testbed.labkit(MASTER, &arguments("patience=1"));
    assert!(mended.err.contains("changed   pod network calico: apply it"), "{}", mended.err);

    testbed.sh(MASTER, TRACES).ok();
    for said in at_once(&testbed, names, &["undo", "ex2"]) {
        said.ok();
    }
    let rest = "find /var/lib/calico /var/log/calico /run/calico /run/nodeagent /etc/cni /run/netns/* 2>/dev/null || :; \
                ip -br link | grep cali || :; iptables-save | grep -E 'KUBE|CNI|cali' || :; \
                ip route | grep -E '^(blackhole )?10\\.(17|99)\\.'";
    assert_eq!(testbed.sh(MASTER, rest).ok(), "10.99.0.0/24 via 192.168.56.11 dev eth1 proto static \n");
    for (name, before) in names.iter().zip(&before) {
        assert_same(before, &testbed.state(name), &format!("{name} after undo"));
    }
}
