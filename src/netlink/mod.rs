//! The one door to the kernel's routing socket: requests out in batches, answers and dumps back.

mod address;
mod attribute;
mod link;
mod message;
mod neighbour;
mod offload;
mod route;

pub use address::{Assign, AssignedAddress};
pub use link::{Bridge, Change, DeviceState, Endpoint, PortState, Veth, Vxlan, set_alias};
pub use message::Request;
pub use neighbour::Neighbour;
pub use offload::Ethtool;
pub use route::Gateway;

use std::io;

use message::{Answer, HEADER, next};
use netlink_sys::{Socket, protocols::NETLINK_ROUTE};
use nix::libc::{NLM_F_ACK, NLM_F_DUMP, NLMSG_DONE, NLMSG_ERROR};

use crate::error::{Context, Error, Result};

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
        self.exchange(requests, CHUNK, &mut |_| ())
    }

    /// As `transact`, in sends of at most so many bytes; shows what is answered beside acknowledgements.
    fn exchange(&mut self, requests: &[Request], most: usize, see: &mut dyn FnMut(Answer)) -> Result<(), Refusal> {
        let mut chunk = Vec::with_capacity(most.min(256 * requests.len()));
        let mut first = 0;
        for (index, request) in requests.iter().enumerate() {
            let last_of_all = index + 1 == requests.len();
            let last_of_chunk = last_of_all || chunk.len() + 1024 > most;
            // Refusals are always answered; only the last message asks to be acknowledged as well.
            let ack = if last_of_chunk { NLM_F_ACK } else { 0 };
            request.push(&mut chunk, ack, self.sequence + index as u32);
            if last_of_chunk {
                let fail = |error: Error| Refusal { request: index, errno: 0, error };
                self.socket.send(&chunk, 0).map_err(|error| fail(Error::from(error).context("send to netlink")))?;
                self.acknowledged(self.sequence + index as u32, first, see)?;
                chunk.clear();
                first = index + 1;
            }
        }
        self.sequence = self.sequence.wrapping_add(requests.len() as u32);
        Ok(())
    }

    /// Reads answers up to the acknowledgement of message `last`; the earliest refusal is the result.
    fn acknowledged(&mut self, last: u32, first: usize, see: &mut dyn FnMut(Answer)) -> Result<(), Refusal> {
        let (begun, mut refusal) = (self.sequence, None);
        let fail = |error| Refusal { request: first, errno: 0, error };
        loop {
            let mut packet = self.receive().map_err(fail)?;
            while let Some(answer) = next(&mut packet).map_err(fail)? {
                if i32::from(answer.kind) != NLMSG_ERROR {
                    see(answer);
                    continue;
                }
                let errno = errno(&answer);
                if errno != 0 && refusal.is_none() {
                    let request = answer.sequence.wrapping_sub(begun) as usize;
                    refusal = Some(Refusal { request, errno, error: in_words(errno, &answer) });
                }
                if answer.sequence == last {
                    return refusal.map_or(Ok(()), Err);
                }
            }
        }
    }

    /// Asks for everything of a kind in this namespace.
    fn dump(&mut self, request: &Request, see: &mut dyn FnMut(Answer)) -> Result<()> {
        let mut bytes = Vec::new();
        self.sequence = self.sequence.wrapping_add(1);
        request.push(&mut bytes, NLM_F_DUMP, self.sequence);
        self.socket.send(&bytes, 0).context(|| "send to netlink")?;
        loop {
            let mut packet = self.receive()?;
            while let Some(answer) = next(&mut packet)? {
                match i32::from(answer.kind) {
                    NLMSG_DONE => return Ok(()),
                    NLMSG_ERROR => return Err(in_words(errno(&answer), &answer)),
                    _ => see(answer),
                }
            }
        }
    }

    /// The next packet.
    fn receive(&mut self) -> Result<&[u8]> {
        self.packet.clear();
        self.packet.reserve(PACKET);
        loop {
            match self.socket.recv(&mut self.packet, 0) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other.context(|| "receive from netlink")?,
            };
            return Ok(&self.packet);
        }
    }
}

/// What an acknowledgement says; 0 where all is well.
fn errno(answer: &Answer) -> i32 {
    (attribute::u32_at(answer.body, 0) as i32).wrapping_neg()
}

/// NLMSGERR_ATTR_MSG
const MESSAGE: u16 = 1;

/// The errno, and the kernel's own sentence where the extended acknowledgement has one: it stands behind the number and the
/// header of the request.
fn in_words(errno: i32, answer: &Answer) -> Error {
    let cause = io::Error::from_raw_os_error(errno);
    let mut attributes = attribute::attributes(answer.body.get(4 + HEADER..).unwrap_or_default());
    match attributes.find(|(kind, _)| *kind == MESSAGE) {
        Some((_, text)) => Error::failed(format!("{cause}: {}", attribute::text(text))),
        None => Error::failed(cause),
    }
}
