//! `net.counters`: what every device of the lab has counted (`ip -s link`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Net;
use crate::{
    args::OneOrMany,
    error::Result,
    lab::Lab,
    names::{Hop, NsName},
    netlink::DeviceState,
};

/// Which devices to look at.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counters {
    /// Devices, as `ns1/veth0`; all of the lab unless given.
    #[serde(default)]
    pub devs: OneOrMany<Hop>,
}

/// One device's counters.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Counts {
    pub rx_packets: u64,
    pub tx_packets: u64,
    pub rx_bytes: u64,
    pub tx_bytes: u64,
    pub tx_errors: u64,
    pub dropped: u64,
}

impl From<&DeviceState> for Counts {
    fn from(state: &DeviceState) -> Counts {
        Counts {
            rx_packets: state.rx_packets,
            tx_packets: state.tx_packets,
            rx_bytes: state.rx_bytes,
            tx_bytes: state.tx_bytes,
            tx_errors: state.tx_errors,
            dropped: state.dropped,
        }
    }
}

/// The state of every device of the lab at one time.
pub type Snapshot = BTreeMap<Hop, DeviceState>;

impl Net {
    /// Counters by device.
    pub fn counters(&mut self, lab: &mut Lab, args: Counters) -> Result<BTreeMap<String, Counts>> {
        self.settle(lab)?;
        for hop in &args.devs.0 {
            self.topology.require_device(hop)?;
        }
        if !lab.acts() {
            lab.plan("read the counters of the devices");
            lab.shell("for ns in $(ip netns list | cut -d' ' -f1); do ip -n \"$ns\" -s link show; done");
            return Ok(BTreeMap::new());
        }
        let snapshot = self.snapshot(lab)?;
        let asked = |hop: &Hop| args.devs.0.is_empty() || args.devs.0.contains(hop);
        Ok(snapshot.iter().filter(|(hop, _)| asked(hop)).map(|(hop, state)| (hop.to_string(), state.into())).collect())
    }

    /// Looks at every namespace that has a device of the lab.
    pub(super) fn snapshot(&mut self, lab: &Lab) -> Result<Snapshot> {
        let mut snapshot = Snapshot::new();
        let namespaces: Vec<NsName> = lab.namespaces().map(|(name, _)| name.clone()).collect();
        for ns in namespaces {
            for (name, state) in self.connection(lab, &ns)?.devices()? {
                if let Ok(dev) = name.parse() {
                    let hop = Hop { ns: ns.clone(), dev };
                    if name == "lo" || self.topology.device(&hop).is_some() {
                        snapshot.insert(hop, state);
                    }
                }
            }
        }
        Ok(snapshot)
    }
}
