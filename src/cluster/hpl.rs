//! Pods that MPI jobs run in: `lua/manifests/hpl-pods.yaml`, made the lab's, checked against the nodes, and applied.

use std::{
    collections::BTreeSet,
    env,
    fs::{self, File},
    io,
    path::Path,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{kubectl::Kubectl, manifest, pods, predict::predict, sshd};
use crate::{
    digest::Tally,
    error::{Context, Error, Result},
    lab::Lab,
    nodes::Role,
};

const USUAL: &str = include_str!("../../lua/manifests/hpl-pods.yaml");
/// The volume that labkit comes in by.
const LABKIT: &str = "labkit";

/// How they are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HplPods {
    /// A manifest other than labkit's own.
    #[serde(default)]
    pub file: Option<String>,
    /// In place of the image that the manifest names.
    #[serde(default)]
    pub image: Option<String>,
    /// On the network of their machines.
    #[serde(default)]
    pub host_network: bool,
    /// They run sshd, as root, for mpirun to reach them by.
    #[serde(default)]
    pub sshd: bool,
    /// Apply them although they do not fit the nodes.
    #[serde(default)]
    pub anyway: bool,
    /// Seconds to wait until they run; 600 unless given.
    #[serde(default = "usual")]
    pub patience: u64,
}

fn usual() -> u64 {
    600
}

/// One of them, as `bench.hpcc` takes a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HplPod {
    /// Of the node that it is on.
    pub name: String,
    pub address: String,
    /// `NAMESPACE/NAME`
    pub pod: String,
}

impl HplPods {
    /// Has them run, on the master for all nodes; gives them in the manifest's order.
    pub fn run(&self, lab: &Lab) -> Result<Vec<HplPod>> {
        let kubectl = Kubectl::of(Role::Master);
        let objects = self.objects(lab)?;
        let wanted: Vec<&Value> = objects.iter().filter(|object| object["kind"] == "Pod").collect();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let namespaces: BTreeSet<String> = wanted.iter().map(|pod| text(&pod["metadata"]["namespace"])).collect();
        let Some(namespace) = namespaces.first().filter(|name| !name.is_empty() && namespaces.len() == 1) else {
            return Err(Error::usage("the manifest's pods are not all in one namespace that it names"));
        };
        pods::forget_others(kubectl, namespace, &objects)?;
        // What runs already is counted already.
        let runs: BTreeSet<String> = kubectl
            .list(&["pods", "--namespace", namespace])?
            .iter()
            .map(|pod| text(&pod["metadata"]["name"]))
            .collect();
        let new: Vec<Value> = wanted
            .iter()
            .filter(|pod| !runs.contains(&text(&pod["metadata"]["name"])))
            .map(|pod| (*pod).clone())
            .collect();
        if !new.is_empty() {
            predict(&new, self.anyway, lab)?;
        }
        let keys = self.sshd.then(|| sshd::keys(namespace)).transpose()?;
        kubectl.apply(&objects.iter().cloned().chain(keys).collect::<Vec<Value>>())?;
        let names: Vec<String> = wanted.iter().map(|pod| text(&pod["metadata"]["name"])).collect();
        let named: Vec<&str> = names.iter().map(String::as_str).collect();
        let patience = Duration::from_secs(self.patience);
        let addresses = pods::addresses(kubectl, namespace, &named, patience, &|words| lab.progress.doing(words))
            .map_err(|error| error.hint("is their image in the bundle? `--set hpl=false` does without them"))?;
        let all = wanted.iter().zip(&names).map(|(pod, name)| HplPod {
            name: text(&pod["spec"]["nodeName"]),
            address: addresses.get(name).map(ToString::to_string).unwrap_or_default(),
            pod: format!("{namespace}/{name}"),
        });
        Ok(all.collect())
    }

    /// Says what would be applied.
    pub fn describe(&self, lab: &mut Lab) -> Result<()> {
        lab.plan("apply the pods of HPL, one on each node, and wait until they run");
        lab.shell(format!("kubectl apply --filename - <<'END'\n{}END", self.text()?));
        Ok(())
    }

    fn text(&self) -> Result<String> {
        match &self.file {
            Some(path) => fs::read_to_string(path).context(|| format!("read `{path}`")),
            None => Ok(USUAL.to_owned()),
        }
    }

    /// The manifest's objects, with what only this lab knows.
    fn objects(&self, lab: &Lab) -> Result<Vec<Value>> {
        let text = self.text()?;
        let named = self.file.as_deref().unwrap_or("hpl-pods.yaml");
        let objects = manifest::objects(&text).context(|| format!("read `{named}`"))?;
        let program = env::current_exe().context(|| "find labkit itself")?;
        let nodes = lab.nodes()?;
        let is_ours = |object: &Value| {
            object["kind"] != "Pod" || nodes.nodes.iter().any(|node| object["spec"]["nodeName"] == node.name.as_str())
        };
        let (ours, others): (Vec<Value>, Vec<Value>) = objects.into_iter().partition(is_ours);
        for other in &others {
            lab.progress.line(&format!(
                "! {named}: pod {} is for {}, which is no node of the lab",
                other["metadata"]["name"], other["spec"]["nodeName"]
            ));
        }
        if !ours.iter().any(|object| object["kind"] == "Pod") {
            return Err(Error::usage(format!("`{named}` has no pod for a node of the lab")));
        }
        let digest = digest_of(&program).context(|| "read labkit itself")?;
        Ok(ours.into_iter().map(|object| self.patched(object, &program, &digest)).collect())
    }

    fn patched(&self, mut object: Value, program: &Path, digest: &str) -> Value {
        if object["kind"] != "Pod" {
            return object;
        }
        object["metadata"]["annotations"][pods::PROGRAM] = json!(digest);
        let spec = &mut object["spec"];
        for volume in spec["volumes"].as_array_mut().into_iter().flatten() {
            if volume["name"] == LABKIT {
                volume["hostPath"]["path"] = json!(program);
            }
        }
        if let (Some(image), Some(container)) = (&self.image, spec.pointer_mut("/containers/0")) {
            container["image"] = json!(image);
        }
        if self.host_network {
            spec["hostNetwork"] = json!(true);
            // They wait while the others compute, and the others while they do.
            if let Some(container) = spec.pointer_mut("/containers/0") {
                container["resources"]["requests"] = json!({ "cpu": "10m", "memory": "64Mi" });
            }
            // Such a pod has no settings of the network of its own.
            if let Some(security) = spec["securityContext"].as_object_mut() {
                security.remove("sysctls");
            }
        }
        if self.sshd {
            sshd::patch(spec);
        }
        if self.host_network {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            object["metadata"]["name"] = json!(format!("{name}-host"));
        }
        object
    }
}

fn digest_of(path: &Path) -> Result<String> {
    let mut tally = Tally::new(File::open(path)?);
    io::copy(&mut tally, &mut io::sink())?;
    Ok(tally.end().0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_gets_the_path_of_labkit_and_what_was_asked() {
        let pod = json!({ "kind": "Pod", "spec": {
            "securityContext": { "runAsUser": 65534, "sysctls": [{ "name": "x" }] },
            "volumes": [{ "name": "labkit", "hostPath": { "path": "/usr/local/bin/labkit" } }, { "name": "scratch" }],
            "containers": [{ "image": "localhost/hpcc:1" }],
        } });
        let wanted = HplPods {
            file: None,
            image: Some("localhost/own:2".into()),
            host_network: true,
            sshd: true,
            anyway: false,
            patience: 1,
        };
        let patched = wanted.patched(pod, Path::new("/opt/labkit"), "abc");
        assert_eq!(patched.pointer("/spec/volumes/0/hostPath/path"), Some(&json!("/opt/labkit")));
        assert_eq!(patched.pointer("/spec/containers/0/image"), Some(&json!("localhost/own:2")));
        assert_eq!(
            (&patched["spec"]["hostNetwork"], patched.pointer("/spec/securityContext/sysctls")),
            (&json!(true), None)
        );
        let (command, user) =
            (patched.pointer("/spec/containers/0/command/2"), &patched["spec"]["securityContext"]["runAsUser"]);
        assert!(command.unwrap().as_str().unwrap().ends_with("exec /usr/sbin/sshd -D -e") && *user == 0);
        let namespace = json!({ "kind": "Namespace" });
        assert_eq!(wanted.patched(namespace.clone(), Path::new("/opt/labkit"), "abc"), namespace);
    }
}
