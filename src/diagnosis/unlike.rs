//! What two runs that are looked at together do not have in common, and what figures depend on.

use super::Finding;
use crate::results::{
    Record,
    likeness::{self, Unlike},
};

/// Differences of machine and path that change figures by themselves, as a tool's settings do; another version of labkit
/// or another host name does not.
const MATTERS: [&str; 16] = [
    "CPU",
    "CPUs",
    "memory",
    "place",
    "bench",
    "mtu",
    "offloads",
    "encapsulation",
    "arch",
    "blas",
    "cpu",
    "cpus",
    "host_cpus",
    "kernel",
    "link_gbit_s",
    "memory_mb",
];

fn matters(unlike: &Unlike) -> bool {
    MATTERS.iter().chain(&likeness::FACTS).any(|name| *name == unlike.what)
}

/// One finding for each run that is unlike the first before it with which it has a case in common.
pub fn findings(records: &[&Record]) -> Vec<Finding> {
    let have_a_case = |one: &Record, other: &Record| one.cases().iter().any(|case| other.cases().contains(case));
    let pair = |(at, other): (usize, &&Record)| {
        let first = records[..at].iter().find(|first| have_a_case(first, other))?;
        finding(first, other)
    };
    let imported = records.iter().filter(|record| record.run.imported).filter_map(|record| within(record));
    records.iter().enumerate().filter_map(pair).chain(imported).collect()
}

/// Cases of one import, or rounds of one of them, that were not taken alike.
fn within(record: &Record) -> Option<Finding> {
    let unlike: Vec<Unlike> = likeness::unlike_within(record).into_iter().filter(matters).collect();
    let case = |one: &Unlike| one.case.clone().unwrap_or_default();
    let said = |one: &Unlike| format!("{} of `{}` is {}, elsewhere {}", one.what, case(one), one.other, one.first);
    let mut cases: Vec<String> = unlike.iter().map(case).collect();
    cases.dedup();
    (!unlike.is_empty()).then(|| Finding {
        cause: "unlike_within",
        run: record.run.id.clone(),
        cases,
        title: "not taken alike".to_owned(),
        evidence: unlike.iter().map(said).collect::<Vec<_>>().join("; "),
        remedy: Some("change one thing at a time, and give what differs a case of its own".to_owned()),
        factor: None,
    })
}

/// What is not known of one of them is no difference.
fn is_known(value: &str) -> bool {
    !matches!(value, "" | "none" | "0" | "0 MB")
}

fn finding(first: &Record, other: &Record) -> Option<Finding> {
    let unlike: Vec<Unlike> = likeness::unlike(first, other);
    let is_told = |one: &&Unlike| matters(one) && is_known(&one.first) && is_known(&one.other);
    let matters: Vec<&Unlike> = unlike.iter().filter(is_told).collect();
    if matters.is_empty() {
        return None;
    }
    let mut cases: Vec<String> = Vec::new();
    let mut said: Vec<String> = Vec::new();
    for one in matters {
        cases.extend(one.case.iter().filter(|case| !cases.contains(case)).cloned().collect::<Vec<_>>());
        let words = format!("{} is {}, was {}", one.what, one.other, one.first);
        if !said.contains(&words) {
            said.push(words);
        }
    }
    Some(Finding {
        cause: "unlike",
        run: other.run.id.clone(),
        cases,
        title: format!("not like for like with {}", first.run.id),
        evidence: said.join("; "),
        remedy: Some("change one thing at a time, or compare ratios within each run only".to_owned()),
        factor: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::store::tests::record;

    #[test]
    fn only_runs_with_a_case_in_common_are_compared_and_only_in_what_is_known() {
        let mut first = record(&[("veth", &[9.4])]);
        first.run.machine.cpus = 2;
        let mut other = first.clone();
        assert_eq!(findings(&[&first, &other]), []);
        other.run.machine.cpus = 4;
        let found = findings(&[&first, &other]);
        assert_eq!((found.len(), found[0].evidence.as_str()), (1, "CPUs is 4, was 2"));
        other.run.machine.cpus = 0;
        assert_eq!(findings(&[&first, &other]), []);
        other.run.machine.cpus = 4;
        other.run.cases = vec!["bridge".into()];
        other.samples.clear();
        assert_eq!(findings(&[&first, &other]), []);
    }
}
