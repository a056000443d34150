//! Why a pod does not run, in words: what its containers wait for, what its kubelet complained of, why no node takes it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::kubectl::Kubectl;

/// What every container says that waits for another.
const USUAL: [&str; 2] = ["ContainerCreating", "PodInitializing"];

/// The last thing that went wrong with each pod of a namespace, by the pod's name. Only the master may see it.
pub fn warnings(kubectl: Kubectl, namespace: &str) -> BTreeMap<String, String> {
    let events = kubectl.list(&["events", "--namespace", namespace, "--field-selector", "type=Warning"]);
    let mut events = events.unwrap_or_default();
    events.sort_by_key(|event| event["lastTimestamp"].as_str().unwrap_or_default().to_owned());
    let of = |event: &Value| {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Some((text(&event["involvedObject"]["name"])?, text(&event["message"])?))
    };
    events.iter().filter_map(of).collect()
}

/// In the pod's own words, or in those of the last warning of it: an image that cannot be had is named by its container, a
/// volume that cannot be mounted by a warning alone.
pub fn of(pod: &Value, warnings: &BTreeMap<String, String>) -> String {
    let waiting = waiting(pod);
    let is_usual = |why: &String| USUAL.iter().any(|usual| why.starts_with(usual));
    let warning = pod["metadata"]["name"].as_str().and_then(|name| warnings.get(name)).cloned();
    let known = waiting.clone().filter(|why| !is_usual(why)).or(warning).or_else(|| unscheduled(pod)).or(waiting);
    known.unwrap_or_else(|| "not ready".to_owned())
}

/// What the first of its containers waits for, as the kubelet says it.
fn waiting(pod: &Value) -> Option<String> {
    let all = ["initContainerStatuses", "containerStatuses"].into_iter();
    let mut states = all.flat_map(|of| pod["status"][of].as_array().into_iter().flatten());
    let state = states.find_map(|status| status["state"].get("waiting"))?;
    let word = |key: &str| state[key].as_str().unwrap_or_default();
    let message = word("message").split_whitespace().collect::<Vec<_>>().join(" ");
    Some(format!("{}: {message}", word("reason")).trim_end_matches([':', ' ']).to_owned())
}

/// Why the scheduler has no node for it: `0/3 nodes are available: 1 Insufficient cpu`.
fn unscheduled(pod: &Value) -> Option<String> {
    let mut conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    let lacking = conditions.find(|one| one["type"] == "PodScheduled" && one["status"] == "False")?;
    Some(format!("Pending: {}", lacking["message"].as_str()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_reason_is_the_one_that_says_most() {
        let pod = |status: Value| json!({ "metadata": { "name": "one" }, "status": status });
        let waits =
            |reason: &str, message: &str| json!([{ "state": { "waiting": { "reason": reason, "message": message } } }]);
        let warnings = BTreeMap::from([("one".to_owned(), "FailedMount".to_owned())]);
        let none = BTreeMap::new();
        let image = pod(json!({
            "initContainerStatuses": waits("ImagePullBackOff", "Back-off pulling image \"x:1\""),
            "containerStatuses": waits("PodInitializing", ""),
        }));
        assert_eq!(of(&image, &warnings), "ImagePullBackOff: Back-off pulling image \"x:1\"");
        let mount = pod(json!({ "containerStatuses": waits("ContainerCreating", "") }));
        assert_eq!(of(&mount, &warnings), "FailedMount");
        assert_eq!(of(&mount, &none), "ContainerCreating");
        let full = json!([{ "type": "PodScheduled", "status": "False", "message": "0/1 nodes are available: 1 Insufficient cpu." }]);
        let full = pod(json!({ "conditions": full }));
        assert_eq!(of(&full, &none), "Pending: 0/1 nodes are available: 1 Insufficient cpu.");
        assert_eq!(of(&pod(json!({})), &none), "not ready");
    }
}
