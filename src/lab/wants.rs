//! What must be at hand for a recipe to run, found out without running it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Lab;
use crate::{
    error::Result,
    nodes::{Node, Nodes},
};

/// For a bundle to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wants {
    /// As `apt-get install` takes them: `chrony`, `kubeadm=1.32.1-1.1`.
    pub packages: BTreeSet<String>,
    /// Archives of packages besides the machine's own.
    pub archives: BTreeSet<WantedArchive>,
    /// Images that are made of packages.
    pub images: BTreeSet<MadeImage>,
}

/// An archive of packages that a recipe adds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WantedArchive {
    pub name: String,
    /// In the form of deb822, without `Signed-By`.
    pub text: String,
    /// The armoured key that it is signed with.
    pub key: String,
}

/// An image that is made of packages.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MadeImage {
    /// In full: `localhost/hpcc:1`.
    pub name: String,
    /// Names of packages; what they need comes along.
    pub packages: Vec<String>,
}

impl Wants {
    pub fn extend(&mut self, more: Wants) {
        self.packages.extend(more.packages);
        self.archives.extend(more.archives);
        self.images.extend(more.images);
    }
}

/// A machine of a lab that another machine is taken for.
#[derive(Debug, Clone)]
pub struct Seat {
    pub nodes: Nodes,
    pub own: Node,
}

impl Seat {
    /// Every machine of the lab that is described here, or of the lab as Vagrant makes it.
    pub fn all() -> Result<Vec<Seat>> {
        let nodes = Nodes::read_or_usual()?;
        let all = nodes.nodes.clone();
        Ok(all.into_iter().map(|own| Seat { nodes: nodes.clone(), own }).collect())
    }
}

impl Lab {
    /// The machines of the lab.
    pub fn nodes(&self) -> Result<Nodes> {
        self.seat.as_ref().map_or_else(Nodes::read, |seat| Ok(seat.nodes.clone()))
    }

    /// Which of them this one is.
    pub fn own_node(&self) -> Result<Node> {
        self.seat.as_ref().map_or_else(|| Nodes::read()?.own().cloned(), |seat| Ok(seat.own.clone()))
    }
}
