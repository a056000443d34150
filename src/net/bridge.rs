//! `net.bridge`: a switch.

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

/// `ip link add NAME type bridge`. Devices become ports by their own `master`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bridge {
    /// Namespace it is in; the lab's host unless given.
    #[serde(default = "NsName::host")]
    pub ns: NsName,
    pub name: IfName,
    /// The switch's own address or addresses: with one it takes part in routing.
    #[serde(default)]
    pub addr: OneOrMany<Cidr>,
    /// The least of its ports' unless given.
    pub mtu: Option<Mtu>,
    /// Spanning tree: off unless asked, since it holds every port back for 30 s.
    #[serde(default)]
    pub stp: bool,
}

impl Net {
    /// Declares a bridge.
    pub fn bridge(&mut self, bridge: Bridge, at: &str) -> Result<()> {
        let device = Device {
            hop: Hop { ns: bridge.ns, dev: bridge.name },
            kind: Kind::Bridge { stp: bridge.stp },
            mtu: bridge.mtu,
            master: None,
            at: at.to_owned(),
        };
        self.topology.add_device(device, &bridge.addr.0)
    }
}
