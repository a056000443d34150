//! Each chart of a run as an SVG file with a name and a caption.

use super::{
    proof, series,
    series::{Series, Spread},
    svg,
    wording::{count, direction, metric_in_unit, plain, sentence_case, slug},
};
use crate::results::{
    Metric, Record, Section,
    section::{Chart, ChartKind},
};

/// One figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// What its file is called, without `.svg`: `throughput-line`, unlike every other of the run.
    pub name: String,
    /// What is seen: metric, unit, n, and what the marks stand for.
    pub caption: String,
    /// A whole SVG file, legible on white.
    pub svg: String,
}

/// The figures of all charts, in the order of the run's sections.
pub fn all(record: &Record) -> Vec<Figure> {
    let mut figures: Vec<Figure> = Vec::new();
    for section in &record.run.sections {
        if let Section::Chart(chart) = section {
            let name = unlike(&figures, name(chart));
            let (caption, svg) = draw(record, chart, &name);
            figures.push(Figure { name, caption, svg });
        }
    }
    figures
}

/// `throughput-line`
fn name(chart: &Chart) -> String {
    let of = Metric::named(&chart.metric).map_or(chart.metric.as_str(), |metric| metric.title);
    let kind = match chart.kind {
        ChartKind::Line => "line",
        ChartKind::Box => "box",
    };
    slug(&format!("{of} {kind}"))
}

fn unlike(figures: &[Figure], name: String) -> String {
    let taken = |name: &String| figures.iter().any(|figure| figure.name == *name);
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    std::iter::once(name.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or(name)
}

/// Caption and SVG.
fn draw(record: &Record, chart: &Chart, name: &str) -> (String, String) {
    let title = plain(&chart.title);
    let Ok(metric) = Metric::named(&chart.metric) else {
        let message = format!("no metric is called {}", plain(&chart.metric));
        return (sentence_case(&message) + ".", svg::empty(&title, &message));
    };
    match (chart.kind, &chart.x) {
        (ChartKind::Box, _) => boxes(record, &title, metric, &format!("{}-{name}", slug(&record.run.id))),
        (ChartKind::Line, Some(x)) => lines(record, &title, metric, x),
        (ChartKind::Line, None) => {
            let message = "the chart names no label for its x axis";
            (sentence_case(message) + ".", svg::empty(&title, message))
        }
    }
}

fn lines(record: &Record, title: &str, metric: &Metric, x: &str) -> (String, String) {
    let lines = series::along(record, metric, x);
    if lines.is_empty() {
        return none(record, title, metric);
    }
    let rounds = range(lines.iter().map(Series::rounds));
    let marks = match lines.iter().any(|line| line.rounds() > 1) {
        true => format!(
            "Lines are the median of the rounds, bands reach from the lower to the upper quartile; n\u{a0}=\u{a0}{rounds} per point."
        ),
        false => "Each line is one round.".to_owned(),
    };
    let invalid: Vec<&str> = lines.iter().filter(|line| !line.valid).map(|line| line.case).collect();
    let head = format!("{} by {}; {}.", titled(metric), plain(x), direction(metric));
    let caption = [head, marks, doubt(record, metric, &invalid, "dashed")];
    (joined(&caption), svg::line::draw(title, metric, x, &lines))
}

fn boxes(record: &Record, title: &str, metric: &Metric, id: &str) -> (String, String) {
    let cases = series::spreads(record, metric);
    if cases.is_empty() {
        return none(record, title, metric);
    }
    let n = range(cases.iter().map(|case: &Spread| case.values.len()));
    let marks = format!(
        "Boxes reach from the lower to the upper quartile with the median as a bar, whiskers to the smallest and \
         the largest sample, dots are the samples; n\u{a0}=\u{a0}{n} per case."
    );
    let invalid: Vec<&str> = cases.iter().filter(|case| !case.valid).map(|case| case.case).collect();
    let head = format!("{}; {}.", titled(metric), direction(metric));
    let caption = [head, marks, doubt(record, metric, &invalid, "hatched")];
    (joined(&caption), svg::boxes::draw(title, id, metric, &cases))
}

fn none(record: &Record, title: &str, metric: &Metric) -> (String, String) {
    let head = format!("{}: no samples.", titled(metric));
    (joined(&[head, doubt(record, metric, &[], "")]), svg::empty(title, "no samples"))
}

/// What a reader must know before believing the figure.
fn doubt(record: &Record, metric: &Metric, invalid: &[&str], marked: &str) -> String {
    let mut sentences: Vec<String> = invalid
        .iter()
        .map(|case| {
            let proofs = record.proofs.iter().filter(|proof| proof.case == *case && !proof.valid);
            let why = proofs.flat_map(proof::reasons).next();
            let why = why.unwrap_or_else(|| "some of its samples are".to_owned());
            format!("{} is invalid and therefore {marked}: {why}.", plain(case))
        })
        .collect();
    match series::left_out(record, metric) {
        0 => {}
        number => sentences.push(format!("Not drawn: {} of impossible value.", count(number, "sample"))),
    }
    sentences.join(" ")
}

fn titled(metric: &Metric) -> String {
    sentence_case(&metric_in_unit(metric))
}

fn range(numbers: impl Iterator<Item = usize>) -> String {
    let (low, high) = numbers.fold((usize::MAX, 0), |(low, high), n| (low.min(n), high.max(n)));
    if low == high { low.to_string() } else { format!("{low} to {high}") }
}

fn joined(sentences: &[String]) -> String {
    sentences.iter().filter(|sentence| !sentence.is_empty()).cloned().collect::<Vec<_>>().join(" ")
}
