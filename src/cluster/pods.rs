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
/// Notes the digest of the labkit that a pod was given: one that was replaced since stays in it.
pub const PROGRAM: &str = "labkit/program";
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
    forget_others(kubectl, NAMESPACE, &objects)?;
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

/// Pods cannot be told another program, image or share: those that have one go first.
pub fn forget_others(kubectl: Kubectl, namespace: &str, objects: &[Value]) -> Result<()> {
    let told = |pod: &Value| {
        let spec = &pod["spec"];
        let path =
            spec["volumes"].as_array().into_iter().flatten().find_map(|volume| volume["hostPath"]["path"].as_str());
        let container = |key: &str| spec["containers"][0][key].clone();
        let network = spec["hostNetwork"].as_bool().unwrap_or(false);
        let program = pod["metadata"]["annotations"][PROGRAM].as_str().map(str::to_owned);
        (
            path.map(str::to_owned),
            program,
            network,
            container("image"),
            container("command"),
            container("resources")["limits"].clone(),
        )
    };
    for pod in kubectl.list(&["pods", "--namespace", namespace])? {
        let is_same =
            |wanted: &&Value| wanted["kind"] == "Pod" && wanted["metadata"]["name"] == pod["metadata"]["name"];
        if let (Some(wanted), Some(name)) = (objects.iter().find(is_same), pod["metadata"]["name"].as_str())
            && told(wanted) != told(&pod)
        {
            kubectl.delete(&["pod", name, "--namespace", namespace])?;
        }
    }
    Ok(())
}

/// The address of each of these pods, once all run.
pub fn addresses(
    kubectl: Kubectl,
    namespace: &str,
    names: &[&str],
    patience: Duration,
    say: &dyn Fn(&str),
) -> Result<BTreeMap<String, IpAddr>> {
    let deadline = Instant::now() + patience;
    loop {
        signal::check()?;
        let pods = kubectl.list(&["pods", "--namespace", namespace]);
        let found: BTreeMap<String, IpAddr> = pods.iter().flatten().filter_map(address).collect();
        let lacks: Vec<&str> = names.iter().copied().filter(|name| !found.contains_key(*name)).collect();
        if lacks.is_empty() {
            return Ok(found);
        }
        if Instant::now() > deadline {
            let seen = pods?;
            let warnings = trouble::warnings(kubectl, namespace);
            let why = lacks.iter().map(|name| match seen.iter().find(|pod| pod["metadata"]["name"] == **name) {
                Some(pod) => format!("{name}: {}", trouble::of(pod, &warnings)),
                None => format!("{name}: there is none"),
            });
            let why = why.collect::<Vec<_>>().join("; ");
            return Err(Error::failed(format!("pods of {namespace} do not run: {why}"))
                .hint(format!("kubectl describe pods --namespace {namespace}")));
        }
        say(&format!("waits for pods: {}", lacks.join(", ")));
        thread::sleep(LOOK);
    }
}

fn address(pod: &Value) -> Option<(String, IpAddr)> {
    let status = &pod["status"];
    let address = status["podIP"].as_str()?.parse().ok()?;
    (status["phase"] == "Running").then_some((pod["metadata"]["name"].as_str()?.to_owned(), address))
}
