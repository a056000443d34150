//! The `bundle` namespace.

use super::World;
use crate::{
    args::{Nothing, Shortened},
    bundle::{self, BundleFacts, FileName},
    lab::Mode,
    lua::{Namespace, function},
    openpgp::Signer,
    secret::{Purpose, Secret},
};

pub fn namespace() -> Namespace<World> {
    Namespace {
        name: "bundle",
        functions: vec![
            function("facts", |_: &mut World, _: Nothing| {
                let signer = Signer::from_seed(&Secret::read()?.derive(Purpose::Archive, b""), bundle::SIGNER);
                BundleFacts::read(&bundle::need(None)?, signer.public_key())
            }),
            function("file", |_: &mut World, Shortened(file): Shortened<FileName>| file.read(&bundle::need(None)?)),
            function("is_found", |world: &mut World, _: Nothing| match world.lab.mode {
                // The bundle is what is being gathered for.
                Mode::Gather => Ok(false),
                _ => Ok(bundle::find()?.is_some()),
            }),
        ],
        lookup: None,
    }
}
