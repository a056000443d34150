//! Making what was declared: namespaces on every CPU at once, then one batch of messages per namespace and phase.

use std::collections::BTreeSet;

use super::{
    Net,
    batch::{Batches, Source, push},
    built::Built,
    sysctls,
    topology::{Address, Device, Kind, Space, Topology},
};
use crate::{
    error::{Context, Result},
    journal::Undo,
    lab::{Lab, Place},
    names::{Hop, NsName, mac},
    netlink::{Assign, Bridge, Change, Connection, Endpoint, Gateway, Request, Veth, Vxlan, set_alias},
    netns::Netns,
};

impl Net {
    /// Builds all that is declared and not yet there.
    pub(super) fn build(&mut self, lab: &mut Lab) -> Result<()> {
        lab.enclose()?;
        let built = self.built;
        // The topology is lent out whole while sockets and indices beside it change.
        let topology = std::mem::take(&mut self.topology);
        let made = self.build_from(&topology, built, lab);
        self.topology = topology;
        made?;
        self.built = Built::all(&self.topology);
        Ok(())
    }

    fn build_from(&mut self, topology: &Topology, built: Built, lab: &mut Lab) -> Result<()> {
        lab.journal(
            &format!(
                "build {} namespaces, {} devices",
                built.new_spaces(topology).len(),
                built.new_devices(topology).len()
            ),
            None,
        )?;
        self.make_spaces(topology, built, lab)?;
        self.choose_indices(topology, built, lab)?;
        if let Place::Host(tag) = lab.place.clone() {
            super::undo::journal_links(lab, &tag)?;
        }
        self.prepare_host(topology, built, lab)?;
        self.send(lab, self.creations(topology, built, lab)?)?;
        self.silence_on_host(topology, built, lab)?;
        self.send(lab, self.configuration(topology, built, lab)?)?;
        self.apply_settings(topology, built, lab)
    }

    /// Tells the lab's own host namespace what every other one is told; the real host stays as it is.
    fn prepare_host(&self, topology: &Topology, built: Built, lab: &Lab) -> Result<()> {
        if lab.place != Place::Anonymous {
            return Ok(());
        }
        let host = Space { name: NsName::host(), forward: false, ipv6: false, at: String::new() };
        let is_new = built.spaces == 0 && built.devices == 0;
        let bridged = has_bridge(topology, &host.name);
        lab.netns(&host.name)?.enter(|| {
            // One that held a lab before may have been told otherwise by it.
            match (is_new, self.is_used) {
                (true, false) => self.born.furnish(&host, topology)?,
                (true, true) => sysctls::furnish(&host, topology)?,
                _ => {}
            }
            if bridged { around_the_filter() } else { Ok(()) }
        })
    }

    /// Devices on the real host, where IPv6 is on: off for each of ours before it is set up.
    fn silence_on_host(&self, topology: &Topology, built: Built, lab: &Lab) -> Result<()> {
        let ours = |device: &&Device| lab.place != Place::Anonymous && device.hop.ns.is_host();
        for device in built.new_devices(topology).iter().filter(ours) {
            let has_v6 = topology.addresses_of(&device.hop).any(|address| address.cidr.addr.is_ipv6());
            if !has_v6 {
                sysctls::silence(&device.hop.dev)?;
            }
        }
        Ok(())
    }

    fn make_spaces(&mut self, topology: &Topology, built: Built, lab: &mut Lab) -> Result<()> {
        let spaces = built.new_spaces(topology);
        let born = &self.born;
        let made = Netns::create_many(spaces.len(), |index| {
            let space = &spaces[index];
            let furnish = || -> Result<Connection> {
                born.furnish(space, topology)?;
                if has_bridge(topology, &space.name) {
                    around_the_filter()?;
                }
                Connection::open()
            };
            furnish().context(|| format!("make namespace `{}`", space.name)).at(&space.at)
        })?;
        for (space, (ns, connection)) in spaces.iter().zip(made) {
            if let Place::Host(_) = lab.place {
                name_on_host(lab, space, &ns).at(&space.at)?;
            }
            lab.hold(space.name.clone(), ns);
            self.connections.insert(space.name.clone(), connection);
        }
        Ok(())
    }

    /// Numbers that no other device of the lab has, above those the machine gave.
    fn choose_indices(&mut self, topology: &Topology, built: Built, lab: &Lab) -> Result<()> {
        let first = match self.indices.values().max() {
            Some(last) => last + 1,
            None => {
                let taken = self.connection(lab, &NsName::host())?.devices()?;
                // A new namespace may be born with ten fallback tunnels.
                taken.values().map(|state| state.index).max().unwrap_or(0).max(99) + 1
            }
        };
        let devices = built.new_devices(topology).iter().zip(first..);
        self.indices.extend(devices.map(|(device, index)| (device.hop.clone(), index)));
        Ok(())
    }

    /// First phase: bridges and cables. The end whose bridge is here is made up and plugged in at once.
    fn creations<'a>(&self, topology: &'a Topology, built: Built, lab: &Lab) -> Result<Batches<'a>> {
        let mut batches = Batches::new();
        let devices = built.new_devices(topology);
        for device in devices {
            if let Kind::Bridge { stp } = device.kind {
                let end = self.endpoint(lab, device, true);
                push(&mut batches, &device.hop.ns, Bridge { end, stp }.create(), Source::Create(device));
            }
        }
        for device in devices.iter().filter(|device| is_near(device, topology)) {
            let Kind::Veth { peer } = &device.kind else { continue };
            let Some(far) = topology.device(peer) else { continue };
            let veth = Veth {
                near: self.endpoint(lab, device, true),
                // The kernel refuses a far end that is up or enslaved from the start.
                far: Endpoint { master: None, ..self.endpoint(lab, far, false) },
                far_ns: (far.hop.ns != device.hop.ns).then(|| lab.netns(&far.hop.ns).map(Netns::fd)).transpose()?,
            };
            push(&mut batches, &device.hop.ns, veth.create(), Source::Create(device));
        }
        Ok(batches)
    }

    /// Second phase: far ends up, addresses, tunnels on top of them, routes last.
    fn configuration<'a>(&self, topology: &'a Topology, built: Built, lab: &Lab) -> Result<Batches<'a>> {
        let mut batches = Batches::new();
        for space in built.new_spaces(topology) {
            push(&mut batches, &space.name, Change::Up(1).request(), Source::Loopback);
        }
        if lab.place == Place::Anonymous && built.spaces == 0 && built.devices == 0 {
            push(&mut batches, topology_host(), Change::Up(1).request(), Source::Loopback);
        }
        for device in built.new_devices(topology) {
            if matches!(device.kind, Kind::Veth { .. }) && !is_near(device, topology) {
                let index = self.index(&device.hop);
                let change = match self.master(device) {
                    Some(master) => Change::UpAsPort { index, master },
                    None => Change::Up(index),
                };
                push(&mut batches, &device.hop.ns, change.request(), Source::SetUp(device));
            }
        }
        let is_tunnel = |device: &&Device| matches!(device.kind, Kind::Vxlan(_));
        let tunnels: BTreeSet<&Hop> =
            built.new_devices(topology).iter().filter(is_tunnel).map(|device| &device.hop).collect();
        for address in built.new_addresses(topology) {
            // A tunnel that is made below gets its addresses there.
            if !tunnels.contains(&address.hop) {
                push(&mut batches, &address.hop.ns, self.assign(address), Source::Address(address));
            }
        }
        for device in built.new_devices(topology) {
            let Kind::Vxlan(vtep) = &device.kind else { continue };
            let vxlan = Vxlan {
                end: self.endpoint(lab, device, true),
                vni: vtep.vni.into(),
                port: vtep.port,
                local: vtep.local,
                remote: vtep.remote,
                dev: topology.underlay(device).map(|hop| self.index(&hop)),
            };
            push(&mut batches, &device.hop.ns, vxlan.create(), Source::Create(device));
            for address in topology.addresses_of(&device.hop) {
                push(&mut batches, &device.hop.ns, self.assign(address), Source::Address(address));
            }
        }
        if let Place::Host(tag) = &lab.place {
            for device in built.new_devices(topology).iter().filter(|device| device.hop.ns.is_host()) {
                let request = set_alias(self.index(&device.hop), &tag.alias);
                push(&mut batches, &device.hop.ns, request, Source::SetUp(device));
                let up = Change::Up(self.index(&device.hop)).request();
                push(&mut batches, &device.hop.ns, up, Source::SetUp(device));
            }
        }
        for route in built.new_routes(topology) {
            let gateway = Gateway { to: route.to, via: route.via };
            push(&mut batches, &route.ns, gateway.create(), Source::Route(route));
        }
        Ok(batches)
    }

    fn assign(&self, address: &Address) -> Request {
        Assign { index: self.index(&address.hop), cidr: address.cidr }.create()
    }

    fn endpoint<'a>(&self, lab: &'a Lab, device: &'a Device, up: bool) -> Endpoint<'a> {
        let (group, waits) = match &lab.place {
            Place::Host(tag) if device.hop.ns.is_host() => (Some(tag.group), true),
            Place::Anonymous if device.hop.ns.is_host() => (Some(super::down::GROUP), false),
            _ => (None, false),
        };
        Endpoint {
            index: self.index(&device.hop),
            name: device.hop.dev.as_str(),
            mac: mac(&lab.run.recipe, &device.hop.ns, &device.hop.dev),
            mtu: device.mtu.map(|mtu| mtu.bytes()),
            master: self.master(device),
            group,
            up: up && !waits,
        }
    }

    /// The kernel's number of a device of the lab; 1 is every namespace's `lo`.
    pub(super) fn index(&self, hop: &Hop) -> u32 {
        self.indices.get(hop).copied().unwrap_or(1)
    }

    fn master(&self, device: &Device) -> Option<u32> {
        device.master.as_ref().map(|dev| self.index(&Hop { ns: device.hop.ns.clone(), dev: dev.clone() }))
    }

    fn send(&mut self, lab: &mut Lab, batches: Batches) -> Result<()> {
        for (ns, batch) in batches {
            crate::signal::check()?;
            let sent = self.connection(lab, ns)?.transact(&batch.requests);
            sent.map_err(|refusal| batch.explain(refusal))?;
        }
        Ok(())
    }

    fn apply_settings(&mut self, topology: &Topology, built: Built, lab: &mut Lab) -> Result<()> {
        for setting in built.new_settings(topology) {
            let apply = |lab: &mut Lab| {
                let ns = lab.netns(&setting.ns)?;
                if lab.place != Place::Anonymous && setting.ns.is_host() {
                    let value = ns.enter(|| sysctls::read(&setting.key))?;
                    let undo = Undo::Sysctl { path: sysctls::file(&setting.key), value };
                    lab.journal(&format!("set `{}` to `{}`", setting.key, setting.value), Some(undo))?;
                }
                lab.netns(&setting.ns)?.enter(|| sysctls::write(&setting.key, &setting.value))
            };
            apply(lab).context(|| format!("net.sysctl: in namespace `{}`", setting.ns)).at(&setting.at)?;
        }
        Ok(())
    }
}

/// Gives a namespace its name on the real host, with the way back written down first.
fn name_on_host(lab: &mut Lab, space: &Space, ns: &Netns) -> Result<()> {
    super::undo::prepare_directory()?;
    super::undo::refuse_taken_name(&space.name)?;
    let undo = Undo::Netns { path: super::undo::path(&space.name), inode: ns.inode()? };
    lab.journal(&format!("name namespace `{}`", space.name), Some(undo))?;
    super::undo::bind(&space.name, ns)
}

fn has_bridge(topology: &Topology, ns: &NsName) -> bool {
    topology.devices.iter().any(|device| device.hop.ns == *ns && matches!(device.kind, Kind::Bridge { .. }))
}

fn topology_host() -> &'static NsName {
    static HOST: std::sync::OnceLock<NsName> = std::sync::OnceLock::new();
    HOST.get_or_init(NsName::host)
}

fn around_the_filter() -> Result<()> {
    for key in sysctls::AROUND_THE_FILTER {
        if sysctls::file(key).exists() {
            sysctls::write(key, "0")?;
        }
    }
    Ok(())
}

/// Each cable is made from one of its ends: the one that is a port or on the host, else the first declared.
fn is_near(device: &Device, topology: &Topology) -> bool {
    let Kind::Veth { peer } = &device.kind else { return false };
    let Some(far) = topology.device(peer) else { return true };
    let weight = |device: &Device| (device.master.is_some(), device.hop.ns.is_host());
    match weight(device).cmp(&weight(far)) {
        std::cmp::Ordering::Equal => device.hop < far.hop,
        order => order == std::cmp::Ordering::Greater,
    }
}
