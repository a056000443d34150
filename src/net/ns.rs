//! `net.ns`: a network namespace.

use serde::Deserialize;

use super::{Net, topology::Space};
use crate::{args::Short, error::Result, names::NsName};

/// `ip netns add NAME`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ns {
    /// What the recipe calls it.
    pub name: NsName,
    /// Forward packets between its devices: it is a router.
    #[serde(default)]
    pub forward: bool,
    /// Leave IPv6 on. So does an IPv6 address that is declared before the namespace is first used.
    #[serde(default)]
    pub ipv6: bool,
}

impl Short for Ns {
    const EXPECTED: &'static str = "the namespace's name, or a table with `name`";

    fn from_text(name: &str) -> Option<Result<Ns, String>> {
        Some(name.parse().map(|name| Ns { name, forward: false, ipv6: false }))
    }
}

impl Net {
    /// Declares a namespace and gives its name.
    pub fn ns(&mut self, ns: Ns, at: &str) -> Result<NsName> {
        self.topology.add_space(Space {
            name: ns.name.clone(),
            forward: ns.forward,
            ipv6: ns.ipv6,
            at: at.to_owned(),
        })?;
        Ok(ns.name)
    }
}
