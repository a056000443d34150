//! What a recipe declared: namespaces, devices, addresses, routes, kernel settings, each with its place in the recipe.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use crate::{
    error::{Error, Result, nearest},
    names::{Cidr, Hop, IfName, Mtu, NsName, Vni},
};

/// Where in the recipe something was declared: `ex1.lua:12`.
pub type Position = String;

/// A network namespace (`ip netns add`).
#[derive(Debug, Clone, PartialEq)]
pub struct Space {
    pub name: NsName,
    /// Forwards packets between its devices (`net.ipv4.ip_forward`).
    pub forward: bool,
    pub ipv6: bool,
    pub at: Position,
}

/// A virtual device.
#[derive(Debug, Clone, PartialEq)]
pub struct Device {
    pub hop: Hop,
    pub kind: Kind,
    pub mtu: Option<Mtu>,
    /// The bridge of the same namespace that it is a port of.
    pub master: Option<IfName>,
    pub at: Position,
}

/// What sort of device, with what only that sort has.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    Veth { peer: Hop },
    Bridge { stp: bool },
    Vxlan(Vtep),
}

/// One end of a VXLAN.
#[derive(Debug, Clone, PartialEq)]
pub struct Vtep {
    pub vni: Vni,
    pub port: u16,
    pub local: IpAddr,
    pub remote: IpAddr,
    /// Device of the underlay; found by `local` where not given.
    pub dev: Option<IfName>,
    /// Declared to have no other end in the lab: its symmetry is not checked.
    pub one_sided: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Address {
    pub hop: Hop,
    pub cidr: Cidr,
    pub at: Position,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    pub ns: NsName,
    pub to: Cidr,
    pub via: IpAddr,
    pub at: Position,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    pub ns: NsName,
    /// Dotted, as sysctl writes it: `net.ipv4.ip_forward`.
    pub key: String,
    pub value: String,
    pub at: Position,
}

/// All that was declared, in order. The lab's host namespace is always there.
#[derive(Debug, Clone, Default)]
pub struct Topology {
    pub spaces: Vec<Space>,
    pub devices: Vec<Device>,
    pub addresses: Vec<Address>,
    pub routes: Vec<Route>,
    pub settings: Vec<Setting>,
    known_spaces: BTreeSet<NsName>,
    index: BTreeMap<Hop, usize>,
    addresses_of: BTreeMap<Hop, Vec<usize>>,
}

impl Topology {
    /// An error if the namespace was not declared.
    pub fn require_space(&self, name: &NsName) -> Result<()> {
        if name.is_host() || self.known_spaces.contains(name) {
            return Ok(());
        }
        let known = self.known_spaces.iter().map(NsName::as_str).chain(["host"]);
        Err(Error::usage(format!("there is no namespace `{name}`")).hint(match nearest(name.as_str(), known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("declare it first: net.ns \"{name}\""),
        }))
    }

    /// An error if the device was not declared. `lo` is in every namespace.
    pub fn require_device(&self, hop: &Hop) -> Result<()> {
        self.require_space(&hop.ns)?;
        if hop.dev.as_str() == "lo" || self.index.contains_key(hop) {
            return Ok(());
        }
        let names: Vec<String> = self.index.keys().map(Hop::to_string).collect();
        Err(Error::usage(format!("there is no device `{hop}`")).hint(
            match nearest(&hop.to_string(), names.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "a device is written `namespace/device`, or `device` when it is on the host".to_owned(),
            },
        ))
    }

    pub fn add_space(&mut self, space: Space) -> Result<()> {
        if space.name.is_host() {
            return Err(Error::usage("`host` is the namespace that plays the machine itself; it is there already"));
        }
        if !self.known_spaces.insert(space.name.clone()) {
            return Err(Error::usage(format!("there is a namespace `{}` already", space.name)));
        }
        self.spaces.push(space);
        Ok(())
    }

    pub fn add_device(&mut self, device: Device, addresses: &[Cidr]) -> Result<()> {
        self.require_space(&device.hop.ns)?;
        if device.hop.dev.as_str() == "lo" {
            return Err(Error::usage("`lo` is in every namespace already"));
        }
        if let Some(&before) = self.index.get(&device.hop) {
            let at = &self.devices[before].at;
            return Err(Error::usage(format!("there is a device `{}` already, from {at}", device.hop)));
        }
        self.index.insert(device.hop.clone(), self.devices.len());
        for &cidr in addresses {
            self.push_address(Address { hop: device.hop.clone(), cidr, at: device.at.clone() });
        }
        self.devices.push(device);
        Ok(())
    }

    pub fn add_address(&mut self, address: Address) -> Result<()> {
        self.require_device(&address.hop)?;
        self.push_address(address);
        Ok(())
    }

    fn push_address(&mut self, address: Address) {
        self.addresses_of.entry(address.hop.clone()).or_default().push(self.addresses.len());
        self.addresses.push(address);
    }

    pub fn device(&self, hop: &Hop) -> Option<&Device> {
        self.index.get(hop).map(|&index| &self.devices[index])
    }

    pub fn addresses_of(&self, hop: &Hop) -> impl Iterator<Item = &Address> {
        self.addresses_of.get(hop).into_iter().flatten().map(|&index| &self.addresses[index])
    }

    /// The device that has this address.
    pub fn owner(&self, addr: IpAddr) -> Option<&Hop> {
        self.addresses.iter().find(|address| address.cidr.addr == addr).map(|address| &address.hop)
    }

    pub fn ports<'a>(&'a self, bridge: &'a Hop) -> impl Iterator<Item = &'a Device> {
        self.devices
            .iter()
            .filter(move |device| device.hop.ns == bridge.ns && device.master.as_ref() == Some(&bridge.dev))
    }

    pub fn vteps(&self) -> impl Iterator<Item = (&Device, &Vtep)> {
        self.devices.iter().filter_map(|device| match &device.kind {
            Kind::Vxlan(vtep) => Some((device, vtep)),
            _ => None,
        })
    }

    /// The other end of a VXLAN: same VNI and port, local and remote exchanged.
    pub fn partner(&self, of: &Device) -> Option<&Device> {
        let Kind::Vxlan(one) = &of.kind else { return None };
        self.vteps()
            .find(|(_, other)| {
                other.local == one.remote && other.remote == one.local && other.vni == one.vni && other.port == one.port
            })
            .map(|(device, _)| device)
            .filter(|device| device.hop != of.hop)
    }

    /// The device of the underlay: as declared, or the one of the namespace that has the local address.
    pub fn underlay(&self, device: &Device) -> Option<Hop> {
        let Kind::Vxlan(vtep) = &device.kind else { return None };
        let ns = &device.hop.ns;
        if let Some(dev) = &vtep.dev {
            return Some(Hop { ns: ns.clone(), dev: dev.clone() });
        }
        let here = |address: &&Address| address.hop.ns == *ns && address.cidr.addr == vtep.local;
        self.addresses.iter().find(here).map(|address| address.hop.clone())
    }

    /// The MTU that the device will have: declared, or what the kernel derives.
    pub fn mtu(&self, hop: &Hop) -> u32 {
        match self.device(hop) {
            None => 65536,
            Some(Device { mtu: Some(mtu), .. }) => mtu.bytes(),
            Some(device) => match &device.kind {
                Kind::Vxlan(vtep) => {
                    let underlay = self.underlay(device).map_or(Mtu::ETHERNET.bytes(), |hop| self.mtu(&hop));
                    underlay.saturating_sub(vtep.overhead())
                }
                Kind::Veth { .. } => Mtu::ETHERNET.bytes(),
                Kind::Bridge { .. } => {
                    self.ports(hop).map(|port| self.mtu(&port.hop)).min().unwrap_or(Mtu::ETHERNET.bytes())
                }
            },
        }
    }
}

impl Vtep {
    /// Bytes that encapsulation adds to a frame: Ethernet, IP, UDP and VXLAN headers.
    pub fn overhead(&self) -> u32 {
        if self.remote.is_ipv4() { 50 } else { 70 }
    }
}

impl Kind {
    /// As `ip link add … type` calls it.
    pub fn word(&self) -> &'static str {
        match self {
            Kind::Veth { .. } => "veth",
            Kind::Bridge { .. } => "bridge",
            Kind::Vxlan(_) => "vxlan",
        }
    }
}
