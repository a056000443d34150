//! Everything a recipe can see, one file per namespace.

mod bench;
mod host;
mod lab;
mod net;
mod params;
mod report;

pub use params::{Param, Params};

use crate::{
    lab::Lab,
    lua::{self, Namespace},
    net::Net,
};

/// What the functions act on.
pub struct World {
    pub lab: Lab,
    pub net: Net,
    pub params: Params,
}

impl World {
    pub fn new(lab: Lab, params: Params) -> World {
        World { lab, net: Net::default(), params }
    }
}

impl lua::State for World {
    fn called_at(&mut self, position: &str) {
        position.clone_into(&mut self.lab.position);
    }

    fn print(&mut self, text: &str) {
        self.lab.progress.line(text);
    }
}

/// The namespaces, alphabetically.
pub fn namespaces() -> Vec<Namespace<World>> {
    vec![bench::namespace(), host::namespace(), lab::namespace(), net::namespace(), report::namespace()]
}

/// Names of all functions, as recipes write them: `net.veth`.
pub fn names() -> Vec<String> {
    let full = |namespace: Namespace<World>| {
        let lookup = namespace.lookup.map(|(key, _)| format!("{}.{key}", namespace.name));
        let functions =
            namespace.functions.into_iter().map(move |function| format!("{}.{}", namespace.name, function.name));
        functions.chain(lookup).collect::<Vec<_>>()
    };
    namespaces().into_iter().flat_map(full).collect()
}
