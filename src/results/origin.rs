//! Where each sample of a run was taken: as it was said of its raw text, or else the run's machine.

use std::collections::BTreeMap;

use super::{Record, Sample};

/// What is known of the origin of a run's samples.
pub struct Origins<'a> {
    record: &'a Record,
    /// What was said of each raw text.
    said: BTreeMap<&'a str, &'a BTreeMap<String, String>>,
}

impl<'a> Origins<'a> {
    pub fn of(record: &'a Record) -> Origins<'a> {
        let said = record.readings.iter().filter_map(|reading| Some((reading.raw.as_deref()?, &reading.provenance)));
        Origins { record, said: said.collect() }
    }

    /// `vm`, `pod` … or empty.
    pub fn place(&self, sample: &Sample) -> &'a str {
        self.said(sample, "where").unwrap_or(&self.record.run.machine.place)
    }

    /// The machine's name, or empty.
    pub fn host(&self, sample: &Sample) -> &'a str {
        self.said(sample, "host").unwrap_or(&self.record.run.machine.host)
    }

    /// What was said of its raw text: `blas`, `memory_mb` …
    pub fn provenance(&self, sample: &Sample) -> Option<&'a BTreeMap<String, String>> {
        self.said.get(sample.raw.as_deref()?).copied().filter(|said| !said.is_empty())
    }

    fn said(&self, sample: &Sample, name: &str) -> Option<&'a str> {
        self.provenance(sample)?.get(name).map(String::as_str)
    }
}
