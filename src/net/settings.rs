//! `net.addr`, `net.route`, `net.sysctl`: what namespaces and devices are told beyond being there.

use std::net::IpAddr;

use serde::Deserialize;

use super::{
    Net,
    topology::{Address, Route, Setting},
};
use crate::{
    args::OneOrMany,
    error::{Error, Result},
    names::{Addr, Cidr, Hop, NsName},
};

/// `ip addr add ADDR dev DEV`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddAddress {
    /// Device: `ns1/veth0`, or `br0` on the host.
    pub dev: Hop,
    /// Address or addresses, with prefix length.
    pub addr: OneOrMany<Cidr>,
}

/// `ip route add TO via VIA`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddRoute {
    /// Namespace that gets the route; the lab's host unless given.
    #[serde(default = "NsName::host")]
    pub ns: NsName,
    /// Destination network; `default` for everything.
    pub to: Destination,
    /// Next hop.
    pub via: Addr,
}

/// A network, or the word `default`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub enum Destination {
    Default,
    Network(Cidr),
}

impl TryFrom<String> for Destination {
    type Error = String;
    fn try_from(text: String) -> Result<Destination, String> {
        match text.as_str() {
            "default" => Ok(Destination::Default),
            text => text.parse().map(Destination::Network),
        }
    }
}

impl Destination {
    /// The network in the family of the next hop.
    fn network(self, via: IpAddr) -> Cidr {
        let everything = if via.is_ipv4() { [0; 4].into() } else { [0; 16].into() };
        match self {
            Destination::Default => Cidr { addr: everything, prefix: 0 },
            Destination::Network(cidr) => cidr,
        }
    }
}

/// `sysctl -w KEY=VALUE` inside a namespace.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetSysctl {
    /// Namespace it is set in; the lab's host unless given.
    #[serde(default = "NsName::host")]
    pub ns: NsName,
    /// Dotted name that begins with `net.`.
    pub key: String,
    pub value: Value,
}

/// A number or a text.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Value {
    Whole(i64),
    Float(f64),
    Text(String),
}

impl Net {
    pub fn addr(&mut self, args: AddAddress, at: &str) -> Result<()> {
        for cidr in args.addr.0 {
            self.topology.add_address(Address { hop: args.dev.clone(), cidr, at: at.to_owned() })?;
        }
        Ok(())
    }

    pub fn route(&mut self, args: AddRoute, at: &str) -> Result<()> {
        self.topology.require_space(&args.ns)?;
        let to = args.to.network(args.via.0);
        if to.network() != to {
            return Err(Error::usage(format!("`{to}` is a host in a network, not a network")).hint(format!(
                "`{}`, or `{}/{}`",
                to.network(),
                to.addr,
                if to.addr.is_ipv4() { 32 } else { 128 }
            )));
        }
        if to.addr.is_ipv4() != args.via.0.is_ipv4() {
            return Err(Error::usage(format!("`{to}` and `{}` are of different families", args.via)));
        }
        self.topology.routes.push(Route { ns: args.ns, to, via: args.via.0, at: at.to_owned() });
        Ok(())
    }

    pub fn sysctl(&mut self, args: SetSysctl, at: &str) -> Result<()> {
        self.topology.require_space(&args.ns)?;
        let parts: Vec<&str> = args.key.split('.').collect();
        // Only settings under net. belong to a namespace; the others are the whole machine's.
        if parts.first() != Some(&"net") || parts.iter().any(|part| part.is_empty() || part.contains('/')) {
            return Err(Error::usage(format!("`{}` is no kernel setting of a network namespace", args.key))
                .hint("it must begin with `net.`, such as net.ipv4.ip_forward"));
        }
        let value = match args.value {
            Value::Whole(number) => number.to_string(),
            // 4/2 is 2.0 in Lua; the kernel wants 2.
            Value::Float(number) => number.to_string(),
            Value::Text(text) => text,
        };
        self.topology.settings.push(Setting { ns: args.ns, key: args.key, value, at: at.to_owned() });
        Ok(())
    }
}
