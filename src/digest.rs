//! SHA-256, of what is in memory and of what passes by, and what is derived by it; and the digests that formats of
//! others ask for.

use std::io::{self, Read, Write};

use blake2::Blake2b512;
use hkdf::Hkdf;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::encoding::hex;

pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The digest as 64 hexadecimal digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&sha256(bytes))
}

/// SHA-1, which OpenPGP names its keys by. No longer good enough to sign anything by.
pub fn sha1(bytes: &[u8]) -> [u8; 20] {
    Sha1::digest(bytes).into()
}

/// BLAKE2b with 64 bytes, which minisign signs.
pub fn blake2b_512(bytes: &[u8]) -> [u8; 64] {
    Blake2b512::digest(bytes).into()
}

/// 32 bytes from a secret by HKDF (RFC 5869), others for each salt and purpose.
pub fn derive(secret: &[u8], salt: &[u8], purpose: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    // Only more than 255 blocks are refused, and this is one.
    let expanded = Hkdf::<Sha256>::new(Some(salt), secret).expand(purpose, &mut bytes);
    debug_assert!(expanded.is_ok());
    bytes
}

/// Passes on what is read from it or written to it, and knows its digest and length when that is all.
pub struct Tally<S> {
    stream: S,
    digest: Sha256,
    bytes: u64,
}

impl<S> Tally<S> {
    pub fn new(stream: S) -> Tally<S> {
        Tally { stream, digest: Sha256::new(), bytes: 0 }
    }

    /// What it passes on from, or to.
    pub fn inner(&mut self) -> &mut S {
        &mut self.stream
    }

    /// The digest as 64 hexadecimal digits, and how many bytes went by.
    pub fn end(self) -> (String, u64) {
        (hex(&self.digest.finalize()), self.bytes)
    }
}

impl<W: Write> Write for Tally<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.stream.write(bytes)?;
        self.digest.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl<R: Read> Read for Tally<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer)?;
        self.digest.update(&buffer[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}
