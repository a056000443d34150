//! Routes by way of a gateway.

use std::net::IpAddr;

use nix::libc::{RT_SCOPE_UNIVERSE, RT_TABLE_MAIN, RTA_DST, RTA_GATEWAY, RTM_NEWROUTE, RTN_UNICAST, RTPROT_STATIC};

use super::{
    Request,
    address::{family, octets},
};
use crate::names::Cidr;

/// `ip route add TO via VIA`
#[derive(Debug, Clone, Copy)]
pub struct Gateway {
    pub to: Cidr,
    pub via: IpAddr,
}

impl Gateway {
    pub fn create(self) -> Request {
        self.told(Request::create(RTM_NEWROUTE, &self.header()))
    }

    /// Puts the route back whether or not it is still there (`ip route replace`).
    pub fn restore(self) -> Request {
        self.told(Request::replace(RTM_NEWROUTE, &self.header()))
    }

    /// struct rtmsg
    fn header(self) -> [u8; 12] {
        let (family, to) = (family(self.via), self.to.prefix);
        [family, to, 0, 0, RT_TABLE_MAIN, RTPROT_STATIC, RT_SCOPE_UNIVERSE, RTN_UNICAST, 0, 0, 0, 0]
    }

    fn told(self, request: Request) -> Request {
        let request = match self.to.prefix {
            0 => request,
            _ => request.with(RTA_DST, &octets(self.to.network().addr)),
        };
        request.with(RTA_GATEWAY, &octets(self.via))
    }
}
