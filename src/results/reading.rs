//! What one text of a tool was read as: its figures, the tool's own settings, and whether it may be believed.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::{
    Sample,
    check::{self, Objection},
};
use crate::error::Result;

/// A line of `readings.jsonl`: one run of a tool, as its text tells it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// The tool: `hpcc`, `iperf3`, `ping` …
    pub bench: String,
    pub case: String,
    /// The file under `raw/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
    /// Files under `raw/` that it was judged by: hpccinf.txt, standard error.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<String>,
    /// Which run within that file, from 1: hpcc appends.
    pub part: u32,
    /// Which round of a comparison, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<u32>,
    pub verdict: Verdict,
    /// Why the verdict is not a better one, the first cause first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
    /// What was odd in the text, with its line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// When it was taken, where the text says so: RFC 3339, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// The tool's settings by its own names: `HPL_N`, `tcp_mss_default`, `ttl`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, String>,
    /// What was said of the place it was taken in: `where`, `blas`, `memory_mb`, `cpus`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub provenance: BTreeMap<String, String>,
    /// On disk they are samples.
    #[serde(skip)]
    pub figures: Vec<Figure>,
}

/// Begins a remedy among the reasons.
const TRY: &str = "try: ";

/// One number of a text, already in the unit of its metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// A name of the metric registry.
    pub metric: &'static str,
    pub value: f64,
    /// What tells it from others of the same metric: `second`, `n`, `nb`.
    pub labels: Vec<(&'static str, String)>,
}

/// What may be said of a text as a whole. Only the first two may be believed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Complete, and what ran is what was asked for.
    Valid,
    /// Everything is there and the tool's own checks passed; what was asked for is not known.
    Complete,
    /// It ran something else than what was asked for.
    Mismatch,
    /// It stops early.
    #[default]
    Incomplete,
    /// The tool reports a failure, or its own check failed.
    Failed,
    /// The tool's own check was switched off.
    Unverified,
}

impl Verdict {
    pub fn is_trusted(self) -> bool {
        matches!(self, Verdict::Valid | Verdict::Complete)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(match self {
            Verdict::Valid => "valid",
            Verdict::Complete => "complete",
            Verdict::Mismatch => "mismatch",
            Verdict::Incomplete => "incomplete",
            Verdict::Failed => "failed",
            Verdict::Unverified => "unverified",
        })
    }
}

impl Reading {
    /// An empty reading of a tool's first run in a text.
    pub fn of(bench: &str) -> Reading {
        Reading { bench: bench.to_owned(), part: 1, ..Reading::default() }
    }

    pub fn figure(&mut self, metric: &'static str, value: f64) {
        self.figures.push(Figure { metric, value, labels: Vec::new() });
    }

    /// The whole measurement's figure of this metric: the one without labels.
    pub fn value(&self, metric: &str) -> Option<f64> {
        self.figures
            .iter()
            .find(|figure| figure.metric == metric && figure.labels.is_empty())
            .map(|figure| figure.value)
    }

    pub fn fact(&mut self, name: &str, value: impl ToString) {
        self.facts.insert(name.to_owned(), value.to_string());
    }

    /// A fact that is a number.
    pub fn number(&self, fact: &str) -> Option<f64> {
        self.facts.get(fact).or_else(|| self.provenance.get(fact))?.parse().ok().filter(|value: &f64| value.is_finite())
    }

    /// Ends with a verdict and its cause.
    pub fn ended(mut self, verdict: Verdict, why: impl Into<String>) -> Reading {
        self.verdict = verdict;
        self.why.push(why.into());
        self
    }

    /// Why it is not to be believed, without what to try.
    pub fn cause(&self) -> String {
        let causes = self.why.iter().filter(|why| !why.starts_with(TRY));
        causes.map(String::as_str).collect::<Vec<_>>().join("; ")
    }

    /// What to try, where the text's reader knew.
    pub fn remedy(&self) -> Option<&str> {
        self.why.iter().find_map(|why| why.strip_prefix(TRY))
    }

    /// The samples of its figures: invalid where the text may not be believed, or where a cross-check does not hold.
    pub fn samples(&self) -> Result<Vec<Sample>> {
        let objections = check::objections(self);
        let mut by_labels: BTreeMap<&[(&str, String)], Vec<&Objection>> = BTreeMap::new();
        for objection in &objections {
            by_labels.entry(&objection.labels).or_default().push(objection);
        }
        let distrust = (!self.verdict.is_trusted())
            .then(|| format!("{}: {}", self.verdict, self.why.first().map_or("no reason was given", String::as_str)));
        self.figures
            .iter()
            .map(|figure| {
                let mut sample = Sample::new(&self.bench, &self.case, figure.metric, figure.value)?.round(self.round);
                sample.raw = self.raw.clone();
                if let Some(at) = &self.at {
                    sample.at.clone_from(at);
                }
                for (name, value) in &figure.labels {
                    sample = sample.label(name, value);
                }
                let of_labels = by_labels.get(figure.labels.as_slice()).into_iter().flatten();
                let doubts = of_labels.filter(|objection| objection.concerns(figure.metric)).map(|one| &one.why);
                for why in distrust.iter().chain(doubts) {
                    sample = sample.invalidate(why);
                }
                Ok(sample)
            })
            .collect()
    }
}
