//! `labkit status`

use argh::FromArgs;

use super::output;
use crate::{
    clock,
    cluster::{LastRun, Life, NodeStatus, Status as Cluster},
    columns::{bytes, columns},
    error::{Error, Result},
    nodes::Role,
    report::text::folded,
};

/// How the lab's cluster is: nodes, pods, pod network, token.
#[derive(FromArgs)]
#[argh(
    subcommand,
    name = "status",
    note = "On the master it shows everything, on a worker what a kubelet may see.",
    error_code(1, "there is no cluster here, or its API server does not answer"),
    error_code(4, "a node is not ready, or a pod not well")
)]
pub struct Status {
    /// for machines
    #[argh(switch)]
    json: bool,
}

impl Status {
    pub fn run(self) -> Result<()> {
        let cluster = Cluster::read()?;
        match self.json {
            true => output::json(&cluster)?,
            false => output::print(&output::plain(&text(&cluster)))?,
        }
        if cluster.well { Ok(()) } else { Err(Error::silent_proof()) }
    }
}

/// Of the lines about the cluster.
const LABEL: usize = 14;

fn text(cluster: &Cluster) -> String {
    let mut text = headline(cluster) + "\n";
    for (label, words) in facts(cluster) {
        text += &folded(&format!("  {label:LABEL$}"), &words);
    }
    text += "\n";
    text += &nodes(&cluster.nodes);
    if !cluster.pods.unwell.is_empty() {
        text += "\n";
    }
    for pod in &cluster.pods.unwell {
        let place = pod.node.as_ref().map(|node| format!(" on {node}")).unwrap_or_default();
        text += &folded("✗ ", &format!("pod {}/{}{place}: {}", pod.namespace, pod.name, pod.why));
    }
    text
}

fn headline(cluster: &Cluster) -> String {
    let of = |well: usize, all: usize, what: &str| match well == all {
        true => format!("all {all} {what}"),
        false => format!("{well} of {all} {what}"),
    };
    let ready = of(cluster.nodes.iter().filter(|node| node.ready).count(), cluster.nodes.len(), "nodes ready");
    let namespaces = &cluster.pods.namespaces;
    let well =
        of(namespaces.iter().map(|one| one.well).sum(), namespaces.iter().map(|one| one.pods).sum(), "pods well");
    let mark = if cluster.well { '✓' } else { '✗' };
    format!("{mark} cluster {}: {ready}, {well}\n", cluster.lab)
}

fn facts(cluster: &Cluster) -> Vec<(&'static str, String)> {
    let pods: Vec<String> =
        cluster.pods.namespaces.iter().map(|one| format!("{} {} of {}", one.name, one.well, one.pods)).collect();
    let since = cluster.since.as_deref().map_or("not known".to_owned(), clock::for_people);
    let network = cluster.pod_network.as_deref().unwrap_or("none: /etc/cni/net.d is empty");
    let mut facts = vec![
        ("since", since),
        ("versions", versions(cluster)),
        ("pod network", network.to_owned()),
        ("pods well", pods.join(", ")),
    ];
    facts.extend(cluster.token.as_ref().map(|token| ("token", life(token))));
    facts.extend(cluster.last_run.as_ref().map(|run| ("last run", ended(run))));
    if !cluster.strangers.is_empty() {
        facts.push(("strangers", format!("{}: in the cluster, and not in lab.toml", cluster.strangers.join(", "))));
    }
    if !cluster.unseen.is_empty() {
        let unseen = cluster.unseen.join(", ");
        facts.push(("not seen", format!("{unseen}: {} has a kubelet's rights, and the master all", cluster.node)));
    }
    facts
}

/// What is the same everywhere.
fn versions(cluster: &Cluster) -> String {
    let kubernetes = &cluster.versions.kubernetes;
    let mut all = vec![format!("Kubernetes {kubernetes}")];
    if let Some((kubelet, runtime)) = alike(&cluster.nodes) {
        all.extend((kubelet != kubernetes).then(|| format!("kubelet {kubelet}")));
        all.push(runtime.to_owned());
    }
    all.push(format!("labkit {}", cluster.versions.labkit));
    all.join(", ")
}

fn ended(run: &LastRun) -> String {
    let proofs = match run.proofs {
        0 => String::new(),
        all => format!(", {} of {all} proofs held", run.proofs_held),
    };
    format!("{}: {}{proofs}", clock::for_people(&run.start), run.outcome)
}

fn life(token: &Life) -> String {
    match (&token.until, token.good) {
        (Some(until), true) => format!("good until {}", clock::for_people(until)),
        (None, true) => "good for ever".to_owned(),
        _ => "good no more; nobody needs one once all are in, and `labkit run ex2` on the master makes it good again"
            .to_owned(),
    }
}

/// Kubelet and runtime, where all nodes that told theirs have the same.
fn alike(nodes: &[NodeStatus]) -> Option<(&str, &str)> {
    let mut versions = nodes.iter().filter_map(|node| Some((node.kubelet.as_deref()?, node.runtime.as_deref()?)));
    let first = versions.next()?;
    versions.all(|other| other == first).then_some(first)
}

/// A row for each, and below it what is not as it should be.
fn nodes(nodes: &[NodeStatus]) -> String {
    let headings = ["  node", "role", "address", "since", "CPU asked", "memory asked"];
    let rows: Vec<Vec<String>> = nodes.iter().map(row).collect();
    let table = columns(&headings, &rows, &[], None);
    let is_alike = alike(nodes).is_some();
    let mut lines = table.lines();
    let mut text = format!("{}\n", lines.next().unwrap_or_default());
    for (line, node) in lines.zip(nodes) {
        text += &format!("{line}\n");
        text += &node.why.as_deref().map(|why| folded("    ", why)).unwrap_or_default();
        if let (false, Some(kubelet), Some(runtime)) = (is_alike, &node.kubelet, &node.runtime) {
            text += &format!("    kubelet {kubelet}, {runtime}\n");
        }
    }
    text
}

fn row(node: &NodeStatus) -> Vec<String> {
    let mark = if node.ready { '✓' } else { '✗' };
    let role = match node.role {
        Role::Master => "master",
        Role::Worker => "worker",
    };
    let cpus = |cpus: f64| format!("{}", (cpus * 100.0).round() / 100.0);
    vec![
        format!("{mark} {}", node.name),
        role.to_owned(),
        node.address.clone(),
        node.since.as_deref().map_or("–".to_owned(), clock::for_people),
        share(node.cpus_requested.map(cpus), node.cpus.map(cpus)),
        share(node.memory_requested_bytes.map(bytes), node.memory_bytes.map(bytes)),
    ]
}

/// What pods asked for of what they may have.
fn share(part: Option<String>, whole: Option<String>) -> String {
    match (part, whole) {
        (Some(part), Some(whole)) => format!("{part} of {whole}"),
        (None, Some(whole)) => format!("? of {whole}"),
        _ => "–".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{Namespace, Pods, Unwell, Versions};

    fn node(name: &str, why: Option<&str>) -> NodeStatus {
        NodeStatus {
            name: name.to_owned(),
            role: Role::Worker,
            address: "192.168.56.111".to_owned(),
            ready: why.is_none(),
            why: why.map(str::to_owned),
            since: None,
            kubelet: Some("v1.32.8".to_owned()),
            runtime: Some("containerd 1.6.20".to_owned()),
            cpus_requested: Some(0.65000001),
            cpus: Some(2.0),
            memory_requested_bytes: None,
            memory_bytes: Some(25_171_656_704),
        }
    }

    fn cluster(nodes: Vec<NodeStatus>) -> Cluster {
        let why =
            "Unschedulable: 0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable.".to_owned();
        Cluster {
            lab: "lab".to_owned(),
            well: false,
            node: "node01".to_owned(),
            role: Role::Worker,
            since: None,
            versions: Versions { kubernetes: "v1.32.8".to_owned(), labkit: "0.1.0" },
            pod_network: None,
            token: Some(Life { good: false, until: None }),
            nodes,
            strangers: vec!["node05".to_owned()],
            pods: Pods {
                namespaces: vec![Namespace { name: "default".to_owned(), pods: 2, well: 1 }],
                unwell: vec![Unwell { namespace: "default".to_owned(), name: "large".to_owned(), node: None, why }],
            },
            last_run: None,
            unseen: vec!["pods of other nodes"],
        }
    }

    #[test]
    fn what_is_not_well_stands_below_its_node_and_nothing_is_wider_than_a_terminal() {
        let lost = "Kubelet stopped posting node status.";
        let text = text(&cluster(vec![node("node01", None), node("node02", Some(lost))]));
        assert!(text.starts_with("✗ cluster lab: 1 of 2 nodes ready, 1 of 2 pods well\n\n"), "{text}");
        let rows: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("✓ node01")).collect();
        assert_eq!(rows[0], "✓ node01  worker  192.168.56.111  –      0.65 of 2  ? of 25 GB");
        assert!(rows[1].starts_with("✗ node02") && rows[2].trim() == lost, "{text}");
        assert!(rows[4].starts_with("✗ pod default/large: Unschedulable: 0/2 nodes"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }

    #[test]
    fn a_node_of_nobody_and_what_is_not_seen_are_named() {
        let text = text(&cluster(vec![node("node01", None)]));
        assert!(text.contains("\n  strangers     node05: in the cluster, and not in lab.toml\n"), "{text}");
        assert!(text.contains("\n  not seen      pods of other nodes: node01 has a kubelet's rights"), "{text}");
    }

    #[test]
    fn what_all_nodes_have_is_told_once_and_what_differs_of_each() {
        let same = text(&cluster(vec![node("node01", None), node("node02", None)]));
        assert_eq!(same.matches("containerd 1.6.20").count(), 1, "{same}");
        let other = NodeStatus { runtime: Some("cri-o 1.32.1".to_owned()), ..node("node02", None) };
        let absent = NodeStatus { kubelet: None, runtime: None, ..node("node02", Some("it has not joined")) };
        assert!(!text(&cluster(vec![node("node01", None), absent])).contains("kubelet v1"));
        let mixed = text(&cluster(vec![node("node01", None), other]));
        assert!(mixed.contains("\n    kubelet v1.32.8, cri-o 1.32.1\n"), "{mixed}");
    }
}
