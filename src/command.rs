//! Short programs of the machine: what they print, or an error that shows what they said. None is cut short.

use std::time::Duration;

use crate::{
    error::Result,
    exec::{Output, Program},
};

/// Runs to the end, whatever that is.
pub fn attempt(argv: &[&str]) -> Result<Output> {
    Program { argv, limit: Duration::MAX }.to_the_end(&mut |_| ())
}

/// What a program printed; an error unless it succeeded.
pub fn run(argv: &[&str]) -> Result<String> {
    let output = attempt(argv)?;
    output.require_success(argv)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
