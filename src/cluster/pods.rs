//! A pod on each node that greets whoever connects: what the proof goes from and to.

use std::{
    collections::BTreeMap,
    env,
    net::IpAddr,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{hello, kubectl::Kubectl, trouble};
use crate::{
    error::{Context, Error, Result},
    names::HostName,
    nodes::{Node, Nodes},
    signal,
};

/// Where they are, and nothing else.
pub const NAMESPACE: &str = "labkit-proof";
/// The one that has all of them behind it.
pub const SERVICE: &str = "hello";
/// Where labkit is in a pod.
const INSIDE: &str = "/labkit";
/// Each look is a kubectl, a tenth of a second of a CPU that the pods need to come up.
const LOOK: Duration = Duration::from_millis(500);

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
    objects.push(of(
        "Service",
        SERVICE,
        json!({ "spec": { "selector": { "app": SERVICE }, "ports": [{ "port": hello::PORT, "protocol": "TCP" }] } }),
    ));
    let program = env::current_exe().context(|| "find labkit itself")?;
    for node in &nodes.nodes {
        let mut pod =
            of("Pod", node.name.as_str(), json!({ "spec": spec(node, &name_of(nodes, &node.name), image, &program) }));
        pod["metadata"]["labels"] = json!({ "app": SERVICE });
        objects.push(pod);
    }
    forget_others(kubectl, &objects)?;
    kubectl.apply(&objects)
}

/// `pod 1`, by the node's place in lab.toml.
pub fn name_of(nodes: &Nodes, node: &HostName) -> String {
    let place = nodes.nodes.iter().position(|one| one.name == *node).unwrap_or_default();
    format!("pod {}", place + 1)
}

fn spec(node: &Node, name: &str, image: &str, program: &Path) -> Value {
    json!({
        "nodeName": node.name,
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 0,
        "automountServiceAccountToken": false,
        "enableServiceLinks": false,
        "tolerations": [{ "operator": "Exists" }],
        // labkit, in the one image that every node has.
        "volumes": [{ "name": "labkit", "hostPath": { "path": program, "type": "File" } }],
        "containers": [{
            "name": "hello",
            "image": image,
            "imagePullPolicy": "IfNotPresent",
            "command": [INSIDE, "hello", name],
            "volumeMounts": [{ "name": "labkit", "mountPath": INSIDE, "readOnly": true }],
            "securityContext": {
                "runAsNonRoot": true,
                "runAsUser": 65534,
                "readOnlyRootFilesystem": true,
                "allowPrivilegeEscalation": false,
                "capabilities": { "drop": ["ALL"] },
            },
        }],
    })
}

/// Pods cannot be told another program or image: those that have one go first.
fn forget_others(kubectl: Kubectl, objects: &[Value]) -> Result<()> {
    let told = |pod: &Value| {
        let spec = &pod["spec"];
        let path =
            spec["volumes"].as_array().into_iter().flatten().find_map(|volume| volume["hostPath"]["path"].as_str());
        let container = &spec["containers"][0];
        (path.map(str::to_owned), container["image"].clone(), container["command"].clone())
    };
    for pod in kubectl.list(&["pods", "--namespace", NAMESPACE])? {
        let is_same =
            |wanted: &&Value| wanted["kind"] == "Pod" && wanted["metadata"]["name"] == pod["metadata"]["name"];
        if let (Some(wanted), Some(name)) = (objects.iter().find(is_same), pod["metadata"]["name"].as_str())
            && told(wanted) != told(&pod)
        {
            kubectl.delete(&["pod", name, "--namespace", NAMESPACE])?;
        }
    }
    Ok(())
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
            let warnings = trouble::warnings(kubectl, NAMESPACE);
            let why = lacks.iter().map(|name| match seen.iter().find(|pod| pod["metadata"]["name"] == **name) {
                Some(pod) => format!("{name}: {}", trouble::of(pod, &warnings)),
                None => format!("{name}: there is none"),
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
