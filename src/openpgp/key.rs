//! A key of version 4 (RFC 9580, section 5.5): the pair, and the name that it has by its bytes.

use super::packet::number;
use crate::{digest::sha1, ed25519::KeyPair};

const VERSION: u8 = 4;
/// EdDSALegacy, with the curve named by its object identifier.
pub const ALGORITHM: u8 = 22;
const ED25519: [u8; 9] = [0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01];
/// The point follows as it is.
const NATIVE: u8 = 0x40;

/// When every key was made, in seconds since 1970: a machine whose clock is years behind would not believe a key from
/// its future. 0 stands for no time at all in some programs.
pub const CREATED: u32 = 1;

/// A pair of keys, and its fingerprint.
pub struct Key {
    pub pair: KeyPair,
    pub fingerprint: [u8; 20],
}

impl Key {
    pub fn from_seed(seed: &[u8; 32]) -> Key {
        let pair = KeyPair::from_seed(seed);
        let fingerprint = sha1(&hashed(&body(&pair)));
        Key { pair, fingerprint }
    }

    /// The public key, as it stands in its packet.
    pub fn body(&self) -> Vec<u8> {
        body(&self.pair)
    }

    /// The public key, as it is signed.
    pub fn hashed(&self) -> Vec<u8> {
        hashed(&self.body())
    }

    /// The end of the fingerprint, by which a key is looked for.
    pub fn id(&self) -> &[u8] {
        &self.fingerprint[12..]
    }
}

fn body(pair: &KeyPair) -> Vec<u8> {
    let mut body = vec![VERSION];
    body.extend(CREATED.to_be_bytes());
    body.extend([ALGORITHM, ED25519.len() as u8]);
    body.extend(ED25519);
    body.extend(number(&[&[NATIVE], pair.public().as_slice()].concat()));
    body
}

fn hashed(body: &[u8]) -> Vec<u8> {
    [&[0x99], (body.len() as u16).to_be_bytes().as_slice(), body].concat()
}
