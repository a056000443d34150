//! Which node of the lab this machine is, before it has the address that says so.

use std::{collections::BTreeMap, fmt, fs, net::IpAddr};

use nix::unistd::gethostname;
use serde::Serialize;

use crate::{
    addresses,
    error::{Context, Error, Result},
    names::{HostName, IfName},
    nodes::{Node, Nodes},
};

/// How it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// By `node` in provision.toml.
    Wish,
    /// By the MAC of a device, which is made of the node's address.
    Mac,
    /// By an address that it has.
    Address,
    /// By its host name.
    Name,
}

impl fmt::Display for Sign {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(match self {
            Sign::Wish => "by provision.toml",
            Sign::Mac => "by the MAC of its device",
            Sign::Address => "by its address",
            Sign::Name => "by its host name",
        })
    }
}

/// The MAC of the device on the lab's network: 52:54:00, then the last three bytes of the node's address.
pub fn mac(address: IpAddr) -> String {
    let bytes = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let last: Vec<String> = bytes[bytes.len() - 3..].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("52:54:00:{}", last.join(":"))
}

/// Ethernet devices of this machine by their MAC (`/sys/class/net/…/address`).
pub fn devices() -> Result<BTreeMap<String, IfName>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir("/sys/class/net").context(|| "list the network devices")? {
        let path = entry?.path();
        let read = |name: &str| fs::read_to_string(path.join(name)).unwrap_or_default().trim().to_owned();
        let name = path.file_name().unwrap_or_default().to_string_lossy().parse::<IfName>();
        // Type 1 is Ethernet; bridges and their like have no parent, and a veth in a test machine has none either.
        if let (Ok(name), "1") = (name, read("type").as_str()) {
            found.insert(read("address"), name);
        }
    }
    Ok(found)
}

/// The node that this machine is, and what says so: what it was told, its MAC, its address, its name.
pub fn own_node(nodes: &Nodes, told: Option<&HostName>) -> Result<(Node, Sign)> {
    if let Some(name) = told {
        return Ok((nodes.named(name)?.clone(), Sign::Wish));
    }
    let devices = devices()?;
    if let Some(node) = nodes.nodes.iter().find(|node| devices.contains_key(&mac(node.address))) {
        return Ok((node.clone(), Sign::Mac));
    }
    let own = addresses::read()?;
    if let Some(node) = nodes.nodes.iter().find(|node| own.iter().any(|one| one.address == node.address)) {
        return Ok((node.clone(), Sign::Address));
    }
    let host = gethostname().context(|| "ask for the host name")?.to_string_lossy().into_owned();
    match nodes.nodes.iter().find(|node| node.name.as_str() == host) {
        Some(node) => Ok((node.clone(), Sign::Name)),
        None => Err(nobody(nodes, &devices)),
    }
}

fn nobody(nodes: &Nodes, devices: &BTreeMap<String, IfName>) -> Error {
    let has: Vec<String> = devices.iter().map(|(mac, name)| format!("{name} {mac}")).collect();
    let wanted: Vec<String> = nodes.nodes.iter().map(|node| format!("{} {}", node.name, mac(node.address))).collect();
    Error::failed(format!("which node of lab {} this machine is cannot be told: it has {}", nodes.name, has.join(", ")))
        .hint(format!(
            "give its device one of these MACs: {}; or say `node = \"…\"` in provision.toml",
            wanted.join(", ")
        ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_is_made_of_the_address() {
        assert_eq!(mac("192.168.56.10".parse().unwrap()), "52:54:00:a8:38:0a");
        assert_eq!(mac("fd00::1:2".parse().unwrap()), "52:54:00:01:00:02");
    }
}
