//! How effects in a lab are reverted, as data.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// An effect's reversal, as data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "undo", rename_all = "snake_case")]
pub enum Undo {
    /// `ip netns del`, if the name still stands for the namespace with this inode number.
    Netns { path: PathBuf, inode: u64 },
    /// `ip link del group`, of those devices only whose alias is the run's.
    Links { group: u32, alias: String },
    /// `sysctl -w`, back to what it was.
    Sysctl { path: PathBuf, value: String },
    /// Everything before this line has been reverted.
    Done,
}
