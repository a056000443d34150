//! Samples that may not be believed, those with one reason together.

use maud::{Markup, html};

use super::wording::{count, metric_in_unit, plain};
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

/// The groups as a table; those of one case with one reason in one row.
pub fn html(record: &Record) -> Markup {
    let groups = groups(record);
    let mut rows: Vec<(&str, &str, Vec<&Group>)> = Vec::new();
    for group in &groups {
        match rows.iter_mut().find(|(case, why, _)| (*case, *why) == (group.case, group.why)) {
            Some((.., of)) => of.push(group),
            None => rows.push((group.case, group.why, vec![group])),
        }
    }
    html! {
        div.wide tabindex="0" role="group" aria-label="Invalid samples" {
            table.doubts.reasoned {
                thead { tr { th scope="col" { "case" } th scope="col" { "why" } th scope="col" { "samples" } } }
                tbody { @for (case, why, groups) in &rows {
                    tr {
                        th scope="row" { (plain(case)) }
                        td { (plain(why)) }
                        td { (groups.iter().map(|group| said(group)).collect::<Vec<_>>().join("; ")) }
                    }
                } }
            }
        }
    }
}

/// `throughput (Gbit/s) 62.3–64.3, 11 samples`
fn said(group: &Group) -> String {
    format!("{} {}, {}", title(group.metric), range(group), count(group.values.len(), "sample"))
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
