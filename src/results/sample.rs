//! One measured value, with what it measures and whether it may be believed.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::metric::Metric;
use crate::error::Result;

/// A line of `samples.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// What took it: `ping`, `tcp`, `iperf3`, `net`.
    pub bench: String,
    /// Which arrangement it was taken of: `veth`, `bridge`, `vxlan`.
    pub case: String,
    /// A name of the metric registry, with its unit in it.
    pub metric: String,
    /// Written as `null`, and read back, where the measurement gave no number.
    #[serde(deserialize_with = "number_or_nan")]
    pub value: f64,
    pub unit: String,
    /// What else tells this sample from its neighbours: `second`, `pair`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// When it was taken: RFC 3339, UTC.
    pub at: String,
    /// Which round of a comparison, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<u32>,
    pub valid: bool,
    /// Why it is not valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The file under `raw/` that it was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
}

fn number_or_nan<'de, D: Deserializer<'de>>(source: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(source)?.unwrap_or(f64::NAN))
}

impl Sample {
    /// A sample of a registered metric, taken now; implausible values come out invalid with the reason.
    pub fn new(bench: &str, case: &str, metric: &str, value: f64) -> Result<Sample> {
        let metric = Metric::named(metric)?;
        let why = metric.objection(value);
        Ok(Sample {
            bench: bench.to_owned(),
            case: case.to_owned(),
            metric: metric.name.to_owned(),
            value,
            unit: metric.unit.to_owned(),
            labels: BTreeMap::new(),
            at: crate::clock::now(),
            round: None,
            valid: why.is_none(),
            why,
            raw: None,
        })
    }

    pub fn label(mut self, name: &str, value: impl ToString) -> Sample {
        self.labels.insert(name.to_owned(), value.to_string());
        self
    }

    pub fn round(mut self, round: Option<u32>) -> Sample {
        self.round = round;
        self
    }

    pub fn raw(mut self, file: Option<&str>) -> Sample {
        self.raw = file.map(str::to_owned);
        self
    }

    /// Marks the sample as not to be believed; the first reason stays.
    pub fn invalidate(mut self, why: &str) -> Sample {
        self.valid = false;
        self.why.get_or_insert_with(|| why.to_owned());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_implausible_value_is_kept_and_marked() {
        let sample = Sample::new("tcp", "veth", "throughput_gbit_s", 1e9).unwrap();
        assert!(!sample.valid);
        assert!(sample.why.unwrap().contains("outside the plausible"));
    }

    #[test]
    fn a_division_by_nothing_is_kept_as_no_number() {
        let sample = Sample::new("tcp", "veth", "cpu_s_per_gb", f64::NAN).unwrap();
        let read: Sample = serde_json::from_str(&serde_json::to_string(&sample).unwrap()).unwrap();
        assert!(read.value.is_nan() && !read.valid);
    }

    #[test]
    fn a_sample_survives_its_line_on_disk() {
        let sample = Sample::new("ping", "veth", "ping_median_ms", 0.05).unwrap().label("pair", "a b").round(Some(2));
        let line = serde_json::to_string(&sample).unwrap();
        assert_eq!(serde_json::from_str::<Sample>(&line).unwrap(), sample);
    }
}
