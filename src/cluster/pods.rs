//! A pod on each node that does nothing but have a network: what the proof goes from and to.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::kubectl::Kubectl;
use crate::{
    error::{Error, Result},
    nodes::Nodes,
    signal,
};

/// Where they are, and nothing else.
pub const NAMESPACE: &str = "labkit-proof";
const LOOK: Duration = Duration::from_millis(200);

/// Has one pod run on each node, and lets every kubelet see where all of them are.
pub fn apply(kubectl: Kubectl, nodes: &Nodes, image: &str) -> Result<()> {
    let of = |kind: &str, name: &str, fields: Value| {
        let api = if kind.starts_with("Role") { "rbac.authorization.k8s.io/v1" } else { "v1" };
        let mut object = json!({ "apiVersion": api, "kind": kind, "metadata": { "name": name } });
        if kind != "Namespace" {
            object["metadata"]["namespace"] = json!(NAMESPACE);
        }
        if let (Value::Object(all), Value::Object(fields)) = (&mut object, fields) {
            all.extend(fields);
        }
        object
    };
    let group = "rbac.authorization.k8s.io";
    let mut objects = vec![
        of("Namespace", NAMESPACE, json!({})),
        of(
            "Role",
            "see-pods",
            json!({ "rules": [{ "apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"] }] }),
        ),
        of(
            "RoleBinding",
            "kubelets-see-pods",
            json!({
                "roleRef": { "apiGroup": group, "kind": "Role", "name": "see-pods" },
                "subjects": [{ "apiGroup": group, "kind": "Group", "name": "system:nodes" }],
            }),
        ),
    ];
    objects.extend(nodes.nodes.iter().map(|node| {
        let spec = json!({
            "nodeName": node.name,
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "tolerations": [{ "operator": "Exists" }],
            // The one image that every node has.
            "containers": [{ "name": "pause", "image": image, "imagePullPolicy": "IfNotPresent" }],
        });
        of("Pod", node.name.as_str(), json!({ "spec": spec }))
    }));
    kubectl.apply(&objects)
}

/// The address of each node's pod, once all run.
pub fn addresses(
    kubectl: Kubectl,
    nodes: &Nodes,
    patience: Duration,
    say: &dyn Fn(&str),
) -> Result<BTreeMap<String, IpAddr>> {
    let deadline = Instant::now() + patience;
    loop {
        signal::check()?;
        let pods = kubectl.list(&["pods", "--namespace", NAMESPACE]);
        let found: BTreeMap<String, IpAddr> = pods.iter().flatten().filter_map(address).collect();
        let lacks: Vec<&str> =
            nodes.nodes.iter().map(|node| node.name.as_str()).filter(|name| !found.contains_key(*name)).collect();
        if lacks.is_empty() {
            return Ok(found);
        }
        if Instant::now() > deadline {
            let seen = pods?;
            let told = warnings(kubectl);
            let why = lacks.iter().map(|name| match told.get(*name) {
                Some(warning) => format!("{name}: {warning}"),
                None => seen.iter().filter_map(waiting).find(|why| why.starts_with(*name)).unwrap_or_default(),
            });
            let why = why.collect::<Vec<_>>().join("; ");
            return Err(Error::failed(format!("no pod of the proof runs on {}: {why}", lacks.join(", ")))
                .hint(format!("kubectl describe pods --namespace {NAMESPACE}")));
        }
        say(&format!("waits for pods on {}", lacks.join(", ")));
        thread::sleep(LOOK);
    }
}

fn address(pod: &Value) -> Option<(String, IpAddr)> {
    let status = &pod["status"];
    let address = status["podIP"].as_str()?.parse().ok()?;
    (status["phase"] == "Running").then_some((pod["spec"]["nodeName"].as_str()?.to_owned(), address))
}

/// The last thing that went wrong with each pod, by the pod's name. Only the master may see it.
fn warnings(kubectl: Kubectl) -> BTreeMap<String, String> {
    let events = kubectl.list(&["events", "--namespace", NAMESPACE, "--field-selector", "type=Warning"]);
    let mut events = events.unwrap_or_default();
    events.sort_by_key(|event| event["lastTimestamp"].as_str().unwrap_or_default().to_owned());
    let of = |event: &Value| {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Some((text(&event["involvedObject"]["name"])?, text(&event["message"])?))
    };
    events.iter().filter_map(of).collect()
}

/// What its container waits for, as the kubelet says it.
fn waiting(pod: &Value) -> Option<String> {
    let state = &pod["status"]["containerStatuses"][0]["state"]["waiting"];
    let word = |key: &str| state[key].as_str().unwrap_or_default();
    let name = pod["metadata"]["name"].as_str()?;
    (!word("reason").is_empty())
        .then(|| format!("{name}: {} {}", word("reason"), word("message")).trim_end().to_owned())
}
