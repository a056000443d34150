//! A node of the lab, as the cluster knows it.

use serde::Serialize;
use serde_json::Value;

use super::super::{
    quantity,
    ready::{internal_address, unready},
};
use crate::nodes::{Node, Role};

#[derive(Debug, Serialize)]
pub struct NodeStatus {
    pub name: String,
    pub role: Role,
    /// As the cluster has it; of lab.toml where it does not know the node.
    pub address: String,
    pub ready: bool,
    /// Why it is not ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// When it became ready, or ceased to be.
    pub since: Option<String>,
    /// Version of its kubelet.
    pub kubelet: Option<String>,
    /// `containerd 1.6.20`
    pub runtime: Option<String>,
    /// What pods there asked for; nothing where they cannot be seen.
    pub cpus_requested: Option<f64>,
    /// What pods there may have.
    pub cpus: Option<f64>,
    pub memory_requested_bytes: Option<u64>,
    pub memory_bytes: Option<u64>,
}

impl NodeStatus {
    /// By the cluster's nodes and pods.
    pub fn of(node: &Node, known: &[Value], pods: Option<&Vec<Value>>) -> NodeStatus {
        let none = Value::Null;
        let found = known.iter().find(|one| one["metadata"]["name"] == *node.name.as_str());
        let status = &found.unwrap_or(&none)["status"];
        let text = |place: &str| status.pointer(place).and_then(Value::as_str).map(str::to_owned);
        let here = pods
            .filter(|_| found.is_some())
            .map(|pods| pods.iter().filter(|pod| pod["spec"]["nodeName"] == *node.name.as_str()).collect::<Vec<_>>());
        let requested = |what: &str| here.as_ref().map(|pods| pods.iter().map(|pod| requests(pod, what)).sum());
        let allocatable = |what: &str| quantity::read(&status["allocatable"][what]);
        let why = match found {
            Some(found) => unready(found),
            None => Some("it has not joined".to_owned()),
        };
        NodeStatus {
            name: node.name.to_string(),
            role: node.role,
            address: found.and_then(internal_address).map_or_else(|| node.address.to_string(), str::to_owned),
            ready: why.is_none(),
            why,
            since: since(status),
            kubelet: text("/nodeInfo/kubeletVersion"),
            runtime: text("/nodeInfo/containerRuntimeVersion").map(|runtime| runtime.replace("://", " ")),
            cpus_requested: requested("cpu"),
            cpus: allocatable("cpu"),
            memory_requested_bytes: requested("memory").map(whole),
            memory_bytes: allocatable("memory").map(whole),
        }
    }
}

/// Of bytes.
fn whole(amount: f64) -> u64 {
    amount as u64
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn since(status: &Value) -> Option<String> {
    let ready = items(&status["conditions"]).find(|one| one["type"] == "Ready")?;
    ready["lastTransitionTime"].as_str().map(str::to_owned)
}

/// What the scheduler counts for a pod: its containers together, or the greediest of those that run before them.
fn requests(pod: &Value, what: &str) -> f64 {
    if ["Succeeded", "Failed"].iter().any(|phase| pod["status"]["phase"] == *phase) {
        return 0.0;
    }
    let of = |container: &Value| quantity::read(&container["resources"]["requests"][what]).unwrap_or(0.0);
    let together: f64 = items(&pod["spec"]["containers"]).map(of).sum();
    items(&pod["spec"]["initContainers"]).map(of).fold(together, f64::max)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_node_that_nobody_heard_of_has_not_joined() {
        let status = NodeStatus::of(&Node::worker(), &[], Some(&vec![]));
        assert_eq!((status.ready, status.why.as_deref()), (false, Some("it has not joined")));
        assert_eq!((status.address.as_str(), status.cpus_requested), ("192.168.56.11", None));
    }

    #[test]
    fn what_pods_ask_for_is_counted_as_the_scheduler_does() {
        let asks = |cpu: &str| json!({ "resources": { "requests": { "cpu": cpu } } });
        let running = json!({ "spec": { "containers": [asks("100m"), asks("0.5"), {}] } });
        assert!((requests(&running, "cpu") - 0.6).abs() < 1e-9);
        assert_eq!(requests(&running, "memory"), 0.0);
        let first = json!({ "spec": { "containers": [asks("100m")], "initContainers": [asks("2"), asks("1")] } });
        assert_eq!(requests(&first, "cpu"), 2.0);
        let over = json!({ "status": { "phase": "Succeeded" }, "spec": { "containers": [asks("1")] } });
        assert_eq!(requests(&over, "cpu"), 0.0);
    }
}
