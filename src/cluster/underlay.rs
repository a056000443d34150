//! What the lab's own network carried between two nodes: the pods' packets, wrapped as they are meant to be.

use serde::Deserialize;

use crate::{
    error::{Error, Result},
    icmp::{Ask, Heard},
    names::{IfName, Vni},
    netlink::Connection,
    netns::Netns,
    results::proof::Encap,
    tap::{self, Crossing, Wrap},
};

/// The VXLAN that packets between nodes are to be in.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wrapped {
    pub vni: Vni,
    /// UDP, of the destination.
    pub port: u16,
}

/// Bytes of the outer Ethernet, IPv4, UDP and VXLAN headers.
const OVERHEAD: u64 = 50;

/// Asks, and listens on the device of this machine while it does.
pub fn listen(device: &IfName, ask: Ask, send: impl Fn(Ask) -> Result<Heard>) -> Result<(Heard, Vec<Crossing>)> {
    let devices = Connection::open()?.devices()?;
    let index = devices.get(device.as_str()).map(|device| device.index);
    let index = index.ok_or_else(|| Error::failed(format!("this node has no device `{device}`")))?;
    tap::listen(&Netns::current()?, index, ask.ident, || send(ask))
}

/// What held of it, or what did not; and the evidence where it is a VXLAN.
pub fn judge(
    device: &IfName,
    expected: Option<Wrapped>,
    heard: &Heard,
    crossings: &[Crossing],
) -> (Result<String, String>, Option<Encap>) {
    let wanted = heard.sent + heard.received();
    let is_right = |crossing: &&Crossing| match (crossing.wrap, expected) {
        (None, None) => true,
        (Some(Wrap { vni, port, overhead }), Some(wrapped)) => {
            (vni, port, overhead) == (u32::from(wrapped.vni), wrapped.port, OVERHEAD)
        }
        _ => false,
    };
    let right = crossings.iter().filter(is_right).count() as u64;
    let naked = crossings.iter().filter(|crossing| crossing.wrap.is_none()).count() as u64;
    let how = match expected {
        Some(Wrapped { vni, port }) => format!("in VXLAN {vni} to port {port}"),
        None => "as the pods sent them".to_owned(),
    };
    let verdict = match crossings.iter().find(|crossing| !is_right(crossing)) {
        _ if right >= wanted && right == crossings.len() as u64 => Ok(format!("{right} packets over {device} {how}")),
        None => Err(format!("{right} of {wanted} packets went over {device} {how}")),
        Some(Crossing { wrap: None }) => Err(format!("{naked} packets went over {device} in no VXLAN")),
        Some(Crossing { wrap: Some(wrap) }) => {
            Err(format!("packets went over {device} in VXLAN {} to port {}, not {how}", wrap.vni, wrap.port))
        }
    };
    let encap = expected.map(|Wrapped { vni, port }| Encap {
        device: device.to_string(),
        vni: vni.into(),
        port,
        packets: right,
        overhead_bytes: (right > 0).then_some(OVERHEAD),
        naked,
    });
    (verdict, encap)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::icmp::Heard;

    fn verdict(expected: Option<u32>, wraps: &[Option<u32>]) -> Result<String, String> {
        let wrap = |vni: u32| Wrap { vni, port: 4789, overhead: OVERHEAD };
        let crossings: Vec<Crossing> = wraps.iter().map(|vni| Crossing { wrap: vni.map(wrap) }).collect();
        let expected = expected.map(|vni| Wrapped { vni: Vni::try_from(vni).unwrap(), port: 4789 });
        let heard = Heard { sent: 2, ..Heard::default() };
        judge(&"eth1".parse().unwrap(), expected, &heard, &crossings).0
    }

    #[test]
    fn each_packet_is_wrapped_as_it_is_meant_to_be() {
        assert_eq!(verdict(None, &[None, None]), Ok("2 packets over eth1 as the pods sent them".to_owned()));
        assert_eq!(verdict(Some(42), &[Some(42); 2]), Ok("2 packets over eth1 in VXLAN 42 to port 4789".to_owned()));
        let refused = |expected, wraps: &[Option<u32>]| verdict(expected, wraps).unwrap_err();
        assert_eq!(refused(Some(42), &[None, None]), "2 packets went over eth1 in no VXLAN");
        assert_eq!(refused(Some(42), &[]), "0 of 2 packets went over eth1 in VXLAN 42 to port 4789");
        let other = "packets went over eth1 in VXLAN 7 to port 4789, not as the pods sent them";
        assert_eq!(refused(None, &[Some(7), Some(7)]), other);
    }
}
