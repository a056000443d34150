//! One thing about a run that contradicts another, in words and for machines.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use crate::results::{
    Sample,
    store::{READINGS, SAMPLES},
};

/// What does not fit together.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// The raw text gives another value.
    Differs { line: usize, figure: Figure, recorded: f64, derived: f64, raw: String },
    /// The raw text has no such figure.
    NotInRaw { line: usize, figure: Figure, recorded: f64, raw: String },
    /// The raw text has a figure that was not recorded.
    Missing { figure: Figure, derived: f64, raw: String },
    /// It counts, and should not.
    NotValid { line: usize, figure: Figure, why: String },
    /// It does not count, and nothing says why.
    Doubted { line: usize, figure: Figure, why: String },
    /// It counts without a text, though no clock of labkit's takes it.
    WithoutRaw { line: usize, figure: Figure },
    /// The raw text is read as something else than what was recorded of it.
    Reading { raw: String, recorded: String, derived: String },
    /// A file, or a line of it, cannot be read as what it should be.
    Unreadable { file: String, line: Option<usize>, why: String },
    /// A file is not what the list of hashes has.
    Manifest { why: String },
}

/// What a value is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Figure {
    pub case: String,
    pub round: Option<u32>,
    pub metric: String,
    pub unit: String,
    pub labels: BTreeMap<String, String>,
}

impl From<&Sample> for Figure {
    fn from(sample: &Sample) -> Figure {
        Figure {
            case: sample.case.clone(),
            round: sample.round,
            metric: sample.metric.clone(),
            unit: sample.unit.clone(),
            labels: sample.labels.clone(),
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(&self.metric)?;
        if !self.case.is_empty() {
            write!(out, " of {}", self.case)?;
        }
        if let Some(round) = self.round {
            write!(out, ", round {round}")?;
        }
        self.labels.iter().try_for_each(|(name, value)| write!(out, ", {name} {value}"))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Finding::Differs { line, figure, recorded, derived, raw } => {
                write!(out, "{SAMPLES} line {line}: {figure} is {recorded}, raw/{raw} says {derived}")
            }
            Finding::NotInRaw { line, figure, recorded, raw } => {
                let unit = &figure.unit;
                write!(out, "{SAMPLES} line {line}: {figure} is {recorded} {unit}, raw/{raw} has no such figure")
            }
            Finding::Missing { figure, derived, raw } => {
                write!(out, "raw/{raw}: {figure} is {derived}, {SAMPLES} does not have it")
            }
            Finding::NotValid { line, figure, why } => {
                write!(out, "{SAMPLES} line {line}: {figure} counts as valid, and is not: {why}")
            }
            Finding::Doubted { line, figure, why } => {
                write!(out, "{SAMPLES} line {line}: {figure} is marked invalid ({why}), and nothing else says so")
            }
            Finding::WithoutRaw { line, figure } => {
                write!(out, "{SAMPLES} line {line}: {figure} counts as valid, and names no raw text")
            }
            Finding::Reading { raw, recorded, derived } => {
                write!(out, "{READINGS}: raw/{raw} is said to be {recorded}, and is {derived}")
            }
            Finding::Unreadable { file, line: Some(line), why } => write!(out, "{file} line {line}: {why}"),
            Finding::Unreadable { file, line: None, why } => write!(out, "{file}: {why}"),
            Finding::Manifest { why } => write!(out, "MANIFEST: {why}"),
        }
    }
}
