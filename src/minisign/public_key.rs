//! The key that verifies.

use super::{
    key_id::KeyId,
    lines::{UNTRUSTED, key_bytes, part},
    signature::Signature,
};
use crate::{
    ed25519::verifies,
    encoding::base64,
    error::{Context, Error, Result},
};

/// A public key, and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    pub(super) id: KeyId,
    pub(super) key: [u8; 32],
}

impl PublicKey {
    /// From the file of a public key, or from its second line alone.
    pub fn parse(text: &str) -> Result<PublicKey> {
        let read = || -> Result<PublicKey> {
            let bytes: [u8; 42] = key_bytes(text)?;
            if !bytes.starts_with(b"Ed") {
                return Err(Error::failed("its algorithm is not `Ed`"));
            }
            Ok(PublicKey { id: KeyId(part(&bytes, 2)), key: part(&bytes, 10) })
        };
        read().context(|| "read public key of minisign")
    }

    /// The trusted comment, where this key signed the message and the comment.
    pub fn verify(&self, message: &[u8], signature: &str) -> Result<String> {
        let signature = Signature::parse(signature).context(|| "read signature of minisign")?;
        let id = self.id;
        if signature.key != id {
            return Err(Error::proof(format!("key `{}` signed it, not key `{id}`", signature.key)));
        }
        if !verifies(&self.key, &signature.algorithm.of(message), &signature.of_message) {
            return Err(Error::proof(format!(
                "key `{id}` did not sign this: the message or its signature was altered"
            )));
        }
        if !verifies(&self.key, &signature.commented(), &signature.of_comment) {
            return Err(Error::proof(format!("key `{id}` did not sign this trusted comment: it was altered")));
        }
        Ok(signature.comment)
    }

    /// What minisign calls the key: hexadecimal in upper case.
    pub fn id(&self) -> String {
        self.id.to_string()
    }

    /// The file.
    pub fn text(&self) -> String {
        let bytes = [b"Ed".as_slice(), &self.id.0, &self.key].concat();
        format!("{UNTRUSTED}minisign public key {}\n{}\n", self.id, base64(&bytes))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::{super::SecretKey, *};

    fn key() -> SecretKey {
        SecretKey::new([3; 32], *b"\x1f\xe8\xb4\x42\x18\x0f\x62\xe7")
    }

    fn refusal(text: &str) -> String {
        PublicKey::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_public_key_is_told_apart() {
        let text = key().public().text();
        let line = text.lines().nth(1).unwrap();
        assert_eq!(refusal("\n"), "read public key of minisign: it is empty");
        assert_eq!(refusal("RWQ!"), "read public key of minisign: it is no Base64");
        assert_eq!(refusal("RWQf6LRC"), "read public key of minisign: it has 6 bytes where 42 are expected");
        assert_eq!(refusal(&key().text()), "read public key of minisign: it has 158 bytes where 42 are expected");
        assert_eq!(refusal(&line.replace("RW", "RU")), "read public key of minisign: its algorithm is not `Ed`");
        for text in ["untrusted comment: x", "x\ny", "untrusted comment: x\ny\nz"] {
            assert!(refusal(text).contains("not one line after a `untrusted comment: …`"), "{text}");
        }
        assert_eq!(PublicKey::parse(&text.replace('\n', "\r\n")).unwrap(), key().public());
    }

    #[test]
    fn a_signature_of_another_key_names_both() {
        let signature = SecretKey::new([3; 32], [1; 8]).sign(b"x", "").unwrap();
        let refused = key().public().verify(b"x", &signature).unwrap_err();
        assert_eq!(refused.to_string(), "key `101010101010101` signed it, not key `E7620F1842B4E81F`");
        // Another one by the same name.
        let signature = SecretKey::new([4; 32], *b"\x1f\xe8\xb4\x42\x18\x0f\x62\xe7").sign(b"x", "").unwrap();
        let refused = key().public().verify(b"x", &signature).unwrap_err().to_string();
        assert_eq!(refused, "key `E7620F1842B4E81F` did not sign this: the message or its signature was altered");
    }

    #[test]
    fn what_is_no_signature_is_told_apart() {
        let signature = key().sign(b"x", "comment").unwrap();
        let refusal = |from: &str, to: &str| {
            let altered = signature.replacen(from, to, 1);
            assert!(altered != signature);
            let refused = key().public().verify(b"x", &altered).unwrap_err().to_string();
            refused.strip_prefix("read signature of minisign: ").unwrap().to_owned()
        };
        assert_eq!(refusal(&signature, ""), "it has 0 lines where 4 are expected");
        assert_eq!(refusal("comment\n", "comment\n\n"), "it has 5 lines where 4 are expected");
        assert_eq!(refusal("untrusted", "trusted"), "its first line is no `untrusted comment: …`");
        assert_eq!(refusal("\ntrusted", "\nuntrusted"), "its third line is no `trusted comment: …`");
        assert_eq!(refusal("\nRU", "\n!U"), "its second line: it is no Base64");
        assert_eq!(refusal("\nRUQf6", "\nRUQf"), "its second line: it is no Base64");
        assert_eq!(refusal("\nRUQf", "\n"), "its second line: it has 71 bytes where 74 are expected");
        assert_eq!(refusal("\nRU", "\nRX"), "its algorithm is neither `Ed` nor `ED`");
        assert_eq!(refusal("==\n", "\n"), "its fourth line: it is no Base64");
    }

    /// Made once: each one takes a while where nothing is optimised.
    static SIGNED: LazyLock<(PublicKey, String)> =
        LazyLock::new(|| (key().public(), key().sign(b"x", "comment").unwrap()));

    proptest! {
        #[test]
        fn a_signature_with_any_bit_turned_is_refused(at: prop::sample::Index, bit in 0..7) {
            let (public, signature) = &*SIGNED;
            // What stands before is trusted by nobody; the last line feed may be missing.
            let from = signature.find('\n').unwrap();
            let mut bytes = signature.trim_end().to_owned().into_bytes();
            let at = from + at.index(bytes.len() - from);
            bytes[at] ^= 1u8 << bit;
            prop_assert!(public.verify(b"x", std::str::from_utf8(&bytes).unwrap()).is_err());
        }

        #[test]
        fn no_text_makes_it_panic(text: String, [a, b, c, d] in prop::array::uniform4("[A-Za-z0-9+/=]{0,240}")) {
            let lines = format!("untrusted comment: {a}\n{b}\ntrusted comment: {c}\n{d}");
            for text in [&text, &lines, &a] {
                let _ = (PublicKey::parse(text), SecretKey::parse(text), SIGNED.0.verify(b"x", text));
            }
        }

        #[test]
        fn no_bytes_in_the_right_place_make_it_panic(bytes: [[u8; 79]; 2], at in 0..=158usize) {
            let bytes = bytes.concat();
            let (public, _) = &*SIGNED;
            let of_message = base64(&[b"Ed".as_slice(), &public.id.0, &bytes[..64]].concat());
            let signature =
                format!("untrusted comment: \n{of_message}\ntrusted comment: \n{}", base64(&bytes[94..]));
            prop_assert!(public.verify(b"x", &signature).is_err());
            let key = [b"Ed".as_slice(), &bytes[..40]].concat();
            let _ = PublicKey::parse(&base64(&key)).map(|key| key.verify(b"x", &signature));
            let unencrypted = [b"Ed\0\0".as_slice(), &bytes[4..]].concat();
            let _ = (SecretKey::parse(&base64(&unencrypted)), SecretKey::parse(&base64(&bytes[..at])));
        }
    }
}
