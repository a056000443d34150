//! gzip (RFC 1952), by zlib-rs.

use std::io::{BufRead, Write};

use flate2::{Compression, GzBuilder};
pub use flate2::{bufread::GzDecoder, write::GzEncoder};

/// Compresses what is written to it. Without a time and the name of the machine's system in its head, the same bytes come
/// to the same.
pub fn compress<W: Write>(to: W) -> GzEncoder<W> {
    GzBuilder::new().mtime(0).write(to, Compression::default())
}

/// What was compressed.
pub fn decompress<R: BufRead>(from: R) -> GzDecoder<R> {
    GzDecoder::new(from)
}
