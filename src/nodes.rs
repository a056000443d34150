//! The machines of a lab, as `/etc/labkit/lab.toml` lists them, and which of them this one is.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    io::ErrorKind,
    net::IpAddr,
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    addresses,
    error::{Context, Error, Result},
    names::{Cidr, HostName},
    toml_text,
};

/// `lab.toml`
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Nodes {
    /// What the lab is called.
    pub name: String,
    /// The network that the nodes share: `192.168.56.0/24`. Which device is in it shows on each machine.
    pub network: Cidr,
    /// Addresses of pods: `10.17.0.0/16`.
    pub pod_cidr: Cidr,
    /// Addresses of services: `10.96.0.0/12`.
    pub service_cidr: Cidr,
    #[serde(rename(deserialize = "node"))]
    pub nodes: Vec<Node>,
    /// Versions of what is installed, by its name: `kubernetes = "1.32"`.
    #[serde(default)]
    pub versions: BTreeMap<String, String>,
}

/// One machine.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Its host name: letters in lower case, digits, `-`.
    pub name: HostName,
    /// Its address in the lab's network.
    pub address: IpAddr,
    pub role: Role,
    /// CPUs that whoever makes the machine gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpus: Option<NonZeroU32>,
    /// Its memory in MiB, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<NonZeroU32>,
}

#[cfg(test)]
impl Node {
    /// One that tests of other rooms ask about.
    pub fn worker() -> Node {
        Node {
            name: "node01".parse().unwrap(),
            address: "192.168.56.11".parse().unwrap(),
            role: Role::Worker,
            cpus: None,
            memory: None,
        }
    }
}

/// What a node is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The control plane of the cluster, and where results are collected.
    Master,
    Worker,
}

/// Where the lab is described: `$LABKIT_ETC`, or /etc/labkit.
pub fn etc_dir() -> PathBuf {
    env::var_os("LABKIT_ETC").filter(|dir| !dir.is_empty()).map_or_else(|| PathBuf::from("/etc/labkit"), PathBuf::from)
}

/// Three machines: what `vagrant up` gives.
const USUAL: &str = r#"
name = "lab"
network = "192.168.56.0/24"
pod_cidr = "10.17.0.0/16"
service_cidr = "10.96.0.0/12"
node = [
    { name = "master", address = "192.168.56.10", role = "master" },
    { name = "node01", address = "192.168.56.11", role = "worker" },
    { name = "node02", address = "192.168.56.12", role = "worker" },
]
versions = { kubernetes = "1.32" }
"#;

impl Nodes {
    /// Reads and checks the lab's description.
    pub fn read() -> Result<Nodes> {
        let path = etc_dir().join("lab.toml");
        match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Err(Error::failed(format!(
                "there is no `{}`: which machines the lab has is not known",
                path.display()
            ))
            .hint(
                "write it: name, network, pod_cidr, service_cidr, and for each machine [[node]] with name, address \
                         and role",
            )),
            text => Nodes::parse(&text.context(|| format!("read `{}`", path.display()))?, &path),
        }
    }

    /// The same, or the lab as Vagrant makes it where none is described.
    pub fn read_or_usual() -> Result<Nodes> {
        match etc_dir().join("lab.toml").exists() {
            true => Nodes::read(),
            false => Nodes::parse(USUAL, Path::new("the usual lab")),
        }
    }

    /// Checks a description that stands in this file.
    pub fn parse(text: &str, path: &Path) -> Result<Nodes> {
        let attempt = || format!("read `{}`", path.display());
        let nodes: Nodes = toml_text::parse(text).context(attempt)?;
        match nodes.fault() {
            Some(fault) => Err(Error::usage(fault)).context(attempt),
            None => Ok(nodes),
        }
    }

    /// The first thing that contradicts another.
    fn fault(&self) -> Option<String> {
        let (mut names, mut addresses) = (BTreeSet::new(), BTreeSet::new());
        for Node { name, address, .. } in &self.nodes {
            match () {
                () if !self.network.contains(*address) => {
                    return Some(format!("{name}: {address} is not in {}", self.network));
                }
                () if !names.insert(name) => return Some(format!("two nodes are called `{name}`")),
                () if !addresses.insert(address) => return Some(format!("two nodes have the address {address}")),
                () => {}
            }
        }
        let cidrs = [("network", &self.network), ("pod_cidr", &self.pod_cidr), ("service_cidr", &self.service_cidr)];
        for (at, (name, cidr)) in cidrs.iter().enumerate() {
            if let Some((other, with)) = cidrs[..at].iter().find(|(_, with)| cidr.overlaps(with)) {
                return Some(format!("`{name}` {cidr} overlaps `{other}` {with}"));
            }
        }
        let masters = self.nodes.iter().filter(|node| node.role == Role::Master).count();
        (masters != 1).then(|| format!("{masters} nodes have the role `master`, and one must"))
    }

    /// The one with the cluster's control plane.
    pub fn master(&self) -> Result<&Node> {
        let master = self.nodes.iter().find(|node| node.role == Role::Master);
        master.ok_or_else(|| Error::usage("no node has the role `master`"))
    }

    /// The one of this name.
    pub fn named(&self, name: &HostName) -> Result<&Node> {
        self.nodes.iter().find(|node| node.name == *name).ok_or_else(|| {
            let names: Vec<&str> = self.nodes.iter().map(|node| node.name.as_str()).collect();
            Error::usage(format!("lab {} has no node `{name}`", self.name)).hint(format!("it has {}", names.join(", ")))
        })
    }

    /// The node that this machine is: the one whose address it has, on whatever device.
    pub fn own(&self) -> Result<&Node> {
        let addresses: BTreeSet<IpAddr> = addresses::read()?.into_iter().map(|one| one.address).collect();
        let own: Vec<&Node> = self.nodes.iter().filter(|node| addresses.contains(&node.address)).collect();
        let there = || {
            let is_everywhere = |address: &&IpAddr| match address {
                IpAddr::V4(address) => address.is_loopback(),
                IpAddr::V6(address) => address.is_loopback() || address.is_unicast_link_local(),
            };
            let shown = addresses.iter().filter(|address| !is_everywhere(address)).map(IpAddr::to_string);
            shown.collect::<Vec<_>>().join(", ")
        };
        match own.as_slice() {
            [node] => Ok(node),
            [] => Err(Error::failed(format!("this machine is none of the lab's nodes: it has {}", there()))
                .hint(format!("one of its devices needs a node's address of {}", self.network))),
            several => {
                let names: Vec<&str> = several.iter().map(|node| node.name.as_str()).collect();
                Err(Error::failed(format!("this machine has the addresses of several nodes: {}", names.join(", "))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAB: &str = r#"
name = "lab"
network = "127.0.0.0/8"
pod_cidr = "10.17.0.0/16"
service_cidr = "10.96.0.0/12"
[[node]]
name = "master"
address = "127.0.0.1"
role = "master"
[[node]]
name = "node01"
address = "127.9.9.9"
role = "worker"
[versions]
kubernetes = "1.32"
"#;

    fn refused(from: &str, to: &str) -> String {
        assert!(LAB.contains(from));
        Nodes::parse(&LAB.replace(from, to), Path::new("lab.toml")).unwrap_err().to_string()
    }

    #[test]
    fn a_machine_knows_itself_by_its_address() {
        let lab = Nodes::parse(LAB, Path::new("lab.toml")).unwrap();
        assert_eq!(lab.own().unwrap().name.as_str(), "master");
        let other = Nodes::parse(&LAB.replace("127.0.0.1", "127.9.9.8"), Path::new("lab.toml")).unwrap();
        let error = other.own().unwrap_err().to_string();
        assert!(error.starts_with("this machine is none of the lab's nodes: it has "), "{error}");
    }

    #[test]
    fn what_contradicts_is_named_with_its_line_where_there_is_one() {
        let said = |from, to| refused(from, to).trim_start_matches("read `lab.toml`: ").to_owned();
        assert_eq!(said("127.9.9.9", "10.0.2.15"), "node01: 10.0.2.15 is not in 127.0.0.0/8");
        assert_eq!(said("127.9.9.9", "127.0.0.1"), "two nodes have the address 127.0.0.1");
        assert_eq!(said("\"node01\"", "\"master\""), "two nodes are called `master`");
        assert_eq!(said("\"worker\"", "\"master\""), "2 nodes have the role `master`, and one must");
        assert_eq!(
            said("10.96.0.0/12", "10.17.1.0/24"),
            "`service_cidr` 10.17.1.0/24 overlaps `pod_cidr` 10.17.0.0/16"
        );
        assert_eq!(
            said("\"node01\"", "\"Node_1\""),
            "line 11: `Node_1` is no host name: letters in lower case, digits, `-`"
        );
        assert!(said("role = \"worker\"", "roll = \"worker\"").starts_with("line 13: unknown field `roll`"));
        assert!(said("127.9.9.9", "127.9.9").starts_with("line 12: "));
    }

    #[test]
    fn a_node_may_say_how_large_it_is() {
        let sized = LAB.replace("role = \"master\"", "role = \"master\"\ncpus = 3\nmemory = 2048");
        let lab = Nodes::parse(&sized, Path::new("lab.toml")).unwrap();
        let sizes = lab.nodes.iter().map(|node| (node.cpus.map(NonZeroU32::get), node.memory.map(NonZeroU32::get)));
        assert_eq!(sizes.collect::<Vec<_>>(), [(Some(3), Some(2048)), (None, None)]);
        for bad in ["cpus = 0", "cpus = \"3\"", "memory = -1", "memory = 2.5"] {
            let said = refused("role = \"worker\"", &format!("role = \"worker\"\n{bad}"));
            assert!(said.starts_with("read `lab.toml`: line 14: "), "{bad}: {said}");
        }
    }
}
