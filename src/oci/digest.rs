//! What a blob is called: by what it holds.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::digest::sha256_hex;

/// `sha256:` and 64 hexadecimal digits in lower case (OCI image specification, descriptor.md): no other algorithm is
/// met, and none is believed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest {
    hex: String,
}

const ALGORITHM: &str = "sha256:";

impl Digest {
    /// What these bytes are called.
    pub fn of(bytes: &[u8]) -> Digest {
        Digest { hex: sha256_hex(bytes) }
    }

    /// From the 64 digits alone.
    pub fn from_hex(hex: &str) -> Result<Digest, String> {
        format!("{ALGORITHM}{hex}").parse()
    }

    /// The 64 digits.
    pub fn hex(&self) -> &str {
        &self.hex
    }
}

impl FromStr for Digest {
    type Err = String;

    fn from_str(text: &str) -> Result<Digest, String> {
        let digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        match text.strip_prefix(ALGORITHM) {
            Some(hex) if hex.len() == 64 && hex.chars().all(digit) => Ok(Digest { hex: hex.to_owned() }),
            _ => Err(format!("`{}` is no digest: sha256: and 64 digits in lower case", text.escape_debug())),
        }
    }
}

impl TryFrom<String> for Digest {
    type Error = String;

    fn try_from(text: String) -> Result<Digest, String> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.to_string()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{ALGORITHM}{}", self.hex)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_leads_nowhere_but_to_its_blob() {
        let hex = "0f".repeat(32);
        assert_eq!(format!("sha256:{hex}").parse::<Digest>().unwrap().hex(), hex);
        for bad in [
            hex.clone(),
            "sha256:".into(),
            format!("sha256:{}", hex.to_uppercase()),
            format!("sha512:{hex}{hex}"),
            format!("sha256:../{}", &hex[3..]),
            format!("sha256:{hex}\n"),
        ] {
            assert!(bad.parse::<Digest>().is_err(), "{bad}");
        }
    }
}
