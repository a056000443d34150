//! The metric registry as a table for the terminal.

use crate::{
    columns::columns,
    results::{Better, Metric},
};

/// One line for each metric: name, unit, which way is better, plausible range, title.
pub fn text(metrics: &[Metric]) -> String {
    let row = |metric: &Metric| {
        let (low, high) = metric.plausible;
        vec![
            metric.name.to_owned(),
            metric.unit.to_owned(),
            better(metric.better).to_owned(),
            number(low),
            number(high),
            metric.title.to_owned(),
        ]
    };
    let rows: Vec<_> = metrics.iter().map(row).collect();
    columns(&["metric", "unit", "better", "from", "to", "what"], &rows, &[3, 4], None)
}

fn better(better: Better) -> &'static str {
    match better {
        Better::More => "more",
        Better::Less => "less",
    }
}

/// In exponent form where the digits would have to be counted.
fn number(value: f64) -> String {
    match value.abs() {
        1e-4..1e7 => value.to_string(),
        0.0 => "0".to_owned(),
        _ => format!("{value:e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::registry::METRICS;

    #[test]
    fn a_metric_is_a_line_with_its_range() {
        let text = text(METRICS);
        assert_eq!(text.lines().count(), METRICS.len() + 1);
        let line = text.lines().find(|line| line.starts_with("throughput_gbit_s ")).unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words, ["throughput_gbit_s", "Gbit/s", "more", "1e-6", "10000", "throughput"]);
        assert!(text.contains(" 1e300 "));
    }
}
