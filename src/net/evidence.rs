//! The counters' evidence: every declared device counted every packet, and no other device any.

use std::collections::{BTreeMap, BTreeSet};

use super::{Net, counters::Snapshot, path::Path, prove::Prove, topology::Kind};
use crate::{
    lab::Lab,
    names::{Hop, NsName},
    netlink::{DeviceState, Ethtool},
    results::proof::{Hop as SeenHop, Proof},
};

impl Net {
    /// Every declared hop counted every packet; every device off the path counted none.
    pub(super) fn judge_counters(
        &self,
        args: &Prove,
        path: Option<&Path>,
        before: &Snapshot,
        after: &Snapshot,
        proof: &mut Proof,
    ) {
        let counted = |hop: &Hop| self.counted(hop, before, after, args.through.0.contains(hop));
        let expected = path.map(|path| path.devices.clone()).unwrap_or_default();
        let beside: Vec<Hop> = args.through.0.iter().filter(|hop| !expected.contains(hop)).cloned().collect();
        proof.hops = self.in_order(&expected, &beside).into_iter().map(counted).collect();
        let unused: Vec<&Hop> =
            args.through.0.iter().filter(|hop| used(&counted(hop)) < proof.sent.max(proof.received)).collect();
        if unused.is_empty() && proof.received == proof.sent {
            proof.held.push(format!("all {} packets were counted by every declared device", proof.sent));
        }
        if !unused.is_empty() {
            let most = unused.iter().map(|hop| used(&counted(hop))).max().unwrap_or(0);
            let names: Vec<String> = unused.iter().map(|hop| hop.to_string()).collect();
            let ttl = proof.ttl.map_or_else(String::new, |ttl| format!(" (ttl {ttl})"));
            let instead = path.map_or_else(String::new, |path| format!("; they were {}", self.in_words(path)));
            proof.why.push(format!("{most} of {} packets used {}{instead}{ttl}", proof.sent, names.join(", ")));
        } else if proof.received < proof.sent {
            proof.why.push(format!("{} of {} packets were lost", proof.sent - proof.received, proof.sent));
        }
        // Where IPv6 is on, devices speak by themselves; the packets counted are more than that.
        let speaks_v6 = self.topology.spaces.iter().any(|space| space.ipv6)
            || self.topology.addresses.iter().any(|address| address.cidr.addr.is_ipv6());
        let chatter = if speaks_v6 { proof.sent / 2 } else { 0 };
        let on_path: BTreeSet<&Hop> = expected.iter().chain(&beside).collect();
        let bridges: BTreeSet<Hop> = on_path
            .iter()
            .filter_map(|hop| Some(Hop { ns: hop.ns.clone(), dev: self.topology.device(hop)?.master.clone()? }))
            .collect();
        let off =
            after.keys().filter(|hop| hop.dev.as_str() != "lo" && !on_path.contains(hop) && !bridges.contains(*hop));
        proof.strays =
            off.map(|hop| raw_count(hop, before, after, self.kind(hop))).filter(|seen| total(seen) > chatter).collect();
        match proof.strays.as_slice() {
            [] => proof.held.push("every device off the path stayed still".to_owned()),
            strays => {
                let names: Vec<String> =
                    strays.iter().map(|seen| format!("{} ({})", seen.device, total(seen))).collect();
                proof.why.push(format!("packets were seen off the declared path: {}", names.join(", ")));
            }
        }
    }

    /// The path with the declared devices beside it: a switch where its first port is, others at the end.
    fn in_order<'a>(&self, path: &'a [Hop], beside: &'a [Hop]) -> Vec<&'a Hop> {
        let mut hops: Vec<&Hop> = Vec::new();
        for hop in path {
            hops.push(hop);
            let master = self.topology.device(hop).and_then(|device| device.master.clone());
            let switch = beside.iter().find(|other| other.ns == hop.ns && Some(&other.dev) == master.as_ref());
            hops.extend(switch.filter(|switch| !path.contains(switch) && !hops.contains(switch)));
        }
        let rest: Vec<&Hop> = beside.iter().filter(|hop| !hops.contains(hop)).collect();
        hops.into_iter().chain(rest).collect()
    }

    fn kind(&self, hop: &Hop) -> &'static str {
        self.topology.device(hop).map_or("loopback", |device| device.kind.word())
    }

    /// Writes down what each device of the path leaves to its driver: without it figures cannot be compared.
    pub(super) fn note_offloads(&self, lab: &Lab, proof: &mut Proof) {
        let mut opened: BTreeMap<NsName, Option<Ethtool>> = BTreeMap::new();
        for seen in &mut proof.hops {
            let Ok(hop) = seen.device.parse::<Hop>() else { continue };
            let open = || lab.netns(&hop.ns).and_then(|ns| ns.enter(Ethtool::open));
            let ethtool = opened.entry(hop.ns.clone()).or_insert_with(|| {
                open().inspect_err(|error| log::debug!("offloads of `{}` are not recorded: {error}", hop.ns)).ok()
            });
            seen.offloads = ethtool.as_mut().and_then(|ethtool| ethtool.offloads(self.index(&hop)).ok());
        }
    }

    /// A switch does not count what it forwards: its ports do, and are added up.
    fn counted(&self, hop: &Hop, before: &Snapshot, after: &Snapshot, declared: bool) -> SeenHop {
        let mut seen = raw_count(hop, before, after, self.kind(hop));
        seen.declared = declared;
        let is_bridge = matches!(self.topology.device(hop).map(|device| &device.kind), Some(Kind::Bridge { .. }));
        if is_bridge && total(&seen) == 0 {
            for port in self.topology.ports(hop) {
                let port = raw_count(&port.hop, before, after, "veth");
                seen.rx_packets += port.rx_packets;
                seen.tx_packets += port.tx_packets;
                seen.rx_bytes += port.rx_bytes;
                seen.tx_bytes += port.tx_bytes;
            }
            // Each packet came in by one port and left by another.
            seen.rx_packets /= 2;
            seen.tx_packets /= 2;
            seen.rx_bytes /= 2;
            seen.tx_bytes /= 2;
        }
        seen
    }

    fn in_words(&self, path: &Path) -> String {
        let names = |hops: &[&Hop]| hops.iter().map(|hop| hop.to_string()).collect::<Vec<_>>().join(" → ");
        if !path.routed.is_empty() {
            let hops: Vec<&Hop> = path.routed.iter().flat_map(|(into, out)| [into, out]).collect();
            return format!("routed {}", names(&hops));
        }
        format!("passed over {}", names(&path.devices.iter().collect::<Vec<_>>()))
    }
}

fn raw_count(hop: &Hop, before: &Snapshot, after: &Snapshot, kind: &str) -> SeenHop {
    let rise = |field: fn(&DeviceState) -> u64| {
        let value = |snapshot: &Snapshot| snapshot.get(hop).map_or(0, field);
        value(after).saturating_sub(value(before))
    };
    SeenHop {
        device: hop.to_string(),
        kind: kind.to_owned(),
        declared: false,
        rx_packets: rise(|state| state.rx_packets),
        tx_packets: rise(|state| state.tx_packets),
        rx_bytes: rise(|state| state.rx_bytes),
        tx_bytes: rise(|state| state.tx_bytes),
        mtu: after.get(hop).map_or(0, |state| state.mtu),
        offloads: None,
    }
}

fn total(seen: &SeenHop) -> u64 {
    seen.rx_packets + seen.tx_packets
}

/// Packets that passed both ways: a request one way and its answer the other.
fn used(seen: &SeenHop) -> u64 {
    seen.rx_packets.min(seen.tx_packets)
}
