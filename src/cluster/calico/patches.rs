//! What of upstream's manifest is other in a lab: parsed objects in, the same objects out, and nothing else touched.

use serde_json::{Value, json};

use super::Encapsulation;
use crate::{
    cluster::manifest::is,
    error::{Error, Result},
    names::Cidr,
};

/// The DaemonSet, and the container in it that has all that is asked of Calico.
pub const NODE: &str = "calico-node";
const SETTINGS: &str = "calico-config";
/// Begun before every pod's first start: the way from another IPAM, and file systems that only eBPF needs.
const NEEDLESS: [&str; 2] = ["upgrade-ipam", "mount-bpffs"];
/// Upstream's 250m is more than two processors have left beside a control plane and a pod that wants one of them.
const CPU: &str = "25m";
/// There is no BIRD to ask where it does not run.
const BIRD: [&str; 2] = ["-bird-live", "-bird-ready"];
const PROBES: [&str; 2] = ["livenessProbe", "readinessProbe"];

/// Fails where the manifest lacks what is to be changed: then it is none of a Calico that this knows.
pub fn patched(mut objects: Vec<Value>, pods: &Cidr, encapsulation: Encapsulation) -> Result<Vec<Value>> {
    let backend = encapsulation.backend();
    *within(object(&mut objects, "ConfigMap", SETTINGS)?, "/data/calico_backend", &format!("ConfigMap {SETTINGS}"))? =
        json!(backend);
    let daemon = format!("DaemonSet {NODE}");
    let pod = within(object(&mut objects, "DaemonSet", NODE)?, "/spec/template/spec", &daemon)?;
    if let Some(begun) = pod["initContainers"].as_array_mut() {
        begun.retain(|container| !NEEDLESS.iter().any(|name| container["name"] == *name));
    }
    let containers = within(pod, "/containers", &daemon)?.as_array_mut();
    let container = containers.and_then(|all| all.iter_mut().find(|container| container["name"] == NODE));
    let container = container.ok_or_else(|| lacks(&daemon, &format!("container {NODE}")))?;
    let named = format!("{daemon}, container {NODE}");
    let [ipip, vxlan] = encapsulation.pool();
    for (name, value) in [
        ("CALICO_IPV4POOL_CIDR", pods.to_string().as_str()),
        // Of several devices the first one is VirtualBox's NAT device, which is alike on all machines.
        ("IP_AUTODETECTION_METHOD", "kubernetes-internal-ip"),
        ("CALICO_IPV4POOL_IPIP", ipip),
        ("CALICO_IPV4POOL_VXLAN", vxlan),
        // Once a day it would ask somebody on the internet.
        ("FELIX_USAGEREPORTINGENABLED", "false"),
    ] {
        set(within(container, "/env", &named)?, name, value).ok_or_else(|| lacks(&named, "list env"))?;
    }
    *within(container, "/resources/requests/cpu", &named)? = json!(CPU);
    if backend != "bird" {
        for probe in PROBES {
            let command = within(container, &format!("/{probe}/exec/command"), &named)?.as_array_mut();
            let command = command.ok_or_else(|| lacks(&named, &format!("command of its {probe}")))?;
            command.retain(|word| !BIRD.iter().any(|bird| word == bird));
        }
    }
    Ok(objects)
}

/// Kubernetes before 1.21 knows a PodDisruptionBudget by its earlier version only; the fields are the same.
pub fn for_older(objects: &mut [Value]) {
    for object in objects.iter_mut().filter(|object| object["kind"] == "PodDisruptionBudget") {
        object["apiVersion"] = json!("policy/v1beta1");
    }
}

fn object<'a>(objects: &'a mut [Value], kind: &str, name: &str) -> Result<&'a mut Value> {
    let found = objects.iter_mut().find(|object| is(object, kind, name));
    found.ok_or_else(|| lacks("it", &format!("{kind} {name}")))
}

/// What stands at a JSON pointer.
fn within<'a>(value: &'a mut Value, pointer: &str, named: &str) -> Result<&'a mut Value> {
    value.pointer_mut(pointer).ok_or_else(|| lacks(named, &pointer[1..]))
}

fn lacks(what: &str, part: &str) -> Error {
    Error::failed(format!("{what} has no {part}")).hint("is it upstream's calico.yaml, as it was released?")
}

/// An environment variable of a container, whatever it was before.
fn set(env: &mut Value, name: &str, value: &str) -> Option<()> {
    let wanted = json!({ "name": name, "value": value });
    let all = env.as_array_mut()?;
    match all.iter_mut().find(|one| one["name"] == name) {
        Some(known) => *known = wanted,
        None => all.push(wanted),
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As small as a manifest with everything that is patched can be.
    fn manifest() -> Vec<Value> {
        let command = |of: &str| json!({ "exec": { "command": ["/bin/calico-node", format!("-felix-{of}"), format!("-bird-{of}")] } });
        let container = json!({
            "name": "calico-node",
            "env": [{ "name": "CALICO_IPV4POOL_IPIP", "value": "Always" },
                    { "name": "CALICO_IPV4POOL_VXLAN", "valueFrom": { "fieldRef": {} } }],
            "resources": { "requests": { "cpu": "250m" } },
            "livenessProbe": command("live"),
            "readinessProbe": command("ready"),
        });
        let begun = json!([{ "name": "upgrade-ipam" }, { "name": "install-cni" }, { "name": "mount-bpffs" }]);
        vec![
            json!({ "kind": "ConfigMap", "metadata": { "name": "calico-config" }, "data": { "calico_backend": "bird" } }),
            json!({ "kind": "DaemonSet", "metadata": { "name": "calico-node" }, "spec": { "template": { "spec": {
                "initContainers": begun, "containers": [container] } } } }),
        ]
    }

    fn made(encapsulation: Encapsulation) -> (Value, Value) {
        let all = patched(manifest(), &"10.17.0.0/16".parse().unwrap(), encapsulation).unwrap();
        (all[0]["data"]["calico_backend"].clone(), all[1]["spec"]["template"]["spec"].clone())
    }

    #[test]
    fn each_encapsulation_says_it_in_pool_backend_and_probes() {
        let felix = |of: &str, more: &[&str]| json!([&["/bin/calico-node", of], more].concat());
        for (encapsulation, backend, ipip, vxlan) in [
            (Encapsulation::None, "bird", "Never", "Never"),
            (Encapsulation::CrossSubnet, "vxlan", "Never", "CrossSubnet"),
            (Encapsulation::Ipip, "bird", "Always", "Never"),
            (Encapsulation::Vxlan, "vxlan", "Never", "Always"),
        ] {
            let (seen, pod) = made(encapsulation);
            assert_eq!(seen, backend);
            let container = &pod["containers"][0];
            assert_eq!(container["env"][0]["value"], ipip);
            // A value takes the place of a reference: both at once are refused.
            assert_eq!(container["env"][1], json!({ "name": "CALICO_IPV4POOL_VXLAN", "value": vxlan }));
            let [live, ready]: [&[&str]; 2] =
                if backend == "bird" { [&["-bird-live"], &["-bird-ready"]] } else { [&[], &[]] };
            assert_eq!(container["livenessProbe"]["exec"]["command"], felix("-felix-live", live));
            assert_eq!(container["readinessProbe"]["exec"]["command"], felix("-felix-ready", ready));
            assert_eq!(pod["initContainers"], json!([{ "name": "install-cni" }]));
            assert_eq!(container["resources"]["requests"]["cpu"], "25m");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let without = |change: &dyn Fn(&mut Vec<Value>)| {
            let mut all = manifest();
            change(&mut all);
            let pods = "10.17.0.0/16".parse().unwrap();
            patched(all, &pods, Encapsulation::Vxlan).unwrap_err().to_string()
        };
        let pod = |all: &mut Vec<Value>| all[1].pointer_mut("/spec/template/spec").unwrap().take();
        assert_eq!(without(&|all| drop(all.remove(0))), "it has no ConfigMap calico-config");
        assert_eq!(without(&|all| drop(all.pop())), "it has no DaemonSet calico-node");
        assert_eq!(without(&|all| all[0]["data"] = json!({})), "ConfigMap calico-config has no data/calico_backend");
        assert_eq!(without(&|all| drop(pod(all))), "DaemonSet calico-node has no containers");
        let container = |key: &'static str, value: Value| {
            without(&move |all| all[1]["spec"]["template"]["spec"]["containers"][0][key] = value.clone())
        };
        assert_eq!(container("name", json!("other")), "DaemonSet calico-node has no container calico-node");
        assert_eq!(container("env", json!("x")), "DaemonSet calico-node, container calico-node has no list env");
        let expected = "DaemonSet calico-node, container calico-node has no readinessProbe/exec/command";
        assert_eq!(container("readinessProbe", json!({})), expected);
    }
}
