//! ICMP echo of our own: nanosecond clocks, time to live, don't-fragment; RFC 792 and RFC 4443.

use std::{
    io::{IoSlice, IoSliceMut},
    net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4},
    os::fd::{AsRawFd, OwnedFd},
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::{
        socket::{
            AddressFamily, ControlMessageOwned, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrIn,
            SockaddrStorage, bind, getsockname, recvmsg, sendmsg, setsockopt, socket, sockopt,
        },
        time::{TimeSpec, TimeVal, TimeValLike},
    },
    time::{ClockId, clock_gettime},
};

use crate::error::{Context, Error, Result};

/// How to ask.
#[derive(Debug, Clone, Copy)]
pub struct Ask {
    pub to: IpAddr,
    pub count: u32,
    pub interval: Duration,
    /// Bytes after the ICMP header, at least 16; 56 is what ping sends.
    pub size: usize,
    pub ttl: Option<u8>,
    /// Forbid fragments on the way.
    pub whole: bool,
    /// How long to wait for the last answers.
    pub patience: Duration,
    /// Tells these packets from those of other askers.
    pub ident: u16,
}

impl Ask {
    pub fn new(to: IpAddr) -> Ask {
        Ask {
            to,
            count: 1,
            interval: Duration::from_millis(5),
            size: 56,
            ttl: None,
            whole: false,
            patience: Duration::from_secs(1),
            ident: crate::chance::number(1..1 << 16) as u16,
        }
    }
}

/// One answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    pub sequence: u16,
    pub round_trip: Duration,
    /// Time to live that the answer still had.
    pub ttl: u8,
}

/// All that came back.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Heard {
    pub sent: u64,
    pub answers: Vec<Answer>,
    /// The router that said "time to live exceeded".
    pub exceeded_at: Option<IpAddr>,
    /// Why the kernel would not send, if it would not.
    pub refused: Option<Errno>,
}

impl Heard {
    pub fn received(&self) -> u64 {
        self.answers.len() as u64
    }
}

/// Asks from the namespace of the calling thread. Needs CAP_NET_RAW there, or a group that
/// `net.ipv4.ping_group_range` allows.
pub fn ask(ask: Ask) -> Result<Heard> {
    let IpAddr::V4(to) = ask.to else {
        return Err(Error::failed(format!("ask {}: echo over IPv6 is not built in", ask.to))
            .hint("use IPv4, or engine = \"ping\""));
    };
    let mut asker = Asker::open(ask, to)?;
    let mut due = Instant::now();
    for sequence in 1..=ask.count {
        crate::signal::check()?;
        asker.send(sequence as u16)?;
        due += ask.interval;
        if sequence < ask.count {
            asker.listen_until(due, false)?;
        }
    }
    asker.listen_until(Instant::now() + ask.patience, true)?;
    Ok(asker.heard)
}

struct Asker {
    socket: OwnedFd,
    /// The kernel takes the IP header off, and answers to others out.
    is_datagram: bool,
    ask: Ask,
    to: SockaddrIn,
    /// By sequence number less one: the wall clock when it was sent.
    sent_at: Vec<TimeSpec>,
    answered: Vec<bool>,
    refusals: u64,
    heard: Heard,
}

/// ICMP types (RFC 792).
const ECHO_REPLY: u8 = 0;
const ECHO_REQUEST: u8 = 8;
const TIME_EXCEEDED: u8 = 11;

impl Asker {
    fn open(mut ask: Ask, to: Ipv4Addr) -> Result<Asker> {
        let open = |kind| socket(AddressFamily::Inet, kind, SockFlag::SOCK_CLOEXEC, SockProtocol::Icmp);
        let raw = open(SockType::Raw);
        let (socket, is_datagram) = match raw {
            // What an ordinary user may have, who may not read what comes for others.
            Err(Errno::EPERM) => match open(SockType::Datagram) {
                Ok(socket) => (socket, true),
                Err(_) => (raw.context(|| "open a raw ICMP socket")?, false),
            },
            raw => (raw.context(|| "open a raw ICMP socket")?, false),
        };
        if is_datagram {
            // The kernel chooses what tells the packets from others', and says it as a port.
            bind(socket.as_raw_fd(), &SockaddrIn::new(0, 0, 0, 0, 0)).context(|| "bind an ICMP socket")?;
            ask.ident = getsockname::<SockaddrIn>(socket.as_raw_fd()).context(|| "bind an ICMP socket")?.port();
            setsockopt(&socket, sockopt::Ipv4RecvTtl, &true).context(|| "ask for times to live")?;
        }
        // The kernel's own receive time leaves out how long this thread took to wake.
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true).context(|| "ask for receive times")?;
        if let Some(ttl) = ask.ttl {
            setsockopt(&socket, sockopt::Ipv4Ttl, &i32::from(ttl)).context(|| "set the time to live")?;
        }
        if ask.whole {
            setsockopt(&socket, crate::sockopt::MtuDiscover, &nix::libc::IP_PMTUDISC_DO)
                .context(|| "forbid fragments")?;
        }
        Ok(Asker {
            socket,
            is_datagram,
            ask,
            to: SockaddrIn::from(SocketAddrV4::new(to, 0)),
            sent_at: Vec::new(),
            answered: Vec::new(),
            refusals: 0,
            heard: Heard::default(),
        })
    }

    fn send(&mut self, sequence: u16) -> Result<()> {
        let packet = echo_request(self.ask.ident, sequence, self.ask.size);
        self.sent_at.push(wall_clock()?);
        self.answered.push(false);
        self.heard.sent += 1;
        match sendmsg(self.socket.as_raw_fd(), &[IoSlice::new(&packet)], &[], MsgFlags::empty(), Some(&self.to)) {
            Ok(_) => Ok(()),
            // What a broken path answers; the caller judges by the answers that are missing.
            Err(
                errno @ (Errno::EMSGSIZE
                | Errno::EHOSTUNREACH
                | Errno::ENETUNREACH
                | Errno::ENETDOWN
                | Errno::EPERM
                | Errno::ENOBUFS
                | Errno::EHOSTDOWN),
            ) => {
                self.heard.refused.get_or_insert(errno);
                self.refusals += 1;
                Ok(())
            }
            Err(errno) => Err(errno).context(|| format!("send an echo request to {}", self.ask.to)),
        }
    }

    /// Takes answers until the time is up, or all are in where that is enough.
    fn listen_until(&mut self, until: Instant, enough: bool) -> Result<()> {
        // Also a sender that is behind its schedule must take what has come, or the socket overflows.
        while self.take_one(MsgFlags::MSG_DONTWAIT)? {}
        loop {
            if enough && (self.answered.iter().all(|answered| *answered) || self.hopeless()) {
                return Ok(());
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            crate::signal::check()?;
            // Short slices, so that Ctrl-C is heard.
            let slice = left.min(Duration::from_millis(100)).max(Duration::from_micros(20));
            setsockopt(&self.socket, sockopt::ReceiveTimeout, &TimeVal::microseconds(slice.as_micros() as i64))
                .context(|| "set a time limit")?;
            self.take_one(MsgFlags::empty())?;
        }
    }

    /// Nothing more can come: every request was refused here or turned back on the way.
    fn hopeless(&self) -> bool {
        self.refusals == self.heard.sent || (self.heard.exceeded_at.is_some() && self.heard.sent == 1)
    }

    /// Takes a packet; false where none had come.
    fn take_one(&mut self, flags: MsgFlags) -> Result<bool> {
        let mut buffer = [0u8; 2048];
        let mut control = nix::cmsg_space!(TimeSpec, i32);
        let mut parts = [IoSliceMut::new(&mut buffer)];
        let message = match recvmsg::<SockaddrStorage>(self.socket.as_raw_fd(), &mut parts, Some(&mut control), flags) {
            Err(Errno::EAGAIN | Errno::EINTR) => return Ok(false),
            other => other.context(|| "receive an echo answer")?,
        };
        let (mut at, mut ttl) = (None, 0);
        for control in message.cmsgs().context(|| "read a receive time")? {
            match control {
                ControlMessageOwned::ScmTimestampns(time) => at = Some(time),
                ControlMessageOwned::Ipv4Ttl(hops) => ttl = hops as u8,
                _ => {}
            }
        }
        let (bytes, from) = (message.bytes, message.address.as_ref().and_then(source));
        let at = at.map_or_else(wall_clock, Ok)?;
        let packet = &buffer[..bytes.min(2048)];
        let icmp = if self.is_datagram { message_of(packet, ttl) } else { read(packet) };
        self.judge(icmp, from, at);
        Ok(true)
    }

    fn judge(&mut self, icmp: Option<Icmp>, from: Option<IpAddr>, at: TimeSpec) {
        match icmp {
            Some(Icmp { kind: ECHO_REPLY, ident, sequence, ttl }) if ident == self.ask.ident => {
                let Some(index) = usize::from(sequence).checked_sub(1) else { return };
                let Some(answered) = self.answered.get_mut(index).filter(|answered| !**answered) else { return };
                *answered = true;
                let nanos = (at - self.sent_at[index]).num_nanoseconds().max(0) as u64;
                self.heard.answers.push(Answer { sequence, round_trip: Duration::from_nanos(nanos), ttl });
            }
            Some(Icmp { kind: TIME_EXCEEDED, ident, .. }) if ident == self.ask.ident => self.heard.exceeded_at = from,
            _ => {}
        }
    }
}

fn source(address: &SockaddrStorage) -> Option<IpAddr> {
    address.as_sockaddr_in().map(|address| SocketAddr::from(SocketAddrV4::new(address.ip(), 0)).ip())
}

fn wall_clock() -> Result<TimeSpec> {
    clock_gettime(ClockId::CLOCK_REALTIME).context(|| "read the clock")
}

fn echo_request(ident: u16, sequence: u16, size: usize) -> Vec<u8> {
    let mut packet = vec![ECHO_REQUEST, 0, 0, 0];
    packet.extend(ident.to_be_bytes());
    packet.extend(sequence.to_be_bytes());
    packet.extend((0..size).map(|byte| byte as u8));
    let sum = checksum(&packet);
    packet[2..4].copy_from_slice(&sum.to_be_bytes());
    packet
}

/// The Internet checksum (RFC 1071).
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// What an ICMP packet says; for "time exceeded", whose packet it was that died.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Icmp {
    pub kind: u8,
    pub ident: u16,
    pub sequence: u16,
    pub ttl: u8,
}

impl Icmp {
    pub fn is_echo(&self) -> bool {
        matches!(self.kind, ECHO_REQUEST | ECHO_REPLY)
    }
}

/// Reads an IPv4 packet that carries ICMP; nothing where it is anything else or cut short.
pub fn read(packet: &[u8]) -> Option<Icmp> {
    let (ttl, icmp) = ipv4_payload(packet, 1)?;
    message_of(icmp, ttl)
}

/// The same without the IP header, of which only the time to live counts.
fn message_of(icmp: &[u8], ttl: u8) -> Option<Icmp> {
    let kind = *icmp.first()?;
    let body = match kind {
        TIME_EXCEEDED => ipv4_payload(icmp.get(8..)?, 1)?.1,
        _ => icmp,
    };
    let word = |at: usize| Some(u16::from_be_bytes([*body.get(at)?, *body.get(at + 1)?]));
    Some(Icmp { kind, ident: word(4)?, sequence: word(6)?, ttl })
}

/// Time to live and payload of an IPv4 packet of this protocol.
pub fn ipv4_payload(packet: &[u8], protocol: u8) -> Option<(u8, &[u8])> {
    let header = usize::from(*packet.first()? & 0x0f) * 4;
    let is_it = packet[0] >> 4 == 4 && header >= 20 && *packet.get(9)? == protocol;
    is_it.then(|| Some((*packet.get(8)?, packet.get(header..)?)))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_request_carries_a_checksum_that_sums_to_zero() {
        let packet = echo_request(7, 3, 57);
        assert_eq!(packet.len(), 65);
        assert_eq!(checksum(&packet), 0);
    }

    #[test]
    fn an_answer_inside_its_ip_header_is_read() {
        let mut packet = vec![0x45, 0, 0, 84, 0, 0, 0, 0, 63, 1, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        packet.extend([ECHO_REPLY, 0, 0, 0, 0, 7, 0, 3]);
        assert_eq!(read(&packet), Some(Icmp { kind: ECHO_REPLY, ident: 7, sequence: 3, ttl: 63 }));
    }

    proptest! {
        #[test]
        fn reading_never_panics(packet in prop::collection::vec(any::<u8>(), 0..128)) {
            let _ = read(&packet);
        }
    }
}
