//! The proof of path: one line for the terminal, and on the page the path itself with what each device counted.

use maud::{Markup, html};

use super::{
    html::heading,
    wording::{count, plain},
};
pub use crate::results::proof::is_refuted;
use crate::results::{
    Proof, Record,
    proof::{self, Encap, Hop},
};

/// The cases whose traffic was measured without a proof although others have one; the control has none of its own.
pub fn unproved(record: &Record) -> Vec<&str> {
    let has_proof = |case: &str| record.proofs.iter().any(|proof| proof.case == case);
    let is_control = |case: &str| record.run.control.as_deref() == Some(case);
    let cases = record.run.cases.iter().map(String::as_str);
    let is_traffic = |bench: &str| !["net", "phase"].contains(&bench);
    let has_traffic = |case: &str| record.samples.iter().any(|sample| sample.case == case && is_traffic(&sample.bench));
    let without = |case: &&str| has_traffic(case) && !has_proof(case) && !is_control(case);
    cases.filter(|case| !record.proofs.is_empty() && without(case)).collect()
}

/// `proved: 20 of 20 packets, ttl 64, mtu 1450` or `INVALID: why`
pub fn sentence(proof: &Proof) -> String {
    if !proof.valid {
        return format!("INVALID: {}", reasons(proof).join("; "));
    }
    // One without echoes is told by what held.
    let mut parts = match proof.sent {
        0 => proof.held.iter().map(|held| plain(held)).collect(),
        sent => vec![format!("{} of {sent} packets", proof.received)],
    };
    parts.extend(proof.ttl.map(|ttl| format!("ttl {ttl}")));
    parts.extend(proof.mtu.map(|mtu| format!("mtu {mtu}")));
    if let Some(encap) = &proof.encap {
        parts.push(format!("vni {} on port {}", encap.vni, encap.port));
        parts.extend(encap.overhead_bytes.map(|bytes| format!("+{bytes} bytes")));
    }
    parts.extend(proof.mutated.as_ref().map(|device| format!("stops when {} is down", plain(device))));
    format!("proved: {}", parts.join(", "))
}

/// What contradicts the declaration; never empty for an invalid proof.
pub fn reasons(proof: &Proof) -> Vec<String> {
    proof.reasons().into_iter().map(plain).collect()
}

/// One proof on the page.
pub fn html(proof: &Proof, level: usize) -> Markup {
    html! {
        article class=(if proof.valid { "proof" } else { "proof invalid" }) {
            (heading(level, None, html! {
                (plain(&proof.case)) " "
                @if proof.valid { span.badge.good { "✓ proved" } } @else { span.badge.bad { "✗ invalid" } }
            }))
            @if !proof.valid { ul.reasons { @for why in reasons(proof) { li { (why) } } } }
            @if !proof.hops.is_empty() { (path(proof)) }
            @if !proof.strays.is_empty() {
                p.label { "Off that path, and yet they counted packets" }
                ol.strays { @for hop in &proof.strays { (device(hop, true)) } }
            }
            dl.facts { @for (name, fact) in facts(proof) { div class=[(fact.len() > 60).then_some("broad")] { dt { (name) } dd { (fact) } } } }
            @if !proof.held.is_empty() {
                details {
                    summary { (count(proof.held.len(), "check")) " held" }
                    ul { @for held in &proof.held { li { (plain(held)) } } }
                }
            }
        }
    }
}

fn path(proof: &Proof) -> Markup {
    html! {
        ol.path aria-label=(format!("Path from {} to {}", plain(&proof.from), plain(&proof.to))) {
            li.end { (plain(&proof.from)) }
            @for hop in &proof.hops { (device(hop, false)) }
            li.end { (plain(&proof.to)) }
        }
    }
}

fn device(hop: &Hop, stray: bool) -> Markup {
    let packets = hop.rx_packets.saturating_add(hop.tx_packets);
    let (ns, name) = hop.device.rsplit_once('/').unwrap_or(("host", &hop.device));
    let state = match (stray, packets) {
        (true, _) => "device undeclared",
        (false, 0) => "device silent",
        (false, _) => "device",
    };
    html! {
        li class=(state) title=(format!("{} bytes in, {} bytes out", hop.rx_bytes, hop.tx_bytes)) {
            div.box {
                span.ns { (plain(ns)) }
                b { (plain(name)) }
                span.kind {
                    (plain(&hop.kind)) @if hop.mtu > 0 { ", mtu " (hop.mtu) } @if hop.declared { ", declared" }
                }
            }
            span.packets {
                @if packets == 0 { "no packets" } @else { (hop.rx_packets) " in" br; (hop.tx_packets) " out" }
            }
        }
    }
}

fn facts(proof: &Proof) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if proof.sent > 0 || proof.held.is_empty() {
        facts.push(("Packets", format!("{} sent, {} answered", proof.sent, proof.received)));
    }
    facts.extend(ttl(proof).map(|ttl| ("TTL of answers", ttl)));
    facts.extend(proof.mtu.map(|mtu| ("Path MTU", format!("{mtu} bytes"))));
    facts.extend(proof.encap.as_ref().map(|encap| ("Encapsulation", encapsulation(encap))));
    facts.extend(proof::offloads(&proof.hops).map(|offloads| ("Offloads", plain(&offloads))));
    facts.extend(proof.mutated.as_ref().map(|device| ("Counter-check", mutation(proof, device))));
    facts
}

fn ttl(proof: &Proof) -> Option<String> {
    Some(match (proof.ttl, proof.ttl_expected) {
        (Some(seen), Some(expected)) if seen == expected => format!("{seen}, as expected"),
        (Some(seen), Some(expected)) => format!("{seen}, expected {expected}"),
        (Some(seen), None) => seen.to_string(),
        (None, Some(expected)) => format!("none seen, expected {expected}"),
        (None, None) => return None,
    })
}

fn encapsulation(encap: &Encap) -> String {
    let overhead = encap.overhead_bytes.map(|bytes| format!(", +{bytes} bytes per packet")).unwrap_or_default();
    let naked = match encap.naked {
        0 => ", none without the header".to_owned(),
        naked => format!(", {naked} without the header"),
    };
    format!(
        "VNI {}, UDP port {}: {} packets on {}{overhead}{naked}",
        encap.vni,
        encap.port,
        encap.packets,
        plain(&encap.device)
    )
}

fn mutation(proof: &Proof, device: &str) -> String {
    let device = plain(device);
    match proof.received_while_down {
        Some(0) => format!("with {device} down no answer came"),
        Some(1) => format!("with {device} down 1 answer came nevertheless"),
        Some(answers) => format!("with {device} down {answers} answers came nevertheless"),
        None => format!("{device} was set down; the answers were not counted"),
    }
}
