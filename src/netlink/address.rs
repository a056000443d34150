//! Addresses of devices.

use std::net::IpAddr;

use nix::libc::{AF_INET, AF_INET6, IFA_ADDRESS, IFA_F_NODAD, IFA_F_TENTATIVE, IFA_LOCAL, RTM_GETADDR, RTM_NEWADDR};

use super::{
    Connection, Request,
    attribute::{attributes, u32_at},
    message::Answer,
};
use crate::{error::Result, names::Cidr};

/// struct ifaddrmsg
const HEADER: usize = 8;

/// `ip addr add CIDR dev DEV`
#[derive(Debug, Clone, Copy)]
pub struct Assign {
    pub index: u32,
    pub cidr: Cidr,
}

impl Assign {
    pub fn create(self) -> Request {
        self.told(Request::create(RTM_NEWADDR, &self.header()))
    }

    /// Puts the address back whether or not it is still there (`ip addr replace`).
    pub fn restore(self) -> Request {
        self.told(Request::replace(RTM_NEWADDR, &self.header()))
    }

    fn header(self) -> [u8; HEADER] {
        // Nobody else is on this wire: with duplicates looked for, the address is unusable for more than a second.
        let flags = if self.cidr.addr.is_ipv6() { IFA_F_NODAD as u8 } else { 0 };
        let [a, b, c, d] = self.index.to_ne_bytes();
        [family(self.cidr.addr), self.cidr.prefix, flags, 0, a, b, c, d]
    }

    fn told(self, request: Request) -> Request {
        let octets = octets(self.cidr.addr);
        request.with(IFA_LOCAL, &octets).with(IFA_ADDRESS, &octets)
    }
}

pub(super) fn family(addr: IpAddr) -> u8 {
    match addr {
        IpAddr::V4(_) => AF_INET as u8,
        IpAddr::V6(_) => AF_INET6 as u8,
    }
}

/// In the order of the wire.
pub(super) fn octets(addr: IpAddr) -> Vec<u8> {
    match addr {
        IpAddr::V4(addr) => addr.octets().into(),
        IpAddr::V6(addr) => addr.octets().into(),
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
        let mut found = Vec::new();
        self.dump(&Request::change(RTM_GETADDR, &[0; HEADER]), &mut |answer| found.extend(read(&answer)))?;
        Ok(found)
    }
}

fn read(answer: &Answer) -> Option<AssignedAddress> {
    let (header, attributed) = answer.body.split_first_chunk::<HEADER>().filter(|_| answer.kind == RTM_NEWADDR)?;
    let find = |wanted: u16| attributes(attributed).find(|(kind, _)| *kind == wanted);
    let (_, value) = find(IFA_LOCAL).or_else(|| find(IFA_ADDRESS))?;
    let addr = match value.first_chunk::<16>() {
        Some(octets) => IpAddr::from(*octets),
        None => IpAddr::from(*value.first_chunk::<4>()?),
    };
    Some(AssignedAddress {
        index: u32_at(header, 4),
        cidr: Cidr { addr, prefix: header[1] },
        tentative: u32::from(header[2]) & IFA_F_TENTATIVE != 0,
    })
}
