//! A program that is to run on every node: the pods of a DaemonSet of Kubernetes' own.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{kubectl::Kubectl, trouble};
use crate::{error::Result, nodes::Role};

const NAMESPACE: &str = "kube-system";
/// Of a pod that has no node yet, the one that it is for.
const MEANT: &str = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/0/\
                     matchFields/0/values/0";

/// What lacks on each of these nodes, by its name; nothing where the pod is ready. A worker may ask for its own alone.
/// Warnings, which cost a question more, are for the end.
pub fn lacks(role: Role, daemon: &str, nodes: &[&str], with_warnings: bool) -> Result<BTreeMap<String, String>> {
    let kubectl = Kubectl::of(role);
    let label = format!("k8s-app={daemon}");
    let mut words = vec!["pods", "--namespace", NAMESPACE, "--selector", &label];
    let own = format!("spec.nodeName={}", nodes.join(","));
    if role == Role::Worker {
        words.extend(["--field-selector", &own]);
    }
    let pods = kubectl.list(&words)?;
    let warnings = if with_warnings { trouble::warnings(kubectl, NAMESPACE) } else { BTreeMap::new() };
    let of = |name: &&str| {
        let pod = pods.iter().find(|pod| node(pod) == Some(name));
        let why = match pod {
            Some(pod) if is_ready(pod) => return None,
            Some(pod) => trouble::of(pod, &warnings),
            None => "it has no pod yet".to_owned(),
        };
        Some(((*name).to_owned(), format!("{daemon}: {why}")))
    };
    Ok(nodes.iter().filter_map(of).collect())
}

fn node(pod: &Value) -> Option<&str> {
    pod["spec"]["nodeName"].as_str().or_else(|| pod.pointer(MEANT)?.as_str())
}

fn is_ready(pod: &Value) -> bool {
    let mut conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    conditions.any(|one| one["type"] == "Ready" && one["status"] == "True")
}
