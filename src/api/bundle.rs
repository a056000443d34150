//! The `bundle` namespace.

use super::World;
use crate::{
    args::{Nothing, Shortened},
    bundle::{self, BundleFacts, FileName},
    lab::{MadeImage, Mode},
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
            function("image", |world: &mut World, args: MadeImage| {
                let image = MadeImage { name: bundle::full_name(&args.name)?, ..args };
                let name = image.name.clone();
                if world.lab.mode == Mode::Gather {
                    world.lab.wants.images.insert(image);
                }
                Ok(name)
            }),
            function("is_found", |world: &mut World, _: Nothing| match world.lab.mode {
                // The bundle is what is being gathered for.
                Mode::Gather => Ok(false),
                _ => Ok(bundle::find()?.is_some()),
            }),
        ],
        lookup: None,
    }
}
