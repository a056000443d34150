//! What an engine printed, on its way to disk: first the text as it is, then what it was read as.

use super::readers;
use crate::{
    error::{Error, Result},
    lab::Lab,
    results::{Reading, Verdict},
};

/// Where a text belongs.
pub struct Taken<'a> {
    /// Begins the file's name under `raw/`.
    pub stem: &'a str,
    pub ending: &'a str,
    /// The case's name in the report.
    pub label: &'a str,
    pub round: Option<u32>,
}

impl Taken<'_> {
    /// Keeps the text, and reads it; a tool that reports a failure is an error.
    pub fn read(&self, lab: &Lab, text: &[u8]) -> Result<Reading> {
        let raw = lab.raw(&format!("{}-{}-{}", self.stem, self.label, self.round.unwrap_or(1)), self.ending, text)?;
        let reading = readers::read_one(text).map_err(|error| error.context(format!("read {}", self.stem)))?;
        if matches!(reading.verdict, Verdict::Failed | Verdict::Incomplete) {
            let why = reading.why.first().map_or("it gave no figure", String::as_str);
            return Err(Error::failed(format!("{}: {why}", self.stem)));
        }
        // The text does not know when it was taken to the second; the samples do.
        Ok(Reading { case: self.label.to_owned(), round: self.round, raw, at: Some(crate::clock::now()), ..reading })
    }

    /// Keeps the reading and its samples.
    pub fn keep(&self, lab: &mut Lab, reading: &Reading) -> Result<()> {
        lab.reading(reading)?;
        reading.samples()?.into_iter().try_for_each(|sample| lab.sample(sample))
    }
}
