//! What a key is called.

use std::fmt;

/// Eight bytes that somebody drew. minisign shows them as one number in hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyId(pub [u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{:X}", u64::from_le_bytes(self.0))
    }
}
