//! `net.topology` and its helpers `net.star`, `net.linear`, `net.tree`: many hosts and switches in one call.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Bridge, Net, Ns, Veth, veth::End};
use crate::{
    args::{OneOrMany, Short},
    error::{Error, Result, nearest},
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
    pub links: Vec<Vec<String>>,
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

/// Levels of switches: 2 to the power of 12 is more than the most hosts.
const DEEPEST: u32 = 12;
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

/// The sockets of a host: how many are in use, and the address that the first one gets.
struct Plugs {
    used: usize,
    addr: Cidr,
}

/// The end of cable `number` at a host or at a switch.
fn plug(
    node: &str,
    side: char,
    number: usize,
    switches: &BTreeSet<&str>,
    hosts: &mut BTreeMap<&str, Plugs>,
) -> Result<End> {
    if switches.contains(node) {
        let port = name(&format!("p{number}{side}"))?;
        return Ok(End { ns: NsName::host(), name: port, addr: OneOrMany::default(), master: Some(name(node)?) });
    }
    let Some(plugs) = hosts.get_mut(node) else {
        let known: Vec<&str> = hosts.keys().chain(switches).copied().collect();
        return Err(Error::usage(format!("a link names `{node}`, which is neither a host nor a switch")).hint(
            match nearest(node, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are: {}", known.join(", ")),
            },
        ));
    };
    let addr = if plugs.used == 0 { vec![plugs.addr] } else { Vec::new() };
    let end = End { ns: name(node)?, name: name(&format!("eth{}", plugs.used))?, addr: OneOrMany(addr), master: None };
    plugs.used += 1;
    Ok(end)
}

impl Net {
    /// Declares hosts, switches and cables.
    pub fn sketch(&mut self, sketch: Sketch, at: &str) -> Result<Made> {
        let switches: BTreeSet<&str> = sketch.switches.iter().map(IfName::as_str).collect();
        for switch in &sketch.switches {
            let (ns, name) = (NsName::host(), switch.clone());
            self.bridge(Bridge { ns, name, addr: OneOrMany::default(), mtu: None, stp: false }, at)?;
        }
        let mut made = Made { switches: sketch.switches.iter().map(IfName::to_string).collect(), ..Made::default() };
        let mut unplugged = BTreeMap::new();
        for (host, n) in sketch.hosts.iter().zip(1..) {
            if switches.contains(host.as_str()) {
                return Err(Error::usage(format!("`{host}` is both a host and a switch")));
            }
            self.ns(Ns { name: host.clone(), forward: false, ipv6: false }, at)?;
            let addr = sketch.subnet.host(n).ok_or_else(|| {
                Error::usage(format!("{} has no room for {} hosts", sketch.subnet, sketch.hosts.len()))
                    .hint("give a larger subnet")
            })?;
            made.hosts.push(host.to_string());
            made.addrs.push(addr.addr.to_string());
            unplugged.insert(host.as_str(), Plugs { used: 0, addr });
        }
        for (link, number) in sketch.links.iter().zip(0..) {
            let [a, b] = link.as_slice() else {
                return Err(Error::usage(format!("links.[{}] has {} ends, not two", number + 1, link.len())));
            };
            if a == b {
                return Err(Error::usage(format!("links.[{}] joins `{a}` to itself", number + 1)));
            }
            let mut plug = |node: &str, side: char| plug(node, side, number, &switches, &mut unplugged);
            let (a, b) = (plug(a, 'a')?, plug(b, 'b')?);
            self.veth(Veth { a, b, mtu: sketch.mtu }, at)?;
        }
        Ok(made)
    }

    pub fn star(&mut self, star: Star, at: &str) -> Result<Made> {
        count(star.n)?;
        let hosts = (1..=star.n).map(|n| name(&format!("h{n}"))).collect::<Result<Vec<NsName>>>()?;
        let links = hosts.iter().map(|host| vec![host.to_string(), "s1".to_owned()]).collect();
        self.sketch(Sketch { hosts, switches: vec![name("s1")?], links, subnet: star.subnet, mtu: star.mtu }, at)
    }

    pub fn linear(&mut self, linear: Linear, at: &str) -> Result<Made> {
        count(linear.n)?;
        let hosts = (1..=linear.n).map(|n| name(&format!("h{n}"))).collect::<Result<Vec<NsName>>>()?;
        let switches = (1..=linear.n).map(|n| name(&format!("s{n}"))).collect::<Result<Vec<IfName>>>()?;
        let down = (1..=linear.n).map(|n| vec![format!("h{n}"), format!("s{n}")]);
        let along = (2..=linear.n).map(|n| vec![format!("s{}", n - 1), format!("s{n}")]);
        let links = down.chain(along).collect();
        self.sketch(Sketch { hosts, switches, links, subnet: linear.subnet, mtu: linear.mtu }, at)
    }

    pub fn tree(&mut self, tree: Tree, at: &str) -> Result<Made> {
        let leaves =
            tree.fanout.checked_pow(tree.depth).filter(|_| (1..=DEEPEST).contains(&tree.depth)).ok_or_else(|| {
                Error::usage(format!("a tree of depth {} and fanout {} cannot be made", tree.depth, tree.fanout))
                    .hint(format!("a depth of 1 to {DEEPEST}, and at most {MOST_HOSTS} leaves"))
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
                    links.push(vec![child.clone(), parent.clone()]);
                    below.push(child);
                }
            }
            level = below;
        }
        let hosts = level.iter().map(|host| name(host)).collect::<Result<Vec<NsName>>>()?;
        self.sketch(Sketch { hosts, switches, links, subnet: tree.subnet, mtu: tree.mtu }, at)
    }
}
