//! The file beside a signed one: four lines.

use super::{
    key_id::KeyId,
    lines::{UNTRUSTED, bytes, part},
};
use crate::{
    digest::blake2b_512,
    encoding::base64,
    error::{Context, Error, Result},
};

const TRUSTED: &str = "trusted comment: ";

/// What exactly was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// The message itself, as minisign did once and still does by `-l`.
    Whole,
    /// Its digest by BLAKE2b.
    Hashed,
}

impl Algorithm {
    const fn name(self) -> [u8; 2] {
        match self {
            Algorithm::Whole => *b"Ed",
            Algorithm::Hashed => *b"ED",
        }
    }

    /// What of a message is signed.
    pub fn of(self, message: &[u8]) -> Vec<u8> {
        match self {
            Algorithm::Whole => message.to_vec(),
            Algorithm::Hashed => blake2b_512(message).to_vec(),
        }
    }
}

/// A signature, and a comment that is signed together with it.
pub struct Signature {
    pub algorithm: Algorithm,
    pub key: KeyId,
    pub of_message: [u8; 64],
    pub comment: String,
    pub of_comment: [u8; 64],
}

impl Signature {
    pub fn parse(text: &str) -> Result<Signature> {
        let lines: Vec<&str> = text.trim_end().lines().collect();
        let [untrusted, of_message, comment, of_comment] = lines[..] else {
            return Err(Error::failed(format!("it has {} lines where 4 are expected", lines.len())));
        };
        if !untrusted.starts_with(UNTRUSTED.trim_end()) {
            return Err(Error::failed(format!("its first line is no `{UNTRUSTED}…`")));
        }
        let Some(comment) = comment.strip_prefix(TRUSTED) else {
            return Err(Error::failed(format!("its third line is no `{TRUSTED}…`")));
        };
        let of_message: [u8; 74] = bytes(of_message).context(|| "its second line")?;
        let algorithms = [Algorithm::Whole, Algorithm::Hashed];
        let Some(algorithm) = algorithms.into_iter().find(|algorithm| of_message.starts_with(&algorithm.name())) else {
            return Err(Error::failed("its algorithm is neither `Ed` nor `ED`"));
        };
        Ok(Signature {
            algorithm,
            key: KeyId(part(&of_message, 2)),
            of_message: part(&of_message, 10),
            comment: comment.to_owned(),
            of_comment: bytes(of_comment).context(|| "its fourth line")?,
        })
    }

    /// What is signed for the comment: it, after the signature that it belongs to.
    pub fn commented(&self) -> Vec<u8> {
        [self.of_message.as_slice(), self.comment.as_bytes()].concat()
    }

    /// The file.
    pub fn text(&self) -> String {
        let of_message = [self.algorithm.name().as_slice(), &self.key.0, &self.of_message].concat();
        format!(
            "{UNTRUSTED}signature by labkit, key {}\n{}\n{TRUSTED}{}\n{}\n",
            self.key,
            base64(&of_message),
            self.comment,
            base64(&self.of_comment)
        )
    }
}
