//! Runs that travel: packed to hand in, checked against their own raw texts, brought together from several nodes.

pub mod collect;
mod compare;
pub mod finding;
pub mod manifest;
pub mod name;
pub mod pack;
mod records;
pub mod rederive;
pub mod ssh;
pub mod unpack;
pub mod verify;

/// The note that `labkit collect` leaves in a run directory. It tells of that copy, so no archive holds it.
pub const COLLECTED: &str = "collected.json";

/// What an archive may unpack to. A run is a few megabytes; what is much larger is a mistake or a trap.
pub const MOST_BYTES: u64 = 2 << 30;
pub const MOST_FILES: usize = 10_000;
/// Bytes of a list of the most files: with the longest names it is smaller.
const MOST_LIST: u64 = 16 << 20;
