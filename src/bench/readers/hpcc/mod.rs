//! hpccoutf.txt: a banner, sixteen sections, a summary; and the next run behind it, since hpcc appends.

mod keys;
mod request;
mod run;

pub use keys::SUMMARY;
pub use request::Request;

use std::io::BufRead;

use super::lines;
use crate::{error::Result, results::Reading};
use run::Run;

/// Begins every run in the file.
const BANNER: &str = "This is the DARPA/DOE HPC Challenge Benchmark version ";

/// Reads a file of any size, one run after the other.
pub fn read(text: impl BufRead, each: &mut dyn FnMut(Reading) -> Result<()>) -> Result<()> {
    let mut run: Option<Run> = None;
    let mut part = 0;
    lines::for_each(text, &mut |number, line| {
        if let Some(version) = lines::behind(line, BANNER) {
            part += 1;
            let before = run.replace(Run::new(part, version));
            return before.map_or(Ok(()), |before| each(before.end()));
        }
        if let Some(run) = &mut run {
            run.line(number, line);
        }
        Ok(())
    })?;
    run.map_or(Ok(()), |run| each(run.end()))
}
