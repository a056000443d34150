//! Signatures that apt believes (OpenPGP, RFC 9580): keys of version 4 and the older form of ed25519, which both gpgv
//! and sqv read.

mod armor;
mod cleartext;
mod key;
mod packet;
mod signature;
mod signer;

pub use signer::Signer;
