//! The token by which nodes join: good for two hours, and again with each run of the master while nodes lack.

use super::{identity::Identity, kubectl::Kubectl, state};
use crate::{
    clock, command,
    encoding::from_base64,
    error::Result,
    journal::{Before, Thing},
    lab::{
        Lab,
        operation::{Difference, Operation},
    },
    nodes::{Nodes, Role},
    quote,
};

/// `kubeadm init phase bootstrap-token`
pub struct Token<'a> {
    pub nodes: &'a Nodes,
    pub identity: &'a Identity,
}

/// Left of it, so that nodes that are at it come in.
const LEFT_MS: i64 = 600_000;
const PHASE: [&str; 5] = ["kubeadm", "init", "phase", "bootstrap-token", "--config"];

impl Token<'_> {
    fn is_good(&self) -> Result<bool> {
        let kubectl = Kubectl::of(Role::Master);
        let name = format!("bootstrap-token-{}", self.identity.token_id());
        let Some(secret) = kubectl.get(&["secret", &name, "--namespace", "kube-system"])? else { return Ok(false) };
        let end =
            secret["data"]["expiration"].as_str().and_then(from_base64).and_then(|bytes| String::from_utf8(bytes).ok());
        let end = end.and_then(|text| clock::epoch_ms(&text));
        // One that ends never names no end.
        Ok(end.is_none_or(|end| Some(end) > clock::epoch_ms(&clock::now()).map(|now| now + LEFT_MS)))
    }

    fn all_are_in(&self) -> Result<bool> {
        let nodes = Kubectl::of(Role::Master).list(&["nodes"])?;
        let is_in = |name: &str| nodes.iter().any(|node| node["metadata"]["name"] == *name);
        Ok(self.nodes.nodes.iter().all(|node| is_in(node.name.as_str())))
    }
}

impl Operation for Token<'_> {
    /// Whether nobody needs another.
    type Seen = bool;

    fn title(&self) -> String {
        format!("token of cluster {}", self.nodes.name)
    }

    fn look(&self, _: &Lab) -> Result<bool> {
        Ok(self.all_are_in()? || self.is_good()?)
    }

    fn difference(&self, is_good: &bool) -> Option<Difference> {
        (!is_good).then(|| Difference::of("make it good for two hours"))
    }

    fn before(&self, _: &bool, _: &mut Lab) -> Result<Before> {
        // It goes with the cluster.
        Ok(Before::Same { things: vec![Thing::Cluster] })
    }

    fn apply(&self, _: &bool, _: &Lab) -> Result<()> {
        let papers = state::papers().display().to_string();
        command::run(&[&PHASE[..], &[papers.as_str()]].concat()).map(|_| ())
    }

    fn explain(&self) -> Vec<String> {
        vec![quote::line(&["kubeadm", "token", "create", "--print-join-command"])]
    }
}
