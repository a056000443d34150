//! One reading with the samples that were taken from it.

use std::collections::BTreeMap;

use crate::results::{Reading, Record, Sample};

/// What a reading has in common with its samples: case, tool, file, round.
type Key<'a> = (&'a str, &'a str, Option<&'a str>, Option<u32>);

/// A run of a tool as it is on disk.
pub struct Taken<'a> {
    pub record: &'a Record,
    pub reading: &'a Reading,
    samples: Vec<&'a Sample>,
}

impl<'a> Taken<'a> {
    /// Every reading of a run.
    pub fn all(record: &'a Record) -> Vec<Taken<'a>> {
        let mut samples: BTreeMap<Key, Vec<&Sample>> = BTreeMap::new();
        for sample in record.samples.iter().filter(|sample| sample.labels.is_empty()) {
            let key = (sample.case.as_str(), sample.bench.as_str(), sample.raw.as_deref(), sample.round);
            samples.entry(key).or_default().push(sample);
        }
        let taken = |reading: &'a Reading| {
            let key = (reading.case.as_str(), reading.bench.as_str(), reading.raw.as_deref(), reading.round);
            Taken { record, reading, samples: samples.get(&key).cloned().unwrap_or_default() }
        };
        record.readings.iter().map(taken).collect()
    }

    /// Of many rounds of a case by one tool the one in the middle, by HPL where that ran: its figures belong together.
    pub fn typical(all: Vec<Taken<'a>>) -> Vec<Taken<'a>> {
        let mut groups: BTreeMap<(&str, &str, &str), Vec<Taken>> = BTreeMap::new();
        for taken in all.into_iter().filter(|taken| taken.reading.verdict.is_trusted()) {
            let reading = taken.reading;
            let key = (taken.record.run.id.as_str(), reading.case.as_str(), reading.bench.as_str());
            groups.entry(key).or_default().push(taken);
        }
        let middle = |mut group: Vec<Taken<'a>>| {
            let rate = |taken: &Taken| taken.value("hpl_gflops").unwrap_or(0.0);
            group.sort_by(|one, other| rate(one).total_cmp(&rate(other)));
            group.swap_remove(group.len() / 2)
        };
        groups.into_values().map(middle).collect()
    }

    /// A figure of the whole measurement that may be believed.
    pub fn value(&self, metric: &str) -> Option<f64> {
        let found = self.samples.iter().find(|sample| sample.metric == metric && sample.valid)?;
        Some(found.value).filter(|value| value.is_finite() && *value > 0.0)
    }

    /// One of the tool's settings or of the place's properties, as a number.
    pub fn number(&self, fact: &str) -> Option<f64> {
        self.reading.number(fact)
    }

    pub fn ranks(&self) -> f64 {
        self.number("CommWorldProcs").unwrap_or(1.0)
    }

    /// Where it was taken: `vm`, `pod` … as it was said, or as the run's machine saw it.
    pub fn place(&self) -> &str {
        let said = self.reading.provenance.get("where").map(String::as_str);
        said.unwrap_or_else(|| self.record.run.machine.place.split(':').next().unwrap_or_default())
    }

    /// Memory that one rank may use, where it is known.
    pub fn memory_mb(&self) -> Option<f64> {
        self.number("memory_mb")
    }

    /// `cluster`, with its run where that is another one.
    pub fn name_beside(&self, other: &Taken) -> String {
        match self.record.run.id == other.record.run.id {
            true => format!("`{}`", self.reading.case),
            false => format!("`{}` of {}", self.reading.case, self.record.run.id),
        }
    }
}
