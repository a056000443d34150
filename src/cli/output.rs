//! What the program says: results on standard output, the rest on standard error.

use std::io::{self, ErrorKind, IsTerminal, Write};

use log::{LevelFilter, Log, Metadata, Record};
use serde::Serialize;

use crate::error::{Context, Error, Result};

/// Writes to standard output. Nobody reading any more, as in `labkit list | head -1`, is no error.
pub fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.context(|| "write to standard output"),
    }
}

/// Writes a value as JSON, for machines.
pub fn json(value: &impl Serialize) -> Result<()> {
    print(&(serde_json::to_string_pretty(value)? + "\n"))
}

/// Says what went wrong and what to try.
pub fn error(error: &Error) {
    if super::is_silent(error) {
        return;
    }
    let bold = |text: &str| match io::stderr().is_terminal() {
        true => format!("\x1b[1;31m{text}\x1b[0m"),
        false => text.to_owned(),
    };
    note(&format!("{} {}", bold("error:"), plain(&error.to_string())));
    if let Some(hint) = error.what_to_try() {
        note(&format!("hint: {}", plain(hint)));
    }
}

/// What somebody else wrote, such as the name of a file, without what a terminal would obey.
pub fn plain(text: &str) -> String {
    let obeyed = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    text.chars().map(|c| if obeyed(c) { '\u{fffd}' } else { c }).collect()
}

/// A line on standard error.
pub fn note(text: &str) {
    // There is nowhere left to complain to.
    let _ = writeln!(io::stderr(), "{text}");
}

struct ToStandardError;

impl Log for ToStandardError {
    fn enabled(&self, _: &Metadata) -> bool {
        true
    }

    fn log(&self, record: &Record) {
        note(&format!("{}: {}", record.level().as_str().to_lowercase(), record.args()));
    }

    fn flush(&self) {}
}

/// Warnings always; with `-v` also what labkit does.
pub fn start_log(verbose: bool) {
    if log::set_logger(&ToStandardError).is_ok() {
        log::set_max_level(if verbose { LevelFilter::Debug } else { LevelFilter::Warn });
    }
}
