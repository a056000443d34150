//! Pods: how many are well, and what ails the others.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::super::trouble;

#[derive(Debug, Serialize)]
pub struct Pods {
    pub namespaces: Vec<Namespace>,
    pub unwell: Vec<Unwell>,
}

/// Counts of a namespace's pods.
#[derive(Debug, Serialize)]
pub struct Namespace {
    pub name: String,
    pub pods: usize,
    pub well: usize,
}

/// A pod that is not as it should be.
#[derive(Debug, Serialize)]
pub struct Unwell {
    pub namespace: String,
    pub name: String,
    /// None where it has no place yet.
    pub node: Option<String>,
    pub why: String,
}

impl Pods {
    pub fn of(pods: &[Value]) -> Pods {
        let mut counts = BTreeMap::<&str, (usize, usize)>::new();
        let mut unwell = Vec::new();
        for pod in pods {
            let text = |place: &str| pod.pointer(place).and_then(Value::as_str);
            let namespace = text("/metadata/namespace").unwrap_or_default();
            let (all, well) = counts.entry(namespace).or_default();
            *all += 1;
            match ails(pod) {
                None => *well += 1,
                Some(why) => unwell.push(Unwell {
                    namespace: namespace.to_owned(),
                    name: text("/metadata/name").unwrap_or_default().to_owned(),
                    node: text("/spec/nodeName").map(str::to_owned),
                    why,
                }),
            }
        }
        let of = |(name, (pods, well)): (&str, (usize, usize))| Namespace { name: name.to_owned(), pods, well };
        Pods { namespaces: counts.into_iter().map(of).collect(), unwell }
    }
}

/// What is wrong with it, nearest the cause; nothing where it runs and is ready, or came to its end.
fn ails(pod: &Value) -> Option<String> {
    let status = &pod["status"];
    if status["phase"] == "Succeeded" {
        return None;
    }
    if pod["metadata"]["deletionTimestamp"].is_string() {
        return Some("it is being taken away".to_owned());
    }
    let mut conditions = status["conditions"].as_array().into_iter().flatten();
    if status["phase"] == "Running" && conditions.any(|one| one["type"] == "Ready" && one["status"] == "True") {
        return None;
    }
    let lists = ["initContainerStatuses", "containerStatuses"];
    let mut containers = lists.iter().flat_map(|list| status[*list].as_array().into_iter().flatten());
    let end = containers.find_map(end).or_else(|| said(status));
    let why = end.unwrap_or_else(|| trouble::of(pod, &BTreeMap::new()));
    Some(why.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// How a container ended, or ends again and again; nothing where it runs, waits for anything else, or ended well.
fn end(container: &Value) -> Option<String> {
    let is_again = container["state"]["waiting"]["reason"] == "CrashLoopBackOff";
    let (often, of) = match is_again {
        true => ("ends again and again", &container["lastState"]["terminated"]),
        false => ("ended", &container["state"]["terminated"]),
    };
    let code = of["exitCode"].as_i64().filter(|code| *code != 0 || is_again)?;
    // `OOMKilled` says more than its code.
    let reason = of["reason"].as_str().filter(|reason| !["Error", "Completed"].contains(reason));
    Some(format!("its program {often}, with {}", reason.map_or_else(|| format!("code {code}"), str::to_owned)))
}

/// Why the kubelet ended it as a whole: `Evicted: The node was low on resource: memory.`
fn said(status: &Value) -> Option<String> {
    let words = ["reason", "message"].iter().filter_map(|key| status[*key].as_str()).filter(|word| !word.is_empty());
    Some(words.collect::<Vec<_>>().join(": ")).filter(|words| !words.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(status: Value) -> Value {
        json!({ "metadata": { "name": "one", "namespace": "default" }, "spec": { "nodeName": "node01" }, "status": status })
    }

    fn running(is_ready: &str, containers: Value) -> Value {
        pod(json!({
            "phase": "Running", "conditions": [{ "type": "Ready", "status": is_ready }], "containerStatuses": containers,
        }))
    }

    #[test]
    fn a_pod_is_well_that_is_ready_or_came_to_its_end() {
        let pods = [running("True", json!([])), pod(json!({ "phase": "Succeeded" })), running("False", json!([]))];
        let pods = Pods::of(&pods);
        assert_eq!((pods.namespaces[0].pods, pods.namespaces[0].well, pods.unwell.len()), (3, 2, 1));
        assert_eq!(pods.unwell[0].why, "not ready");
    }

    #[test]
    fn what_ails_a_pod_is_told_nearest_the_cause() {
        let waiting = |reason: &str, message: &str| json!({ "waiting": { "reason": reason, "message": message } });
        let crash = json!([{
            "state": waiting("CrashLoopBackOff", "back-off 5m0s restarting failed container=one"),
            "lastState": { "terminated": { "exitCode": 137, "reason": "OOMKilled" } },
        }]);
        assert_eq!(ails(&running("False", crash)).unwrap(), "its program ends again and again, with OOMKilled");
        let image = json!([{ "state": waiting("ErrImagePull", "rpc error: code = NotFound\n desc = no such image") }]);
        let image = pod(json!({ "phase": "Pending", "containerStatuses": image }));
        assert_eq!(ails(&image).unwrap(), "ErrImagePull: rpc error: code = NotFound desc = no such image");
        let message = "0/2 nodes are available: 2 Insufficient cpu.";
        let condition =
            json!([{ "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message }]);
        let nowhere = pod(json!({ "phase": "Pending", "conditions": condition }));
        assert_eq!(ails(&nowhere).unwrap(), format!("Pending: {message}"));
        let evicted =
            pod(json!({ "phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory." }));
        assert_eq!(ails(&evicted).unwrap(), "Evicted: The node was low on resource: memory.");
        let over = json!([{ "state": { "terminated": { "exitCode": 3, "reason": "Error" } } }]);
        let over = pod(json!({ "phase": "Failed", "containerStatuses": over }));
        assert_eq!(ails(&over).unwrap(), "its program ended, with code 3");
    }
}
