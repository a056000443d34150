//! Waiting until the cluster is one: every node there, ready, and as the lab says it is.

use std::{
    collections::BTreeMap,
    thread,
    time::{Duration, Instant},
};

use serde::Deserialize;
use serde_json::Value;

use super::{daemon, kubectl::Kubectl, runtime::Runtime, twins};
use crate::{
    error::{Error, Result},
    lab::{Lab, Mode},
    nodes::Role,
    quote, signal,
};

/// The master waits for all nodes, any other for itself.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// Seconds; 900 unless given.
    #[serde(default = "usual")]
    pub patience: u64,
    /// What each is to have; `containerd` unless given.
    #[serde(default)]
    pub runtime: Runtime,
    /// A DaemonSet of kube-system that must be ready on each: `calico-node`.
    #[serde(default)]
    pub daemon: Option<String>,
}

fn usual() -> u64 {
    900
}

/// Each look is a kubectl, a tenth of a second of a CPU that the cluster needs to come up.
const LOOK: Duration = Duration::from_secs(1);

impl Ready {
    pub fn wait(&self, lab: &Lab) -> Result<()> {
        let (nodes, own) = (lab.nodes()?, lab.own_node()?);
        let wanted = nodes.nodes.iter().filter(|node| own.role == Role::Master || node.name == own.name);
        let wanted: Vec<(&str, String)> = wanted.map(|node| (node.name.as_str(), node.address.to_string())).collect();
        let deadline = Instant::now() + Duration::from_secs(self.patience);
        loop {
            signal::check()?;
            let is_late = Instant::now() > deadline;
            let lacks = match self.look(own.role, &wanted, is_late)? {
                Look::Seen { lacks, nodes } if lacks.is_empty() => {
                    twins::told(&nodes).iter().for_each(|told| lab.progress.line(&format!("! {told}")));
                    return Ok(());
                }
                Look::Seen { lacks, .. } => lacks,
                Look::Silent(error) if is_late => {
                    return Err(error.context("the cluster does not answer").hint("journalctl -u kubelet"));
                }
                Look::Silent(_) => vec!["the API server".to_owned()],
            };
            if is_late {
                return Err(Error::failed(format!("not ready within {} s: {}", self.patience, lacks.join("; "))).hint(
                    "a node that is not there has not run this recipe; `journalctl -u kubelet` on a node says why it is \
                     not ready",
                ));
            }
            lab.progress.doing(&format!("waits for {}", lacks.join(", ")));
            thread::sleep(LOOK);
        }
    }

    /// What lacks of the nodes that are wanted; an error where one is another than the lab says.
    fn look(&self, role: Role, wanted: &[(&str, String)], is_late: bool) -> Result<Look> {
        let nodes = match seen(role, wanted) {
            Ok(nodes) => nodes,
            Err(error) => return Ok(Look::Silent(error)),
        };
        let of = |name: &str| nodes.iter().find(|node| node["metadata"]["name"] == *name);
        let joined: Vec<&str> = wanted.iter().map(|(name, _)| *name).filter(|name| of(name).is_some()).collect();
        let daemons = match self.daemon.as_deref().map(|daemon| daemon::lacks(role, daemon, &joined, is_late)) {
            None => BTreeMap::new(),
            Some(Ok(daemons)) => daemons,
            Some(Err(error)) => return Ok(Look::Silent(error)),
        };
        let mut lacks = Vec::new();
        for (name, address) in wanted {
            match of(name) {
                None => lacks.push(format!("{name} (not joined)")),
                Some(node) => {
                    self.refuse_other(name, address, node)?;
                    // A node without the pods' network is not ready, and that is why.
                    let why = daemons.get(*name).cloned().or_else(|| unready(node));
                    lacks.extend(why.map(|why| format!("{name} ({why})")));
                }
            }
        }
        Ok(Look::Seen { lacks, nodes })
    }

    fn refuse_other(&self, name: &str, address: &str, node: &Value) -> Result<()> {
        if let Some(other) = internal_address(node).filter(|internal| *internal != address) {
            return Err(Error::failed(format!("{name} is known by {other}, and its address in the lab is {address}"))
                .hint("the kubelet took another device's: look at --node-ip in /var/lib/kubelet/kubeadm-flags.env"));
        }
        let runtime = node["status"]["nodeInfo"]["containerRuntimeVersion"].as_str().unwrap_or_default();
        match runtime.is_empty() || runtime.starts_with(self.runtime.scheme()) {
            true => Ok(()),
            false => Err(Error::failed(format!("{name} runs {runtime}, and not {}…", self.runtime.scheme()))),
        }
    }

    /// What a person would type, on the master.
    pub fn explain(&self, lab: &mut Lab) -> Result<()> {
        if lab.mode == Mode::Explain && lab.own_node()?.role == Role::Master {
            let timeout = format!("--timeout={}s", self.patience);
            lab.shell("export KUBECONFIG=/etc/kubernetes/admin.conf");
            lab.shell(quote::line(&["kubectl", "wait", "--for=condition=Ready", "nodes", "--all", &timeout]));
        }
        Ok(())
    }
}

/// Until the API server of this master says anything.
pub fn wait_for_answer(lab: &Lab, patience: u64) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(patience);
    lab.progress.doing("waits for the API server");
    while let Err(error) = Kubectl::of(Role::Master).get(&["namespace", "kube-system"]) {
        signal::check()?;
        if Instant::now() > deadline {
            return Err(error.context("the API server does not answer").hint("journalctl -u kubelet"));
        }
        thread::sleep(LOOK);
    }
    Ok(())
}

/// The cluster's nodes, all in one question; a worker may be told of itself alone.
fn seen(role: Role, wanted: &[(&str, String)]) -> Result<Vec<Value>> {
    let kubectl = Kubectl::of(role);
    match (role, wanted) {
        (Role::Worker, [(own, _)]) => Ok(kubectl.get(&["node", own])?.into_iter().collect()),
        _ => kubectl.list(&["nodes"]),
    }
}

enum Look {
    Seen {
        lacks: Vec<String>,
        nodes: Vec<Value>,
    },
    /// The API server said nothing.
    Silent(Error),
}

/// By which other nodes reach it.
pub fn internal_address(node: &Value) -> Option<&str> {
    let addresses = node["status"]["addresses"].as_array().into_iter().flatten();
    addresses.filter(|one| one["type"] == "InternalIP").find_map(|one| one["address"].as_str())
}

/// Why a node is not ready, in its own words; none where it is.
pub fn unready(node: &Value) -> Option<String> {
    let mut conditions = node["status"]["conditions"].as_array().into_iter().flatten();
    match conditions.find(|one| one["type"] == "Ready") {
        Some(ready) if ready["status"] == "True" => None,
        Some(ready) => Some(ready["message"].as_str().unwrap_or("not ready").to_owned()),
        None => Some("its kubelet has not reported yet".to_owned()),
    }
}
