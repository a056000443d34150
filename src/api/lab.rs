//! The `lab` namespace.

use std::collections::BTreeMap;

use super::{World, params::Declared};
use crate::{
    args::Nothing,
    lua::{Namespace, function},
    nodes::Nodes,
};

pub fn namespace() -> Namespace<World> {
    Namespace {
        name: "lab",
        functions: vec![
            function("node", |_: &mut World, _: Nothing| Nodes::read()?.own().cloned()),
            function("nodes", |_: &mut World, _: Nothing| Nodes::read()),
            function("params", |world: &mut World, declared: BTreeMap<String, Declared>| {
                world.params.declare(declared)?;
                world.lab.run.params = world.params.values();
                Ok(())
            }),
        ],
        lookup: Some(("p", function("param", |world: &mut World, name: String| world.params.get(&name)))),
    }
}
