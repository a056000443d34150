//! Checks of the whole topology before anything is made: what could not work, or would not measure what it says.

use std::collections::BTreeMap;

use super::topology::{Address, Device, Kind, Topology, Vtep};
use crate::{
    error::{Error, Result},
    names::Hop,
};

impl Topology {
    /// The first thing that is wrong, with its place in the recipe.
    pub fn check(&self) -> Result<()> {
        for address in &self.addresses {
            self.check_address(address)?;
        }
        self.check_unique_addresses()?;
        for device in &self.devices {
            let checks = [
                self.check_master(device),
                self.check_cable(device),
                self.check_tunnel(device),
                self.check_ports(device),
            ];
            checks.into_iter().collect::<Result<()>>().map_err(|error| error.at(&device.at))?;
        }
        self.check_routes()
    }

    fn check_address(&self, address: &Address) -> Result<()> {
        let cidr = &address.cidr;
        let place = |error: Error| error.at(&address.at);
        if cidr.addr == cidr.network().addr && cidr.prefix < if cidr.addr.is_ipv4() { 31 } else { 127 } {
            return Err(place(Error::usage(format!(
                "`{cidr}` on `{}` is the network itself, not a host in it",
                address.hop
            ))));
        }
        if cidr.addr.is_multicast() || cidr.addr.is_unspecified() {
            return Err(place(Error::usage(format!("`{}` cannot be the address of a device", cidr.addr))));
        }
        match self.device(&address.hop).and_then(|device| device.master.as_ref()) {
            Some(master) => Err(place(
                Error::usage(format!("`{}` is a port of `{master}`: an address on it is never used", address.hop))
                    .hint(format!("give the address to `{master}`")),
            )),
            None => Ok(()),
        }
    }

    fn check_unique_addresses(&self) -> Result<()> {
        let mut seen: BTreeMap<_, &Address> = BTreeMap::new();
        let mut networks: BTreeMap<_, Vec<&Address>> = BTreeMap::new();
        for address in &self.addresses {
            if let Some(before) = seen.insert(address.cidr.addr, address) {
                return Err(Error::usage(format!(
                    "`{}` has the address {} that `{}` has already, from {}",
                    address.hop, address.cidr.addr, before.hop, before.at
                ))
                .at(&address.at));
            }
            let others = networks.entry(&address.hop.ns).or_default();
            if let Some(other) =
                others.iter().find(|other| other.hop != address.hop && other.cidr.overlaps(&address.cidr))
            {
                return Err(Error::usage(format!(
                    "{} on `{}` overlaps {} on `{}` in one namespace",
                    address.cidr, address.hop, other.cidr, other.hop
                ))
                .hint("the kernel would send by one device and wait on the other; choose another network")
                .at(&address.at));
            }
            others.push(address);
        }
        Ok(())
    }

    fn check_master(&self, device: &Device) -> Result<()> {
        let Some(master) = &device.master else { return Ok(()) };
        let hop = Hop { ns: device.hop.ns.clone(), dev: master.clone() };
        self.require_device(&hop)?;
        match self.device(&hop).map(|device| &device.kind) {
            Some(Kind::Bridge { .. }) if matches!(device.kind, Kind::Bridge { .. }) => {
                Err(Error::usage(format!("`{}` is a bridge; it cannot be a port of one", device.hop)))
            }
            Some(Kind::Bridge { .. }) => Ok(()),
            _ => Err(Error::usage(format!("`{hop}` is no bridge: nothing can be its port"))),
        }
    }

    /// A cable whose ends have addresses must have them in one network.
    fn check_cable(&self, device: &Device) -> Result<()> {
        let Kind::Veth { peer } = &device.kind else { return Ok(()) };
        for near in self.addresses_of(&device.hop) {
            let family = |far: &&Address| far.cidr.addr.is_ipv4() == near.cidr.addr.is_ipv4();
            let mut far = self.addresses_of(peer).filter(family).peekable();
            let Some(other) = far.peek().copied() else { continue };
            if !far.any(|far| far.cidr.network() == near.cidr.network()) {
                return Err(Error::usage(format!(
                    "{} on `{}` is outside the network of the cable's other end: `{peer}` has {}",
                    near.cidr, device.hop, other.cidr
                ))
                .hint(format!("take an address of {}", other.cidr.network())));
            }
        }
        Ok(())
    }

    fn check_tunnel(&self, device: &Device) -> Result<()> {
        let Kind::Vxlan(vtep) = &device.kind else { return Ok(()) };
        if let Some((twin, _)) = self.vteps().find(|(other, end)| {
            other.hop.ns == device.hop.ns && other.hop < device.hop && (end.vni, end.port) == (vtep.vni, vtep.port)
        }) {
            return Err(Error::usage(format!(
                "`{}` and `{}` are two vteps with VNI {} and port {} in one namespace: the kernel allows one",
                twin.hop, device.hop, vtep.vni, vtep.port
            ))
            .hint("put each end in a namespace of its own"));
        }
        let underlay = self.underlay(device).filter(|hop| self.require_device(hop).is_ok()).ok_or_else(|| {
            Error::usage(format!(
                "`{}` has no underlay: no device in `{}` has {}",
                device.hop, device.hop.ns, vtep.local
            ))
            .hint("give the address to a device of that namespace, or name the device: dev = …")
        })?;
        if vtep.one_sided {
            return Ok(());
        }
        self.check_tunnel_mtu(device, vtep, &underlay)?;
        match self.partner(device) {
            None => Err(self.asymmetry(device, vtep)),
            Some(partner) if partner.hop.ns == device.hop.ns => Err(Error::usage(format!(
                "`{}` and `{}` are both ends of one VXLAN in namespace `{}`",
                device.hop, partner.hop, device.hop.ns
            ))
            .hint("the kernel hands such frames over without encapsulating them; use two namespaces")),
            Some(partner) if self.mtu(&partner.hop) != self.mtu(&device.hop) => Err(Error::usage(format!(
                "`{}` has mtu {} and its other end `{}` mtu {}: larger frames would vanish one way",
                device.hop,
                self.mtu(&device.hop),
                partner.hop,
                self.mtu(&partner.hop)
            ))
            .hint("give both underlays, or both ends, the same mtu")),
            Some(_) => Ok(()),
        }
    }

    fn check_tunnel_mtu(&self, device: &Device, vtep: &Vtep, underlay: &Hop) -> Result<()> {
        let room = self.mtu(underlay).saturating_sub(vtep.overhead());
        match device.mtu {
            Some(mtu) if mtu.bytes() > room => Err(Error::usage(format!(
                "mtu {mtu} of `{}` is too large: its underlay `{underlay}` has {}, which leaves {room} after {} bytes of headers",
                device.hop,
                self.mtu(underlay),
                vtep.overhead(),
                mtu = mtu.bytes(),
            ))
            .hint(format!("mtu = {room} here, or mtu = {} on the underlay", mtu.bytes() + vtep.overhead()))),
            _ => Ok(()),
        }
    }

    /// Why no vtep of the lab is this one's other end: the nearest one, and what differs.
    fn asymmetry(&self, device: &Device, vtep: &Vtep) -> Error {
        let others = self.vteps().filter(|(other, _)| other.hop != device.hop);
        let differences = |end: &Vtep| {
            let mut list = Vec::new();
            if end.vni != vtep.vni {
                list.push(format!("vni {} ≠ {}", vtep.vni, end.vni));
            }
            if end.port != vtep.port {
                list.push(format!("port {} ≠ {}", vtep.port, end.port));
            }
            if end.local != vtep.remote || end.remote != vtep.local {
                list.push(format!("{}→{} is not answered by {}→{}", vtep.local, vtep.remote, end.local, end.remote));
            }
            list
        };
        let nearest = others.map(|(other, end)| (differences(end), other)).min_by_key(|(list, _)| list.len());
        let error = Error::usage(match nearest {
            Some((list, other)) => {
                format!("`{}` has no other end; nearest is `{}`, but {}", device.hop, other.hop, list.join(", "))
            }
            None => format!("`{}` has no other end in this lab", device.hop),
        });
        error.hint("no packet could pass. net.vxlan makes both ends alike; one_sided = true is for a tunnel that is meant to lead nowhere")
    }

    /// A bridge does not fragment: what one port takes, every port must.
    fn check_ports(&self, device: &Device) -> Result<()> {
        let Kind::Bridge { .. } = device.kind else { return Ok(()) };
        let counted = |port: &&Device| !matches!(&port.kind, Kind::Vxlan(vtep) if vtep.one_sided);
        let mut ports = self.ports(&device.hop).filter(counted);
        let Some(first) = ports.next() else { return Ok(()) };
        let mtu = self.mtu(&first.hop);
        match ports.find(|port| self.mtu(&port.hop) != mtu) {
            Some(other) => {
                let least = mtu.min(self.mtu(&other.hop));
                Err(Error::usage(format!(
                    "ports of `{}` differ in mtu: `{}` has {mtu} and `{}` {}; frames above {least} would vanish",
                    device.hop,
                    first.hop,
                    other.hop,
                    self.mtu(&other.hop),
                ))
                .hint(format!("mtu = {least} on the larger, or a larger underlay under a vxlan")))
            }
            None => Ok(()),
        }
    }

    fn check_routes(&self) -> Result<()> {
        for route in &self.routes {
            let here = |address: &&Address| address.hop.ns == route.ns;
            let reached = self.addresses.iter().filter(here).any(|address| address.cidr.contains(route.via));
            if !reached {
                return Err(Error::usage(format!("next hop {} is in no network of `{}`", route.via, route.ns))
                    .hint("a next hop must be a neighbour: give a device of the namespace an address beside it")
                    .at(&route.at));
            }
            if self.owner(route.via).is_none() {
                return Err(Error::usage(format!("no device of the lab has the next hop {}", route.via)).at(&route.at));
            }
        }
        Ok(())
    }
}
