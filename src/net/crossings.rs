//! The underlay's evidence: every packet crossed it inside the declared VXLAN header.

use super::{
    prove::{ExpectedEncap, Prove},
    topology::Vtep,
};
use crate::{
    names::Hop,
    results::proof::{Encap, Proof},
    tap::Crossing,
};

/// The underlay carried every packet, both ways, inside the declared VNI and port, and nothing of ours naked.
pub(super) fn judge_crossings(args: &Prove, vtep: &Vtep, underlay: &Hop, crossings: &[Crossing], proof: &mut Proof) {
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
