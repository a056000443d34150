//! A signature of version 4 (RFC 9580, section 5.2): what is signed, when and by whom.

use super::{
    key::{ALGORITHM, CREATED, Key},
    packet::{Tag, length, number, packet},
};
use crate::digest::sha256;

const VERSION: u8 = 4;
const SHA256: u8 = 8;

/// What a signature is about.
#[derive(Debug, Clone, Copy)]
pub enum About {
    /// Bytes as they are.
    Bytes = 0x00,
    /// Lines, wherever and however they end.
    Text = 0x01,
    /// A key, and who holds it: well looked at.
    UserId = 0x13,
}

/// What a signature says beside that.
#[derive(Debug, Clone, Copy)]
pub enum Said {
    Created = 2,
    Issuer = 16,
    Primary = 25,
    Flags = 27,
    Fingerprint = 33,
}

/// A subpacket.
pub fn say(said: Said, bytes: &[u8]) -> Vec<u8> {
    [length(1 + bytes.len()).as_slice(), &[said as u8], bytes].concat()
}

/// Subpackets, and before them how many bytes they are.
fn area(subpackets: &[u8]) -> Vec<u8> {
    [(subpackets.len() as u16).to_be_bytes().as_slice(), subpackets].concat()
}

impl Key {
    /// The packet of a signature over these bytes, with subpackets beside those that each signature has. None is older
    /// than the key, for such a one is not believed.
    pub fn sign(&self, about: About, bytes: &[u8], seconds: u32, subpackets: &[u8]) -> Vec<u8> {
        let created = say(Said::Created, &seconds.max(CREATED).to_be_bytes());
        let issuer = say(Said::Fingerprint, &[&[VERSION], self.fingerprint.as_slice()].concat());
        let mut body = vec![VERSION, about as u8, ALGORITHM, SHA256];
        body.extend(area(&[&created, &issuer, subpackets].concat()));
        // How much of the signature itself is signed: so far everything.
        let end = [&[VERSION, 255], (body.len() as u32).to_be_bytes().as_slice()].concat();
        let digest = sha256(&[bytes, &body, &end].concat());

        // Only says where to look, and so need not be signed.
        body.extend(area(&say(Said::Issuer, self.id())));
        body.extend(&digest[..2]);
        let signature = self.pair.sign(&digest);
        body.extend(number(&signature[..32]));
        body.extend(number(&signature[32..]));
        packet(Tag::Signature, &body)
    }
}
