//! A printed figure against what was measured: right, a power of ten off, another unit, or another case's.

use serde::Serialize;

use crate::results::{Metric, Record, Sample, comparison, metric::significant};

/// What became of a printed figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checked {
    pub agrees: bool,
    /// The case that it was compared with, or that it is the figure of.
    pub case: String,
    pub measured: f64,
    /// In words, with the measured figure.
    pub said: String,
}

/// Factors that a slip gives, and what they are called.
const SLIPS: &[(f64, &str)] = &[
    (10.0, "ten times"),
    (100.0, "a hundred times"),
    (1e3, "a thousand times"),
    (1e6, "a million times"),
    (0.1, "a tenth of"),
    (0.01, "a hundredth of"),
    (1e-3, "a thousandth of"),
    (1e-6, "a millionth of"),
    (8.0, "eight times (bits for bytes?)"),
    (0.125, "an eighth of (bytes for bits?)"),
    (1.048_576, "1.049 times (MiB for MB?)"),
    (1.073_741_824, "1.074 times (GiB for GB?)"),
    (1.0 / 1.048_576, "0.954 of (MB for MiB?)"),
    (1.0 / 1.073_741_824, "0.931 of (GB for GiB?)"),
];

/// Compares `printed`, as it is written, with the metric's whole measurements of `case`, or of every case.
///
/// Gives nothing where no such sample is there.
pub fn check_figure(record: &Record, metric: &Metric, case: Option<&str>, printed: &str) -> Option<Checked> {
    let value: f64 = printed.parse().ok()?;
    let known = candidates(record, metric, case);
    let of = |known: &Candidate, agrees: bool, said: String| Checked {
        agrees,
        case: known.case.clone(),
        measured: known.value,
        said,
    };
    let measured = |known: &Candidate| format!("{} of `{}`", metric.print_with_unit(known.value), known.case);
    let close = |known: &&Candidate, factor: f64| match known.value == 0.0 {
        true => value == 0.0,
        false => (value / (known.value * factor) - 1.0).abs() <= rounding(printed),
    };
    if let Some(found) = known.iter().find(|known| close(known, 1.0)) {
        return Some(match &found.doubt {
            Some(why) => of(found, false, format!("it is the {}, which is invalid: {why}", measured(found))),
            None => of(found, true, format!("it is the {} {}", found.what, measured(found))),
        });
    }
    for (factor, words) in slips(metric) {
        if let Some(found) = known.iter().filter(|known| known.value != 0.0).find(|known| close(known, *factor)) {
            return Some(of(found, false, format!("{words} the {} {}", found.what, measured(found))));
        }
    }
    let distance = |known: &&Candidate| match value == 0.0 || known.value == 0.0 {
        true => f64::MAX,
        false => (value / known.value).abs().ln().abs(),
    };
    let nearest = known.iter().min_by(|one, other| distance(one).total_cmp(&distance(other)))?;
    let factor = value / nearest.value;
    let apart = (factor - 1.0).abs() * 100.0;
    let said = match (apart < 10.0, factor.is_finite() && factor != 0.0) {
        (true, _) => format!("not the measured {}: {} % from it", measured(nearest), significant(apart, 1)),
        (_, true) => format!("{} times the measured {}", significant(factor, 3), measured(nearest)),
        (_, false) => format!("not the measured {}", measured(nearest)),
    };
    Some(of(nearest, false, said))
}

/// What a printed figure may be: the median that labkit prints of a case, or one measurement.
struct Candidate {
    case: String,
    value: f64,
    what: &'static str,
    /// Why it may not be believed.
    doubt: Option<String>,
}

fn candidates(record: &Record, metric: &Metric, case: Option<&str>) -> Vec<Candidate> {
    let median = |row: comparison::Row| Candidate { case: row.case, value: row.median, what: "median of", doubt: None };
    let medians = comparison::medians(record, metric).into_iter().filter(|row| row.valid && row.n > 1).map(median);
    let whole = |sample: &&Sample| sample.metric == metric.name && sample.labels.is_empty() && sample.value.is_finite();
    let doubt = |sample: &Sample| {
        let why = || sample.why.clone().unwrap_or_else(|| "no reason was recorded".to_owned());
        (!sample.valid).then(why)
    };
    let one = |sample: &Sample| Candidate {
        case: sample.case.clone(),
        value: sample.value,
        what: "measured",
        doubt: doubt(sample),
    };
    let all = medians.chain(record.samples.iter().filter(whole).map(one));
    all.filter(|known| case.is_none_or(|case| known.case == case)).collect()
}

/// The slips that the metric's unit allows: there are no bytes in GFLOPS.
fn slips(metric: &Metric) -> impl Iterator<Item = &'static (f64, &'static str)> {
    let has_bytes = metric.unit.contains("bit") || metric.unit.contains('B');
    SLIPS.iter().filter(move |(_, words)| has_bytes || !words.contains('('))
}

/// Half a unit of the last digit printed, relative, and at least what a second rounding leaves open.
fn rounding(printed: &str) -> f64 {
    let digits = printed.trim_start_matches('-').split(['e', 'E']).next().unwrap_or(printed);
    let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len()) as i32;
    let value: f64 = digits.parse().unwrap_or(0.0);
    match value == 0.0 {
        true => 0.0,
        false => (0.51 * 10f64.powi(-decimals) / value.abs()).min(0.05) + 1e-9,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::store::tests::record;

    fn said(printed: &str) -> (bool, String) {
        let record = record(&[("veth", &[9.4]), ("bridge", &[8.2])]);
        let metric = Metric::named("throughput_gbit_s").unwrap();
        let checked = check_figure(&record, metric, None, printed).unwrap();
        (checked.agrees, checked.said)
    }

    #[test]
    fn a_figure_agrees_to_the_digits_that_were_printed() {
        for printed in ["9.4", "9.40", "9", "8.2"] {
            assert!(said(printed).0, "{printed}");
        }
        assert_eq!(said("9.3"), (false, "not the measured 9.40 Gbit/s of `veth`: 1 % from it".into()));
    }

    #[test]
    fn the_median_that_is_printed_is_a_figure_too() {
        let record = record(&[("veth", &[9.0, 8.0])]);
        let metric = Metric::named("throughput_gbit_s").unwrap();
        let checked = check_figure(&record, metric, None, "8.50").unwrap();
        assert_eq!((checked.agrees, checked.said.as_str()), (true, "it is the median of 8.50 Gbit/s of `veth`"));
    }

    #[test]
    fn nothing_is_divided_by_zero_and_gflops_have_no_bytes() {
        let mut record = record(&[("veth", &[0.0])]);
        record.samples = vec![Sample::new("ping", "veth", "ping_loss_percent", 0.0).unwrap()];
        let loss = Metric::named("ping_loss_percent").unwrap();
        assert!(check_figure(&record, loss, None, "0").unwrap().agrees);
        assert_eq!(check_figure(&record, loss, None, "5").unwrap().said, "not the measured 0 % of `veth`");
        record.samples = vec![Sample::new("hpcc", "veth", "hpl_gflops", 3.635).unwrap()];
        let said = check_figure(&record, Metric::named("hpl_gflops").unwrap(), None, "29.08").unwrap().said;
        assert_eq!(said, "8.00 times the measured 3.635 GFLOPS of `veth`");
    }

    #[test]
    fn slips_have_names() {
        assert_eq!(said("94").1, "ten times the measured 9.40 Gbit/s of `veth`");
        assert_eq!(said("1.175").1, "an eighth of (bytes for bits?) the measured 9.40 Gbit/s of `veth`");
        assert_eq!(said("9400").1, "a thousand times the measured 9.40 Gbit/s of `veth`");
        assert_eq!(said("21").1, "2.23 times the measured 9.40 Gbit/s of `veth`");
    }

    #[test]
    fn what_was_not_measured_is_compared_with_nothing() {
        let record = record(&[("veth", &[9.4])]);
        assert_eq!(check_figure(&record, Metric::named("hpl_gflops").unwrap(), None, "1"), None);
    }
}
