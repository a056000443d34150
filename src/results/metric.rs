//! A metric: its unit, direction and plausible range, and how it is printed.

use serde::Serialize;

use super::registry::METRICS;
use crate::error::{Error, Result};

/// Which way is an improvement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    More,
    Less,
}

/// One row of the registry.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Metric {
    /// The unit is part of the name: `ping_median_ms`.
    pub name: &'static str,
    pub unit: &'static str,
    /// How a person calls it, for headings.
    pub title: &'static str,
    pub better: Better,
    /// Below or above this a value is a mistake, not a measurement.
    pub plausible: (f64, f64),
    /// Significant digits that are shown; what is beyond them is noise.
    pub digits: i32,
}

impl Metric {
    /// The registry's row of this name, or an error that suggests the nearest.
    pub fn named(name: &str) -> Result<&'static Metric> {
        METRICS.iter().find(|metric| metric.name == name).ok_or_else(|| {
            let near = crate::error::nearest(name, METRICS.iter().map(|metric| metric.name));
            Error::usage(format!("`{name}` is not a metric")).hint(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`labkit results --metrics` lists them".to_owned(),
            })
        })
    }

    /// Why `value` cannot be a measurement of this metric, or nothing if it can.
    pub fn objection(&self, value: f64) -> Option<String> {
        let (low, high) = self.plausible;
        let inside = value.is_finite() && (low..=high).contains(&value);
        (!inside).then(|| format!("{value} {} is outside the plausible {low} to {high}", self.unit))
    }

    /// The value with its significant digits and without the unit.
    pub fn print(&self, value: f64) -> String {
        significant(value, self.digits)
    }

    /// The value with its significant digits and the unit.
    pub fn print_with_unit(&self, value: f64) -> String {
        format!("{} {}", self.print(value), self.unit)
    }
}

/// `value` with so many significant digits, never in exponent form.
pub fn significant(value: f64, digits: i32) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    let decimals = |value: f64| (digits - 1 - value.abs().log10().floor() as i32).clamp(0, 9) as usize;
    // Rounding may carry into a new digit: 9.999 is 10.0, not 10.00.
    let rounded = format!("{value:.*}", decimals(value)).parse().unwrap_or(value);
    format!("{value:.*}", decimals(if rounded == 0.0 { value } else { rounded }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_beyond_every_wire_is_no_measurement() {
        let throughput = Metric::named("throughput_gbit_s").unwrap();
        assert_eq!(throughput.objection(12.5), None);
        assert!(throughput.objection(1e6).unwrap().contains("outside the plausible"));
        assert!(throughput.objection(f64::NAN).is_some());
    }

    #[test]
    fn three_digits_are_kept_wherever_the_point_is() {
        let printed: Vec<_> =
            [0.012345, 1.23456, 12.3456, 123.456, 123456.0, 9.999, 0.0].map(|v| significant(v, 3)).into();
        assert_eq!(printed, ["0.0123", "1.23", "12.3", "123", "123456", "10.0", "0"]);
    }

    #[test]
    fn a_misspelt_metric_is_told_its_neighbour() {
        assert_eq!(
            Metric::named("throughput_gbits").unwrap_err().what_to_try(),
            Some("did you mean `throughput_gbit_s`?")
        );
    }
}
