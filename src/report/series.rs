//! What a chart draws: the samples of a metric, sorted by case and, for a line, by the label along x.

use super::proof;
use crate::{
    results::{Metric, Record, Sample},
    stats,
};

/// The samples of one case that stand for whole rounds.
#[derive(Debug)]
pub struct Spread<'a> {
    pub case: &'a str,
    /// Place among all cases of the run: the colour, the same in every figure.
    pub place: usize,
    pub valid: bool,
    /// Ascending.
    pub values: Vec<f64>,
}

/// One case along x.
#[derive(Debug)]
pub struct Series<'a> {
    pub case: &'a str,
    pub place: usize,
    pub valid: bool,
    /// Ascending in x.
    pub points: Vec<Point>,
}

/// What the rounds gave at one x.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    pub x: f64,
    pub q1: f64,
    pub median: f64,
    pub q3: f64,
    pub n: usize,
}

impl Spread<'_> {
    pub fn quantile(&self, q: f64) -> f64 {
        stats::quantile(&self.values, q)
    }
}

impl Series<'_> {
    /// The median of the medians: the height at which the case lies as a whole.
    pub fn median(&self) -> f64 {
        stats::median(&self.points.iter().map(|point| point.median).collect::<Vec<_>>())
    }

    /// The greatest number of samples at one x.
    pub fn rounds(&self) -> usize {
        self.points.iter().map(|point| point.n).max().unwrap_or(0)
    }
}

/// The samples of this metric without labels, per case.
pub fn spreads<'a>(record: &'a Record, metric: &Metric) -> Vec<Spread<'a>> {
    per_case(record, metric, |sample| sample.labels.is_empty())
        .map(|(place, case, samples)| {
            let mut values: Vec<f64> = samples.iter().map(|sample| sample.value).collect();
            values.sort_by(f64::total_cmp);
            Spread { case, place, valid: is_believable(record, metric, case), values }
        })
        .collect()
}

/// The samples of this metric that carry the label, per case and value of the label; a label that is no number
/// has no place on an axis.
pub fn along<'a>(record: &'a Record, metric: &Metric, label: &str) -> Vec<Series<'a>> {
    per_case(record, metric, |sample| x(sample, label).is_some())
        .map(|(place, case, samples)| {
            let valid = is_believable(record, metric, case);
            let mut pairs: Vec<(f64, f64)> =
                samples.iter().filter_map(|sample| Some((x(sample, label)?, sample.value))).collect();
            pairs.sort_by(|one, other| one.0.total_cmp(&other.0));
            let points = pairs.chunk_by(|one, other| one.0 == other.0).map(point).collect();
            Series { case, place, valid, points }
        })
        .collect()
}

/// How many samples are no measurement at all and therefore in no figure.
pub fn left_out(record: &Record, metric: &Metric) -> usize {
    record.samples.iter().filter(|sample| sample.metric == metric.name && !is_drawable(sample, metric)).count()
}

fn per_case<'a>(
    record: &'a Record,
    metric: &Metric,
    wanted: impl Fn(&Sample) -> bool,
) -> impl Iterator<Item = (usize, &'a str, Vec<&'a Sample>)> {
    let drawn = move |sample: &&Sample| sample.metric == metric.name && is_drawable(sample, metric) && wanted(sample);
    record
        .cases()
        .into_iter()
        .enumerate()
        .map(move |(place, case)| {
            let samples = record.samples.iter().filter(|sample| sample.case == case).filter(&drawn).collect();
            (place, case, samples)
        })
        .filter(|(_, _, samples): &(usize, &str, Vec<&Sample>)| !samples.is_empty())
        .collect::<Vec<_>>()
        .into_iter()
}

/// An impossible value would stretch the axis until nothing else can be seen.
fn is_drawable(sample: &Sample, metric: &Metric) -> bool {
    metric.objection(sample.value).is_none()
}

/// One sample in doubt puts the case in doubt, also where that sample itself is not drawn.
fn is_believable(record: &Record, metric: &Metric, case: &str) -> bool {
    let mut samples = record.samples.iter().filter(|sample| sample.case == case && sample.metric == metric.name);
    !proof::is_refuted(record, case) && samples.all(|sample| sample.valid)
}

fn x(sample: &Sample, label: &str) -> Option<f64> {
    sample.labels.get(label)?.trim().parse().ok().filter(|x: &f64| x.is_finite())
}

fn point(pairs: &[(f64, f64)]) -> Point {
    let values: Vec<f64> = pairs.iter().map(|(_, value)| *value).collect();
    Point {
        x: pairs.first().map_or(0.0, |(x, _)| *x),
        q1: stats::quantile(&values, 0.25),
        median: stats::median(&values),
        q3: stats::quantile(&values, 0.75),
        n: values.len(),
    }
}
