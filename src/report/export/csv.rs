//! Every sample as a line of comma-separated values (RFC 4180), for a spreadsheet or a notebook.

use std::collections::BTreeSet;

use super::clean;
use crate::results::{Origins, Record, Sample};

const COLUMNS: [&str; 14] = [
    "run", "recipe", "place", "host", "bench", "case", "metric", "value", "unit", "round", "valid", "why", "at", "raw",
];

/// A header and a line for each sample; a column `label_…` for each name of a label that any of them has.
pub fn text(records: &[Record]) -> String {
    let samples = records.iter().flat_map(|record| &record.samples);
    let labels: BTreeSet<&str> = samples.flat_map(|sample| sample.labels.keys().map(String::as_str)).collect();
    let names = labels.iter().map(|name| format!("label_{name}"));
    let header = line(COLUMNS.iter().map(|name| name.to_string()).chain(names.map(|name| cell(&name))));
    let lines = records.iter().flat_map(|record| {
        let (labels, origins) = (&labels, Origins::of(record));
        record.samples.iter().map(move |sample| line(cells(record, &origins, sample, labels).into_iter()))
    });
    std::iter::once(header).chain(lines).collect()
}

fn line(cells: impl Iterator<Item = String>) -> String {
    cells.collect::<Vec<_>>().join(",") + "\r\n"
}

fn cells(record: &Record, origins: &Origins, sample: &Sample, labels: &BTreeSet<&str>) -> Vec<String> {
    let (run, place, host) = (&record.run, origins.place(sample), origins.host(sample));
    let mut cells: Vec<String> =
        [&run.id, &run.recipe, place, host, &sample.bench, &sample.case, &sample.metric].map(cell).into();
    cells.extend([
        number(sample.value),
        cell(&sample.unit),
        sample.round.map(|round| round.to_string()).unwrap_or_default(),
        sample.valid.to_string(),
        cell(sample.why.as_deref().unwrap_or_default()),
        cell(&sample.at),
        cell(sample.raw.as_deref().unwrap_or_default()),
    ]);
    cells.extend(labels.iter().map(|name| sample.labels.get(*name).map(|value| cell(value)).unwrap_or_default()));
    cells
}

/// The shortest digits that read back as the same number; empty for what is none.
fn number(value: f64) -> String {
    match value.abs() {
        _ if !value.is_finite() => String::new(),
        0.0 | 1e-6..1e15 => value.to_string(),
        _ => format!("{value:e}"),
    }
}

/// A text, in quotes where it needs them. What a spreadsheet would take for a formula gets an apostrophe in front.
fn cell(text: &str) -> String {
    let text = clean(text);
    let is_number = text.parse::<f64>().is_ok_and(f64::is_finite);
    let guard = if text.starts_with(['=', '+', '-', '@', '\t']) && !is_number { "'" } else { "" };
    match text.contains([',', '"', '\n']) {
        true => format!("\"{guard}{}\"", text.replace('"', "\"\"")),
        false => format!("{guard}{text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_where_it_must_be() {
        assert_eq!(cell("veth"), "veth");
        assert_eq!(cell("a, \"b\"\nc"), "\"a, \"\"b\"\"\nc\"");
    }

    #[test]
    fn no_cell_is_a_formula() {
        assert_eq!(cell("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!([cell("@a"), cell("+a"), cell("-inf"), cell("-3")], ["'@a", "'+a", "'-inf", "-3"]);
    }

    #[test]
    fn a_number_reads_back_as_it_was() {
        for value in [0.1 + 0.2, 1e300, 5e-324, -0.000_05, 42.0, 0.0] {
            assert_eq!(number(value).parse::<f64>().unwrap(), value);
        }
        assert_eq!([number(f64::NAN), number(f64::INFINITY), number(1e300)], ["", "", "1e300"]);
    }
}
