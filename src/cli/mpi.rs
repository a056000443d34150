//! `labkit mpi`: what mpirun, and the labkit that launches it, begin on machines and in pods. Not for people, and not among
//! the commands they see.

use std::process::ExitCode;

use super::output;
use crate::{bench::mpi, signal};

/// First word of the command line.
pub const NAME: &str = mpi::COMMAND;

/// Does what the other words say; the exit code is that of the program that was run.
pub fn act(words: &[String]) -> ExitCode {
    let done = signal::listen().and_then(|()| mpi::act(words));
    match done.and_then(|(text, code)| output::print(&text).map(|()| code)) {
        Ok(code) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        Err(error) => {
            output::error(&error);
            ExitCode::from(error.code())
        }
    }
}
