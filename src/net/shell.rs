//! The plan of a topology in words, and the `ip` commands that a person would type for it.

use super::{
    Net, sysctls,
    topology::{Device, Kind, Space, Topology},
};
use crate::{
    lab::{Lab, Line, Mode},
    names::{Hop, NsName},
    quote,
};

/// What goes before a command to run it in a namespace; nothing for the host.
pub(super) fn inside(ns: &NsName) -> String {
    match ns.is_host() {
        true => String::new(),
        false => format!("ip netns exec {ns} "),
    }
}

/// `ip` in a namespace.
fn ip(ns: &NsName) -> String {
    match ns.is_host() {
        true => "ip".to_owned(),
        false => format!("ip -n {ns}"),
    }
}

impl Net {
    /// Says what `build` would do with what is declared and not yet there.
    pub(super) fn describe(&mut self, lab: &mut Lab) {
        let built = self.built;
        let topology = &self.topology;
        if lab.mode == Mode::Plan {
            for space in built.new_spaces(topology) {
                lab.plan(format!("create  namespace {}", space.name));
            }
            for device in built.new_devices(topology).iter().filter(|device| is_first_end(device, topology)) {
                lab.plan(format!("create  {}", in_words(device, topology)));
            }
            for route in built.new_routes(topology) {
                lab.plan(format!("add     route in {}: {} via {}", route.ns, route.to, route.via));
            }
            for setting in built.new_settings(topology) {
                lab.plan(format!("set     {} = {} in {}", setting.key, setting.value, setting.ns));
            }
        } else {
            self.explain(lab);
        }
        self.built = super::built::Built::all(&self.topology);
    }

    fn explain(&self, lab: &mut Lab) {
        let (built, topology) = (self.built, &self.topology);
        if !built.new_spaces(topology).is_empty() {
            lab.comment("namespaces");
        }
        for space in built.new_spaces(topology) {
            lab.lines.extend(space_commands(space, topology).into_iter().map(Line::Shell));
        }
        let devices = built.new_devices(topology);
        let (tunnels, others): (Vec<_>, Vec<_>) =
            devices.iter().partition(|device| matches!(device.kind, Kind::Vxlan(_)));
        let (bridges, cables): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|device| matches!(device.kind, Kind::Bridge { .. }));
        for (title, group) in [("bridges", bridges), ("cables", cables), ("tunnels", tunnels)] {
            if !group.is_empty() {
                lab.comment(title);
            }
            for device in group.into_iter().filter(|device| is_first_end(device, topology)) {
                lab.lines.extend(device_commands(device, topology).into_iter().map(Line::Shell));
            }
        }
        for route in built.new_routes(topology) {
            lab.shell(format!("{} route add {} via {}", ip(&route.ns), route.to, route.via));
        }
        for setting in built.new_settings(topology) {
            let assignment = quote::word(&format!("{}={}", setting.key, setting.value));
            lab.shell(format!("{}sysctl -qw {assignment}", inside(&setting.ns)));
        }
    }
}

fn space_commands(space: &Space, topology: &Topology) -> Vec<String> {
    let ns = &space.name;
    let mut commands = vec![format!("ip netns add {ns}")];
    for (key, value) in sysctls::wanted(space, topology) {
        commands.push(format!("{}sysctl -qw {key}={value}", inside(ns)));
    }
    commands.push(format!("ip -n {ns} link set dev lo up"));
    commands
}

/// Makes a device, both ends of it if it is a cable, and sets it up.
fn device_commands(device: &Device, topology: &Topology) -> Vec<String> {
    let mut commands = vec![creation(device, topology)];
    let far = match &device.kind {
        Kind::Veth { peer } => topology.device(peer),
        _ => None,
    };
    for end in [device].into_iter().chain(far) {
        commands.extend(setting_up(end, topology));
    }
    commands
}

fn creation(device: &Device, topology: &Topology) -> String {
    let dev = quote::word(device.hop.dev.as_str());
    let ip = ip(&device.hop.ns);
    let mtu = device.mtu.map_or_else(String::new, |mtu| format!(" mtu {}", mtu.bytes()));
    match &device.kind {
        Kind::Bridge { stp } => {
            format!("{ip} link add name {dev}{mtu} type bridge stp_state {} mcast_snooping 0", u8::from(*stp))
        }
        Kind::Veth { peer } => {
            let place = match peer.ns == device.hop.ns {
                true => String::new(),
                false => format!(" netns {}", peer.ns),
            };
            let far = quote::word(peer.dev.as_str());
            format!("{ip} link add name {dev}{mtu} type veth peer name {far}{mtu}{place}")
        }
        Kind::Vxlan(vtep) => {
            let under = topology
                .underlay(device)
                .map_or_else(String::new, |hop| format!(" dev {}", quote::word(hop.dev.as_str())));
            format!(
                "{ip} link add name {dev}{mtu} type vxlan id {} local {} remote {} dstport {}{under}",
                vtep.vni, vtep.local, vtep.remote, vtep.port
            )
        }
    }
}

fn setting_up(device: &Device, topology: &Topology) -> Vec<String> {
    let (ip, dev) = (ip(&device.hop.ns), quote::word(device.hop.dev.as_str()));
    let mut commands = Vec::new();
    if let Some(master) = &device.master {
        commands.push(format!("{ip} link set dev {dev} master {}", quote::word(master.as_str())));
    }
    let has_v6 = topology.addresses_of(&device.hop).any(|address| address.cidr.addr.is_ipv6());
    if device.hop.ns.is_host() && !has_v6 {
        commands.push(format!("{ip} link set dev {dev} addrgenmode none"));
    }
    commands.push(format!("{ip} link set dev {dev} up"));
    for address in topology.addresses_of(&device.hop) {
        let nodad = if address.cidr.addr.is_ipv6() { " nodad" } else { "" };
        commands.push(format!("{ip} addr add {} dev {dev}{nodad}", address.cidr));
    }
    commands
}

/// Of the two ends of a cable, the one that the command is typed for; every other device stands for itself.
///
/// The host's end comes first: `netns` in `ip link add` can name a namespace for the peer, but not the host.
fn is_first_end(device: &Device, topology: &Topology) -> bool {
    let Kind::Veth { peer } = &device.kind else { return true };
    let place = |hop: &Hop| topology.devices.iter().position(|device| device.hop == *hop);
    match (device.hop.ns.is_host(), peer.ns.is_host()) {
        (true, false) => true,
        (false, true) => false,
        _ => place(&device.hop) < place(peer),
    }
}

fn in_words(device: &Device, topology: &Topology) -> String {
    let end = |hop: &Hop| {
        let mut text = hop.to_string();
        for address in topology.addresses_of(hop) {
            text += &format!(" {}", address.cidr);
        }
        match topology.device(hop).and_then(|device| device.master.as_ref()) {
            Some(master) => text + &format!(" (port of {master})"),
            None => text,
        }
    };
    match &device.kind {
        Kind::Veth { peer } => format!("veth {} ↔ {}", end(&device.hop), end(peer)),
        Kind::Bridge { .. } => format!("bridge {}", end(&device.hop)),
        Kind::Vxlan(vtep) => format!(
            "vxlan {} with VNI {} to UDP port {}, {} → {}",
            end(&device.hop),
            vtep.vni,
            vtep.port,
            vtep.local,
            vtep.remote
        ),
    }
}
