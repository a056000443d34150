//! `net.vxlan`: a layer-2 tunnel with one VNI and one port for both ends; `net.vtep`: one end alone.

use serde::Deserialize;

use super::{
    Net,
    topology::{Device, Kind, Vtep},
};
use crate::{
    args::OneOrMany,
    error::{Error, Result},
    names::{Addr, Cidr, Hop, IfName, Mtu, NsName, Vni},
};

/// The UDP port of RFC 7348.
const PORT: u16 = 4789;

fn port() -> u16 {
    PORT
}

/// Two `ip link add NAME type vxlan id VNI local … remote … dstport PORT`, mirror images of each other.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vxlan {
    pub vni: Vni,
    /// UDP port of both ends; 4789 unless given.
    #[serde(default = "port")]
    pub port: u16,
    pub a: VxlanEnd,
    pub b: VxlanEnd,
    /// Of both ends; the underlay's less 50 (70 over IPv6) unless given.
    pub mtu: Option<Mtu>,
}

/// One end of a VXLAN; where the other end is, the tunnel knows.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VxlanEnd {
    /// Namespace it is in; the lab's host unless given.
    #[serde(default = "NsName::host")]
    pub ns: NsName,
    pub name: IfName,
    /// This end's address on the network below, that it sends from (`local` of `ip link`, a keyword in Lua).
    pub underlay: Addr,
    #[serde(default)]
    pub addr: OneOrMany<Cidr>,
    /// Bridge of the same namespace that it is a port of.
    pub master: Option<IfName>,
}

/// One end without a mirror image: `ip link add NAME type vxlan …`, to show what then happens.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneVtep {
    /// Namespace it is in; the lab's host unless given.
    #[serde(default = "NsName::host")]
    pub ns: NsName,
    pub name: IfName,
    pub vni: Vni,
    /// UDP port it listens on and sends to; 4789 unless given.
    #[serde(default = "port")]
    pub port: u16,
    /// Its address on the network below, that it sends from (`local` of `ip link`, a keyword in Lua).
    pub underlay: Addr,
    /// Address on the network below that it sends to.
    pub remote: Addr,
    /// Device of the underlay; the one that has the local address unless given.
    pub dev: Option<IfName>,
    #[serde(default)]
    pub addr: OneOrMany<Cidr>,
    /// Bridge of the same namespace that it is a port of.
    pub master: Option<IfName>,
    /// The underlay's less 50 (70 over IPv6) unless given.
    pub mtu: Option<Mtu>,
    /// Its other end is not in this lab, or it has none: do not check that the ends mirror each other.
    #[serde(default)]
    pub one_sided: bool,
}

impl Net {
    /// Declares both ends.
    pub fn vxlan(&mut self, vxlan: Vxlan, at: &str) -> Result<()> {
        if vxlan.a.ns == vxlan.b.ns {
            return Err(Error::usage(format!("both ends are in namespace `{}`", vxlan.a.ns)).hint(
                "the kernel hands such frames over without encapsulating them; put each end in a namespace of its own",
            ));
        }
        for (end, other) in [(&vxlan.a, &vxlan.b), (&vxlan.b, &vxlan.a)] {
            self.vtep(
                OneVtep {
                    ns: end.ns.clone(),
                    name: end.name.clone(),
                    vni: vxlan.vni,
                    port: vxlan.port,
                    underlay: end.underlay,
                    remote: other.underlay,
                    dev: None,
                    addr: end.addr.clone(),
                    master: end.master.clone(),
                    mtu: vxlan.mtu,
                    one_sided: false,
                },
                at,
            )?;
        }
        Ok(())
    }

    /// Declares one end.
    pub fn vtep(&mut self, vtep: OneVtep, at: &str) -> Result<()> {
        let kind = Kind::Vxlan(Vtep {
            vni: vtep.vni,
            port: vtep.port,
            local: vtep.underlay.0,
            remote: vtep.remote.0,
            dev: vtep.dev,
            one_sided: vtep.one_sided,
        });
        let hop = Hop { ns: vtep.ns, dev: vtep.name };
        let device = Device { hop, kind, mtu: vtep.mtu, master: vtep.master, at: at.to_owned() };
        self.topology.add_device(device, &vtep.addr.0)
    }
}
