//! Short programs of the machine: what they print, or an error that shows what they said.

use std::{sync::atomic::AtomicBool, time::Duration};

use crate::{
    error::Result,
    exec::{Output, Program},
};

/// systemd waits 90 s for a unit that does not come up before it gives up.
const LIMIT: Duration = Duration::from_secs(300);

/// Runs to the end, whatever that is.
pub fn attempt(argv: &[&str]) -> Result<Output> {
    Program { argv, limit: LIMIT }.run(&AtomicBool::new(false))
}

/// What a program printed; an error unless it succeeded.
pub fn run(argv: &[&str]) -> Result<String> {
    let output = attempt(argv)?;
    output.require_success(argv)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
