//! Which addresses the pods of each node have: the nodes' own order decides, so that no node asks another.

use std::net::IpAddr;

use serde::Serialize;

use crate::{
    error::{Error, Result},
    names::{Cidr, HostName},
    nodes::Nodes,
};

/// A node, and the network of its pods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subnet {
    pub name: HostName,
    /// Of the node.
    pub address: IpAddr,
    pub subnet: Cidr,
    /// The node's own address in it.
    pub gateway: IpAddr,
}

/// As many pods as a kubelet takes fit: 110.
const PREFIX: u8 = 24;

/// In the order of lab.toml.
pub fn subnets(nodes: &Nodes) -> Result<Vec<Subnet>> {
    let of = |(at, node): (usize, &crate::nodes::Node)| {
        let subnet = u32::try_from(at).ok().and_then(|at| nodes.pod_cidr.part(PREFIX, at));
        let gateway = subnet.and_then(|subnet| subnet.host(1));
        let (subnet, gateway) = subnet.zip(gateway).ok_or_else(|| {
            Error::usage(format!(
                "`pod_cidr` {} has no /{PREFIX} for each of {} nodes",
                nodes.pod_cidr,
                nodes.nodes.len()
            ))
        })?;
        Ok(Subnet { name: node.name.clone(), address: node.address, subnet, gateway: gateway.addr })
    };
    nodes.nodes.iter().enumerate().map(of).collect()
}
