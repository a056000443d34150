//! MPI jobs on machines and in pods: launched by Open MPI, looked at before, and ended in any case.

mod advice;
mod agent;
mod contest;
mod crossing;
mod facts;
mod gathering;
mod hostfile;
mod hpcc;
mod input;
mod job;
mod library;
mod memory;
mod mpirun;
mod order;
mod preflight;
mod rank;
mod shape;
mod start;
mod witness;

pub use advice::Advise;
pub use contest::CompareHpcc;
pub use gathering::Gathering;
pub use hpcc::Hpcc;

use std::path::Path;

use super::link;
use crate::error::{Error, Result};

/// First word of command lines that mpirun, or another labkit, begins; not among the commands that people see.
pub const COMMAND: &str = "mpi";
const START: &str = "start";
const FACTS: &str = "facts";
const HPCC: &str = "hpcc";
const SWEEP: &str = "sweep";
pub const PING: &str = "ping";
/// As it stands behind the path of labkit.
const AGENT: &str = "mpi agent";

/// What one of them prints, and its exit code.
pub fn act(words: &[String]) -> Result<(String, i32)> {
    match words.split_first().map(|(verb, rest)| (verb.as_str(), rest)) {
        Some(("agent", rest)) => Ok((agent::ask(rest)?, 0)),
        Some((FACTS, [])) => Ok((facts::Facts::read().line()? + "\n", 0)),
        Some((HPCC, [])) => Ok((String::new(), rank::run()?)),
        Some((PING, rest)) => Ok((link::ping(rest)?, 0)),
        Some((SWEEP, [dir])) => rank::sweep(Path::new(dir)).map(|()| (String::new(), 0)),
        Some((START, [])) => Ok((String::new(), start::start()?)),
        _ => Err(Error::usage("mpirun and labkit itself begin this").hint("`labkit run base` runs HPCC by MPI")),
    }
}
