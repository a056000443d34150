//! What only labkit beside a rank sees of it: told in lines of their own, which `bench::readers` knows among mpirun's.

use std::{
    fs,
    io::{self, Write},
    os::unix::process::ExitStatusExt,
    path::Path,
    process::ExitStatus,
};

use nix::sys::signal::Signal;

use super::memory;
use crate::{error::Error, machine::Machine};

/// Those that mpirun and people end a rank by.
const ENDS: [Signal; 3] = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP];
/// A file system gives no less at once.
const PAGE: [u8; 4096] = [0; 4096];

pub struct Witness<'a> {
    rank: &'a str,
    /// Processes that the kernel had killed before, for want of memory.
    killed: u64,
}

impl Witness<'_> {
    /// Of a rank that is to begin.
    pub fn of(rank: &str) -> Witness<'_> {
        Witness { rank, killed: memory::killed(Path::new("/")) }
    }

    /// Says that it was killed: Open MPI 5 does so only where it hears of that before others notice and give up, and no
    /// release says that it was the kernel, and why.
    pub fn tell_end(&self, status: ExitStatus) {
        let Some(number) = status.signal().filter(|number| !ENDS.iter().any(|end| *end as i32 == *number)) else {
            return;
        };
        if number == Signal::SIGKILL as i32 && memory::killed(Path::new("/")) > self.killed {
            self.tell("killed for want of memory", "");
        } else {
            self.tell(&format!("killed by signal {number}"), "");
        }
    }

    /// Says that nothing more can be written below the directory: hpcc does not look whether it could.
    pub fn tell_room(&self, dir: &Path) {
        let file = dir.join("room");
        let written = fs::write(&file, PAGE).map_err(Error::from);
        let _ = fs::remove_file(&file);
        if written.is_err_and(|error| error.is_of_full_disk()) {
            self.tell("the disk is full", &format!(": {}", std::env::temp_dir().display()));
        }
    }

    fn tell(&self, what: &str, more: &str) {
        let node = Machine::read().host;
        // At once, so that no other's line is within it.
        let line = format!("labkit: {what}: rank {} on node {node}{more}\n", self.rank);
        let _ = io::stderr().lock().write_all(line.as_bytes());
    }
}
