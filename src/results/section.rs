//! What a recipe wants shown: a table or a chart of one metric. Kept with the run, so that it renders again.

use serde::{Deserialize, Serialize};

/// A part of the report, in the order the recipe asked for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "section", rename_all = "snake_case")]
pub enum Section {
    Table(Table),
    Chart(Chart),
    Note(Note),
}

/// One row per case: n, median, quartiles, ratio to the first case, verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Heading of the table.
    pub title: String,
    /// A name of the metric registry.
    pub metric: String,
}

/// One figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chart {
    /// Heading of the figure.
    pub title: String,
    /// A name of the metric registry.
    pub metric: String,
    /// `line` over a label, or `box` per case.
    #[serde(default)]
    pub kind: ChartKind,
    /// For a line: the label that runs along the x axis, such as `second`.
    #[serde(default)]
    pub x: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChartKind {
    Line,
    #[default]
    Box,
}

/// A sentence of the recipe's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    pub text: String,
}
