//! What series and proofs show: paths that were not taken, rates that fall, first rounds that are slow.

use std::collections::BTreeSet;

use super::Finding;
use crate::{
    results::{Record, Sample, proof},
    stats,
};

/// Everything that is not in a single text.
pub fn findings(record: &Record) -> Vec<Finding> {
    let mut found = refuted(record);
    found.extend(contradictions(record));
    for case in &record.run.cases {
        found.extend(falling(record, case));
        found.extend(cold(record, case));
    }
    found
}

fn finding(record: &Record, case: &str, cause: &'static str, title: &str, evidence: String) -> Finding {
    Finding {
        cause,
        run: record.run.id.clone(),
        cases: vec![case.to_owned()],
        title: title.to_owned(),
        evidence,
        remedy: None,
        factor: None,
    }
}

fn refuted(record: &Record) -> Vec<Finding> {
    let invalid = record.proofs.iter().filter(|proof| !proof.valid);
    invalid.map(|proof| finding(record, &proof.case, "path", "the path was not taken", proof.why.join("; "))).collect()
}

/// Samples that a cross-check or a plausible range objects to, though their text is trusted; a reason once for a case.
fn contradictions(record: &Record) -> Vec<Finding> {
    let trusted = |sample: &Sample| {
        record
            .readings
            .iter()
            .any(|reading| reading.case == sample.case && reading.raw == sample.raw && reading.verdict.is_trusted())
    };
    let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut found = Vec::new();
    for sample in record.samples.iter().filter(|sample| !sample.valid && trusted(sample)) {
        let why = sample.why.as_deref().unwrap_or("no reason was recorded");
        if !proof::is_refuted(record, &sample.case) && seen.insert((&sample.case, why)) {
            let title = "figures contradict each other, or are none";
            found.push(finding(record, &sample.case, "contradiction", title, why.to_owned()));
        }
    }
    found
}

/// Of a series by seconds, what the last third is to the first.
fn falling(record: &Record, case: &str) -> Option<Finding> {
    let of_second = |sample: &&Sample| sample.case == case && sample.metric == "throughput_gbit_s" && sample.valid;
    let mut seconds: Vec<(u32, f64)> = record
        .samples
        .iter()
        .filter(of_second)
        .filter_map(|sample| Some((sample.labels.get("second")?.parse().ok()?, sample.value)))
        .collect();
    seconds.sort_by_key(|(second, _)| *second);
    let last = seconds.last()?.0;
    if last < 6 {
        return None;
    }
    let third = |from: u32, to: u32| {
        let values = seconds.iter().filter(|(second, _)| (from..=to).contains(second)).map(|(_, value)| *value);
        stats::median(&values.collect::<Vec<_>>())
    };
    let (first, end) = (third(1, last / 3), third(last - last / 3 + 1, last));
    (end < 0.8 * first).then(|| Finding {
        remedy: Some("let it cool down, look for another load, and repeat".to_owned()),
        factor: Some(first / end),
        ..finding(
            record,
            case,
            "falling_rate",
            "the rate falls: throttling, or another load",
            format!("{first:.3} Gbit/s in the first third of {last} s, {end:.3} in the last"),
        )
    })
}

/// The first round against the others.
fn cold(record: &Record, case: &str) -> Option<Finding> {
    let whole =
        |sample: &&Sample| sample.case == case && sample.metric == "throughput_gbit_s" && sample.labels.is_empty();
    let of = |first: bool| -> Vec<f64> {
        let rounds = record.samples.iter().filter(whole).filter(|sample| sample.valid);
        rounds
            .filter(|sample| sample.round.is_some_and(|round| (round == 1) == first))
            .map(|sample| sample.value)
            .collect()
    };
    let (first, later) = (*of(true).first()?, of(false));
    let slowest = later.iter().copied().fold(f64::INFINITY, f64::min);
    (later.len() >= 3 && first < 0.8 * slowest).then(|| {
        let evidence = format!("{first:.3} Gbit/s in round 1, at least {slowest:.3} in the {} after it", later.len());
        finding(record, case, "cold_start", "the first round was cold", evidence)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::store::tests::record;

    fn causes(record: &Record) -> Vec<&str> {
        findings(record).into_iter().map(|finding| finding.cause).collect()
    }

    #[test]
    fn a_cold_first_round_is_told_and_an_ordinary_spread_is_not() {
        assert_eq!(causes(&record(&[("veth", &[6.0, 10.0, 10.2, 9.8])])), ["cold_start"]);
        assert_eq!(causes(&record(&[("veth", &[8.5, 10.0, 10.2, 9.8])])), [""; 0]);
    }

    #[test]
    fn a_rate_that_falls_within_the_stream_is_told() {
        let mut record = record(&[("veth", &[10.0])]);
        let second = |second: u32| {
            let rate = if second <= 6 { 10.0 } else { 5.0 };
            Sample::new("tcp", "veth", "throughput_gbit_s", rate).unwrap().label("second", second)
        };
        record.samples.extend((1..=9).map(second));
        assert_eq!(causes(&record), ["falling_rate"]);
        assert_eq!(findings(&record)[0].evidence, "10.000 Gbit/s in the first third of 9 s, 5.000 in the last");
    }
}
