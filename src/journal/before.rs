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
    Block { path: PathBuf, name: String, comment: String, content: Option<String>, after: String, existed: bool },
    /// `sysctl -w`, back to what they were.
    Sysctl { values: BTreeMap<String, String> },
    /// `modprobe -r`
    Module { name: String },
    /// `swapon`
    Swap { devices: Vec<PathBuf> },
    /// `hostname`
    Hostname { name: String },
    /// Packages that an installation touched, each with its version before: none where it was not installed.
    Packages { before: BTreeMap<String, Option<String>> },
    /// `apt-mark unhold`
    Hold { packages: Vec<String> },
    /// A user and the groups it was not in; `userdel` where it was not there.
    User { name: String, existed: bool, groups: Vec<String> },
    /// What takes back the effect of a program, and what tells whether that is there.
    Program { undo: Vec<String>, unless: Vec<String>, creates: Option<PathBuf> },
    /// `systemctl enable` and `start`, back to what it was; `restart` once what it reads is as it was.
    Unit { unit: String, enabled: String, active: bool, reads: Vec<PathBuf> },
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
