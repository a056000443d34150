//! Cross-checks: figures of one text that contradict each other, or what physics allows.

use std::collections::BTreeMap;

use super::reading::{Figure, Reading};

/// Why some figures of a reading are not to be believed.
#[derive(Debug, Clone, PartialEq)]
pub struct Objection {
    metrics: &'static [&'static str],
    /// Labels the figure must have; none means the whole measurement.
    pub labels: Vec<(&'static str, String)>,
    pub why: String,
}

impl Objection {
    fn to(metrics: &'static [&'static str], why: String) -> Objection {
        Objection { metrics, labels: Vec::new(), why }
    }

    /// True where it speaks of this metric.
    pub fn concerns(&self, metric: &str) -> bool {
        self.metrics.contains(&metric)
    }
}

/// Everything that does not hold, each with the numbers that contradict.
pub fn objections(reading: &Reading) -> Vec<Objection> {
    let mut found = Vec::new();
    rate_follows_from_time(reading, &mut found);
    let checks = [no_more_than_dgemm, star_is_below_single, round_trips_are_ordered, no_more_than_the_link];
    found.extend(checks.iter().filter_map(|check| check(reading)));
    found
}

/// Floating-point operations of HPL for a matrix of order `n`.
pub fn hpl_operations(n: f64) -> f64 {
    2.0 / 3.0 * n.powi(3) + 1.5 * n.powi(2)
}

/// 1 %, and what a time of two decimals leaves open.
fn rate_follows_from_time(reading: &Reading, found: &mut Vec<Objection>) {
    const METRICS: &[&str] = &["hpl_gflops", "hpl_s"];
    // The first of its labels, found without a look at each for each.
    let mut times: BTreeMap<&[(&str, String)], &Figure> = BTreeMap::new();
    for time in reading.figures.iter().filter(|figure| figure.metric == "hpl_s") {
        times.entry(&time.labels).or_insert(time);
    }
    for rate in reading.figures.iter().filter(|figure| figure.metric == "hpl_gflops") {
        let Some(time) = times.get(rate.labels.as_slice()) else { continue };
        let label = |name| rate.labels.iter().find(|(label, _)| *label == name).and_then(|(_, n)| n.parse().ok());
        let Some(n) = label("n").or_else(|| reading.number("HPL_N")) else { continue };
        let expected = hpl_operations(n) / time.value / 1e9;
        // A line of HPL prints its time in hundredths of a second; the summary has six digits.
        let is_line = !rate.labels.is_empty() || reading.bench == "hpl";
        let rounding = if is_line { 0.005 / (time.value - 0.005).max(0.001) } else { 0.0 };
        if time.value > 0.0 && (rate.value / expected - 1.0).abs() > 0.01 + rounding {
            found.push(Objection {
                metrics: METRICS,
                labels: rate.labels.clone(),
                why: format!(
                    "{} GFLOPS contradict N = {n} in {} s, which are {expected:.4} GFLOPS",
                    rate.value, time.value
                ),
            });
        }
    }
}

/// HPL spends its time in DGEMM. The reference BLAS is up to 1.41 times faster on HPL's narrow updates than on the
/// square matrices of the DGEMM test, so half as much again is allowed.
const ABOVE_DGEMM: f64 = 1.5;

fn no_more_than_dgemm(reading: &Reading) -> Option<Objection> {
    let (hpl, dgemm) = (reading.value("hpl_gflops")?, reading.value("dgemm_star_gflops")?);
    let ranks = reading.number("HPLMaxProcs").or_else(|| reading.number("CommWorldProcs"))?;
    let limit = ABOVE_DGEMM * dgemm * ranks;
    (dgemm > 0.0 && hpl > limit).then(|| {
        Objection::to(
            &["hpl_gflops"],
            format!("{hpl} GFLOPS of HPL are more than {ranks} ranks × {dgemm} GFLOPS of DGEMM × {ABOVE_DGEMM} allow"),
        )
    })
}

/// All ranks at once are no faster, each, than one alone.
fn star_is_below_single(reading: &Reading) -> Option<Objection> {
    let (star, single) = (reading.value("dgemm_star_gflops")?, reading.value("dgemm_single_gflops")?);
    (single > 0.0 && star > 1.5 * single).then(|| {
        Objection::to(
            &["dgemm_star_gflops", "dgemm_single_gflops"],
            format!(
                "{star} GFLOPS of each rank while all compute, {single} of one alone: something else used the machine, or \
                 ranks share a CPU, and those that wait take its time"
            ),
        )
    })
}

fn round_trips_are_ordered(reading: &Reading) -> Option<Objection> {
    const ORDER: &[&str] = &["ping_min_ms", "ping_median_ms", "ping_p95_ms", "ping_p99_ms", "ping_max_ms"];
    let values: Vec<(&str, f64)> = ORDER.iter().filter_map(|metric| Some((*metric, reading.value(metric)?))).collect();
    let wrong = values.windows(2).find(|pair| pair[0].1 > pair[1].1)?;
    Some(Objection::to(ORDER, format!("{} {} is above {} {}", wrong[0].0, wrong[0].1, wrong[1].0, wrong[1].1)))
}

/// 1 % above the link's nominal rate is the tolerance of the clocks.
fn no_more_than_the_link(reading: &Reading) -> Option<Objection> {
    let (rate, link) = (reading.value("throughput_gbit_s")?, reading.number("link_gbit_s")?);
    (rate > link * 1.01)
        .then(|| Objection::to(&["throughput_gbit_s"], format!("{rate} Gbit/s are more than the link's {link} Gbit/s")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::reading::Verdict;

    fn reading(figures: &[(&'static str, f64)], facts: &[(&str, &str)]) -> Reading {
        let mut reading = Reading { verdict: Verdict::Complete, ..Reading::of("hpcc") };
        figures.iter().for_each(|(metric, value)| reading.figure(metric, *value));
        facts.iter().for_each(|(name, value)| reading.fact(name, value));
        reading
    }

    fn why(figures: &[(&'static str, f64)], facts: &[(&str, &str)]) -> Vec<String> {
        objections(&reading(figures, facts)).into_iter().map(|objection| objection.why).collect()
    }

    #[test]
    fn gflops_ten_times_too_high_contradict_their_own_time() {
        let facts = [("HPL_N", "5000")];
        assert_eq!(why(&[("hpl_gflops", 3.63534), ("hpl_s", 22.9334)], &facts), [""; 0]);
        let said = why(&[("hpl_gflops", 36.3534), ("hpl_s", 22.9334)], &facts);
        assert_eq!(said, ["36.3534 GFLOPS contradict N = 5000 in 22.9334 s, which are 3.6353 GFLOPS"]);
    }

    #[test]
    fn hpl_above_all_ranks_dgemm_is_refused_but_not_the_reference_blas() {
        let facts = [("HPLMaxProcs", "3")];
        assert_eq!(why(&[("hpl_gflops", 8.0), ("dgemm_star_gflops", 2.0)], &facts), [""; 0]);
        assert_eq!(why(&[("hpl_gflops", 9.1), ("dgemm_star_gflops", 2.0)], &facts).len(), 1);
    }

    #[test]
    fn an_objection_makes_the_samples_it_speaks_of_invalid_and_no_others() {
        let reading = reading(&[("ping_min_ms", 2.0), ("ping_median_ms", 1.0), ("ping_loss_percent", 0.0)], &[]);
        let valid: Vec<bool> = reading.samples().unwrap().iter().map(|sample| sample.valid).collect();
        assert_eq!(valid, [false, false, true]);
    }

    #[test]
    fn more_than_the_link_carries_is_no_measurement() {
        let mut reading = reading(&[("throughput_gbit_s", 1.2)], &[]);
        assert_eq!(objections(&reading), []);
        reading.provenance.insert("link_gbit_s".into(), "1".into());
        assert_eq!(objections(&reading)[0].why, "1.2 Gbit/s are more than the link's 1 Gbit/s");
    }
}
