//! What a recipe wants shown: a table or a chart of one metric. Kept with the run, so that it renders again.

use serde::{Deserialize, Serialize};

use super::{Metric, Sample};

/// A part of the report, in the order the recipe asked for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "section", rename_all = "snake_case")]
pub enum Section {
    Table(Table),
    Chart(Chart),
    Note(Note),
    Printed(Printed),
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

/// Figures as somebody printed them, to be compared with what was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Printed {
    /// Heading of the table.
    pub title: String,
    /// A name of the metric registry.
    pub metric: String,
    /// Case and figure, as it was printed.
    pub figures: Vec<(String, String)>,
}

/// A sentence of the recipe's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    pub text: String,
}

/// Of a run without a recipe: what is worth a table, in this order.
const TABLES: [&str; 19] = [
    "throughput_gbit_s",
    "udp_jitter_ms",
    "udp_loss_percent",
    "ping_median_ms",
    "ping_avg_ms",
    "ping_loss_percent",
    "hpl_gflops",
    "dgemm_star_gflops",
    "dgemm_single_gflops",
    "stream_star_copy_gb_s",
    "stream_single_copy_gb_s",
    "mpi_latency_avg_us",
    "mpi_bandwidth_avg_gb_s",
    "sysbench_cpu_events_s",
    "sysbench_memory_mib_s",
    "disk_write_mb_s",
    "disk_read_mb_s",
    "disk_random_write_mb_s",
    "disk_random_read_mb_s",
];

/// Of the same: metrics with a label to draw them over.
const LINES: [(&str, &str); 2] = [("throughput_gbit_s", "second"), ("ping_ms", "packet")];

/// Adds the tables and figures that these samples call for, each once.
pub fn add_for(sections: &mut Vec<Section>, samples: &[Sample]) {
    let has = |metric: &str, label: Option<&str>| {
        let labelled =
            |sample: &Sample| label.map_or(sample.labels.is_empty(), |label| sample.labels.contains_key(label));
        // That nothing was lost is worth no table.
        let says = |sample: &Sample| !metric.ends_with("_loss_percent") || sample.value > 0.0;
        samples.iter().any(|sample| sample.metric == metric && labelled(sample) && says(sample))
    };
    let title = |metric: &str| Metric::named(metric).map_or_else(|_| metric.to_owned(), |metric| capital(metric.title));
    let lines = LINES.iter().filter(|(metric, label)| has(metric, Some(label))).map(|(metric, label)| {
        let title = format!("{} by {label}", title(metric));
        Section::Chart(Chart {
            title,
            metric: (*metric).to_owned(),
            kind: ChartKind::Line,
            x: Some((*label).to_owned()),
        })
    });
    let tables = TABLES
        .iter()
        .filter(|metric| has(metric, None))
        .map(|metric| Section::Table(Table { title: title(metric), metric: (*metric).to_owned() }));
    for section in lines.chain(tables) {
        if !sections.contains(&section) {
            sections.push(section);
        }
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
