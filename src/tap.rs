//! An ear on the underlay: which of our echo packets crossed it, and inside which VXLAN header (RFC 7348).

use std::{
    os::fd::AsRawFd,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::{
        socket::{AddressFamily, LinkAddr, SockFlag, SockProtocol, SockType, recvfrom, setsockopt, socket, sockopt},
        time::{TimeVal, TimeValLike},
    },
};

use crate::{
    error::{Context, Error, Result},
    icmp,
    netns::Netns,
};

/// One echo packet of ours as it crossed the underlay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crossing {
    /// How it was wrapped; nothing where it crossed naked.
    pub wrap: Option<Wrap>,
}

/// The VXLAN header around a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wrap {
    pub vni: u32,
    pub port: u16,
    /// Outer less inner bytes of the frame.
    pub overhead: u64,
}

/// What was sent has arrived by then.
const AFTERMATH: Duration = Duration::from_millis(200);
const ETHERNET: usize = 14;
const UDP: usize = 8;
const VXLAN: usize = 8;

/// Listens on the device of this index in `ns` while `during` runs; gives what crossed with this ident.
pub fn listen<T>(ns: &Netns, index: u32, ident: u16, during: impl FnOnce() -> Result<T>) -> Result<(T, Vec<Crossing>)> {
    let ear = ns.enter(|| {
        let ear = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::EthAll)
            .context(|| "open a packet socket")?;
        setsockopt(&ear, sockopt::ReceiveTimeout, &TimeVal::milliseconds(10)).context(|| "set a time limit")?;
        Ok(ear)
    })?;
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let listener = scope.spawn(|| -> Result<Vec<Crossing>> {
            let mut crossings = Vec::new();
            let mut frame = vec![0u8; 65536];
            let mut last: Option<Instant> = None;
            loop {
                // The socket hears every device: on a busy host it is never quiet.
                if over.load(Ordering::Acquire)
                    && last.get_or_insert_with(|| Instant::now() + AFTERMATH) < &mut Instant::now()
                {
                    return Ok(crossings);
                }
                match recvfrom::<LinkAddr>(ear.as_raw_fd(), &mut frame) {
                    Ok((bytes, Some(from))) if from.ifindex() == index as usize => {
                        crossings.extend(crossing(&frame[..bytes], ident));
                    }
                    Ok(_) | Err(Errno::EINTR) => {}
                    // Quiet: whatever was sent has been heard.
                    Err(Errno::EAGAIN) if over.load(Ordering::Acquire) => return Ok(crossings),
                    Err(Errno::EAGAIN) => {}
                    Err(errno) => return Err(errno).context(|| "listen on the underlay"),
                }
            }
        });
        let done = during();
        over.store(true, Ordering::Release);
        let crossings = listener.join().map_err(|_| Error::failed("a thread panicked"))??;
        Ok((done?, crossings))
    })
}

/// Our packet in this frame, bare or inside VXLAN; nothing where the frame is not of ours.
pub fn crossing(frame: &[u8], ident: u16) -> Option<Crossing> {
    if echo_inside(frame, ident) {
        return Some(Crossing { wrap: None });
    }
    let datagram = udp(frame)?;
    let port = u16::from_be_bytes([*datagram.get(2)?, *datagram.get(3)?]);
    let header = datagram.get(UDP..UDP + VXLAN)?;
    // The I flag says that the VNI is valid.
    let vni = (header[0] & 0x08 != 0).then(|| u32::from_be_bytes([0, header[4], header[5], header[6]]))?;
    let inner = datagram.get(UDP + VXLAN..)?;
    let wrap = Wrap { vni, port, overhead: (frame.len() - inner.len()) as u64 };
    echo_inside(inner, ident).then_some(Crossing { wrap: Some(wrap) })
}

fn echo_inside(frame: &[u8], ident: u16) -> bool {
    let packet = frame.get(ETHERNET..).filter(|_| ether_type(frame) == Some(0x0800));
    packet.and_then(icmp::read).is_some_and(|icmp| icmp.is_echo() && icmp.ident == ident)
}

fn ether_type(frame: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes([*frame.get(12)?, *frame.get(13)?]))
}

/// The UDP datagram of a frame, over IPv4 or plain IPv6.
fn udp(frame: &[u8]) -> Option<&[u8]> {
    let packet = frame.get(ETHERNET..)?;
    match ether_type(frame)? {
        0x0800 => icmp::ipv4_payload(packet, 17).map(|(_, datagram)| datagram),
        0x86dd if *packet.get(6)? == 17 => packet.get(40..),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ethernet(kind: u16, payload: &[u8]) -> Vec<u8> {
        [&[0u8; 12][..], &kind.to_be_bytes(), payload].concat()
    }

    fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
        let header = [0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        [&header[..], payload].concat()
    }

    fn echo(ident: u16) -> Vec<u8> {
        ethernet(0x0800, &ipv4(1, &[8, 0, 0, 0, (ident >> 8) as u8, ident as u8, 0, 1]))
    }

    fn wrapped(vni: u32, port: u16, inner: &[u8]) -> Vec<u8> {
        let vni = vni.to_be_bytes();
        let udp = [&[0, 0][..], &port.to_be_bytes(), &[0; 4], &[8, 0, 0, 0, vni[1], vni[2], vni[3], 0], inner].concat();
        ethernet(0x0800, &ipv4(17, &udp))
    }

    #[test]
    fn fifty_bytes_are_what_vxlan_adds() {
        let seen = crossing(&wrapped(100, 4789, &echo(7)), 7).unwrap();
        assert_eq!(seen.wrap, Some(Wrap { vni: 100, port: 4789, overhead: 50 }));
    }

    #[test]
    fn a_naked_packet_is_seen_as_such_and_a_strangers_not_at_all() {
        assert_eq!(crossing(&echo(7), 7), Some(Crossing { wrap: None }));
        assert_eq!(crossing(&echo(8), 7), None);
        assert_eq!(crossing(&wrapped(1, 4789, &echo(8)), 7), None);
    }

    proptest! {
        #[test]
        fn no_frame_makes_it_panic(frame in prop::collection::vec(any::<u8>(), 0..200), ident: u16) {
            let _ = crossing(&frame, ident);
        }
    }
}
