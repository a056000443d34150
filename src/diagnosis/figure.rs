//! A printed figure against what was measured: right, a power of ten off, another unit, or another case's.

use serde::Serialize;

use crate::results::{Metric, Record, Sample, metric::significant};

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
    let wanted = |sample: &&Sample| {
        sample.metric == metric.name && sample.labels.is_empty() && case.is_none_or(|case| sample.case == case)
    };
    let samples: Vec<&Sample> = record.samples.iter().filter(wanted).collect();
    let of = |sample: &Sample, agrees: bool, said: String| Checked {
        agrees,
        case: sample.case.clone(),
        measured: sample.value,
        said,
    };
    let measured = |sample: &Sample| format!("{} of `{}`", metric.print_with_unit(sample.value), sample.case);
    let close = |sample: &&&Sample, factor: f64| (value / (sample.value * factor) - 1.0).abs() <= rounding(printed);
    if let Some(sample) = samples.iter().find(|sample| close(sample, 1.0)) {
        let doubt = sample.why.as_ref().filter(|_| !sample.valid);
        return Some(match doubt {
            Some(why) => of(sample, false, format!("it is the {}, which is invalid: {why}", measured(sample))),
            None => of(sample, true, format!("it is the measured {}", measured(sample))),
        });
    }
    for (factor, words) in SLIPS {
        if let Some(sample) = samples.iter().find(|sample| close(sample, *factor)) {
            return Some(of(sample, false, format!("{words} the measured {}", measured(sample))));
        }
    }
    let distance = |sample: &&Sample| (value / sample.value).abs().ln().abs();
    let nearest = samples
        .iter()
        .copied()
        .filter(|sample| sample.value.is_finite())
        .min_by(|one, other| distance(one).total_cmp(&distance(other)))?;
    let factor = value / nearest.value;
    let apart = (factor - 1.0).abs() * 100.0;
    let said = match apart < 10.0 {
        true => format!("not the measured {}: {} % from it", measured(nearest), significant(apart, 1)),
        false => format!("{} times the measured {}", significant(factor, 3), measured(nearest)),
    };
    Some(of(nearest, false, said))
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
