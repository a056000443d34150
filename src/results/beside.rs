//! The same metric and case of several runs side by side, each later run against the first.

use serde::Serialize;

use super::{
    Better, Metric, Section, Selection,
    comparison::{self, FEWEST_ROUNDS, Ratio, Verdict},
    proof,
    registry::METRICS,
    store::Record,
};
use crate::{
    error::{Error, Result},
    stats,
};

/// One case of one metric in every run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Beside {
    pub metric: &'static str,
    pub unit: &'static str,
    pub better: Better,
    pub case: String,
    /// One for each run, in the order in which they were given; none where it was not measured.
    pub runs: Vec<Option<Measured>>,
}

/// What one run measured of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// False where nothing of it may be believed: shown, never compared.
    pub valid: bool,
    /// Why it is not valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// How many values the rest is made of.
    pub n: usize,
    pub median: f64,
    pub q1: f64,
    pub q3: f64,
    /// To the first run: median by median. Rounds of two runs have nothing to do with each other, so they are not
    /// paired; its `n` is that of the smaller side.
    pub ratio: Option<Ratio>,
    pub verdict: Verdict,
    #[serde(skip)]
    values: Vec<f64>,
}

/// Every metric and case that at least two of the runs have. Metrics stand as the first run's report shows them, then
/// as in the registry; cases as the first run declares them.
pub fn beside(records: &[Record], selection: &Selection) -> Result<Vec<Beside>> {
    refuse_the_same(records)?;
    let mut rows = Vec::new();
    for metric in metrics(records).into_iter().filter(|metric| selection.has_metric(metric.name)) {
        for case in cases(records).into_iter().filter(|case| selection.has_case(case)) {
            rows.extend(row(records, metric, case));
        }
    }
    match rows.is_empty() {
        true => Err(Error::usage("these runs have no metric and case in common").hint(cases_of_each(records))),
        false => Ok(rows),
    }
}

fn refuse_the_same(records: &[Record]) -> Result<()> {
    if records.len() < 2 {
        return Err(Error::usage("a comparison takes two runs or more").hint("`labkit results` lists them"));
    }
    for (at, record) in records.iter().enumerate() {
        if records[..at].iter().any(|other| other.run.id == record.run.id) {
            return Err(Error::usage(format!("the run `{}` is named twice", record.run.id))
                .hint("`labkit results` lists the others"));
        }
    }
    Ok(())
}

fn cases_of_each(records: &[Record]) -> String {
    let each = records.iter().map(|record| match record.cases().as_slice() {
        [] => format!("`{}` has none", record.run.id),
        cases => format!("`{}` has {}", record.run.id, cases.join(", ")),
    });
    format!("cases: {}", each.collect::<Vec<_>>().join("; "))
}

fn metrics(records: &[Record]) -> Vec<&'static Metric> {
    let sections = records.iter().take(1).flat_map(|record| &record.run.sections);
    let shown = sections.filter_map(|section| match section {
        Section::Table(table) => Metric::named(&table.metric).ok(),
        Section::Chart(chart) => Metric::named(&chart.metric).ok(),
        Section::Printed(figures) => Metric::named(&figures.metric).ok(),
        Section::Note(_) => None,
    });
    let mut metrics: Vec<&Metric> = Vec::new();
    for metric in shown.chain(METRICS) {
        if !metrics.contains(&metric) {
            metrics.push(metric);
        }
    }
    metrics
}

fn cases(records: &[Record]) -> Vec<&str> {
    let mut cases: Vec<&str> = Vec::new();
    for case in records.iter().flat_map(Record::cases) {
        if !cases.contains(&case) {
            cases.push(case);
        }
    }
    cases
}

fn row(records: &[Record], metric: &'static Metric, case: &str) -> Option<Beside> {
    let mut runs: Vec<Option<Measured>> = records.iter().map(|record| measured(record, metric, case)).collect();
    let (first, later) = runs.split_first_mut()?;
    for (other, record) in later.iter_mut().zip(&records[1..]) {
        if let (Some(first), Some(other)) = (first.as_ref(), other) {
            compare(metric, (&records[0], first), (record, other));
        }
    }
    if runs.iter().flatten().count() < 2 {
        return None;
    }
    if let Some(Some(first)) = runs.first_mut().filter(|first| first.as_ref().is_some_and(|first| first.valid)) {
        first.verdict = Verdict::Baseline;
    }
    Some(Beside { metric: metric.name, unit: metric.unit, better: metric.better, case: case.to_owned(), runs })
}

/// The values of whole rounds. One that is invalid is left out; where none is valid, what was measured is shown.
fn measured(record: &Record, metric: &Metric, case: &str) -> Option<Measured> {
    let taken: Vec<_> = comparison::whole(record, metric, case).filter(|sample| sample.value.is_finite()).collect();
    let refutation = proof::refutation(record, case).map(|proof| proof.reasons().join("; "));
    let valid = refutation.is_none() && taken.iter().any(|sample| sample.valid);
    let shown = taken.iter().filter(|sample| sample.valid || !valid);
    let values: Vec<f64> = shown.map(|sample| sample.value).collect();
    let doubt = || taken.iter().find_map(|sample| sample.why.clone());
    (!values.is_empty()).then(|| Measured {
        valid,
        why: if valid { None } else { refutation.or_else(doubt) },
        n: values.len(),
        median: stats::median(&values),
        q1: stats::quantile(&values, 0.25),
        q3: stats::quantile(&values, 0.75),
        ratio: None,
        verdict: if valid { Verdict::NotCompared } else { Verdict::Invalid },
        values,
    })
}

fn compare(metric: &Metric, first: (&Record, &Measured), other: (&Record, &mut Measured)) {
    let ((first_record, first), (record, other)) = (first, other);
    if !(first.valid && other.valid) {
        return;
    }
    other.ratio = Ratio::of_medians(&other.values, &first.values, first_record.run.seed);
    let is_one_value = other.values.iter().chain(&first.values).all(|value| *value == first.values[0]);
    other.verdict = match other.ratio {
        _ if other.n.min(first.n) < FEWEST_ROUNDS => Verdict::TooFewRounds,
        Some(ratio) => comparison::verdict(metric, ratio, noise(metric, first_record, record)),
        None if is_one_value => Verdict::NotSeparable,
        None => Verdict::NotCompared,
    };
}

/// The wider of what either run's control differs from itself by.
fn noise(metric: &Metric, first: &Record, other: &Record) -> Option<Ratio> {
    let both = [first, other].into_iter().filter_map(|record| comparison::noise(record, metric));
    both.reduce(|one, two| Ratio { low: one.low.min(two.low), high: one.high.max(two.high), ..one })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{Proof, store::tests::record};

    fn named(id: &str, cases: &[(&str, &[f64])]) -> Record {
        let mut record = record(cases);
        record.run.id = id.into();
        record
    }

    fn pair(first: &[(&str, &[f64])], other: &[(&str, &[f64])]) -> [Record; 2] {
        [named("first", first), named("other", other)]
    }

    fn verdicts(records: &[Record]) -> Vec<Verdict> {
        let rows = beside(records, &Selection::default()).unwrap();
        rows.iter().map(|row| row.runs[1].as_ref().unwrap().verdict).collect()
    }

    const LEVEL: &[f64] = &[10.0, 10.2, 9.9, 10.1, 10.0];

    #[test]
    fn a_clear_difference_is_told_and_a_small_one_is_not() {
        let first = [("veth", LEVEL), ("bridge", LEVEL), ("vxlan", LEVEL)];
        let other: [(&str, &[f64]); 3] = [
            ("veth", &[10.1, 9.8, 10.3, 10.0, 9.7]),
            ("bridge", &[12.0, 12.1, 11.9, 12.2, 12.0]),
            ("vxlan", &[5.0, 5.1, 4.9, 5.0, 5.2]),
        ];
        use Verdict::*;
        assert_eq!(verdicts(&pair(&first, &other)), [NotSeparable, Better, Worse]);
        let rows = beside(&pair(&first, &other), &Selection::default()).unwrap();
        let ratio = rows[2].runs[1].as_ref().unwrap().ratio.unwrap();
        assert_eq!((ratio.median, ratio.n), (0.5, 5));
        assert!(0.48 < ratio.low && ratio.low < 0.5 && 0.5 < ratio.high && ratio.high < 0.53, "{ratio:?}");
    }

    #[test]
    fn what_the_control_does_to_itself_is_no_difference() {
        let shaky: &[f64] = &[12.0, 8.0, 12.0, 8.0, 12.0];
        let mut records = pair(&[("veth", LEVEL), ("veth again", shaky)], &[("veth", &[11.0; 5])]);
        assert_eq!(verdicts(&records), [Verdict::Better]);
        (records[0].run.baseline, records[0].run.control) = (Some("veth".into()), Some("veth again".into()));
        assert_eq!(verdicts(&records), [Verdict::NotSeparable]);
    }

    #[test]
    fn four_values_on_one_side_are_too_few() {
        assert_eq!(verdicts(&pair(&[("veth", LEVEL)], &[("veth", &[5.0; 4])])), [Verdict::TooFewRounds]);
        assert_eq!(verdicts(&pair(&[("veth", &LEVEL[..4])], &[("veth", &[5.0; 9])])), [Verdict::TooFewRounds]);
    }

    #[test]
    fn a_case_whose_proof_failed_is_shown_and_not_compared() {
        let mut records = pair(&[("veth", LEVEL)], &[("veth", LEVEL)]);
        records[0].proofs = vec![Proof { case: "veth".into(), why: vec!["routed".into()], ..Proof::default() }];
        let row = beside(&records, &Selection::default()).unwrap().remove(0);
        let [Some(first), Some(other)] = row.runs.as_slice() else { panic!("{row:?}") };
        assert_eq!((first.verdict, first.why.as_deref(), first.median), (Verdict::Invalid, Some("routed"), 10.0));
        assert_eq!((other.verdict, other.ratio), (Verdict::NotCompared, None));
    }

    #[test]
    fn nothing_is_divided_by_zero() {
        let mut records = pair(&[("veth", &[0.0, 1.0, 1.0, 1.0, 1.0])], &[("veth", LEVEL)]);
        for sample in records.iter_mut().flat_map(|record| &mut record.samples) {
            (sample.metric, sample.valid) = ("ping_loss_percent".into(), true);
        }
        assert_eq!(verdicts(&records), [Verdict::NotCompared]);
        records.iter_mut().flat_map(|record| &mut record.samples).for_each(|sample| sample.value = 0.0);
        assert_eq!(verdicts(&records), [Verdict::NotSeparable]);
    }

    #[test]
    fn a_third_run_is_compared_with_the_first_and_may_lack_a_case() {
        let records =
            [named("a", &[("veth", LEVEL)]), named("b", &[("bridge", LEVEL)]), named("c", &[("veth", &[5.0; 5])])];
        let row = beside(&records, &Selection::default()).unwrap().remove(0);
        assert_eq!(row.case, "veth");
        assert!(row.runs[1].is_none());
        assert_eq!(row.runs[2].as_ref().unwrap().verdict, Verdict::Worse);
    }

    #[test]
    fn runs_that_cannot_be_compared_are_refused() {
        let said = |records: &[Record]| beside(records, &Selection::default()).unwrap_err().to_string();
        let twice = [named("a", &[("veth", LEVEL)]), named("a", &[("veth", LEVEL)])];
        assert_eq!(said(&twice), "the run `a` is named twice");
        assert_eq!(said(&twice[..1]), "a comparison takes two runs or more");
        let apart = pair(&[("veth", LEVEL)], &[("bridge", LEVEL)]);
        assert_eq!(said(&apart), "these runs have no metric and case in common");
    }

    #[test]
    fn the_metrics_stand_as_the_first_report_shows_them() {
        let wanted = super::super::section::Table { title: "".into(), metric: "throughput_gbit_s".into() };
        let mut records = pair(&[("veth", LEVEL)], &[]);
        records[0].run.sections = vec![Section::Table(wanted)];
        let names: Vec<&str> = metrics(&records).iter().map(|metric| metric.name).collect();
        assert_eq!(names[..2], ["throughput_gbit_s", "build_cpu_ms"]);
        assert_eq!(names.len(), METRICS.len());
    }
}
