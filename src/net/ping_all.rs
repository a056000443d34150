//! `net.ping_all`: who reaches whom.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use nix::errno::Errno;
use serde::{Deserialize, Serialize};

use super::Net;
use crate::{
    args::OneOrMany,
    error::Result,
    icmp::{self, Ask},
    lab::Lab,
    names::NsName,
    netlink::Neighbour,
    results::Sample,
};

/// One echo from every namespace to every address of the others.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PingAll {
    /// Namespaces that take part; all that have an address, but for the host, unless given.
    #[serde(default)]
    pub hosts: OneOrMany<NsName>,
    /// Case under which the percentage is kept; none keeps none.
    pub case: Option<String>,
}

/// What `net.ping_all` gives.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Reach {
    pub pairs: usize,
    pub reached: usize,
    pub percent: f64,
    /// `from → to` of those that do not.
    pub lost: Vec<String>,
}

/// A lost packet is no answer in this time.
const PATIENCE: Duration = Duration::from_millis(500);

impl Net {
    /// The matrix of who answers whom, in per cent.
    pub fn ping_all(&mut self, lab: &mut Lab, args: PingAll) -> Result<Reach> {
        for ns in &args.hosts.0 {
            self.topology.require_space(ns)?;
        }
        self.settle(lab)?;
        if !lab.measures() {
            lab.plan("measure who reaches whom: one packet from every namespace to every other");
            return Ok(Reach::default());
        }
        let hosts = self.addresses_by_host(&args);
        let mut reach = Reach::default();
        lab.progress.begin("reach", hosts.len() as u64);
        for from in hosts.keys() {
            let others: Vec<(&NsName, IpAddr)> =
                hosts.iter().filter(|(to, _)| *to != from).map(|(to, addr)| (to, *addr)).collect();
            let answered = lab.netns(from)?.enter(|| {
                others
                    .iter()
                    .map(|(_, to)| icmp::ask(Ask { patience: PATIENCE, ..Ask::new(*to) }))
                    .collect::<Result<Vec<_>>>()
            })?;
            for ((to, _), heard) in others.iter().zip(answered) {
                reach.pairs += 1;
                match heard.received() {
                    0 => reach.lost.push(format!("{from} → {to}")),
                    _ => reach.reached += 1,
                }
            }
            self.forget_neighbours(lab, from, &hosts)?;
            lab.progress.step();
        }
        reach.percent = if reach.pairs == 0 { 0.0 } else { 100.0 * reach.reached as f64 / reach.pairs as f64 };
        if let Some(case) = &args.case {
            lab.sample(Sample::new("net", case, "reachable_percent", reach.percent)?)?;
        }
        Ok(reach)
    }

    /// All namespaces of a machine share one table of neighbours, with room for 1024 unless its administrator
    /// raised it; a matrix of 33 hosts would fill it, for every other lab as well.
    fn forget_neighbours(&mut self, lab: &Lab, from: &NsName, hosts: &BTreeMap<NsName, IpAddr>) -> Result<()> {
        let neighbours = |net: &Net, ns: &NsName, others: &[IpAddr]| -> Vec<_> {
            let devices = net.topology.devices.iter().filter(|device| device.hop.ns == *ns && device.master.is_none());
            let pairs = devices.flat_map(|device| others.iter().map(|addr| (net.index(&device.hop), *addr)));
            pairs.map(|(index, addr)| Neighbour { index, addr }.forget()).collect()
        };
        let Some(&own) = hosts.get(from) else { return Ok(()) };
        let others: Vec<IpAddr> = hosts.values().copied().filter(|addr| *addr != own).collect();
        for (ns, known) in
            hosts.keys().map(|ns| (ns, if ns == from { &others[..] } else { std::slice::from_ref(&own) }))
        {
            let requests = neighbours(self, ns, known);
            if let Err(refusal) = self.connection(lab, ns)?.transact(&requests)
                && refusal.errno != Errno::ENOENT as i32
            {
                // Somebody else's entry may have taken its place; nothing depends on it.
                log::debug!("forget the neighbours of `{ns}`: {}", refusal.error);
            }
        }
        Ok(())
    }

    fn addresses_by_host(&self, args: &PingAll) -> BTreeMap<NsName, IpAddr> {
        let wanted = |ns: &NsName| if args.hosts.0.is_empty() { !ns.is_host() } else { args.hosts.0.contains(ns) };
        let mut hosts = BTreeMap::new();
        for address in self.topology.addresses.iter().filter(|address| wanted(&address.hop.ns)) {
            hosts.entry(address.hop.ns.clone()).or_insert(address.cidr.addr);
        }
        hosts
    }
}
