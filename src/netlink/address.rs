//! Addresses of devices.

use std::net::IpAddr;

use netlink_packet_route::{
    AddressFamily, RouteNetlinkMessage,
    address::{AddressAttribute, AddressFlags, AddressHeaderFlags, AddressMessage, AddressScope},
};

use super::{Connection, Request};
use crate::{error::Result, names::Cidr};

/// `ip addr add CIDR dev DEV`
#[derive(Debug, Clone, Copy)]
pub struct Assign {
    pub index: u32,
    pub cidr: Cidr,
}

impl Assign {
    pub fn create(self) -> Request {
        Request::create(self.message())
    }

    /// Puts the address back whether or not it is still there (`ip addr replace`).
    pub fn restore(self) -> Request {
        Request::replace(self.message())
    }

    fn message(self) -> RouteNetlinkMessage {
        let mut message = AddressMessage::default();
        message.header.index = self.index;
        message.header.prefix_len = self.cidr.prefix;
        message.header.scope = AddressScope::Universe;
        message.header.family = family(self.cidr.addr);
        message.attributes.push(AddressAttribute::Local(self.cidr.addr));
        message.attributes.push(AddressAttribute::Address(self.cidr.addr));
        if self.cidr.addr.is_ipv6() {
            // Nobody else is on this wire: without it the address is unusable for more than a second.
            message.header.flags = AddressHeaderFlags::Nodad;
            message.attributes.push(AddressAttribute::Flags(AddressFlags::Nodad));
        }
        RouteNetlinkMessage::NewAddress(message)
    }
}

pub(super) fn family(addr: IpAddr) -> AddressFamily {
    match addr {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    }
}

/// An address as the kernel shows it (`ip addr show`).
#[derive(Debug, Clone, PartialEq)]
pub struct AssignedAddress {
    pub index: u32,
    pub cidr: Cidr,
    /// Still being checked for duplicates: not usable yet.
    pub tentative: bool,
}

impl Connection {
    /// Every address of the namespace.
    pub fn addresses(&mut self) -> Result<Vec<AssignedAddress>> {
        let answers = self.dump(RouteNetlinkMessage::GetAddress(AddressMessage::default()))?;
        Ok(answers
            .into_iter()
            .filter_map(|answer| match answer {
                RouteNetlinkMessage::NewAddress(message) => read(message),
                _ => None,
            })
            .collect())
    }
}

fn read(message: AddressMessage) -> Option<AssignedAddress> {
    let addr = message.attributes.iter().find_map(|attribute| match attribute {
        AddressAttribute::Local(addr) => Some(*addr),
        _ => None,
    });
    let addr = addr.or_else(|| {
        message.attributes.iter().find_map(|attribute| match attribute {
            AddressAttribute::Address(addr) => Some(*addr),
            _ => None,
        })
    })?;
    Some(AssignedAddress {
        index: message.header.index,
        cidr: Cidr { addr, prefix: message.header.prefix_len },
        tentative: message.header.flags.contains(AddressHeaderFlags::Tentative),
    })
}
