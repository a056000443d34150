//! `net.prove`: a case counts only if its packets took the path it claims.

use std::{collections::BTreeSet, net::IpAddr, time::Duration};

use serde::Deserialize;

use super::{
    Net,
    counters::Snapshot,
    path::Path,
    tap::{self, Crossing},
    topology::{Device, Kind, Vtep},
};
use crate::{
    args::OneOrMany,
    error::{Context, Error, Result},
    icmp::{self, Ask, Heard},
    lab::{Case, Lab},
    names::{Hop, NsName, Vni},
    netlink::{Change, DeviceState, Gateway},
    results::proof::{Encap, Hop as SeenHop, Proof},
};

/// Sends traffic and requires that it took the declared path. Registers the case for `bench`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prove {
    /// Name under which the case is measured and reported.
    pub case: String,
    /// Namespace that sends.
    pub from: NsName,
    /// Address that answers.
    pub to: IpAddr,
    /// Devices that every packet must pass, such as `ns1/veth0`; the first is the device under test.
    #[serde(default)]
    pub through: OneOrMany<Hop>,
    /// VNI and port that the underlay must carry; as declared by the vxlan in `through` unless given.
    pub encap: Option<ExpectedEncap>,
    /// Echo requests to count, 5 to 10000.
    #[serde(default = "twenty")]
    pub count: u32,
}

/// What the outer header must say.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedEncap {
    pub vni: Vni,
    pub port: u16,
}

fn twenty() -> u32 {
    20
}

/// Packets sent while the device under test is down.
const MUTATION_PACKETS: u32 = 3;
/// Bytes of IPv4 and ICMP headers before the payload of an echo.
const ECHO_HEADERS: usize = 28;

impl Net {
    /// Proves a case; true where everything held. What did not hold makes the run invalid, not failed.
    pub fn prove(&mut self, lab: &mut Lab, args: Prove) -> Result<bool> {
        self.topology.require_space(&args.from)?;
        for hop in &args.through.0 {
            self.topology.require_device(hop)?;
        }
        if !(5..=10_000).contains(&args.count) {
            return Err(Error::usage(format!("count {} is out of range: 5 to 10000", args.count)));
        }
        if lab.cases.iter().any(|case| case.name == args.case) {
            return Err(Error::usage(format!("case `{}` is proved already", args.case)));
        }
        let to_ns = match self.topology.owner(args.to) {
            Some(owner) => owner.ns.clone(),
            None => return Err(Error::usage(format!("no device of the lab has the address {}", args.to))),
        };
        self.settle(lab)?;
        let mut case = Case { name: args.case.clone(), from: args.from.clone(), to_ns, to: args.to, invalid: None };
        if !lab.run.cases.contains(&args.case) {
            lab.run.cases.push(args.case.clone());
        }
        let mut valid = true;
        if lab.measures() {
            lab.progress.doing(&format!("proving {}", args.case));
            let proof = self.examine(lab, &args)?;
            valid = proof.valid;
            case.invalid = (!valid).then(|| proof.why.join("; "));
            lab.progress.line(&headline(&proof));
            lab.proof(&proof)?;
        } else {
            self.describe_proof(lab, &args);
        }
        lab.cases.push(case);
        Ok(valid)
    }

    fn examine(&mut self, lab: &mut Lab, args: &Prove) -> Result<Proof> {
        let path = self.topology.path(&args.from, args.to);
        let mut proof = Proof {
            case: args.case.clone(),
            from: args.from.to_string(),
            to: args.to.to_string(),
            ttl_expected: path.as_ref().map(Path::ttl),
            ..Proof::default()
        };
        let sender = |lab: &Lab, how: Ask| lab.netns(&args.from)?.enter(|| icmp::ask(how));
        // The first packets resolve neighbours and teach the bridges; they are not counted.
        let warm = sender(lab, Ask { count: 3, ..Ask::new(args.to) })?;
        if warm.received() == 0 {
            proof.why.push(no_answer(&warm, args.to));
        } else {
            let how = Ask { count: args.count, interval: Duration::from_millis(2), ..Ask::new(args.to) };
            let tunnel = self.tunnel(args);
            let before = self.snapshot(lab)?;
            let (heard, crossings) = match &tunnel {
                Some((_, _, underlay)) => {
                    tap::listen(lab.netns(&underlay.ns)?, self.index(underlay), how.ident, || sender(lab, how))?
                }
                None => (sender(lab, how)?, Vec::new()),
            };
            let after = self.snapshot(lab)?;
            proof.sent = heard.sent;
            proof.received = heard.received();
            proof.ttl = heard.answers.first().map(|answer| answer.ttl);
            self.judge_counters(args, path.as_ref(), &before, &after, &mut proof);
            judge_ttl(&mut proof);
            if let Some((_, vtep, underlay)) = &tunnel {
                judge_crossings(args, vtep, underlay, &crossings, &mut proof);
            }
            self.judge_mtu(args, path.as_ref(), &mut proof, |how| sender(lab, how))?;
        }
        self.judge_mutation(lab, args, &mut proof)?;
        proof.valid = proof.why.is_empty();
        Ok(proof)
    }

    /// The first vxlan that the case must pass, with the device of its underlay.
    fn tunnel(&self, args: &Prove) -> Option<(Device, Vtep, Hop)> {
        args.through.0.iter().find_map(|hop| {
            let device = self.topology.device(hop)?;
            match &device.kind {
                Kind::Vxlan(vtep) => Some((device.clone(), vtep.clone(), self.topology.underlay(device)?)),
                _ => None,
            }
        })
    }

    /// Every declared hop counted every packet; every device off the path counted none.
    fn judge_counters(
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
        proof.hops = expected.iter().chain(&beside).map(counted).collect();
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
        let on_path: BTreeSet<&Hop> = expected.iter().chain(&beside).collect();
        let bridges: BTreeSet<Hop> = on_path
            .iter()
            .filter_map(|hop| Some(Hop { ns: hop.ns.clone(), dev: self.topology.device(hop)?.master.clone()? }))
            .collect();
        let off =
            after.keys().filter(|hop| hop.dev.as_str() != "lo" && !on_path.contains(hop) && !bridges.contains(*hop));
        proof.strays =
            off.map(|hop| raw_count(hop, before, after, self.kind(hop))).filter(|seen| total(seen) > 0).collect();
        match proof.strays.as_slice() {
            [] => proof.held.push("every device off the path stayed still".to_owned()),
            strays => {
                let names: Vec<String> =
                    strays.iter().map(|seen| format!("{} ({})", seen.device, total(seen))).collect();
                proof.why.push(format!("packets were seen off the declared path: {}", names.join(", ")));
            }
        }
    }

    fn kind(&self, hop: &Hop) -> &'static str {
        self.topology.device(hop).map_or("loopback", |device| device.kind.word())
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

    /// An echo of exactly the path's MTU passes unfragmented; one byte more does not.
    fn judge_mtu(
        &self,
        args: &Prove,
        path: Option<&Path>,
        proof: &mut Proof,
        ask: impl Fn(Ask) -> Result<Heard>,
    ) -> Result<()> {
        let Some(path) = path else { return Ok(()) };
        let under = self.underlays(path);
        let overlay = path.devices.iter().filter(|hop| !under.contains(hop));
        let Some(mtu) = overlay.map(|hop| self.topology.mtu(hop)).min() else { return Ok(()) };
        let whole = |size: usize| Ask {
            size: size - ECHO_HEADERS,
            whole: true,
            count: 2,
            patience: Duration::from_millis(500),
            ..Ask::new(args.to)
        };
        if ask(whole(mtu as usize))?.received() == 0 {
            proof.why.push(format!("a packet of the path's mtu, {mtu} bytes, does not pass unfragmented"));
        } else if mtu < 65535 && ask(whole(mtu as usize + 1))?.received() > 0 {
            proof.why.push(format!("a packet of {} bytes passes, more than the path's mtu {mtu}", mtu + 1));
        } else {
            proof.mtu = Some(mtu);
            proof.held.push(format!("{mtu} bytes pass unfragmented and {} do not", mtu + 1));
        }
        Ok(())
    }

    /// Devices of the path that carry a tunnel, and so larger frames than the tunnel's own.
    fn underlays<'a>(&self, path: &'a Path) -> BTreeSet<&'a Hop> {
        let mut inside: Option<Hop> = None;
        let mut under = BTreeSet::new();
        for hop in &path.devices {
            match &inside {
                Some(end) if hop == end => inside = None,
                Some(_) => {
                    under.insert(hop);
                }
                None => {
                    let device = self.topology.device(hop).filter(|device| matches!(device.kind, Kind::Vxlan(_)));
                    inside = device.and_then(|device| self.topology.partner(device)).map(|far| far.hop.clone());
                }
            }
        }
        under
    }

    /// With the device under test down the traffic must stop; else something else carries it.
    fn judge_mutation(&mut self, lab: &mut Lab, args: &Prove, proof: &mut Proof) -> Result<()> {
        let Some(target) = args.through.0.first().cloned() else { return Ok(()) };
        let index = self.index(&target);
        let sender = |lab: &Lab, how: Ask| lab.netns(&args.from)?.enter(|| icmp::ask(how));
        let brief = Ask { count: MUTATION_PACKETS, patience: Duration::from_millis(200), ..Ask::new(args.to) };
        self.change(lab, &target, Change::Down(index))?;
        let heard = sender(lab, brief);
        self.change(lab, &target, Change::Up(index))?;
        self.restore_routes(lab, &target.ns)?;
        self.wait_until_settled(lab)?;
        let heard = heard?;
        proof.mutated = Some(target.to_string());
        proof.received_while_down = Some(heard.received());
        if heard.received() > 0 {
            let (came, of) = (heard.received(), heard.sent);
            proof.why.push(format!("with {target} down, {came} of {of} packets still arrived"));
        } else if proof.received > 0 {
            proof.held.push(format!("with {target} down the traffic stops"));
            let again = sender(lab, Ask { count: 3, ..Ask::new(args.to) })?;
            if again.received() == 0 {
                proof.why.push(format!("with {target} up again the traffic did not come back"));
            }
        }
        Ok(())
    }

    fn change(&mut self, lab: &Lab, hop: &Hop, change: Change) -> Result<()> {
        let sent = self.connection(lab, &hop.ns)?.transact(&[change.request()]);
        sent.map_err(|refusal| refusal.error).context(|| format!("{change:?} on `{hop}`"))
    }

    /// The kernel forgets the routes by way of a device that goes down.
    fn restore_routes(&mut self, lab: &Lab, ns: &NsName) -> Result<()> {
        let routes = self.topology.routes.iter().filter(|route| route.ns == *ns);
        let requests: Vec<_> = routes.map(|route| Gateway { to: route.to, via: route.via }.restore()).collect();
        let sent = self.connection(lab, ns)?.transact(&requests);
        sent.map_err(|refusal| refusal.error).context(|| format!("put the routes of `{ns}` back"))
    }

    fn describe_proof(&mut self, lab: &mut Lab, args: &Prove) {
        let through: Vec<String> = args.through.0.iter().map(Hop::to_string).collect();
        let through = if through.is_empty() { String::new() } else { format!(" through {}", through.join(", ")) };
        lab.plan(format!("prove   {}: {} packets from {} to {}{through}", args.case, args.count, args.from, args.to));
        lab.comment(format!("{}: prove that the packets take the path{through}", args.case));
        let inside = super::shell::inside(&args.from);
        lab.shell(format!("{inside}ping -q -c {} -i 0.01 {}", args.count, args.to));
        for hop in &args.through.0 {
            lab.shell(format!("{}ip -s link show dev {}", super::shell::inside(&hop.ns), hop.dev));
        }
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
    }
}

fn total(seen: &SeenHop) -> u64 {
    seen.rx_packets + seen.tx_packets
}

/// Packets that passed both ways: a request one way and its answer the other.
fn used(seen: &SeenHop) -> u64 {
    seen.rx_packets.min(seen.tx_packets)
}

fn no_answer(warm: &Heard, to: IpAddr) -> String {
    match (warm.refused, warm.exceeded_at) {
        (Some(errno), _) => format!("no packet could be sent to {to}: {}", errno.desc()),
        (_, Some(router)) => format!("no answer from {to}: time to live exceeded at {router}"),
        _ => format!("no answer from {to}"),
    }
}

fn judge_ttl(proof: &mut Proof) {
    match (proof.ttl, proof.ttl_expected) {
        (Some(ttl), Some(expected)) if ttl == expected => {
            let routers = 64 - ttl;
            proof.held.push(format!(
                "ttl {ttl}: {routers} router{} on the way, as declared",
                if routers == 1 { "" } else { "s" }
            ));
        }
        (Some(ttl), Some(expected)) => proof.why.push(format!("ttl {ttl} where the declared path implies {expected}")),
        _ => {}
    }
}

/// The underlay carried every packet, both ways, inside the declared VNI and port, and nothing of ours naked.
fn judge_crossings(args: &Prove, vtep: &Vtep, underlay: &Hop, crossings: &[Crossing], proof: &mut Proof) {
    let expected = args.encap.unwrap_or(ExpectedEncap { vni: vtep.vni, port: vtep.port });
    let (vni, port) = (u32::from(expected.vni), expected.port);
    let wrapped: Vec<_> = crossings.iter().filter_map(|crossing| crossing.wrap).collect();
    let right: Vec<_> = wrapped.iter().filter(|wrap| (wrap.vni, wrap.port) == (vni, port)).collect();
    let overhead =
        right.first().map(|wrap| wrap.overhead).filter(|first| right.iter().all(|wrap| wrap.overhead == *first));
    let naked = crossings.len() - wrapped.len();
    proof.encap = Some(Encap {
        device: underlay.to_string(),
        vni,
        port,
        packets: right.len() as u64,
        overhead_bytes: overhead,
        naked: naked as u64,
    });
    let both_ways = proof.sent + proof.received;
    if let Some(wrong) = wrapped.iter().find(|wrap| (wrap.vni, wrap.port) != (vni, port)) {
        proof
            .why
            .push(format!("{underlay} carried VNI {} to port {}, not VNI {vni} to port {port}", wrong.vni, wrong.port));
    }
    if naked > 0 {
        proof.why.push(format!("{naked} packets crossed {underlay} without a VXLAN header"));
    }
    if (right.len() as u64) < both_ways {
        proof.why.push(format!("{underlay} carried {} of {both_ways} packets inside VXLAN", right.len()));
    } else if overhead == Some(u64::from(vtep.overhead())) {
        proof.held.push(format!(
            "{underlay} carried {} packets to UDP port {port} with VNI {vni}, each {} bytes longer than inside",
            right.len(),
            vtep.overhead()
        ));
    } else {
        proof.why.push(format!("the VXLAN header on {underlay} is not {} bytes", vtep.overhead()));
    }
}

fn headline(proof: &Proof) -> String {
    match proof.valid {
        true => format!("proved    {}: {}", proof.case, proof.held.first().map_or("", String::as_str)),
        false => format!("INVALID   {}: {}", proof.case, proof.why.join("; ")),
    }
}
