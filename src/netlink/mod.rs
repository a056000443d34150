//! The one door to the kernel's routing socket: requests out in batches, answers and dumps back.

mod address;
mod attribute;
mod link;
mod neighbour;
mod offload;
mod route;

pub use address::{Assign, AssignedAddress};
pub use link::{Bridge, Change, DeviceState, Endpoint, PortState, Veth, Vxlan, set_alias};
pub use neighbour::Neighbour;
pub use offload::Ethtool;
pub use route::Gateway;

use std::io;

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, NLM_F_REPLACE, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage,
    NetlinkPayload,
};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_sys::{Socket, protocols::NETLINK_ROUTE};

use crate::error::{Context, Error, Result};

/// One message to the kernel.
#[derive(Debug, Clone)]
pub struct Request {
    message: RouteNetlinkMessage,
    flags: u16,
}

impl Request {
    /// Makes something new; an error if it is there already.
    fn create(message: RouteNetlinkMessage) -> Request {
        Request { message, flags: NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL }
    }

    /// Makes something, or sets it to this if it is there.
    fn replace(message: RouteNetlinkMessage) -> Request {
        Request { message, flags: NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE }
    }

    /// Changes or removes something that is there.
    fn change(message: RouteNetlinkMessage) -> Request {
        Request { message, flags: NLM_F_REQUEST }
    }
}

/// Which request of a batch the kernel refused, and what it said.
#[derive(Debug)]
pub struct Refusal {
    /// Index into the batch.
    pub request: usize,
    pub errno: i32,
    pub error: Error,
}

/// Bytes of one send: far below the socket's buffer, and some hundred messages.
const CHUNK: usize = 96 * 1024;
/// A dump's packets are at most this long (the kernel's NLMSG_GOODSIZE is 8 KiB, 32 KiB if asked).
const PACKET: usize = 64 * 1024;

/// A socket bound to the namespace it was opened in, from whichever thread it is used.
pub struct Connection {
    socket: Socket,
    sequence: u32,
    packet: Vec<u8>,
}

impl Connection {
    /// Opens a routing socket in the calling thread's network namespace.
    pub fn open() -> Result<Connection> {
        let socket = Socket::new(NETLINK_ROUTE).context(|| "open a netlink socket")?;
        // Errors need not repeat the request, and may say in words what was wrong.
        socket.set_cap_ack(true).context(|| "ask netlink for short acknowledgements")?;
        socket.set_ext_ack(true).context(|| "ask netlink for errors in words")?;
        Ok(Connection { socket, sequence: 0, packet: Vec::new() })
    }

    /// Sends all requests in as few system calls as they fit in, and stops at the first refusal.
    ///
    /// The kernel works through the rest of a chunk even after an error in it.
    pub fn transact(&mut self, requests: &[Request]) -> Result<(), Refusal> {
        self.exchange(requests, CHUNK).map(drop)
    }

    /// As `transact`, in sends of at most so many bytes; gives what was answered beside acknowledgements.
    fn exchange(&mut self, requests: &[Request], most: usize) -> Result<Vec<RouteNetlinkMessage>, Refusal> {
        let mut chunk = Vec::with_capacity(most.min(256 * requests.len()));
        let mut answers = Vec::new();
        let mut first = 0;
        for (index, request) in requests.iter().enumerate() {
            let last_of_all = index + 1 == requests.len();
            let last_of_chunk = last_of_all || chunk.len() + 1024 > most;
            // Refusals are always answered; only the last message asks to be acknowledged as well.
            let ack = if last_of_chunk { NLM_F_ACK } else { 0 };
            push(&mut chunk, request.message.clone(), request.flags | ack, self.sequence + index as u32);
            if last_of_chunk {
                let fail = |error: Error| Refusal { request: index, errno: 0, error };
                self.socket.send(&chunk, 0).map_err(|error| fail(Error::from(error).context("send to netlink")))?;
                answers.extend(self.acknowledged(self.sequence + index as u32, first)?);
                chunk.clear();
                first = index + 1;
            }
        }
        self.sequence = self.sequence.wrapping_add(requests.len() as u32);
        Ok(answers)
    }

    /// Reads answers up to the acknowledgement of message `last`; the earliest refusal is the result.
    fn acknowledged(&mut self, last: u32, first: usize) -> Result<Vec<RouteNetlinkMessage>, Refusal> {
        let mut refusal: Option<Refusal> = None;
        let mut found = Vec::new();
        loop {
            let answers = self.receive().map_err(|error| Refusal { request: first, errno: 0, error })?;
            for answer in answers {
                let ack = match answer.payload {
                    NetlinkPayload::Error(ack) => ack,
                    NetlinkPayload::InnerMessage(message) => {
                        found.push(message);
                        continue;
                    }
                    _ => continue,
                };
                let request = answer.header.sequence_number.wrapping_sub(self.sequence) as usize;
                if ack.code.is_some() && refusal.is_none() {
                    let errno = -ack.raw_code();
                    refusal = Some(Refusal { request, errno, error: in_words(errno, &ack.header) });
                }
                if answer.header.sequence_number == last {
                    return refusal.map_or(Ok(found), Err);
                }
            }
        }
    }

    /// Asks for everything of a kind in this namespace.
    fn dump(&mut self, message: RouteNetlinkMessage) -> Result<Vec<RouteNetlinkMessage>> {
        let mut request = Vec::new();
        self.sequence = self.sequence.wrapping_add(1);
        push(&mut request, message, NLM_F_REQUEST | NLM_F_DUMP, self.sequence);
        self.socket.send(&request, 0).context(|| "send to netlink")?;
        let mut found = Vec::new();
        loop {
            for answer in self.receive()? {
                match answer.payload {
                    NetlinkPayload::InnerMessage(message) => found.push(message),
                    NetlinkPayload::Done(_) => return Ok(found),
                    NetlinkPayload::Error(error) => return Err(in_words(-error.raw_code(), &error.header)),
                    _ => {}
                }
            }
        }
    }

    fn receive(&mut self) -> Result<Vec<NetlinkMessage<RouteNetlinkMessage>>> {
        self.packet.clear();
        self.packet.reserve(PACKET);
        loop {
            match self.socket.recv(&mut self.packet, 0) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other.context(|| "receive from netlink")?,
            };
            return messages(&self.packet);
        }
    }
}

fn messages(packet: &[u8]) -> Result<Vec<NetlinkMessage<RouteNetlinkMessage>>> {
    let mut found = Vec::new();
    let mut rest = packet;
    while rest.len() >= 16 {
        let message = NetlinkMessage::<RouteNetlinkMessage>::deserialize(rest)
            .map_err(|error| Error::failed(format!("read an answer of netlink: {error}")))?;
        let length = (message.header.length as usize).next_multiple_of(4).clamp(16, rest.len());
        found.push(message);
        rest = &rest[length..];
    }
    Ok(found)
}

fn push(buffer: &mut Vec<u8>, message: RouteNetlinkMessage, flags: u16, sequence: u32) {
    let mut header = NetlinkHeader::default();
    header.flags = flags;
    header.sequence_number = sequence;
    let mut message = NetlinkMessage::new(header, NetlinkPayload::from(message));
    message.finalize();
    let start = buffer.len();
    buffer.resize(start + message.buffer_len().next_multiple_of(4), 0);
    message.serialize(&mut buffer[start..start + message.header.length as usize]);
}

/// NLMSGERR_ATTR_MSG
const MESSAGE: u16 = 1;

/// The errno, and the kernel's own sentence where the extended acknowledgement has one.
fn in_words(errno: i32, after_code: &[u8]) -> Error {
    let cause = io::Error::from_raw_os_error(errno);
    let mut attributes = attribute::attributes(after_code.get(16..).unwrap_or_default());
    match attributes.find(|(kind, _)| *kind == MESSAGE) {
        Some((_, text)) => {
            let text = String::from_utf8_lossy(text);
            Error::failed(format!("{cause}: {}", text.trim_end_matches('\0')))
        }
        None => Error::failed(cause),
    }
}
