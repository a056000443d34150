//! `net.prove`: a case counts only if its packets took the path it claims.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use serde::Deserialize;

use super::{
    Net,
    crossings::judge_crossings,
    path::Path,
    topology::{Device, Kind, Vtep},
};
use crate::{
    args::OneOrMany,
    error::{Error, Result},
    icmp::{self, Ask, Heard},
    lab::{Case, Lab},
    names::{Addr, Hop, NsName, Vni},
    results::Proof,
    tap,
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
    pub to: Addr,
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

/// Long enough for a neighbour to be found on a busy machine.
const PATIENCE: Duration = Duration::from_secs(4);

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
        if args.to.0.is_ipv6() {
            return Err(Error::usage(format!("{} is an IPv6 address: paths are proved over IPv4", args.to)));
        }
        let to_ns = match self.topology.owner(args.to.0) {
            Some(owner) => owner.ns.clone(),
            None => return Err(Error::usage(format!("no device of the lab has the address {}", args.to))),
        };
        self.settle(lab)?;
        let mut case = Case { name: args.case.clone(), from: args.from.clone(), to_ns, to: args.to.0, invalid: None };
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
        let path = self.topology.path(&args.from, args.to.0);
        let mut proof = Proof {
            case: args.case.clone(),
            from: args.from.to_string(),
            to: args.to.to_string(),
            ttl_expected: path.as_ref().map(Path::ttl),
            ..Proof::default()
        };
        let sender = |lab: &Lab, how: Ask| lab.netns(&args.from)?.enter(|| icmp::ask(how));
        // The first packets resolve neighbours and teach the bridges; they are not counted.
        let warm = ask_until_answered(|how| sender(lab, how), args.to.0)?;
        if warm.received() == 0 {
            proof.why.push(no_answer(&warm, args.to.0));
        } else {
            let how = Ask { count: args.count, interval: Duration::from_millis(2), ..Ask::new(args.to.0) };
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
            self.note_offloads(lab, &mut proof);
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

/// Asks until there is an answer: a neighbour that did not answer at once is asked for again after a second.
pub(super) fn ask_until_answered(ask: impl Fn(Ask) -> Result<Heard>, to: IpAddr) -> Result<Heard> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let heard = ask(Ask { count: 3, patience: Duration::from_millis(300), ..Ask::new(to) })?;
        if heard.received() > 0 || Instant::now() > deadline {
            return Ok(heard);
        }
    }
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

fn headline(proof: &Proof) -> String {
    match proof.valid {
        true => format!("proved    {}: {}", proof.case, proof.held.first().map_or("", String::as_str)),
        false => format!("INVALID   {}: {}", proof.case, proof.why.join("; ")),
    }
}
