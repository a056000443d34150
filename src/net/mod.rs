//! Network topologies: declared, checked as a whole, built in a few batches, proved, taken down.

mod batch;
mod bridge;
mod build;
mod built;
mod check;
pub mod counters;
mod crossings;
mod down;
mod evidence;
mod mutation;
mod ns;
mod path;
mod path_mtu;
mod ping_all;
pub mod probe;
mod prove;
mod settings;
mod settle;
mod shape;
mod shell;
mod sysctls;

mod topology;
pub mod undo;
mod veth;
mod vxlan;

pub use bridge::Bridge;
pub use counters::Counters;
pub use down::{Down, DownReport};
pub use ns::Ns;
pub use ping_all::{PingAll, Reach};
pub use prove::Prove;
pub use settings::{AddAddress, AddRoute, SetSysctl};
pub use settle::{Up, UpReport};
pub use shape::{Linear, Made, Sketch, Star, Tree};
pub use topology::{Device, Kind, Topology};
pub use veth::Veth;
pub use vxlan::{OneVtep, Vxlan};

use std::collections::BTreeMap;

use crate::{
    error::Result,
    lab::Lab,
    names::{Hop, NsName},
    netlink::Connection,
};

/// The network of one lab: what was declared, and how much of it is there.
#[derive(Default)]
pub struct Net {
    pub topology: Topology,
    built: built::Built,
    connections: BTreeMap<NsName, Connection>,
    indices: BTreeMap<Hop, u32>,
    born: sysctls::Born,
    /// The lab's host namespace held a lab that was taken down.
    is_used: bool,
}

impl Net {
    /// Makes real what was declared since the last time: checked as a whole, then built, then settled.
    ///
    /// Where the lab only says what it would do, says that.
    pub fn settle(&mut self, lab: &mut Lab) -> Result<()> {
        if self.built.covers(&self.topology) {
            return Ok(());
        }
        self.topology.check()?;
        if lab.acts() {
            self.build(lab)?;
            self.wait_until_settled(lab)
        } else {
            self.describe(lab);
            Ok(())
        }
    }

    /// The socket in a namespace, opened at the first need.
    fn connection(&mut self, lab: &Lab, ns: &NsName) -> Result<&mut Connection> {
        if !self.connections.contains_key(ns) {
            let connection = lab.netns(ns)?.enter(Connection::open)?;
            self.connections.insert(ns.clone(), connection);
        }
        // Just inserted: the entry is there.
        self.connections.get_mut(ns).ok_or_else(|| crate::error::Error::failed(format!("no socket in `{ns}`")))
    }
}
