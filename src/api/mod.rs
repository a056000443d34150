//! Everything a recipe can see, one file per namespace.

mod bench;
mod bundle;
mod cluster;
mod host;
mod lab;
mod net;
mod offline;
mod params;
mod report;

pub use params::{Param, Params};

use offline::Offline;

use crate::{
    error::Result,
    host::Packages,
    lab::Lab,
    lua::{self, Namespace},
    net::Net,
};

/// What the functions act on.
pub struct World {
    pub lab: Lab,
    pub net: Net,
    pub params: Params,
    /// Looked for when a recipe first lacks packages; none until then, and empty where there is no bundle.
    offline: Option<Option<Offline>>,
}

impl World {
    pub fn new(lab: Lab, params: Params) -> World {
        World { lab, net: Net::default(), params, offline: None }
    }
}

impl World {
    /// Has packages come from the bundle, where there is one, before the first of them is wanted.
    fn begin_packages(&mut self, wanted: &Packages) -> Result<()> {
        if self.offline.is_none() && self.lab.acts() && wanted.lacks_any()? {
            self.offline = Some(Offline::begin(&mut self.lab)?);
        }
        Ok(())
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
    vec![
        bench::namespace(),
        bundle::namespace(),
        cluster::namespace(),
        host::namespace(),
        lab::namespace(),
        net::namespace(),
        report::namespace(),
    ]
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
