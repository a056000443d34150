//! `net.veth`: a cable with a plug at either end.

use serde::Deserialize;

use super::{
    Net,
    topology::{Device, Kind},
};
use crate::{
    args::OneOrMany,
    error::Result,
    names::{Cidr, Hop, IfName, Mtu, NsName},
};

/// `ip link add NAME type veth peer name PEER`, each end in its namespace.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Veth {
    pub a: End,
    pub b: End,
    /// Of both ends: a cable has one MTU. 1500 unless given.
    pub mtu: Option<Mtu>,
}

/// One end of the cable.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// Namespace it is in; the lab's host unless given.
    #[serde(default = "NsName::host")]
    pub ns: NsName,
    pub name: IfName,
    /// Address or addresses, with prefix length.
    #[serde(default)]
    pub addr: OneOrMany<Cidr>,
    /// Bridge of the same namespace that it is a port of.
    pub master: Option<IfName>,
}

impl End {
    fn hop(&self) -> Hop {
        Hop { ns: self.ns.clone(), dev: self.name.clone() }
    }
}

impl Net {
    /// Declares both ends.
    pub fn veth(&mut self, veth: Veth, at: &str) -> Result<()> {
        let ends = [(&veth.a, &veth.b), (&veth.b, &veth.a)];
        for (end, other) in ends {
            let device = Device {
                hop: end.hop(),
                kind: Kind::Veth { peer: other.hop() },
                mtu: veth.mtu,
                master: end.master.clone(),
                at: at.to_owned(),
            };
            self.topology.add_device(device, &end.addr.0)?;
        }
        Ok(())
    }
}
