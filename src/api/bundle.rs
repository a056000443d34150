//! The `bundle` namespace.

use super::World;
use crate::{
    args::Nothing,
    bundle::{self, BundleFacts},
    lua::{Namespace, function},
    openpgp::Signer,
    secret::{Purpose, Secret},
};

pub fn namespace() -> Namespace<World> {
    Namespace {
        name: "bundle",
        functions: vec![function("facts", |_: &mut World, _: Nothing| {
            let signer = Signer::from_seed(&Secret::read()?.derive(Purpose::Archive, b""), bundle::SIGNER);
            BundleFacts::read(&bundle::need(None)?, signer.public_key())
        })],
        lookup: None,
    }
}
