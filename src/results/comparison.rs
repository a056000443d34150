//! Cases against the first case, round by round, and whether they can be told apart at all.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use super::{
    metric::{self, Metric},
    sample::Sample,
    store::Record,
};
use crate::stats;

/// The median lies between the least and the largest of n values with probability 1 - 2/2ⁿ: from five on, 94 %.
pub(super) const FEWEST_ROUNDS: usize = 5;

/// One case of one metric.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    pub case: String,
    /// False where the case's path was not proved: shown, never compared.
    pub valid: bool,
    /// How many rounds were measured.
    pub n: usize,
    pub median: f64,
    pub q1: f64,
    pub q3: f64,
    /// To the first case: the median over rounds of this case's value by the first case's of the same round. Where
    /// other tools took them, no two were taken side by side: there it is median by median.
    pub ratio: Option<Ratio>,
    pub verdict: Verdict,
}

/// A ratio and its 95 % bootstrap interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Ratio {
    pub median: f64,
    pub low: f64,
    pub high: f64,
    /// In how many rounds both were valid; of an import, how many values the case with fewer of them has.
    pub n: usize,
}

impl Ratio {
    /// Of two groups that were not measured side by side. None where one is empty or has a 0: nothing is a multiple of it.
    pub(super) fn of_medians(values: &[f64], base: &[f64], seed: u64) -> Option<Ratio> {
        let is_one = !values.is_empty() && !base.is_empty() && values.iter().chain(base).all(|value| *value > 0.0);
        is_one.then(|| {
            let (low, high) = stats::ratio_interval(values, base, seed);
            Ratio { median: stats::median(values) / stats::median(base), low, high, n: values.len().min(base.len()) }
        })
    }
}

/// What may be said of a case in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The case that the others are compared with.
    Baseline,
    /// The first case measured once more: what differs here is noise.
    Control,
    Better,
    Worse,
    NotSeparable,
    TooFewRounds,
    /// There is nothing valid to compare it with.
    NotCompared,
    Invalid,
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(match self {
            Verdict::Baseline => "baseline",
            Verdict::Control => "control",
            Verdict::Better => "better",
            Verdict::Worse => "worse",
            Verdict::NotSeparable => "not separable",
            Verdict::TooFewRounds => "too few rounds",
            Verdict::NotCompared => "not compared",
            Verdict::Invalid => "invalid",
        })
    }
}

/// The rows of one metric, in the order the cases were declared. Points of a series (`second`) do not count.
pub fn rows(record: &Record, metric: &Metric) -> Vec<Row> {
    rows_to(record, metric, record.run.baseline.as_deref())
}

/// The same without ratios, which take most of the time.
pub fn medians(record: &Record, metric: &Metric) -> Vec<Row> {
    rows_to(record, metric, None)
}

fn rows_to(record: &Record, metric: &Metric, base: Option<&str>) -> Vec<Row> {
    let noise = base.and_then(|_| noise(record, metric));
    record
        .run
        .cases
        .iter()
        .filter_map(|case| {
            let taken: Vec<&Sample> = whole(record, metric, case).collect();
            // One implausible value is left out; where nothing is valid, what was measured is shown as invalid.
            let valid = taken.iter().any(|sample| sample.valid);
            let shown = taken.iter().filter(|sample| sample.valid == valid && sample.value.is_finite());
            let values: Vec<f64> = shown.map(|sample| sample.value).collect();
            if values.is_empty() {
                return None;
            }
            let ratio = match base {
                Some(base) if valid && base != case.as_str() => ratio(record, metric, case, base),
                _ => None,
            };
            Some(Row {
                case: case.clone(),
                valid,
                n: values.len(),
                median: stats::median(&values),
                q1: stats::quantile(&values, 0.25),
                q3: stats::quantile(&values, 0.75),
                ratio,
                verdict: match (valid, ratio) {
                    (false, _) => Verdict::Invalid,
                    _ if base == Some(case.as_str()) => Verdict::Baseline,
                    _ if record.run.control.as_ref() == Some(case) => Verdict::Control,
                    (_, Some(ratio)) if ratio.n >= FEWEST_ROUNDS => verdict(metric, ratio, noise),
                    (_, Some(_)) => Verdict::TooFewRounds,
                    _ => Verdict::NotCompared,
                },
            })
        })
        .collect()
}

/// The samples of a case that stand for a whole measurement, not for one second of it. Where there are rounds of a
/// comparison, what was measured beside them does not count.
pub(super) fn whole<'a>(record: &'a Record, metric: &'a Metric, case: &'a str) -> impl Iterator<Item = &'a Sample> {
    let of_case =
        move |sample: &&Sample| sample.case == case && sample.metric == metric.name && sample.labels.is_empty();
    let has_rounds = record.samples.iter().filter(of_case).any(|sample| sample.round.is_some());
    record.samples.iter().filter(of_case).filter(move |sample| sample.round.is_some() || !has_rounds)
}

/// What the control, the same case measured twice, differs from itself by.
pub(super) fn noise(record: &Record, metric: &Metric) -> Option<Ratio> {
    ratio(record, metric, record.run.control.as_deref()?, record.run.baseline.as_deref()?)
}

fn ratio(record: &Record, metric: &Metric, case: &str, base: &str) -> Option<Ratio> {
    match record.run.imported {
        true => {
            let valid = |case| whole(record, metric, case).filter(|sample| sample.valid).map(|sample| sample.value);
            Ratio::of_medians(&valid(case).collect::<Vec<_>>(), &valid(base).collect::<Vec<_>>(), record.run.seed)
        }
        false => ratio_by_round(record, metric, case, base),
    }
}

fn ratio_by_round(record: &Record, metric: &Metric, case: &str, base: &str) -> Option<Ratio> {
    let mut of_base: BTreeMap<Option<u32>, &Sample> = BTreeMap::new();
    for sample in whole(record, metric, base).filter(|sample| sample.valid) {
        of_base.entry(sample.round).or_insert(sample);
    }
    let ratios: Vec<f64> = whole(record, metric, case)
        .filter(|sample| sample.valid)
        .filter_map(|sample| {
            let beside = of_base.get(&sample.round)?;
            Some(sample.value / beside.value).filter(|ratio| ratio.is_finite() && *ratio > 0.0)
        })
        .collect();
    let (low, high) = stats::median_interval(&ratios, record.run.seed);
    (!ratios.is_empty()).then(|| Ratio { median: stats::median(&ratios), low, high, n: ratios.len() })
}

/// Two cases differ when the interval of their ratio leaves out 1 *and* lies apart from the noise.
pub(super) fn verdict(metric: &Metric, ratio: Ratio, noise: Option<Ratio>) -> Verdict {
    let (low, high) = noise.map_or((1.0, 1.0), |noise| (noise.low.min(1.0), noise.high.max(1.0)));
    let more = ratio.low > high;
    let less = ratio.high < low;
    match (more, less, metric.better) {
        (true, _, metric::Better::More) | (_, true, metric::Better::Less) => Verdict::Better,
        (true, _, metric::Better::Less) | (_, true, metric::Better::More) => Verdict::Worse,
        _ => Verdict::NotSeparable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::store;

    fn record(cases: &[(&str, &[f64])]) -> Record {
        let mut record = store::tests::record(cases);
        record.run.baseline = Some("veth".into());
        record.run.control = Some("veth again".into());
        record
    }

    fn verdicts(record: &Record) -> Vec<Verdict> {
        rows(record, Metric::named("throughput_gbit_s").unwrap()).iter().map(|row| row.verdict).collect()
    }

    #[test]
    fn a_clear_difference_is_told_and_a_small_one_is_not() {
        let record = record(&[
            ("veth", &[10.0, 10.2, 9.9, 10.1, 10.0]),
            ("veth again", &[10.1, 9.8, 10.3, 10.0, 9.7]),
            ("bridge", &[9.9, 10.1, 9.8, 10.2, 9.9]),
            ("vxlan", &[5.0, 5.1, 4.9, 5.0, 5.2]),
        ]);
        use Verdict::*;
        assert_eq!(verdicts(&record), [Baseline, Control, NotSeparable, Worse]);
    }

    #[test]
    fn rounds_that_were_never_taken_side_by_side_are_not_paired() {
        // By round each is half again the other; as two groups nothing tells them apart.
        let mut record =
            record(&[("veth", &[10.0, 20.0, 30.0, 40.0, 50.0]), ("vxlan", &[15.0, 30.0, 45.0, 60.0, 75.0])]);
        record.run.control = None;
        assert_eq!(verdicts(&record)[1], Verdict::Better);
        record.run.imported = true;
        let row = rows(&record, Metric::named("throughput_gbit_s").unwrap()).remove(1);
        let ratio = row.ratio.unwrap();
        assert_eq!((row.verdict, ratio.median, ratio.n), (Verdict::NotSeparable, 1.5, 5));
    }

    #[test]
    fn four_rounds_are_too_few_to_say() {
        let record = record(&[("veth", &[10.0; 4]), ("vxlan", &[5.0; 4])]);
        assert_eq!(verdicts(&record)[1], Verdict::TooFewRounds);
    }

    #[test]
    fn an_invalid_case_is_shown_and_never_compared() {
        let mut record = record(&[("veth", &[10.0; 5]), ("vxlan", &[5.0; 5])]);
        for sample in record.samples.iter_mut().filter(|sample| sample.case == "vxlan") {
            *sample = sample.clone().invalidate("no packet used it");
        }
        let rows = rows(&record, Metric::named("throughput_gbit_s").unwrap());
        assert_eq!((rows[1].verdict, rows[1].ratio, rows[1].n), (Verdict::Invalid, None, 5));
    }
}
