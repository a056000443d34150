//! Which metrics and cases of some runs are asked for.

use super::{metric::Metric, sample::Sample, store::Record};
use crate::error::{Error, Result, nearest};

/// No name of a kind means all of that kind.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selection {
    pub metrics: Vec<String>,
    pub cases: Vec<String>,
}

impl Selection {
    /// Refuses a name that none of these runs has, and suggests the nearest that one has.
    pub fn of(metrics: Vec<String>, cases: Vec<String>, records: &[Record]) -> Result<Selection> {
        let measured: Vec<&str> = known(records, |record| record.samples.iter().map(|s| s.metric.as_str()).collect());
        if let Some(name) = metrics.iter().find(|name| !measured.contains(&name.as_str())) {
            Metric::named(name)?;
            return Err(Error::usage(format!("no sample is of the metric `{name}`")).hint(offer(name, &measured)));
        }
        let declared = known(records, Record::cases);
        if let Some(name) = cases.iter().find(|name| !declared.contains(&name.as_str())) {
            return Err(Error::usage(format!("there is no case `{name}`")).hint(offer(name, &declared)));
        }
        Ok(Selection { metrics, cases })
    }

    pub fn has_metric(&self, name: &str) -> bool {
        self.metrics.is_empty() || self.metrics.iter().any(|metric| metric == name)
    }

    pub fn has_case(&self, name: &str) -> bool {
        self.cases.is_empty() || self.cases.iter().any(|case| case == name)
    }

    pub fn takes(&self, sample: &Sample) -> bool {
        self.has_metric(&sample.metric) && self.has_case(&sample.case)
    }
}

/// Names of all records, each once, in the order in which they first come.
fn known<'a>(records: &'a [Record], names: impl Fn(&'a Record) -> Vec<&'a str>) -> Vec<&'a str> {
    let mut known: Vec<&str> = Vec::new();
    for name in records.iter().flat_map(names) {
        if !known.contains(&name) {
            known.push(name);
        }
    }
    known
}

fn offer(name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "nothing was measured".to_owned(),
        None => format!("there is {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::store;

    fn said(metrics: &[&str], cases: &[&str]) -> (String, String) {
        let record = store::tests::record(&[("veth", &[10.0])]);
        let owned = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
        let error = Selection::of(owned(metrics), owned(cases), &[record]).unwrap_err();
        (error.to_string(), error.what_to_try().unwrap_or_default().to_owned())
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_nearest() {
        assert_eq!(said(&["throughput"], &[]).0, "`throughput` is not a metric");
        assert_eq!(said(&["hpl_gflops"], &[]).1, "there is throughput_gbit_s");
        assert_eq!(said(&[], &["vet"]).1, "did you mean `veth`?");
    }

    #[test]
    fn nothing_named_takes_everything() {
        let sample = Sample::new("tcp", "veth", "throughput_gbit_s", 1.0).unwrap();
        assert!(Selection::default().takes(&sample));
        assert!(!Selection { cases: vec!["bridge".into()], ..Selection::default() }.takes(&sample));
    }
}
