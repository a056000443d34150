//! The path that a packet must take through the declared topology: over cables, switches, tunnels and routers.

use std::{collections::BTreeSet, net::IpAddr};

use super::topology::{Address, Kind, Topology};
use crate::names::{Hop, NsName};

/// Devices in the order a request passes them, and where it is routed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Path {
    pub devices: Vec<Hop>,
    /// For each router: the device it comes in by and the one it leaves by.
    pub routed: Vec<(Hop, Hop)>,
}

impl Path {
    /// 64 less one for every router.
    pub fn ttl(&self) -> u8 {
        64u8.saturating_sub(self.routed.len() as u8)
    }
}

/// More routers than this is a loop.
const MOST_ROUTERS: usize = 30;

impl Topology {
    /// The path from a namespace to an address, or nothing where the declared topology has none.
    pub fn path(&self, from: &NsName, to: IpAddr) -> Option<Path> {
        let mut path = Path::default();
        let mut here = from.clone();
        let mut came_in: Option<Hop> = None;
        for _ in 0..MOST_ROUTERS {
            let owner = self.owner(to)?;
            if owner.ns == here {
                return Some(path);
            }
            let (out, next) = self.next_hop(&here, to)?;
            if let Some(into) = came_in {
                path.routed.push((into, out.clone()));
            }
            let target = self.owner(next)?.clone();
            let mut seen = BTreeSet::new();
            path.devices.push(out.clone());
            path.devices.extend(self.across(&out, &target, &mut seen)?);
            here = target.ns.clone();
            came_in = Some(target);
        }
        None
    }

    /// The device and the neighbour that a packet to `to` leaves by: longest prefix first.
    fn next_hop(&self, ns: &NsName, to: IpAddr) -> Option<(Hop, IpAddr)> {
        let connected = |addr: IpAddr| -> Option<&Address> {
            let here = self.addresses.iter().filter(|address| address.hop.ns == *ns && address.cidr.contains(addr));
            here.max_by_key(|address| address.cidr.prefix)
        };
        let by_link = connected(to).map(|address| (address.cidr.prefix, address.hop.clone(), to));
        let routes = self.routes.iter().filter(|route| route.ns == *ns && route.to.contains(to));
        let by_route = routes
            .max_by_key(|route| route.to.prefix)
            .and_then(|route| Some((route.to.prefix, connected(route.via)?.hop.clone(), route.via)));
        let (_, out, next) = [by_link, by_route].into_iter().flatten().max_by_key(|(prefix, ..)| *prefix)?;
        Some((out, next))
    }

    /// The devices after `out` on the way to `target` within one layer-2 segment.
    fn across(&self, out: &Hop, target: &Hop, seen: &mut BTreeSet<Hop>) -> Option<Vec<Hop>> {
        if !seen.insert(out.clone()) {
            return None;
        }
        match &self.device(out)?.kind {
            Kind::Veth { peer } => self.arrive(peer, target, seen).map(|rest| prepend(peer, rest)),
            Kind::Vxlan(vtep) => {
                let far = self.partner(self.device(out)?)?.hop.clone();
                let under = self.path(&out.ns, vtep.remote)?.devices;
                let rest = self.arrive(&far, target, seen)?;
                Some(under.into_iter().chain([far]).chain(rest).collect())
            }
            Kind::Bridge { .. } => self.through_ports(out, out, target, seen),
        }
    }

    /// A frame has come in at `port`: it is there, or goes on by the other ports of the bridge.
    fn arrive(&self, port: &Hop, target: &Hop, seen: &mut BTreeSet<Hop>) -> Option<Vec<Hop>> {
        if port == target {
            return Some(Vec::new());
        }
        seen.insert(port.clone());
        let master = self.device(port)?.master.clone()?;
        let bridge = Hop { ns: port.ns.clone(), dev: master };
        if bridge == *target {
            return Some(vec![bridge]);
        }
        self.through_ports(&bridge, port, target, seen)
    }

    fn through_ports(&self, bridge: &Hop, but: &Hop, target: &Hop, seen: &mut BTreeSet<Hop>) -> Option<Vec<Hop>> {
        self.ports(bridge)
            .filter(|port| port.hop != *but)
            .find_map(|port| self.across(&port.hop, target, seen).map(|rest| prepend(&port.hop, rest)))
    }
}

fn prepend(first: &Hop, rest: Vec<Hop>) -> Vec<Hop> {
    [first.clone()].into_iter().chain(rest).collect()
}
