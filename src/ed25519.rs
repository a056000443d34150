//! Signatures by ed25519 (RFC 8032).

use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};

/// A pair of keys.
pub struct KeyPair(SigningKey);

impl KeyPair {
    /// The one pair that these 32 bytes are.
    pub fn from_seed(seed: &[u8; 32]) -> KeyPair {
        KeyPair(SigningKey::from_bytes(seed))
    }

    pub fn seed(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    pub fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

/// True where the holder of the key signed the message.
pub fn verifies(public: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    let key = VerifyingKey::from_bytes(public);
    key.is_ok_and(|key| key.verify(message, &Signature::from_bytes(signature)).is_ok())
}
