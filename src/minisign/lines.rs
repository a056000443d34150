//! The lines that minisign's files are made of: comments, and bytes in Base64.

use crate::{
    encoding::from_base64,
    error::{Error, Result},
};

/// Before what anybody may have changed.
pub const UNTRUSTED: &str = "untrusted comment: ";

/// The bytes of a key, which is one line: after a comment, or alone.
pub fn key_bytes<const N: usize>(text: &str) -> Result<[u8; N]> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    match lines[..] {
        [] => Err(Error::failed("it is empty")),
        [key] if !key.starts_with(UNTRUSTED.trim_end()) => bytes(key),
        [comment, key] if comment.starts_with(UNTRUSTED.trim_end()) => bytes(key),
        _ => Err(Error::failed(format!("it is not one line after a `{UNTRUSTED}…`"))),
    }
}

/// As many bytes as that from a line.
pub fn bytes<const N: usize>(line: &str) -> Result<[u8; N]> {
    let bytes = from_base64(line.trim()).ok_or_else(|| Error::failed("it is no Base64"))?;
    let length = bytes.len();
    bytes.try_into().map_err(|_| Error::failed(format!("it has {length} bytes where {N} are expected")))
}

/// `N` bytes of a longer array, from this one on. Its length and that of each part are known when it is compiled.
pub fn part<const N: usize>(bytes: &[u8], from: usize) -> [u8; N] {
    std::array::from_fn(|at| bytes[from + at])
}
