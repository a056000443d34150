//! This machine as the cluster knows it: what its kubelet told, and whether that was this machine.

use std::fs;

use serde_json::Value;

use super::{AGAIN, JOIN};
use crate::{
    clock,
    cluster::{
        kubectl::Kubectl,
        ready::{internal_address, unready},
        twins,
    },
    finding::{Finding, State},
    nodes::Node,
};

const MACHINE_ID: &str = "/etc/machine-id";
/// Conditions that are bad where they hold, and the remedy.
const PRESSURES: [(&str, &str); 4] = [
    ("DiskPressure", "`df -h /var`: the kubelet wants a gigabyte free"),
    ("MemoryPressure", "`free -m`: give the machine more memory, or end what takes it"),
    ("PIDPressure", "`ps -e | wc -l` against /proc/sys/kernel/pid_max"),
    ("NetworkUnavailable", "its pod network has not come up: `kubectl get pods -A -o wide`"),
];

pub fn examine(kubectl: Kubectl, own: &Node) -> Vec<Finding> {
    // A kubelet since 1.32 may only see its own.
    let all =
        kubectl.list(&["nodes"]).or_else(|_| Ok(kubectl.get(&["node", own.name.as_str()])?.into_iter().collect()));
    let id = fs::read_to_string(MACHINE_ID).unwrap_or_default();
    match all {
        Ok(all) => judge(own, &all, id.trim()),
        Err(error) => vec![Finding::of_error("node", State::Bad, &error)],
    }
}

fn judge(own: &Node, all: &[Value], machine_id: &str) -> Vec<Finding> {
    let name = own.name.as_str();
    let Some(node) = all.iter().find(|node| node["metadata"]["name"] == name) else {
        return vec![Finding::bad("node", format!("the cluster knows no {name}")).remedy(AGAIN)];
    };
    let mut findings = vec![readiness(node)];
    let conditions = node["status"]["conditions"].as_array();
    for (kind, remedy) in PRESSURES {
        let holds = |one: &&Value| one["type"] == kind && one["status"] == "True";
        if let Some(one) = conditions.and_then(|all| all.iter().find(holds)) {
            findings.push(Finding::bad(kind, one["message"].as_str().unwrap_or("it holds")).remedy(remedy));
        }
    }
    if node["spec"]["unschedulable"] == true {
        findings.push(
            Finding::new("new pods", State::Note, "it takes none: it is cordoned")
                .remedy(format!("`kubectl uncordon {name}`")),
        );
    }
    findings.extend(identity(own, all, node, machine_id));
    findings
}

fn readiness(node: &Value) -> Finding {
    let conditions = node["status"]["conditions"].as_array().into_iter().flatten();
    let since = conditions.filter(|one| one["type"] == "Ready").find_map(|one| one["lastTransitionTime"].as_str());
    let since = since.map(|since| format!(" since {}", clock::for_people(since))).unwrap_or_default();
    let Some(why) = unready(node) else { return Finding::good("node", format!("ready{since}")) };
    let remedy = match () {
        () if why.contains("stopped posting") => "its kubelet does not run, or does not reach the master: see above",
        () if why.contains("network plugin") || why.contains("NetworkReady=false") || why.contains("cni") => {
            "the pods' network is not there: `sudo labkit run ex2`"
        }
        () if why.contains("runtime") => "`systemctl status containerd` on this machine",
        () => "`journalctl -u kubelet` says more",
    };
    Finding::bad("node", format!("not ready{since}: {why}")).remedy(remedy)
}

/// Whether it is this machine that the cluster knows by this name, and no other by this machine's identity.
fn identity(own: &Node, all: &[Value], node: &Value, machine_id: &str) -> Vec<Finding> {
    let id_of = |node: &Value| node["status"]["nodeInfo"]["machineID"].as_str().unwrap_or_default().to_owned();
    let mut findings = Vec::new();
    if let Some(other) = internal_address(node).filter(|address| *address != own.address.to_string()) {
        findings.push(
            Finding::bad(
                "node address",
                format!("the cluster knows {} by {other}, and lab.toml by {}", own.name, own.address),
            )
            .remedy(
                "another machine has this name, or --node-ip in /var/lib/kubelet/kubeadm-flags.env is not the lab's",
            ),
        );
    }
    let known = id_of(node);
    if !known.is_empty() && !machine_id.is_empty() && known != machine_id {
        findings.push(
            Finding::bad("machine-id", format!("another machine is known as {}: its machine-id is {known}", own.name))
                .remedy(format!("take that one out of the cluster, or `kubectl delete node {}` and {JOIN}", own.name)),
        );
    }
    findings.extend(twins::told(all).into_iter().map(|told| Finding::bad("machine-id", told)));
    findings
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "5f7c589a3bf74ef3aea560f81e889707";

    /// As kubectl printed it, cut to what is read.
    fn node(name: &str, id: &str) -> Value {
        let condition = |kind: &str, status: &str, message: &str| json!({ "type": kind, "status": status, "message": message, "lastTransitionTime": "2026-11-28T09:12:35Z" });
        json!({ "metadata": { "name": name }, "spec": {}, "status": {
            "addresses": [{ "address": "192.168.56.11", "type": "InternalIP" }, { "address": name, "type": "Hostname" }],
            "conditions": [
                condition("MemoryPressure", "False", "kubelet has sufficient memory available"),
                condition("DiskPressure", "False", "kubelet has no disk pressure"),
                condition("Ready", "True", "kubelet is posting ready status"),
            ],
            "nodeInfo": { "machineID": id },
        } })
    }

    fn found(all: &[Value]) -> Vec<String> {
        judge(&Node::worker(), all, ID)
            .into_iter()
            .map(|finding| format!("{}: {}", finding.what, finding.found))
            .collect()
    }

    #[test]
    fn a_node_that_is_ready_and_itself_is_well() {
        let all = [node("master", "another"), node("node01", ID)];
        let findings = judge(&Node::worker(), &all, ID);
        assert!(findings.len() == 1 && findings[0].state == State::Good, "{findings:?}");
    }

    #[test]
    fn what_the_kubelet_told_is_told() {
        let mut full = node("node01", ID);
        full["status"]["conditions"][1] =
            json!({ "type": "DiskPressure", "status": "True", "message": "kubelet has disk pressure" });
        full["status"]["conditions"][2] =
            json!({ "type": "Ready", "status": "Unknown", "message": "Kubelet stopped posting node status." });
        assert_eq!(
            found(&[full]),
            ["node: not ready: Kubelet stopped posting node status.", "DiskPressure: kubelet has disk pressure"]
        );
        assert_eq!(found(&[]), ["node: the cluster knows no node01"]);
    }

    #[test]
    fn another_machine_of_the_same_name_and_a_copy_of_this_one_are_named() {
        let other = found(&[node("node01", "another")]);
        assert_eq!(other[1..], ["machine-id: another machine is known as node01: its machine-id is another"]);
        let copy = found(&[node("node01", ID), node("node02", ID)]);
        assert!(copy[1].starts_with("machine-id: node01 and node02 have the same machine-id, "), "{copy:?}");
        let mut nat = node("node01", ID);
        nat["status"]["addresses"][0]["address"] = json!("10.0.2.15");
        assert_eq!(
            found(&[nat])[1..],
            ["node address: the cluster knows node01 by 10.0.2.15, and lab.toml by 192.168.56.11"]
        );
    }
}
