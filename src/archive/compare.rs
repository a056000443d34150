//! The samples recorded of one raw text beside those that it gives today.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{
    finding::{Figure, Finding},
    rederive::Recorded,
};
use crate::results::Sample;

/// What the comparison of one text came to.
#[derive(Debug, Default)]
pub struct Compared {
    /// Recorded samples with a counterpart in the text.
    pub rederived: usize,
    /// Valid figures of the text that were not recorded, where that is no finding.
    pub unrecorded: usize,
    pub findings: Vec<Finding>,
}

/// Pairs equal values first, whatever their order, and then what is left of the same figure.
/// A sample of a case in `refuted` may be invalid although its text is not. Where the run `is_whole`, a valid figure
/// of the text must have been recorded; else it is only counted.
pub fn compare(
    raw: &str,
    recorded: Vec<Recorded>,
    derived: Vec<Sample>,
    refuted: &BTreeSet<String>,
    is_whole: bool,
) -> Compared {
    let mut same: BTreeMap<(Figure, u64), VecDeque<Sample>> = BTreeMap::new();
    for sample in derived {
        same.entry((Figure::from(&sample), bits(sample.value))).or_default().push_back(sample);
    }
    let mut compared = Compared::default();
    let mut left = Vec::new();
    for recorded in recorded {
        let key = (Figure::from(&recorded.sample), bits(recorded.sample.value));
        match same.get_mut(&key).and_then(VecDeque::pop_front) {
            Some(derived) => compared.equal(recorded, &derived, refuted),
            None => left.push((key.0, recorded)),
        }
    }
    let mut others: BTreeMap<Figure, VecDeque<Sample>> = BTreeMap::new();
    for ((figure, _), samples) in same {
        others.entry(figure).or_default().extend(samples);
    }
    for (figure, Recorded { line, sample }) in left {
        let (recorded, raw) = (sample.value, raw.to_owned());
        let other = others.get_mut(&figure).and_then(VecDeque::pop_front);
        compared.rederived += usize::from(other.is_some());
        compared.findings.push(match other {
            Some(derived) => Finding::Differs { line, figure, recorded, derived: derived.value, raw },
            None => Finding::NotInRaw { line, figure, recorded, raw },
        });
    }
    for sample in others.into_values().flatten().filter(|sample| sample.valid) {
        if !is_whole {
            compared.unrecorded += 1;
            continue;
        }
        let (figure, derived, raw) = (Figure::from(&sample), sample.value, raw.to_owned());
        compared.findings.push(Finding::Missing { figure, derived, raw });
    }
    compared
}

impl Compared {
    fn equal(&mut self, recorded: Recorded, derived: &Sample, refuted: &BTreeSet<String>) {
        self.rederived += 1;
        if recorded.sample.valid && !derived.valid {
            let why = derived.why.clone().unwrap_or_else(|| "its text may not be believed".to_owned());
            self.findings.push(Finding::NotValid { line: recorded.line, figure: (&recorded.sample).into(), why });
        }
        // Leaving out what does not please is as good as changing it.
        if !recorded.sample.valid && derived.valid && !refuted.contains(&recorded.sample.case) {
            let why = recorded.sample.why.clone().unwrap_or_else(|| "no reason given".to_owned());
            self.findings.push(Finding::Doubted { line: recorded.line, figure: (&recorded.sample).into(), why });
        }
    }
}

/// A value as a key: every NaN is the same, and the zeros are one.
fn bits(value: f64) -> u64 {
    match value {
        value if value.is_nan() => f64::NAN.to_bits(),
        0.0 => 0,
        value => value.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use std::slice;

    use super::*;

    fn second(second: u32, value: f64) -> Sample {
        Sample::new("tcp", "veth", "throughput_gbit_s", value).unwrap().label("second", second)
    }

    fn told(recorded: &[Sample], derived: &[Sample]) -> Vec<String> {
        let recorded =
            recorded.iter().zip(1..).map(|(sample, line)| Recorded { line, sample: sample.clone() }).collect();
        let found = compare("t.json", recorded, derived.to_vec(), &BTreeSet::new(), true).findings;
        found.iter().map(Finding::to_string).collect()
    }

    #[test]
    fn the_same_in_another_order_is_the_same() {
        let (one, two) = (second(1, 1.5), second(2, f64::NAN));
        assert_eq!(told(&[one.clone(), two.clone()], &[two, one]), [""; 0]);
    }

    #[test]
    fn only_what_was_changed_is_told() {
        let told =
            told(&[second(1, 1.5), second(1, 9.0), second(1, 3.5)], &[second(1, 1.5), second(1, 2.5), second(1, 3.5)]);
        assert_eq!(told, ["samples.jsonl line 2: throughput_gbit_s of veth, second 1 is 9, raw/t.json says 2.5"]);
    }

    #[test]
    fn what_was_left_out_and_what_was_added_are_told() {
        assert_eq!(
            told(&[second(3, 1.5)], &[second(1, 1.5)]),
            [
                "samples.jsonl line 1: throughput_gbit_s of veth, second 3 is 1.5 Gbit/s, raw/t.json has no such figure",
                "raw/t.json: throughput_gbit_s of veth, second 1 is 1.5, samples.jsonl does not have it"
            ]
        );
    }

    #[test]
    fn a_doubt_needs_a_reason_and_may_not_be_taken_away() {
        let (good, bad) = (second(1, 1.5), second(1, 1.5).invalidate("too good"));
        assert_eq!(
            told(slice::from_ref(&bad), slice::from_ref(&good)),
            [
                "samples.jsonl line 1: throughput_gbit_s of veth, second 1 is marked invalid (too good), and nothing else says so"
            ]
        );
        let recorded = vec![Recorded { line: 1, sample: bad.clone() }];
        let refuted = BTreeSet::from(["veth".to_owned()]);
        assert_eq!(compare("t.json", recorded, vec![good.clone()], &refuted, true).findings, []);
        let told = told(&[good], &[bad]);
        assert_eq!(
            told,
            ["samples.jsonl line 1: throughput_gbit_s of veth, second 1 counts as valid, and is not: too good"]
        );
    }
}
