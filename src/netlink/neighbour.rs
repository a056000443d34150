//! Neighbours that the kernel has resolved.

use std::net::IpAddr;

use nix::libc::{NDA_DST, RTM_DELNEIGH};

use super::{
    Request,
    address::{family, octets},
};

/// `ip neigh … dev DEV`
#[derive(Debug, Clone, Copy)]
pub struct Neighbour {
    pub index: u32,
    pub addr: IpAddr,
}

impl Neighbour {
    /// `ip neigh del ADDR dev DEV`
    pub fn forget(self) -> Request {
        // struct ndmsg
        let [a, b, c, d] = self.index.to_ne_bytes();
        let header = [family(self.addr), 0, 0, 0, a, b, c, d, 0, 0, 0, 0];
        Request::change(RTM_DELNEIGH, &header).with(NDA_DST, &octets(self.addr))
    }
}
