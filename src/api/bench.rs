//! The `bench` namespace.

use super::World;
use crate::{
    args::Shortened,
    bench::{Compare, Ping, Tcp},
    lua::{Namespace, function},
};

pub fn namespace() -> Namespace<World> {
    Namespace {
        name: "bench",
        functions: vec![
            function("compare", |world: &mut World, args: Compare| args.run(&mut world.lab)),
            function("ping", |world: &mut World, args: Shortened<Ping>| args.0.run(&mut world.lab)),
            function("tcp", |world: &mut World, args: Shortened<Tcp>| args.0.run(&mut world.lab)),
        ],
        lookup: None,
    }
}
