//! What every reader is held to, whatever it is given.

#[path = "../../support/print.rs"]
mod print;

use labkit::{bench::readers::read, results::Reading};

pub use print::*;

/// Reads `data` behind the mark of the tool. Every reading gives samples, none of them valid unless the text is to be
/// believed, and none of them beyond what its metric can be; what is believed and printed reads back the same.
/// A mark of another tool may stand in the data: only what `tool` wrote is printed.
pub fn hold(mark: &str, tool: &str, data: &[u8], print: Option<fn(&Reading) -> String>) {
    let text = [mark.as_bytes(), data].concat();
    let _ = read(text.as_slice(), &mut |reading| {
        let samples = reading.samples()?;
        for sample in &samples {
            assert!(!sample.valid || (reading.verdict.is_trusted() && sample.value.is_finite()), "{sample:?}");
        }
        assert!(reading.verdict.is_trusted() || !reading.why.is_empty(), "{reading:?}");
        let plausible = reading.verdict.is_trusted() && samples.iter().all(|sample| sample.valid);
        if let Some(print) = print.filter(|_| plausible && reading.bench.ends_with(tool) && reading.part == 1) {
            assert_same(&reading, print);
        }
        Ok(())
    });
}
