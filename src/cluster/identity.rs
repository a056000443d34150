//! What a cluster is known by. All of it follows from the lab secret, so that no node has to be told anything.

use crate::{
    authority::Authority,
    error::Result,
    secret::{Purpose, Secret},
};

/// Who may join, and whom a node that joins believes.
pub struct Identity {
    pub authority: Authority,
    /// `abcdef.0123456789abcdef` (kubernetes.io: "Authenticating with Bootstrap Tokens").
    pub token: String,
}

/// Characters of a token's public part, and of its secret one.
const PARTS: (usize, usize) = (6, 16);
const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

impl Identity {
    pub fn of(secret: &Secret) -> Identity {
        Identity {
            authority: Authority::from_seed(&secret.derive(Purpose::ClusterAuthority, b"")),
            token: token(&secret.derive(Purpose::ClusterToken, b"")),
        }
    }

    /// The part of the token that is no secret.
    pub fn token_id(&self) -> &str {
        &self.token[..PARTS.0]
    }

    /// What nodes that join know the certificate authority by.
    pub fn pin(&self) -> Result<String> {
        self.authority.pin()
    }
}

/// Numbers of 128 bits in base 36: the remainder is as good as evenly spread.
fn token(bytes: &[u8; 32]) -> String {
    let (id, secret) = bytes.split_at(16);
    let digits = |bytes: &[u8], count: usize| -> String {
        let mut rest = bytes.iter().fold(0u128, |number, byte| number << 8 | u128::from(*byte));
        let next = |_| {
            let digit = ALPHABET[(rest % 36) as usize];
            rest /= 36;
            char::from(digit)
        };
        (0..count).map(next).collect()
    };
    format!("{}.{}", digits(id, PARTS.0), digits(secret, PARTS.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_that_kubeadm_takes_and_always_the_same() {
        let one = token(&[0xa5; 32]);
        assert_eq!(one, token(&[0xa5; 32]));
        assert_ne!(one, token(&[0xa6; 32]));
        let (id, secret) = one.split_once('.').unwrap();
        assert_eq!((id.len(), secret.len()), (6, 16));
        assert!(one.bytes().all(|byte| byte == b'.' || ALPHABET.contains(&byte)), "{one}");
    }
}
