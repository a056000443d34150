//! Whether pods of different nodes reach each other, and by which way.

use std::{
    collections::BTreeMap,
    fs,
    io::ErrorKind,
    net::IpAddr,
    thread,
    time::{Duration, Instant},
};

use serde::Deserialize;

use super::{
    hello,
    kubectl::Kubectl,
    leave::NAMESPACES,
    pause_image, pods, service,
    underlay::{self, Wrapped},
};
use crate::{
    addresses,
    error::{Context, Error, Result},
    icmp::{self, Ask, Heard},
    lab::Lab,
    names::IfName,
    netlink::{Connection, DeviceState},
    netns::Netns,
    nodes::{Node, Nodes, Role},
    results::Proof,
    signal,
};

/// Echoes and a connection from this node's pod to that of each other node, and to the service that all are behind.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prove {
    /// Name of the pod network. With each node that it leads to it is a case of its own.
    pub case: String,
    /// Device of the node that every packet to another node crosses: `vxlan0`, or the one of the lab's network.
    pub through: IfName,
    /// Bytes that a packet between pods may have.
    pub mtu: u32,
    /// Device of the lab's network, which is listened on: packets cross it as the pods sent them, or as `wrapped` says.
    pub under: Option<IfName>,
    /// In the VXLAN of this VNI and port.
    pub wrapped: Option<Wrapped>,
    /// Seconds to wait for the pods; 300 unless given.
    #[serde(default = "usual")]
    pub patience: u64,
}

fn usual() -> u64 {
    300
}

/// What a node says of its pod may be from before it went away and came back.
const SETTLED: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(200);
const PACKETS: u32 = 20;
/// Both nodes take one off.
const TTL: u8 = 62;
/// Bytes that every network of IPv4 carries (RFC 791).
const LEAST_MTU: u32 = 68;
/// Bytes of an IPv4 and an ICMP header.
const HEADERS: u32 = 28;

impl Prove {
    /// Where it does not hold, the run is invalid.
    pub fn run(&self, lab: &mut Lab) -> Result<bool> {
        if self.mtu < LEAST_MTU {
            return Err(Error::usage(format!("`mtu` {} is less than any network of IPv4 has: {LEAST_MTU}", self.mtu)));
        }
        let (nodes, own) = (lab.nodes()?, lab.own_node()?);
        let kubectl = Kubectl::of(own.role);
        if own.role == Role::Master {
            pods::apply(kubectl, &nodes, &pause_image()?)?;
        }
        let patience = Duration::from_secs(self.patience);
        let mut holds = true;
        let mut tell = |lab: &mut Lab, to: &str, proof: Proof| {
            holds &= proof.valid;
            lab.progress.line(&shown(&self.case, &own, to, &proof));
            lab.proof(&proof)
        };
        let (mut pods, mut netns) = self.settled(kubectl, &nodes, &own, lab)?;
        for other in nodes.nodes.iter().filter(|node| node.name != own.name) {
            let deadline = Instant::now() + SETTLED;
            let proof = loop {
                lab.progress.doing(&format!("pings the pod on {}", other.name));
                let to = pods.get(other.name.as_str()).copied().ok_or_else(|| Error::failed("it has no pod"))?;
                let proof = self.prove(&netns, &own, other, to, &pods::name_of(&nodes, &other.name))?;
                if proof.received > 0 || Instant::now() > deadline {
                    break proof;
                }
                signal::check()?;
                // It may be another pod by now.
                (pods, netns) = self.settled(kubectl, &nodes, &own, lab)?;
            };
            tell(lab, &format!("pod on {}", other.name), proof)?;
        }
        if let Some(proof) = service::prove(&self.case, own.name.as_str(), &netns, kubectl, patience, lab)? {
            tell(lab, "service", proof)?;
        }
        Ok(holds)
    }

    /// Where all pods are, and the network of this node's: once what the cluster says of it is so.
    fn settled(
        &self,
        kubectl: Kubectl,
        nodes: &Nodes,
        own: &Node,
        lab: &Lab,
    ) -> Result<(BTreeMap<String, IpAddr>, Netns)> {
        let deadline = Instant::now() + SETTLED;
        loop {
            let patience = Duration::from_secs(self.patience);
            let names: Vec<&str> = nodes.nodes.iter().map(|node| node.name.as_str()).collect();
            let say = |words: &str| lab.progress.doing(words);
            let pods = pods::addresses(kubectl, pods::NAMESPACE, &names, patience, &say)?;
            let address = pods.get(own.name.as_str()).copied();
            let address = address.ok_or_else(|| Error::failed("no pod of the proof runs on this node"))?;
            match namespace_of(address)? {
                Some(netns) => return Ok((pods, netns)),
                None if Instant::now() > deadline => {
                    return Err(Error::failed(format!(
                        "none of the namespaces in {NAMESPACES} has the pod's address {address}"
                    )));
                }
                None => {}
            }
            signal::check()?;
            thread::sleep(LOOK);
        }
    }

    /// `name` is what the other pod calls itself.
    fn prove(&self, netns: &Netns, own: &Node, other: &Node, to: IpAddr, name: &str) -> Result<Proof> {
        let echo = |ask: Ask| netns.enter(|| icmp::ask(ask));
        let ask = Ask { count: PACKETS, whole: true, ..Ask::new(to) };
        let before = device(self.through.as_str())?;
        let (heard, crossings) = match &self.under {
            Some(under) => underlay::listen(under, ask, echo)?,
            None => (echo(ask)?, Vec::new()),
        };
        let after = device(self.through.as_str())?;
        // What just fits comes back whole, and one byte more is not sent.
        let of_size = |size: u32| echo(Ask { count: 3, size: size as usize, whole: true, ..Ask::new(to) });
        let fits = of_size(self.mtu - HEADERS)?;
        let exceeds = of_size(self.mtu - HEADERS + 1)?;
        let mut why = self.faults(&heard, &before, &after, &fits, &exceeds);
        let mut held = vec![
            format!("{} of {} packets, ttl {TTL}, mtu {}", heard.received(), heard.sent, self.mtu),
            format!(
                "{} packets over {} both ways",
                crossed(&before, &after).into_iter().min().unwrap_or_default(),
                self.through
            ),
        ];
        let mut encap = None;
        if let Some(under) = &self.under {
            let (verdict, seen) = underlay::judge(under, self.wrapped, &heard, &crossings);
            encap = seen;
            match verdict {
                Ok(words) => held.push(words),
                Err(fault) => why.push(fault),
            }
        }
        let greeting = hello::greeting(name);
        match netns.enter(|| hello::hear(to))? {
            Some(said) if said == greeting => held.push(format!("\u{201c}{greeting}\u{201d}")),
            Some(said) => why.push(format!("it says `{}`, and not `{greeting}`", said.escape_debug())),
            None => why.push(format!("no connection to port {}", hello::PORT)),
        }
        let valid = why.is_empty();
        Ok(Proof {
            case: format!("{} to {}", self.case, other.name),
            from: own.name.to_string(),
            to: to.to_string(),
            valid,
            why,
            sent: heard.sent,
            received: heard.received(),
            ttl: ttl(&heard),
            ttl_expected: Some(TTL),
            encap,
            mtu: (fits.received() > 0).then_some(self.mtu),
            held: if valid { held } else { Vec::new() },
            ..Proof::default()
        })
    }

    fn faults(
        &self,
        heard: &Heard,
        before: &DeviceState,
        after: &DeviceState,
        fits: &Heard,
        exceeds: &Heard,
    ) -> Vec<String> {
        let mut why = Vec::new();
        if heard.received() < heard.sent || heard.sent == 0 {
            why.push(format!("{} of {} packets came back", heard.received(), heard.sent));
        }
        if let Some(other) = ttl(heard).filter(|ttl| *ttl != TTL) {
            why.push(format!("ttl {other}, and {TTL} is expected: {} routers are on the way", 64 - i32::from(other)));
        }
        for (way, packets) in ["out", "in"].into_iter().zip(crossed(before, after)) {
            if packets < heard.sent {
                why.push(format!("{packets} packets went {way} over {}, and {} were sent", self.through, heard.sent));
            }
        }
        if heard.received() > 0 && fits.received() == 0 {
            why.push(format!("a packet of {} bytes does not come back", self.mtu));
        }
        if exceeds.received() > 0 {
            why.push(format!("a packet of {} bytes comes back: the mtu is larger than {}", self.mtu + 1, self.mtu));
        }
        why
    }
}

/// Packets that the device sent and took in between; none where it was made anew.
fn crossed(before: &DeviceState, after: &DeviceState) -> [u64; 2] {
    [after.tx_packets.saturating_sub(before.tx_packets), after.rx_packets.saturating_sub(before.rx_packets)]
}

fn ttl(heard: &Heard) -> Option<u8> {
    heard.answers.first().map(|answer| answer.ttl)
}

fn device(name: &str) -> Result<DeviceState> {
    let device = Connection::open()?.devices()?.remove(name);
    device.ok_or_else(|| {
        Error::failed(format!("this node has no device `{name}`"))
            .hint("what pods send to those of other nodes is meant to cross it")
    })
}

/// The pod's network namespace: the one that has its address.
fn namespace_of(address: IpAddr) -> Result<Option<Netns>> {
    let entries = match fs::read_dir(NAMESPACES) {
        // A machine that has only just booted has none.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        entries => entries.context(|| format!("read `{NAMESPACES}`"))?,
    };
    for entry in entries {
        // One may go at any moment.
        let Ok(netns) = Netns::open(&entry?.path()) else { continue };
        if netns.enter(addresses::read).is_ok_and(|all| all.iter().any(|one| one.address == address)) {
            return Ok(Some(netns));
        }
    }
    Ok(None)
}

fn shown(case: &str, own: &Node, to: &str, proof: &Proof) -> String {
    let pods = format!("{case}: pod on {} → {to}", own.name);
    match proof.valid {
        true => format!("✓ {pods}: {}", proof.held.join(", ")),
        false => format!("✗ {pods}: INVALID: {}", proof.why.join("; ")),
    }
}
