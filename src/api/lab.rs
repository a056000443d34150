//! The `lab` namespace.

use std::collections::BTreeMap;

use super::{World, params::Declared};
use crate::{
    args::Nothing,
    lua::{Namespace, function},
};

pub fn namespace() -> Namespace<World> {
    Namespace {
        name: "lab",
        functions: vec![
            function("node", |world: &mut World, _: Nothing| world.lab.own_node()),
            function("nodes", |world: &mut World, _: Nothing| world.lab.nodes()),
            function("params", |world: &mut World, declared: BTreeMap<String, Declared>| {
                world.params.declare(declared)?;
                world.lab.run.params = world.params.values();
                Ok(())
            }),
            function("phase", |world: &mut World, name: String| world.lab.begin_phase(&name)),
        ],
        lookup: Some(("p", function("param", |world: &mut World, name: String| world.params.get(&name)))),
    }
}
