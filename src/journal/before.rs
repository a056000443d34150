//! What was so on the machine before labkit changed it, as data.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};

/// A thing of the machine and its state. To go back to a state can be done twice, and after an effect that was cut short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "thing", rename_all = "snake_case")]
pub enum Before {
    /// Nothing was done: another recipe had made it so, and is not to take it back while this one is in effect.
    Same { things: Vec<Thing> },
    /// A file, link or directory as it was; not where it is neither as it was nor as it was made.
    File { path: PathBuf, before: FileState, after: FileState },
    /// Lines between two marks of a file, none where the marks were not there, and those that were put there.
    Block {
        path: PathBuf,
        name: String,
        comment: String,
        content: Option<String>,
        after: String,
        existed: bool,
        /// The last line before had its end.
        was_ended: bool,
    },
    /// `sysctl -w`: those that were set, and those that the kernel sets along with them.
    Sysctl { values: BTreeMap<String, Setting>, along: BTreeMap<String, String> },
    /// `modprobe -r`
    Module { name: String },
    /// `swapon`
    Swap { devices: Vec<PathBuf> },
    /// `hostname`
    Hostname { name: String },
    /// Packages that an installation or a removal touched, each as it was.
    Packages { before: BTreeMap<String, PackageState> },
    /// `apt-mark unhold`
    Hold { packages: Vec<String> },
    /// A user, what it logged in to and the groups it was not in; `userdel` where it was not there.
    User { name: String, existed: bool, home_existed: bool, shell: Option<String>, groups: Vec<String> },
    /// What takes back the effect of a program, and what tells whether that is there.
    Program { undo: Vec<String>, unless: Vec<String>, creates: Option<PathBuf> },
    /// `rm -r` of what was not there, and is made and filled by programs.
    Remains { absent: Vec<PathBuf> },
    /// `kubeadm reset`, by the runtime's socket.
    Member { socket: String },
    /// `systemctl enable` and `start`, back to what it was; `restart` once what it reads is as it was.
    Unit { unit: String, enabled: String, active: bool, reads: Vec<PathBuf> },
}

/// A thing of the machine by its name: two changes that have one in common are of the same thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thing {
    Path(PathBuf),
    /// Lines between two marks, by the file and their name.
    Lines(PathBuf, String),
    Setting(String),
    Module(String),
    Swap,
    Hostname,
    Package(String),
    User(String),
    Unit(String),
    /// That this machine is a node of a cluster.
    Cluster,
}

impl Thing {
    /// One is the other, or a part of it.
    pub fn overlaps(&self, other: &Thing) -> bool {
        match (self, other) {
            (Thing::Path(whole), Thing::Lines(of, _)) | (Thing::Lines(of, _), Thing::Path(whole)) => whole == of,
            _ => self == other,
        }
    }
}

impl Before {
    /// What is brought back by it; a program names nothing.
    pub fn things(&self) -> Vec<Thing> {
        match self {
            Before::Same { things } => things.clone(),
            Before::File { path, .. } => vec![Thing::Path(path.clone())],
            Before::Block { path, name, .. } => vec![Thing::Lines(path.clone(), name.clone())],
            Before::Sysctl { values, .. } => values.keys().cloned().map(Thing::Setting).collect(),
            Before::Module { name } => vec![Thing::Module(name.clone())],
            Before::Swap { .. } => vec![Thing::Swap],
            Before::Hostname { .. } => vec![Thing::Hostname],
            Before::Packages { before } => before.keys().cloned().map(Thing::Package).collect(),
            Before::Hold { packages } => packages.iter().cloned().map(Thing::Package).collect(),
            Before::User { name, .. } => vec![Thing::User(name.clone())],
            Before::Program { .. } => Vec::new(),
            Before::Remains { absent } => absent.iter().cloned().map(Thing::Path).collect(),
            Before::Member { .. } => vec![Thing::Cluster],
            Before::Unit { unit, .. } => vec![Thing::Unit(unit.clone())],
        }
    }
}

/// A kernel setting before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    pub before: String,
    pub after: String,
}

/// A package as dpkg and apt have it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageState {
    /// None where it is not installed.
    pub version: Option<String>,
    /// Its configuration is there, if only from an earlier installation.
    pub is_configured: bool,
    /// Upgrades leave it alone.
    pub is_held: bool,
    /// It came for the sake of another one, and goes with it.
    pub is_automatic: bool,
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum FileState {
    Absent,
    /// The content is kept under its digest.
    File {
        sha256: String,
        mode: u32,
        uid: u32,
        gid: u32,
    },
    Link {
        target: PathBuf,
    },
    Directory {
        mode: u32,
        uid: u32,
        gid: u32,
    },
    /// A device, socket or pipe.
    Other,
}
