//! What was seen of the traffic's path, and whether that is the path that was declared.

use serde::{Deserialize, Serialize};

use super::store::Record;

/// A line of `proofs.jsonl`: the evidence for one case.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    pub case: String,
    /// Namespace that sends.
    pub from: String,
    /// Address that answers.
    pub to: String,
    pub valid: bool,
    /// What contradicts the declaration; empty when valid.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
    /// Echo requests sent and answered while the counters were watched.
    pub sent: u64,
    pub received: u64,
    /// Time to live of the answers (64 less one per router).
    pub ttl: Option<u8>,
    pub ttl_expected: Option<u8>,
    /// Every device on the expected or declared path, in order.
    pub hops: Vec<Hop>,
    /// Devices off the path that counted packets nevertheless.
    pub strays: Vec<Hop>,
    pub encap: Option<Encap>,
    /// The path's MTU in bytes: an echo of this size passed unfragmented and one byte more did not.
    pub mtu: Option<u32>,
    /// Device that was set down to see whether the traffic stops.
    pub mutated: Option<String>,
    /// Answers that came although that device was down.
    pub received_while_down: Option<u64>,
    /// Plain words for each thing that was checked and held.
    pub held: Vec<String>,
}

/// One device and the packets it counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hop {
    /// `ns1/veth0`; without a slash it is in the lab's host namespace.
    pub device: String,
    /// `veth`, `bridge`, `vxlan`, `loopback` …
    pub kind: String,
    pub declared: bool,
    pub rx_packets: u64,
    pub tx_packets: u64,
    pub rx_bytes: u64,
    pub tx_bytes: u64,
    /// In bytes.
    #[serde(default)]
    pub mtu: u32,
    /// What the device leaves to its driver, by ethtool's short names; none where that could not be read.
    #[serde(default)]
    pub offloads: Option<Vec<String>>,
}

/// What the tap on the underlay saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Encap {
    /// Device of the underlay that was tapped.
    pub device: String,
    pub vni: u32,
    pub port: u16,
    /// Encapsulated echo packets of ours, both directions.
    pub packets: u64,
    /// Outer less inner bytes per packet; 50 for VXLAN over IPv4, 70 over IPv6.
    pub overhead_bytes: Option<u64>,
    /// Echo packets of ours that crossed the underlay without that header.
    pub naked: u64,
}

/// True where a proof says that the case is not what it is called; the control shares the baseline's.
pub fn is_refuted(record: &Record, case: &str) -> bool {
    refutation(record, case).is_some()
}

/// The first proof of the case that did not hold.
pub fn refutation<'a>(record: &'a Record, case: &str) -> Option<&'a Proof> {
    let proved = match record.run.control.as_deref() == Some(case) {
        true => record.run.baseline.as_deref().unwrap_or(case),
        false => case,
    };
    record.proofs.iter().find(|proof| proof.case == proved && !proof.valid)
}

impl Proof {
    /// What contradicts the declaration; never empty for an invalid proof.
    pub fn reasons(&self) -> Vec<&str> {
        if self.why.is_empty() && !self.valid {
            return vec!["no reason was recorded"];
        }
        self.why.iter().map(String::as_str).collect()
    }
}

/// What the devices leave to their drivers, in a sentence; only where all tell.
pub fn offloads(hops: &[Hop]) -> Option<String> {
    let told: Vec<(&str, &[String])> =
        hops.iter().map(|hop| Some((hop.device.as_str(), hop.offloads.as_deref()?))).collect::<Option<_>>()?;
    let (_, first) = told.first()?;
    let words = |list: &[String]| if list.is_empty() { "none".to_owned() } else { list.join(", ") };
    Some(match told.iter().filter(|(_, list)| list != first).collect::<Vec<_>>().as_slice() {
        [] => format!("{} on every device", words(first)),
        others => {
            let others = others.iter().map(|(device, list)| format!("{device}: {}", words(list)));
            format!("{}; but {}", words(first), others.collect::<Vec<_>>().join("; "))
        }
    })
}
