//! `net.topology` and its helpers `net.star`, `net.linear`, `net.tree`: many hosts and switches in one call.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Bridge, Net, Ns, Veth, veth::End};
use crate::{
    args::{OneOrMany, Short},
    error::{Error, Result},
    names::{Cidr, IfName, Mtu, NsName},
};

/// Hosts, switches and cables; names and addresses are given out in order.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sketch {
    /// Namespaces, one address each.
    pub hosts: Vec<NsName>,
    /// Bridges on the lab's host.
    #[serde(default)]
    pub switches: Vec<IfName>,
    /// Cables: pairs of a host and a switch, or of two switches.
    pub links: Vec<(String, String)>,
    /// Network that the hosts' addresses are taken from.
    #[serde(default = "ten")]
    pub subnet: Cidr,
    /// Of every cable; 1500 unless given.
    pub mtu: Option<Mtu>,
}

fn ten() -> Cidr {
    Cidr { addr: [10, 0, 0, 0].into(), prefix: 16 }
}

/// What was made.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Made {
    pub hosts: Vec<String>,
    /// In the order of the hosts, without prefix length.
    pub addrs: Vec<String>,
    pub switches: Vec<String>,
}

macro_rules! counted {
    ($name:ident, $doc:literal) => {
        #[doc = $doc]
        #[derive(Debug, Clone, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// How many hosts, 1 to 4000.
            pub n: u64,
            /// Network that the hosts' addresses are taken from; 10.0.0.0/16 unless given.
            #[serde(default = "ten")]
            pub subnet: Cidr,
            /// Of every cable; 1500 unless given.
            pub mtu: Option<Mtu>,
        }
        impl Short for $name {
            const EXPECTED: &'static str = "the number of hosts, or a table with `n`";
            fn from_number(n: u64) -> Option<$name> {
                Some($name { n, subnet: ten(), mtu: None })
            }
        }
    };
}

counted!(Star, "One switch with `n` hosts around it.");
counted!(Linear, "A chain of `n` switches with one host each.");

/// Switches `depth` levels deep, each with `fanout` below it; hosts are the leaves.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    pub depth: u32,
    pub fanout: u64,
    /// Network that the hosts' addresses are taken from; 10.0.0.0/16 unless given.
    #[serde(default = "ten")]
    pub subnet: Cidr,
    /// Of every cable; 1500 unless given.
    pub mtu: Option<Mtu>,
}

/// More would not fit the default network's descriptors and addresses.
const MOST_HOSTS: u64 = 4000;

fn name<T: std::str::FromStr<Err = String>>(text: &str) -> Result<T> {
    text.parse().map_err(Error::usage)
}

fn count(n: u64) -> Result<()> {
    match (1..=MOST_HOSTS).contains(&n) {
        true => Ok(()),
        false => Err(Error::usage(format!("{n} hosts: 1 to {MOST_HOSTS} are possible"))),
    }
}

impl Net {
    /// Declares hosts, switches and cables.
    pub fn sketch(&mut self, sketch: Sketch, at: &str) -> Result<Made> {
        let switches: BTreeSet<&str> = sketch.switches.iter().map(IfName::as_str).collect();
        let known: BTreeSet<&str> = sketch.hosts.iter().map(NsName::as_str).chain(switches.iter().copied()).collect();
        for switch in &sketch.switches {
            let bridge =
                Bridge { ns: NsName::host(), name: switch.clone(), addr: OneOrMany::default(), mtu: None, stp: false };
            self.bridge(bridge, at)?;
        }
        let mut made = Made { switches: sketch.switches.iter().map(IfName::to_string).collect(), ..Made::default() };
        for (host, n) in sketch.hosts.iter().zip(1..) {
            self.ns(Ns { name: host.clone(), forward: false, ipv6: false }, at)?;
            let addr = sketch.subnet.host(n).ok_or_else(|| {
                Error::usage(format!("{} has no room for {} hosts", sketch.subnet, sketch.hosts.len()))
                    .hint("give a larger subnet")
            })?;
            made.hosts.push(host.to_string());
            made.addrs.push(addr.addr.to_string());
        }
        for ((a, b), number) in sketch.links.iter().zip(0..) {
            for end in [a, b].into_iter().filter(|end| !known.contains(end.as_str())) {
                return Err(Error::usage(format!("a link names `{end}`, which is neither a host nor a switch")));
            }
            let a = self.plug(a, &switches, &sketch, number, 'a')?;
            let b = self.plug(b, &switches, &sketch, number, 'b')?;
            self.veth(Veth { a, b, mtu: sketch.mtu }, at)?;
        }
        Ok(made)
    }

    /// The end of a cable at a host, with its address if it is the host's first, or at a switch.
    fn plug(&self, node: &str, switches: &BTreeSet<&str>, sketch: &Sketch, number: usize, side: char) -> Result<End> {
        if switches.contains(node) {
            let port = name(&format!("p{number}{side}"))?;
            return Ok(End { ns: NsName::host(), name: port, addr: OneOrMany::default(), master: Some(name(node)?) });
        }
        let ns: NsName = name(node)?;
        let cables = self.topology.devices.iter().rev().filter(|device| device.hop.ns == ns).count();
        let index = sketch.hosts.iter().position(|host| *host == ns).unwrap_or(0) as u32 + 1;
        let addr = if cables == 0 { sketch.subnet.host(index).into_iter().collect() } else { Vec::new() };
        Ok(End { ns, name: name(&format!("eth{cables}"))?, addr: OneOrMany(addr), master: None })
    }

    pub fn star(&mut self, star: Star, at: &str) -> Result<Made> {
        count(star.n)?;
        let hosts = (1..=star.n).map(|n| name(&format!("h{n}"))).collect::<Result<Vec<NsName>>>()?;
        let links = hosts.iter().map(|host| (host.to_string(), "s1".to_owned())).collect();
        self.sketch(Sketch { hosts, switches: vec![name("s1")?], links, subnet: star.subnet, mtu: star.mtu }, at)
    }

    pub fn linear(&mut self, linear: Linear, at: &str) -> Result<Made> {
        count(linear.n)?;
        let hosts = (1..=linear.n).map(|n| name(&format!("h{n}"))).collect::<Result<Vec<NsName>>>()?;
        let switches = (1..=linear.n).map(|n| name(&format!("s{n}"))).collect::<Result<Vec<IfName>>>()?;
        let down = (1..=linear.n).map(|n| (format!("h{n}"), format!("s{n}")));
        let along = (2..=linear.n).map(|n| (format!("s{}", n - 1), format!("s{n}")));
        let links = down.chain(along).collect();
        self.sketch(Sketch { hosts, switches, links, subnet: linear.subnet, mtu: linear.mtu }, at)
    }

    pub fn tree(&mut self, tree: Tree, at: &str) -> Result<Made> {
        let leaves = tree.fanout.checked_pow(tree.depth).filter(|_| tree.depth >= 1).ok_or_else(|| {
            Error::usage(format!("a tree of depth {} and fanout {} cannot be made", tree.depth, tree.fanout))
        })?;
        count(leaves)?;
        let mut switches: Vec<IfName> = vec![name("s1")?];
        let mut links = Vec::new();
        let mut level: Vec<String> = vec!["s1".to_owned()];
        for depth in 1..=tree.depth {
            let mut below = Vec::new();
            for parent in &level {
                for _ in 0..tree.fanout {
                    let child = match depth == tree.depth {
                        true => format!("h{}", below.len() + 1),
                        false => {
                            switches.push(name(&format!("s{}", switches.len() + 1))?);
                            switches[switches.len() - 1].to_string()
                        }
                    };
                    links.push((child.clone(), parent.clone()));
                    below.push(child);
                }
            }
            level = below;
        }
        let hosts = level.iter().map(|host| name(host)).collect::<Result<Vec<NsName>>>()?;
        self.sketch(Sketch { hosts, switches, links, subnet: tree.subnet, mtu: tree.mtu }, at)
    }
}
