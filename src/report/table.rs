//! The rows of a table in words, for the terminal and for the page.

use maud::{Markup, html};

use super::{
    proof,
    svg::interval::Strip,
    wording::{direction, metric_in_unit, plain, sentence_case},
};
use crate::results::{
    Metric, Record,
    comparison::{self, Row, Verdict},
};

/// The rows of one metric. A case whose proof failed is invalid here even where its samples do not say so, and
/// nothing is compared with it.
pub fn rows(record: &Record, metric: &Metric) -> Vec<Row> {
    let baseline_refuted = record.run.baseline.as_ref().is_some_and(|case| proof::is_refuted(record, case));
    let mut rows = comparison::rows(record, metric);
    for row in &mut rows {
        if proof::is_refuted(record, &row.case) {
            (row.valid, row.verdict) = (false, Verdict::Invalid);
        }
        if !row.valid || baseline_refuted {
            row.ratio = None;
        }
    }
    rows
}

/// The rows without ratios; a case whose proof failed is invalid here too.
pub fn medians(record: &Record, metric: &Metric) -> Vec<Row> {
    let mut rows = comparison::medians(record, metric);
    rows.iter_mut().for_each(|row| row.valid &= !proof::is_refuted(record, &row.case));
    rows
}

/// `throughput (Gbit/s); more is better; ratios to veth`
pub fn subtitle(record: &Record, metric: &Metric) -> String {
    let compared = match &record.run.baseline {
        Some(case) => format!("; ratios to {}", plain(case)),
        None => String::new(),
    };
    format!("{}; {}{compared}", metric_in_unit(metric), direction(metric))
}

pub fn quartiles(metric: &Metric, row: &Row) -> String {
    format!("[{}–{}]", metric.print(row.q1), metric.print(row.q3))
}

/// The ratio and its interval, each where there is one to tell.
pub fn ratio(row: &Row) -> (String, Option<String>) {
    match (row.verdict, row.ratio) {
        (Verdict::Baseline, _) => ("1".to_owned(), None),
        (_, None) => ("–".to_owned(), None),
        (Verdict::TooFewRounds, Some(ratio)) => (format!("{:.2}", ratio.median), None),
        (_, Some(ratio)) => (format!("{:.2}", ratio.median), Some(format!("[{:.2}–{:.2}]", ratio.low, ratio.high))),
    }
}

/// The verdict in words; a run that compares nothing has none.
pub fn verdict(record: &Record, row: &Row) -> String {
    match (row.verdict, row.ratio) {
        (Verdict::Invalid, _) => "invalid".to_owned(),
        _ if record.run.baseline.is_none() => "–".to_owned(),
        (Verdict::Baseline | Verdict::Control, _) => row.verdict.to_string(),
        (_, None) => "not compared".to_owned(),
        _ => row.verdict.to_string(),
    }
}

/// The table on the page, or a sentence where there is nothing to put in it.
pub fn html(record: &Record, metric: &Metric, number: usize) -> Markup {
    let rows = rows(record, metric);
    // Of one value each there is no spread to show.
    let spread = rows.iter().any(|row| row.n > 1);
    let strip = Strip::of(&rows).filter(|_| spread);
    html! {
        figure {
            figcaption.above {
                b { "Table " (number) ". " }
                (sentence_case(&subtitle(record, metric))) "."
                @if rows.is_empty() { " No samples were taken." }
            }
            @if !rows.is_empty() {
                div.wide tabindex="0" role="group" aria-label=(format!("Table {number}")) {
                    table.cases {
                        thead { (html_head(strip.as_ref(), spread)) }
                        tbody { @for row in &rows { (html_row(record, metric, row, strip.as_ref())) } }
                    }
                }
            }
            @if rows.iter().any(|row| row.verdict == Verdict::Control && row.ratio.is_some()) {
                p.legend {
                    "Grey band: how far " (record.run.baseline.as_deref().map(plain).unwrap_or_default()) " measured a \
                     second time (the control) lies from itself. A case is better or worse only where its interval \
                     lies outside the band."
                }
            }
        }
    }
}

fn html_head(strip: Option<&Strip>, spread: bool) -> Markup {
    html! {
        tr {
            th scope="col" { "case" }
            th.number scope="col" { "n" }
            th.number scope="col" { "median" }
            th.beside scope="col" { @if spread { "[q1–q3]" } }
            th.number scope="col" { "ratio" }
            th.beside scope="col" { @if spread { "[95 % interval]" } }
            @if let Some(strip) = strip { td.drawn aria-hidden="true" { (strip.head()) } }
            th scope="col" { "verdict" }
        }
    }
}

fn html_row(record: &Record, metric: &Metric, row: &Row, strip: Option<&Strip>) -> Markup {
    let (ratio, interval) = ratio(row);
    html! {
        tr class=[(!row.valid).then_some("invalid")] {
            th scope="row" { (plain(&row.case)) }
            td.number { (row.n) }
            td.number { span.value { (metric.print(row.median)) } }
            td.beside { @if row.n > 1 { (quartiles(metric, row)) } }
            td.number { (ratio) }
            td.beside { (interval.unwrap_or_default()) }
            @if let Some(strip) = strip { td.drawn aria-hidden="true" { (strip.row(row)) } }
            td { span class=(format!("verdict {}", word_class(row.verdict))) {
                @if !row.valid { "✗ " }
                (verdict(record, row))
            } }
        }
    }
}

fn word_class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Better => "better",
        Verdict::Worse => "worse",
        Verdict::Invalid => "wrong",
        _ => "calm",
    }
}
