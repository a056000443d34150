//! Neighbours that the kernel has resolved.

use std::net::IpAddr;

use netlink_packet_route::{
    RouteNetlinkMessage,
    neighbour::{NeighbourAddress, NeighbourAttribute, NeighbourMessage},
};

use super::{Request, address::family};

/// `ip neigh … dev DEV`
#[derive(Debug, Clone, Copy)]
pub struct Neighbour {
    pub index: u32,
    pub addr: IpAddr,
}

impl Neighbour {
    /// `ip neigh del ADDR dev DEV`
    pub fn forget(self) -> Request {
        let mut message = NeighbourMessage::default();
        message.header.family = family(self.addr);
        message.header.ifindex = self.index;
        message.attributes.push(NeighbourAttribute::Destination(match self.addr {
            IpAddr::V4(addr) => NeighbourAddress::Inet(addr),
            IpAddr::V6(addr) => NeighbourAddress::Inet6(addr),
        }));
        Request::change(RouteNetlinkMessage::DelNeighbour(message))
    }
}
