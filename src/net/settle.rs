//! Settled means settled: carrier on, ports forwarding, addresses usable.

use std::{
    collections::BTreeSet,
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::{
    Net,
    topology::{Device, Kind, Topology},
};
use crate::{
    error::{Error, Result},
    lab::Lab,
    names::NsName,
    netlink::{DeviceState, PortState},
    results::Sample,
};

/// Long enough for a busy machine; spanning tree alone takes 30 s.
const PATIENCE: Duration = Duration::from_secs(15);
const SPANNING_TREE: Duration = Duration::from_secs(60);

/// `net.up`: build now, and record how long it took.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Up {
    /// Case under which the times are kept; none keeps none.
    pub case: Option<String>,
}

/// What `net.up` gives.
#[derive(Debug, Clone, Default, Serialize)]
pub struct UpReport {
    pub namespaces: usize,
    pub devices: usize,
    pub build_ms: f64,
    pub build_cpu_ms: f64,
}

impl Net {
    /// Builds what is declared, settled, and says what it cost.
    pub fn up(&mut self, lab: &mut Lab, up: Up) -> Result<UpReport> {
        let (start, cpu) = (Instant::now(), crate::cpu::process_seconds()?);
        self.settle(lab)?;
        if !lab.acts() {
            return Ok(UpReport::default());
        }
        let report = UpReport {
            namespaces: self.topology.spaces.len() + 1,
            devices: self.topology.devices.len(),
            build_ms: start.elapsed().as_secs_f64() * 1e3,
            build_cpu_ms: (crate::cpu::process_seconds()? - cpu) * 1e3,
        };
        if let Some(case) = &up.case {
            lab.sample(Sample::new("net", case, "build_ms", report.build_ms)?)?;
            lab.sample(Sample::new("net", case, "build_cpu_ms", report.build_cpu_ms)?)?;
        }
        Ok(report)
    }

    /// Looks until nothing is missing any more; says what is, if it stays missing.
    pub(super) fn wait_until_settled(&mut self, lab: &Lab) -> Result<()> {
        let has_tree = |device: &Device| matches!(device.kind, Kind::Bridge { stp: true });
        let patience = if self.topology.devices.iter().any(has_tree) { SPANNING_TREE } else { PATIENCE };
        let deadline = Instant::now() + patience;
        let mut pause = Duration::from_micros(200);
        let mut unsettled = namespaces_to_watch(&self.topology);
        loop {
            let mut missing = None;
            let mut still = BTreeSet::new();
            for ns in unsettled {
                if let Some(what) = self.what_is_missing(lab, &ns)? {
                    missing.get_or_insert(what);
                    still.insert(ns);
                }
            }
            unsettled = still;
            match missing {
                None => return Ok(()),
                Some(what) if Instant::now() > deadline => {
                    return Err(Error::failed(format!(
                        "wait for the topology to settle: {what} after {} s",
                        patience.as_secs()
                    )));
                }
                Some(what) => log::debug!("not settled yet: {what}"),
            }
            crate::signal::check()?;
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }

    fn what_is_missing(&mut self, lab: &Lab, ns: &NsName) -> Result<Option<String>> {
        let states = self.connection(lab, ns)?.devices()?;
        for device in self.topology.devices.iter().filter(|device| device.hop.ns == *ns) {
            let Some(state) = states.get(device.hop.dev.as_str()) else {
                return Ok(Some(format!("`{}` is not there", device.hop)));
            };
            if let Some(what) = missing_of(device, state, &self.topology) {
                return Ok(Some(format!("`{}` {what}", device.hop)));
            }
        }
        if !self.topology.addresses.iter().any(|address| address.hop.ns == *ns && address.cidr.addr.is_ipv6()) {
            return Ok(None);
        }
        let tentative = self.connection(lab, ns)?.addresses()?.into_iter().find(|address| address.tentative);
        Ok(tentative.map(|address| format!("{} in `{ns}` is tentative", address.cidr)))
    }
}

fn missing_of(device: &Device, state: &DeviceState, topology: &Topology) -> Option<&'static str> {
    let expects_carrier = match device.kind {
        // A bridge has a carrier once a port has.
        Kind::Bridge { .. } => topology.ports(&device.hop).next().is_some(),
        _ => true,
    };
    match state {
        state if !state.up => Some("is down"),
        state if expects_carrier && !state.carrier => Some("has no carrier"),
        state if device.master.is_some() && state.port != Some(PortState::Forwarding) => Some("does not forward yet"),
        _ => None,
    }
}

/// One look at either end of a cable shows both: a star of a thousand needs one dump, not a thousand and one.
fn namespaces_to_watch(topology: &Topology) -> BTreeSet<NsName> {
    let mut watched = BTreeSet::new();
    for device in &topology.devices {
        if !matches!(device.kind, Kind::Veth { .. }) || device.master.is_some() {
            watched.insert(device.hop.ns.clone());
        }
    }
    for device in &topology.devices {
        if let Kind::Veth { peer } = &device.kind
            && !watched.contains(&peer.ns)
        {
            watched.insert(device.hop.ns.clone());
        }
    }
    let v6 = topology.addresses.iter().filter(|address| address.cidr.addr.is_ipv6());
    watched.extend(v6.map(|address| address.hop.ns.clone()));
    watched
}
