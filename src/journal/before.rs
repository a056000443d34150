//! What was so on the machine before labkit changed it, as data.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};

/// A thing of the machine and its state. To go back to a state can be done twice, and after an effect that was cut short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "thing", rename_all = "snake_case")]
pub enum Before {
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
    /// `systemctl enable` and `start`, back to what it was; `restart` once what it reads is as it was.
    Unit { unit: String, enabled: String, active: bool, reads: Vec<PathBuf> },
}

impl Before {
    /// The things in words that are alike where two changes are of the same thing.
    pub fn things(&self) -> Vec<String> {
        let all = |kind: &str, names: Vec<&str>| names.into_iter().map(|name| format!("{kind} {name}")).collect();
        match self {
            Before::File { path, .. } => vec![format!("path {}", path.display())],
            Before::Block { path, name, .. } => vec![format!("lines {name} of {}", path.display())],
            Before::Sysctl { values, .. } => all("setting", values.keys().map(String::as_str).collect()),
            Before::Module { name } => vec![format!("module {name}")],
            Before::Swap { .. } => vec!["swap".to_owned()],
            Before::Hostname { .. } => vec!["host name".to_owned()],
            Before::Packages { before } => all("package", before.keys().map(String::as_str).collect()),
            Before::Hold { packages } => all("package", packages.iter().map(String::as_str).collect()),
            Before::User { name, .. } => vec![format!("user {name}")],
            Before::Program { undo, .. } if undo.is_empty() => Vec::new(),
            Before::Program { undo, .. } => vec![format!("undo {}", undo.join(" "))],
            Before::Unit { unit, .. } => vec![format!("unit {unit}")],
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
