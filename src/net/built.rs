//! How far the building of what was declared has come.

use super::topology::{Address, Device, Route, Setting, Space, Topology};

/// How much of each list of the topology is there.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Built {
    pub(super) spaces: usize,
    pub(super) devices: usize,
    addresses: usize,
    routes: usize,
    settings: usize,
}

impl Built {
    pub(super) fn all(topology: &Topology) -> Built {
        Built {
            spaces: topology.spaces.len(),
            devices: topology.devices.len(),
            addresses: topology.addresses.len(),
            routes: topology.routes.len(),
            settings: topology.settings.len(),
        }
    }

    pub(super) fn covers(&self, topology: &Topology) -> bool {
        let all = Built::all(topology);
        (self.spaces, self.devices, self.addresses) == (all.spaces, all.devices, all.addresses)
            && (self.routes, self.settings) == (all.routes, all.settings)
    }

    pub(super) fn new_spaces<'a>(&self, topology: &'a Topology) -> &'a [Space] {
        &topology.spaces[self.spaces..]
    }

    pub(super) fn new_devices<'a>(&self, topology: &'a Topology) -> &'a [Device] {
        &topology.devices[self.devices..]
    }

    pub(super) fn new_addresses<'a>(&self, topology: &'a Topology) -> &'a [Address] {
        &topology.addresses[self.addresses..]
    }

    pub(super) fn new_routes<'a>(&self, topology: &'a Topology) -> &'a [Route] {
        &topology.routes[self.routes..]
    }

    pub(super) fn new_settings<'a>(&self, topology: &'a Topology) -> &'a [Setting] {
        &topology.settings[self.settings..]
    }
}
