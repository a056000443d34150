//! The addresses that the devices of this machine have (`ip -br addr`).

use std::net::IpAddr;

use nix::{ifaddrs::getifaddrs, sys::socket::SockaddrStorage};
use serde::Serialize;

use crate::error::{Context, Result};

/// An address and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceAddress {
    pub dev: String,
    pub address: IpAddr,
}

/// All of them, also those of `lo`.
pub fn read() -> Result<Vec<DeviceAddress>> {
    let all = getifaddrs().context(|| "list the addresses of this machine")?;
    Ok(all.filter_map(|one| Some(DeviceAddress { address: ip(&one.address?)?, dev: one.interface_name })).collect())
}

fn ip(address: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|address| IpAddr::V4(address.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|address| IpAddr::V6(address.ip())))
}
