//! Several runs side by side on the page: one table for each metric, a row for each run, a column for each case.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{
    table,
    wording::{count, direction, metric_in_unit, plain, sentence_case, short},
};
use crate::results::{Metric, Record, Section, comparison::Row};

/// The medians of one metric.
pub struct Beside<'a> {
    pub metric: &'static Metric,
    pub cases: Vec<&'a str>,
    /// For each run with this metric, its place among the runs and its cell in each column.
    pub rows: Vec<(usize, Vec<Option<Row>>)>,
}

/// The metrics that at least two of the runs show in a table and have a case of in common.
pub fn all(records: &[Record]) -> Vec<Beside<'_>> {
    let mut metrics: Vec<&str> = Vec::new();
    for section in records.iter().flat_map(|record| &record.run.sections) {
        if let Section::Table(table) = section
            && !metrics.contains(&table.metric.as_str())
        {
            metrics.push(&table.metric);
        }
    }
    metrics.into_iter().filter_map(|name| beside(records, Metric::named(name).ok()?)).collect()
}

fn beside<'a>(records: &'a [Record], metric: &'static Metric) -> Option<Beside<'a>> {
    let taken: Vec<(usize, &Record, Vec<Row>)> = records
        .iter()
        .enumerate()
        .map(|(place, record)| (place, record, table::medians(record, metric)))
        .filter(|(_, _, rows)| !rows.is_empty())
        .collect();
    let mut cases: Vec<(&str, usize)> = Vec::new();
    for case in taken.iter().flat_map(|(_, record, _)| &record.run.cases) {
        let runs = taken.iter().filter(|(_, _, rows)| rows.iter().any(|row| row.case == *case)).count();
        if runs > 0 && !cases.iter().any(|(seen, _)| seen == case) {
            cases.push((case, runs));
        }
    }
    // A case of one run alone is in that run's own table.
    cases.retain(|(_, runs)| *runs > 1);
    let cases: Vec<&str> = cases.into_iter().map(|(case, _)| case).collect();
    let cells = |rows: Vec<Row>| cases.iter().map(|case| rows.iter().find(|row| row.case == *case).cloned()).collect();
    let rows: Vec<_> = taken.into_iter().map(|(place, _, rows)| (place, cells(rows))).collect();
    (!cases.is_empty()).then_some(Beside { metric, cases, rows })
}

/// What each run is called in such a table: its question where that tells them apart, else its id.
pub fn names(records: &[Record]) -> Vec<String> {
    let questions: Vec<String> = records.iter().map(|record| short(&record.run.question, 40)).collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    questions.iter().for_each(|question| *counts.entry(question).or_default() += 1);
    let name = |(record, question): (&Record, &String)| match counts[question.as_str()] == 1 && !question.is_empty() {
        true => question.clone(),
        false => plain(&record.run.id),
    };
    records.iter().zip(&questions).map(name).collect()
}

pub fn html(beside: &Beside, names: &[String], number: usize) -> Markup {
    let metric = beside.metric;
    let any_invalid = beside.rows.iter().any(|(_, cells)| cells.iter().flatten().any(|row| !row.valid));
    html! {
        figure {
            figcaption.above {
                b { "Table " (number) ". " } (sentence_case(&metric_in_unit(metric))) "; " (direction(metric)) ". Medians of "
                (count(beside.rows.len(), "run")) "."
                @if any_invalid { " What is struck out is invalid." }
            }
            div.wide tabindex="0" role="group" aria-label=(format!("Table {number}")) {
                table.beside-runs {
                    thead { tr {
                        th scope="col" { "run" }
                        @for case in &beside.cases { th.number scope="col" { (plain(case)) } }
                    } }
                    tbody { @for (place, cells) in &beside.rows {
                        tr {
                            th scope="row" { (names[*place]) }
                            @for cell in cells { (of_cell(metric, cell.as_ref())) }
                        }
                    } }
                }
            }
        }
    }
}

fn of_cell(metric: &Metric, row: Option<&Row>) -> Markup {
    html! {
        @match row {
            None => td.number { "–" },
            Some(row) => td.number title=(format!("n = {}, quartiles {}", row.n, table::quartiles(metric, row))) {
                @if row.valid { (metric.print(row.median)) } @else { s { (metric.print(row.median)) } }
            },
        }
    }
}
