//! The token by which nodes join: good for two hours, and again with each run of the master while nodes lack.

use serde::Serialize;

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

/// Whether nodes may join by it, and until when.
#[derive(Debug, PartialEq, Serialize)]
pub struct Life {
    pub good: bool,
    /// In RFC 3339; nothing where it is gone, or good for ever.
    pub until: Option<String>,
}

/// Left of it, so that nodes that are at it come in.
const LEFT_MS: i64 = 600_000;
const PHASE: [&str; 5] = ["kubeadm", "init", "phase", "bootstrap-token", "--config"];

impl Token<'_> {
    fn is_good(&self) -> Result<bool> {
        Ok(match life(self.identity)? {
            Life { good, until: None } => good,
            Life { good, until } => {
                good && until.as_deref().and_then(clock::epoch_ms) > now_ms().map(|now| now + LEFT_MS)
            }
        })
    }

    fn all_are_in(&self) -> Result<bool> {
        let nodes = Kubectl::of(Role::Master).list(&["nodes"])?;
        let is_in = |name: &str| nodes.iter().any(|node| node["metadata"]["name"] == *name);
        Ok(self.nodes.nodes.iter().all(|node| is_in(node.name.as_str())))
    }
}

/// What the cluster knows of this lab's token. Only the master may ask.
pub fn life(identity: &Identity) -> Result<Life> {
    let name = format!("bootstrap-token-{}", identity.token_id());
    let secret = Kubectl::of(Role::Master).get(&["secret", &name, "--namespace", "kube-system"])?;
    let Some(secret) = secret else { return Ok(Life { good: false, until: None }) };
    let until = secret["data"]["expiration"].as_str().and_then(from_base64);
    let until = until.and_then(|bytes| String::from_utf8(bytes).ok());
    let end = until.as_deref().and_then(clock::epoch_ms);
    // One that ends never names no end.
    Ok(Life { good: end.is_none() || end > now_ms(), until: until.filter(|_| end.is_some()) })
}

fn now_ms() -> Option<i64> {
    clock::epoch_ms(&clock::now())
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
