//! Samples that may not be believed, those with one reason together.

use maud::{Markup, html};

use super::wording::{metric_in_unit, plain};
use crate::results::{Metric, Record, metric::significant};

/// Invalid samples of one case and metric that share their reason.
#[derive(Debug)]
pub struct Group<'a> {
    pub case: &'a str,
    pub metric: &'a str,
    pub why: &'a str,
    pub values: Vec<f64>,
}

/// The invalid samples in the order in which their groups first appear.
pub fn groups(record: &Record) -> Vec<Group<'_>> {
    let mut groups: Vec<Group> = Vec::new();
    for sample in record.samples.iter().filter(|sample| !sample.valid) {
        let (case, metric) = (sample.case.as_str(), sample.metric.as_str());
        let why = sample.why.as_deref().unwrap_or("no reason was recorded");
        match groups.iter_mut().find(|group| (group.case, group.metric, group.why) == (case, metric, why)) {
            Some(group) => group.values.push(sample.value),
            None => groups.push(Group { case, metric, why, values: vec![sample.value] }),
        }
    }
    groups
}

/// The groups as a table.
pub fn html(record: &Record) -> Markup {
    html! {
        div.wide tabindex="0" role="group" aria-label="Invalid samples" {
            table.doubts {
                thead { tr {
                    th scope="col" { "case" }
                    th scope="col" { "metric" }
                    th.number scope="col" { "samples" }
                    th.number scope="col" { "values" }
                    th scope="col" { "why" }
                } }
                tbody { @for group in groups(record) {
                    tr {
                        th scope="row" { (plain(group.case)) }
                        td { (title(group.metric)) }
                        td.number { (group.values.len()) }
                        td.number { (range(&group)) }
                        td { (plain(group.why)) }
                    }
                } }
            }
        }
    }
}

fn title(metric: &str) -> String {
    Metric::named(metric).map_or_else(|_| plain(metric), metric_in_unit)
}

fn range(group: &Group) -> String {
    let low = group.values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = group.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    match low == high {
        true => significant(low, 3),
        false => format!("{}–{}", significant(low, 3), significant(high, 3)),
    }
}
