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
}

/// As many pods as a kubelet takes fit: 110.
const PREFIX: u8 = 24;
const SIZE: u32 = 256;

/// In the order of lab.toml.
pub fn subnets(nodes: &Nodes) -> Result<Vec<Subnet>> {
    let of = |(at, node): (usize, &crate::nodes::Node)| {
        let subnet = u32::try_from(at).ok().and_then(|at| part(&nodes.pod_cidr, at));
        let subnet = subnet.ok_or_else(|| {
            Error::usage(format!(
                "`pod_cidr` {} has no /{PREFIX} for each of {} nodes",
                nodes.pod_cidr,
                nodes.nodes.len()
            ))
        })?;
        Ok(Subnet { name: node.name.clone(), address: node.address, subnet })
    };
    nodes.nodes.iter().enumerate().map(of).collect()
}

/// The `n`th network of that size within the pods' own, counted from 0; nothing where it has not so many.
fn part(pods: &Cidr, n: u32) -> Option<Cidr> {
    let first = match n {
        0 => pods.network(),
        _ => pods.host(n.checked_mul(SIZE)?)?,
    };
    (pods.addr.is_ipv4() && pods.prefix <= PREFIX).then_some(Cidr { addr: first.addr, prefix: PREFIX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_as_many_parts_as_fit() {
        let part = |pods: &str, n| part(&pods.parse().unwrap(), n).map(|part| part.to_string());
        assert_eq!(part("10.17.1.9/22", 0).as_deref(), Some("10.17.0.0/24"));
        assert_eq!(part("10.17.0.0/22", 3).as_deref(), Some("10.17.3.0/24"));
        assert_eq!([part("10.17.0.0/22", 4), part("10.17.0.0/25", 0), part("fd00::/64", 0)], [None, None, None]);
        assert_eq!(part("10.17.5.0/24", 0).as_deref(), Some("10.17.5.0/24"));
    }
}
