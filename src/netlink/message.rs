//! Messages as they stand on the wire: requests to the kernel, and what its packets hold.

use nix::libc::{NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE, NLM_F_REQUEST};

use super::attribute;
use crate::error::{Error, Result};

/// One message to the kernel.
#[derive(Debug, Clone)]
pub struct Request {
    kind: u16,
    flags: u16,
    body: Vec<u8>,
}

/// struct nlmsghdr
pub(super) const HEADER: usize = 16;

impl Request {
    fn new(kind: u16, flags: i32, header: &[u8]) -> Request {
        let mut body = Vec::with_capacity(192);
        body.extend(header);
        Request { kind, flags: (NLM_F_REQUEST | flags) as u16, body }
    }

    /// Makes something new; an error if it is there already. The kind is `RTM_…`, and the header the one that belongs to it.
    pub(super) fn create(kind: u16, header: &[u8]) -> Request {
        Request::new(kind, NLM_F_CREATE | NLM_F_EXCL, header)
    }

    /// Makes something, or sets it to this if it is there.
    pub(super) fn replace(kind: u16, header: &[u8]) -> Request {
        Request::new(kind, NLM_F_CREATE | NLM_F_REPLACE, header)
    }

    /// Changes, removes or asks for something that is there.
    pub(super) fn change(kind: u16, header: &[u8]) -> Request {
        Request::new(kind, 0, header)
    }

    /// With an attribute more.
    pub(super) fn with(mut self, kind: u16, value: &[u8]) -> Request {
        attribute::push(&mut self.body, kind, value);
        self
    }

    /// With attributes more.
    pub(super) fn filled(mut self, fill: impl FnOnce(&mut Vec<u8>)) -> Request {
        fill(&mut self.body);
        self
    }

    /// Appends it to what is sent together, with further flags.
    pub(super) fn push(&self, buffer: &mut Vec<u8>, flags: i32, sequence: u32) {
        buffer.extend(((HEADER + self.body.len()) as u32).to_ne_bytes());
        buffer.extend(self.kind.to_ne_bytes());
        buffer.extend((self.flags | flags as u16).to_ne_bytes());
        buffer.extend(sequence.to_ne_bytes());
        buffer.extend([0; 4]);
        buffer.extend(&self.body);
        buffer.resize(buffer.len().next_multiple_of(4), 0);
    }
}

/// One message of the kernel.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer<'a> {
    pub kind: u16,
    pub sequence: u32,
    /// Behind the header.
    pub body: &'a [u8],
}

/// Takes the next message from a packet.
pub(super) fn next<'a>(packet: &mut &'a [u8]) -> Result<Option<Answer<'a>>> {
    let Some(header) = packet.first_chunk::<HEADER>() else { return Ok(None) };
    let length = attribute::u32_at(header, 0) as usize;
    let body = packet.get(HEADER..length).ok_or_else(|| Error::failed("an answer of netlink is cut short"))?;
    *packet = packet.get(length.next_multiple_of(4)..).unwrap_or_default();
    let kind = u16::from_ne_bytes([header[4], header[5]]);
    Ok(Some(Answer { kind, sequence: attribute::u32_at(header, 8), body }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_pushed_is_taken_back(list in prop::collection::vec((any::<u16>(), any::<u32>(), prop::collection::vec(any::<u8>(), 0..40)), 0..8)) {
            let mut bytes = Vec::new();
            list.iter().for_each(|(kind, sequence, body)| Request::change(*kind, body).push(&mut bytes, 0, *sequence));
            let mut rest = bytes.as_slice();
            for (kind, sequence, body) in &list {
                prop_assert_eq!(next(&mut rest).unwrap(), Some(Answer { kind: *kind, sequence: *sequence, body }));
            }
            prop_assert_eq!(next(&mut rest).unwrap(), None);
        }

        #[test]
        fn a_packet_of_anything_comes_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut rest = bytes.as_slice();
            let mut count = 0;
            while let Ok(Some(_)) = next(&mut rest) {
                count += 1;
            }
            prop_assert!(count <= 200 / HEADER);
        }
    }
}
