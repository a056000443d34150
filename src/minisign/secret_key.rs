//! The key that signs, without a password.

use std::fmt;

use super::{
    key_id::KeyId,
    lines::{UNTRUSTED, key_bytes, part},
    public_key::PublicKey,
    signature::{Algorithm, Signature},
};
use crate::{
    ed25519::KeyPair,
    encoding::base64,
    error::{Context, Error, Result},
};

/// How the password was stretched.
const SCRYPT: [u8; 2] = *b"Sc";
const NO_PASSWORD: [u8; 2] = [0; 2];
const CHECKSUM: [u8; 2] = *b"B2";
/// What belongs to a password, all zero without one: salt, and how hard it was stretched.
const STRETCHED: usize = 48;
/// Of what a password hides; minisign leaves it out without one.
const CHECK: usize = 32;

/// A pair of keys, and what it is called. It shows itself nowhere.
pub struct SecretKey {
    id: KeyId,
    pair: KeyPair,
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str("SecretKey(…)")
    }
}

impl SecretKey {
    /// The one key that these 32 random bytes are, called by eight others.
    pub fn new(seed: [u8; 32], id: [u8; 8]) -> SecretKey {
        SecretKey { id: KeyId(id), pair: KeyPair::from_seed(&seed) }
    }

    /// From the file that `minisign -G -W` writes.
    pub fn parse(text: &str) -> Result<SecretKey> {
        let read = || -> Result<SecretKey> {
            let bytes: [u8; 158] = key_bytes(text)?;
            if !bytes.starts_with(b"Ed") {
                return Err(Error::failed("its algorithm is not `Ed`"));
            }
            match part(&bytes, 2) {
                NO_PASSWORD => {}
                SCRYPT => {
                    return Err(Error::failed("it has a password, for which only minisign asks")
                        .hint("`minisign -S -s KEY -m index.json` signs the index"));
                }
                _ => return Err(Error::failed("it says neither that it has no password nor how it is hidden by one")),
            }
            let key = SecretKey::new(part(&bytes, 62), part(&bytes, 54));
            match key.pair.public() == part(&bytes, 94) {
                true => Ok(key),
                false => Err(Error::failed("its two halves do not belong together: it was altered")),
            }
        };
        read().context(|| "read secret key of minisign")
    }

    pub fn public(&self) -> PublicKey {
        PublicKey { id: self.id, key: self.pair.public() }
    }

    /// The file beside the message; the comment, one line, is signed as well.
    pub fn sign(&self, message: &[u8], trusted_comment: &str) -> Result<String> {
        // A line feed would begin another line of the file, and minisign ends a comment where a C string ends.
        if trusted_comment.contains(['\n', '\r', '\0']) {
            return Err(Error::usage(format!("trusted comment `{}` is not one line", trusted_comment.escape_debug())));
        }
        let algorithm = Algorithm::Hashed;
        let mut signature = Signature {
            algorithm,
            key: self.id,
            of_message: self.pair.sign(&algorithm.of(message)),
            comment: trusted_comment.to_owned(),
            of_comment: [0; 64],
        };
        signature.of_comment = self.pair.sign(&signature.commented());
        Ok(signature.text())
    }

    /// The file, for its owner alone.
    pub fn text(&self) -> String {
        let mut bytes = [*b"Ed", NO_PASSWORD, CHECKSUM].concat();
        bytes.extend([0; STRETCHED]);
        bytes.extend(self.id.0);
        bytes.extend(self.pair.seed());
        bytes.extend(self.pair.public());
        bytes.extend([0; CHECK]);
        format!("{UNTRUSTED}minisign secret key {}, without a password\n{}\n", self.id, base64(&bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::from_base64;

    fn key() -> SecretKey {
        SecretKey::new([3; 32], [1; 8])
    }

    /// Why a key is refused of which one byte is another one.
    fn refusal(at: usize, byte: u8) -> Error {
        let text = key().text();
        let mut bytes = from_base64(text.lines().nth(1).unwrap()).unwrap();
        bytes[at] = byte;
        SecretKey::parse(&base64(&bytes)).unwrap_err()
    }

    #[test]
    fn a_key_with_a_password_is_left_to_minisign() {
        let text = key().text();
        let mut bytes = from_base64(text.lines().nth(1).unwrap()).unwrap();
        bytes[2..4].copy_from_slice(&SCRYPT);
        let refused = SecretKey::parse(&base64(&bytes)).unwrap_err();
        assert_eq!(refused.to_string(), "read secret key of minisign: it has a password, for which only minisign asks");
        assert_eq!(refused.what_to_try(), Some("`minisign -S -s KEY -m index.json` signs the index"));
    }

    #[test]
    fn what_is_no_secret_key_is_told_apart() {
        let said = |at, byte| refusal(at, byte).to_string();
        assert_eq!(said(0, b'e'), "read secret key of minisign: its algorithm is not `Ed`");
        assert_eq!(
            said(2, 1),
            "read secret key of minisign: it says neither that it has no password nor how it is hidden by one"
        );
        for half in [62, 93, 94, 125] {
            assert!(said(half, 0).ends_with("its two halves do not belong together: it was altered"));
        }
        let public = SecretKey::parse(&key().public().text()).unwrap_err().to_string();
        assert_eq!(public, "read secret key of minisign: it has 42 bytes where 158 are expected");
    }

    #[test]
    fn a_comment_is_one_line() {
        for comment in ["a\nb", "a\r", "\0"] {
            let refused = key().sign(b"x", comment).unwrap_err().to_string();
            assert_eq!(refused, format!("trusted comment `{}` is not one line", comment.escape_debug()));
        }
    }

    #[test]
    fn a_secret_key_shows_itself_nowhere() {
        assert_eq!(format!("{:?}", key()), "SecretKey(…)");
    }
}
