//! The address of a name, asked for as a pod's own resolver would (RFC 1035).

use std::{
    net::{IpAddr, Ipv4Addr, UdpSocket},
    time::Duration,
};

use crate::{chance, error::Result};

/// What a server said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Address(Ipv4Addr),
    /// It knows no such name, or has no address for it.
    Unknown,
    /// Nothing that can be read, in time.
    Silence,
}

const PORT: u16 = 53;
const LIMIT: Duration = Duration::from_secs(1);
const HEADER: usize = 12;
const A: [u8; 2] = [0, 1];
const INTERNET: [u8; 2] = [0, 1];
/// Type, class, time to live, and length of what follows.
const RECORD: usize = 10;
const RESPONSE: u8 = 0x80;
/// One that points to where the rest of the name stands.
const POINTER: u8 = 0xc0;

/// `dig +short NAME @SERVER`
pub fn lookup(server: IpAddr, name: &str) -> Result<Answer> {
    let id = chance::number(0..1 << 16) as u16;
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket.set_read_timeout(Some(LIMIT))?;
    let mut reply = [0; 512];
    let heard = socket
        .connect((server, PORT))
        .and_then(|()| socket.send(&question(id, name)))
        .and_then(|_| socket.recv(&mut reply));
    Ok(heard.ok().and_then(|bytes| read(&reply[..bytes], id)).unwrap_or(Answer::Silence))
}

fn question(id: u16, name: &str) -> Vec<u8> {
    // One question, and recursion is desired.
    let mut message = [&id.to_be_bytes()[..], &[1, 0, 0, 1, 0, 0, 0, 0, 0, 0]].concat();
    for label in name.split('.') {
        message.push(label.len() as u8);
        message.extend(label.as_bytes());
    }
    message.push(0);
    [message, [A, INTERNET].concat()].concat()
}

/// The first address in an answer to this question; none where it is no answer to it.
fn read(reply: &[u8], id: u16) -> Option<Answer> {
    let number = |at: usize| Some(usize::from(u16::from_be_bytes([*reply.get(at)?, *reply.get(at + 1)?])));
    let is_answer = number(0)? == usize::from(id) && reply.get(2)? & RESPONSE != 0;
    let (questions, answers) = (number(4)?, number(6)?);
    let mut at = HEADER;
    for _ in 0..questions {
        at = behind_name(reply, at)? + 4;
    }
    for _ in 0..answers {
        at = behind_name(reply, at)?;
        let (kind, length) = (reply.get(at..at + 2)?, number(at + 8)?);
        let value = reply.get(at + RECORD..at + RECORD + length)?;
        if let (true, true, Ok(address)) = (is_answer, kind == A, <[u8; 4]>::try_from(value)) {
            return Some(Answer::Address(address.into()));
        }
        at += RECORD + length;
    }
    is_answer.then_some(Answer::Unknown)
}

fn behind_name(message: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *message.get(at)? {
            0 => return Some(at + 1),
            length if length & POINTER == POINTER => return Some(at + 2),
            length => at += 1 + usize::from(length),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reply(records: &[&[u8]]) -> Vec<u8> {
        let mut message = question(7, "hello.labkit-proof.svc.cluster.local");
        message[2] |= RESPONSE;
        message[7] = records.len() as u8;
        [&message, &records.concat()[..]].concat()
    }

    #[test]
    fn the_address_is_found_behind_other_records_and_compressed_names() {
        let alias = [&[POINTER, 12][..], &[0, 5], &INTERNET, &[0, 0, 0, 5], &[0, 2], &[POINTER, 12]].concat();
        let address = [&[POINTER, 12][..], &A, &INTERNET, &[0, 0, 0, 5], &[0, 4], &[10, 96, 1, 2]].concat();
        assert_eq!(read(&reply(&[&alias, &address]), 7), Some(Answer::Address([10, 96, 1, 2].into())));
        assert_eq!(read(&reply(&[&alias]), 7), Some(Answer::Unknown));
        assert_eq!(read(&reply(&[&address]), 8), None);
        assert_eq!(read(&question(7, "a"), 7), None);
    }

    proptest! {
        #[test]
        fn no_reply_makes_it_panic(reply in prop::collection::vec(any::<u8>(), 0..100)) {
            let id = u16::from_be_bytes([reply.first().copied().unwrap_or(0), reply.get(1).copied().unwrap_or(0)]);
            let _ = read(&reply, id);
        }
    }
}
