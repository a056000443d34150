//! Settled means settled: carrier on, ports forwarding, addresses usable.

use std::{
    collections::BTreeMap,
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::{
    Net,
    topology::{Device, Kind, Topology},
};
use crate::{
    error::{Context, Error, Result},
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
        let topology = std::mem::take(&mut self.topology);
        let settled = self.watch(&topology, lab);
        self.topology = topology;
        settled
    }

    fn watch(&mut self, topology: &Topology, lab: &Lab) -> Result<()> {
        let has_tree = |device: &Device| matches!(device.kind, Kind::Bridge { stp: true });
        let patience = if topology.devices.iter().any(has_tree) { SPANNING_TREE } else { PATIENCE };
        let deadline = Instant::now() + patience;
        let mut pause = Duration::from_micros(200);
        let mut unsettled = places(topology);
        loop {
            let mut missing = None;
            let mut still = Vec::new();
            for place in unsettled {
                if let Some(what) = self.what_is_missing(lab, topology, &place)? {
                    missing.get_or_insert(what);
                    still.push(place);
                }
            }
            unsettled = still;
            match missing {
                None => return Ok(()),
                Some(what) if Instant::now() > deadline => {
                    let seconds = patience.as_secs();
                    return Err(Error::failed(format!("wait for the topology to settle: {what} after {seconds} s")));
                }
                Some(what) => log::debug!("not settled yet: {what}"),
            }
            crate::signal::check()?;
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }

    fn what_is_missing(&mut self, lab: &Lab, topology: &Topology, place: &Place) -> Result<Option<String>> {
        let indices: Vec<u32> = place.devices.iter().map(|device| self.index(&device.hop)).collect();
        let connection = self.connection(lab, place.ns)?;
        let states = connection.look_at(&indices).context(|| format!("look at the devices of `{}`", place.ns))?;
        for (device, state) in place.devices.iter().zip(&states) {
            if let Some(what) = missing_of(device, state, topology) {
                return Ok(Some(format!("`{}` {what}", device.hop)));
            }
        }
        if !place.ipv6 {
            return Ok(None);
        }
        let tentative = connection.addresses()?.into_iter().find(|address| address.tentative);
        Ok(tentative.map(|address| format!("{} in `{}` is tentative", address.cidr, place.ns)))
    }
}

/// A namespace with what is declared in it.
struct Place<'a> {
    ns: &'a NsName,
    devices: Vec<&'a Device>,
    ipv6: bool,
}

/// Both ends of every cable: each becomes usable by itself, and a kernel under load may let one of them wait.
fn places(topology: &Topology) -> Vec<Place<'_>> {
    let mut places: BTreeMap<&NsName, Place> = BTreeMap::new();
    for device in &topology.devices {
        let ns = &device.hop.ns;
        places.entry(ns).or_insert_with(|| Place { ns, devices: Vec::new(), ipv6: false }).devices.push(device);
    }
    for address in topology.addresses.iter().filter(|address| address.cidr.addr.is_ipv6()) {
        if let Some(place) = places.get_mut(&address.hop.ns) {
            place.ipv6 = true;
        }
    }
    // A bridge has its carrier from its ports: they are looked at first.
    for place in places.values_mut() {
        place.devices.sort_by_key(|device| matches!(device.kind, Kind::Bridge { .. }));
    }
    places.into_values().collect()
}

fn missing_of(device: &Device, state: &DeviceState, topology: &Topology) -> Option<&'static str> {
    let expects_carrier = match device.kind {
        // A bridge has a carrier once a port has.
        Kind::Bridge { .. } => topology.ports(&device.hop).next().is_some(),
        _ => true,
    };
    match state {
        state if !state.up => Some("is down"),
        state if expects_carrier && !state.running => Some("has no carrier"),
        state if device.master.is_some() && state.port != Some(PortState::Forwarding) => Some("does not forward yet"),
        _ => None,
    }
}
