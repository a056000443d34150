//! How the lab's cluster is, as far as the rights of this machine let it be seen.

mod last;
mod node;
mod pod;

use serde::Serialize;
use serde_json::Value;

pub use last::LastRun;
pub use node::NodeStatus;
pub use pod::{Namespace, Pods, Unwell};

use super::{
    identity::Identity,
    kubectl::Kubectl,
    network, server,
    state::State,
    token::{self, Life},
};
use crate::{
    error::{Context, Error, Result},
    nodes::{Node, Nodes, Role},
    secret::Secret,
};

#[derive(Debug, Serialize)]
pub struct Status {
    /// What the lab is called.
    pub lab: String,
    /// True where every node of the lab is ready and every pod well.
    pub well: bool,
    /// This machine.
    pub node: String,
    pub role: Role,
    /// When the cluster was begun, in RFC 3339.
    pub since: Option<String>,
    pub versions: Versions,
    /// `routed`, `vxlan`, `calico`
    pub pod_network: Option<String>,
    /// By which nodes join; nothing where this machine cannot see it.
    pub token: Option<Life>,
    pub nodes: Vec<NodeStatus>,
    /// Nodes of the cluster that lab.toml does not list.
    pub strangers: Vec<String>,
    pub pods: Pods,
    /// The last run of the recipe on this machine.
    pub last_run: Option<LastRun>,
    /// What this machine has no right to see.
    pub unseen: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
pub struct Versions {
    /// Of the API server.
    pub kubernetes: String,
    pub labkit: &'static str,
}

/// What the API server says.
struct Seen {
    since: Option<String>,
    nodes: Vec<Value>,
    pods: Vec<Value>,
    unseen: Vec<&'static str>,
}

impl Status {
    /// Looks at this machine, and asks the API server by its rights.
    pub fn read() -> Result<Status> {
        let nodes = Nodes::read().context(|| "this machine is in no cluster")?;
        let own = nodes.own()?;
        let secret = Secret::read().map_err(|error| error.hint("as root: `sudo labkit status`"))?;
        let identity = Identity::of(&secret);
        require_member(own.role, &identity)?;
        let answer = server::ask(&nodes, &identity).context(|| "ask the API server")?;
        let mut seen = Seen::ask(Kubectl::of(own.role), own)?;
        let token = match own.role {
            Role::Master => Some(token::life(&identity)?),
            Role::Worker => {
                seen.unseen.push("token");
                None
            }
        };
        let pods = Pods::of(&seen.pods);
        let all = seen.statuses(&nodes, own);
        Ok(Status {
            well: all.iter().all(|node| node.ready) && pods.unwell.is_empty(),
            since: seen.since,
            versions: Versions { kubernetes: answer.version, labkit: env!("CARGO_PKG_VERSION") },
            pod_network: network::of_machine(),
            // A run that cannot be read says nothing of the cluster.
            last_run: LastRun::find().inspect_err(|error| log::warn!("{error}")).ok().flatten(),
            node: own.name.to_string(),
            role: own.role,
            strangers: strangers(&nodes, &seen.nodes),
            lab: nodes.name.clone(),
            token,
            nodes: all,
            pods,
            unseen: seen.unseen,
        })
    }
}

const NODES: &str = "other nodes";
const PODS: &str = "pods of other nodes";

impl Seen {
    /// Everything; or, where a kubelet may see its own node and the pods there alone, as since Kubernetes 1.32, these.
    fn ask(kubectl: Kubectl, own: &Node) -> Result<Seen> {
        let mut unseen = Vec::new();
        let nodes = match kubectl.list(&["nodes"]) {
            Err(error) if is_forbidden(&error) => {
                unseen.push(NODES);
                kubectl.get(&["node", own.name.as_str()])?.into_iter().collect()
            }
            nodes => nodes?,
        };
        let pods = match kubectl.list(&["pods", "--all-namespaces"]) {
            Err(error) if is_forbidden(&error) => {
                unseen.push(PODS);
                let own = format!("spec.nodeName={}", own.name);
                kubectl.list(&["pods", "--all-namespaces", "--field-selector", &own])?
            }
            pods => pods?,
        };
        Ok(Seen { since: since(kubectl, own.role, &nodes), nodes, pods, unseen })
    }

    /// Of the lab's nodes, in the order of lab.toml.
    fn statuses(&self, nodes: &Nodes, own: &Node) -> Vec<NodeStatus> {
        let sees = |what: &str, node: &Node| node == own || !self.unseen.contains(&what);
        let all = nodes.nodes.iter().filter(|node| sees(NODES, node));
        all.map(|node| NodeStatus::of(node, &self.nodes, sees(PODS, node).then_some(&self.pods))).collect()
    }
}

fn strangers(nodes: &Nodes, known: &[Value]) -> Vec<String> {
    let names = known.iter().filter_map(|node| node["metadata"]["name"].as_str());
    names.filter(|name| nodes.nodes.iter().all(|node| node.name.as_str() != *name)).map(str::to_owned).collect()
}

fn is_forbidden(error: &Error) -> bool {
    error.to_string().contains("(Forbidden)")
}

/// An error that says what would make this machine a node, unless it is one.
fn require_member(role: Role, identity: &Identity) -> Result<()> {
    match State::of(role, identity)? {
        State::Member => Ok(()),
        State::Free => Err(Error::failed("this machine is in no cluster")
            .hint("`sudo labkit run ex2`, on each machine of the lab, makes one of them")),
        State::Begun => {
            Err(Error::failed("this machine is in no cluster: to make it a node was begun, and not finished")
                .hint("`sudo labkit run ex2` goes on with it"))
        }
        State::Foreign => Err(Error::failed("this machine is in a cluster of another lab secret")
            .hint("every node of a lab has the same /etc/labkit/secret")),
    }
}

/// When the cluster's own namespace was made; who may not see it goes by the oldest node.
fn since(kubectl: Kubectl, role: Role, nodes: &[Value]) -> Option<String> {
    let namespace = match role {
        Role::Master => kubectl.get(&["namespace", "kube-system"]).ok().flatten(),
        Role::Worker => None,
    };
    let made = |object: &Value| object["metadata"]["creationTimestamp"].as_str().map(str::to_owned);
    namespace.iter().chain(nodes).filter_map(made).min()
}
