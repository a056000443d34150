//! An axis: which values it runs over, where each lies, and ticks at 1, 2 and 5.

/// Above this ratio of the largest to the smallest, a linear axis shows only the largest.
const WIDE: f64 = 50.0;

/// Of a logarithmic axis; with more, only the powers of ten are kept.
const MOST_TICKS: usize = 13;

/// More intervals than this between ticks are hard to read.
const INTERVALS: f64 = 6.5;

/// Values on one side, pixels on the other.
#[derive(Debug, Clone)]
pub struct Axis {
    low: f64,
    high: f64,
    pixels: (f64, f64),
    pub ticks: Vec<f64>,
    pub logarithmic: bool,
}

impl Axis {
    /// From zero to a round number above `high`.
    pub fn from_zero(high: f64, pixels: (f64, f64)) -> Axis {
        let high = if high > 0.0 { high } else { 1.0 };
        Axis::linear(0.0, high, pixels)
    }

    /// Between round numbers around `low` and `high`; from zero unless that would squeeze the values into less
    /// than a third of the axis.
    pub fn around(low: f64, high: f64, pixels: (f64, f64)) -> Axis {
        if low >= 0.0 && high - low >= high / 3.0 || low == high {
            return Axis::from_zero(high, pixels);
        }
        Axis::linear(low, high, pixels)
    }

    /// Exactly from `low` to `high`, ticks inside: for a count along x such as seconds.
    pub fn exactly(low: f64, high: f64, pixels: (f64, f64)) -> Axis {
        let (low, high) = if low < high { (low, high) } else { (low - 0.5, high + 0.5) };
        let whole = low.fract() == 0.0 && high.fract() == 0.0;
        let step = step((high - low) / 10.0).max(if whole { 1.0 } else { 0.0 });
        let ticks = multiples(step, (low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
        Axis { low, high, pixels, ticks, logarithmic: false }
    }

    /// Equal ratios at equal distances, between powers of ten (or their double or fivefold).
    pub fn logarithmic(low: f64, high: f64, pixels: (f64, f64)) -> Axis {
        let decades = low.log10().floor() as i32..=high.log10().floor() as i32 + 1;
        let factors = [1.0, 2.0, 5.0];
        let all: Vec<f64> = decades.flat_map(|decade| factors.map(|factor| factor * 10f64.powi(decade))).collect();
        let low = all.iter().copied().filter(|tick| *tick <= low * 1.000_001).fold(f64::MIN, f64::max).max(all[0]);
        let high = all.iter().copied().filter(|tick| *tick >= high * 0.999_999).fold(f64::MAX, f64::min);
        let inside: Vec<f64> = all.into_iter().filter(|tick| (low..=high).contains(tick)).collect();
        let is_power = |tick: &f64| (tick.log10() - tick.log10().round()).abs() < 1e-9;
        let ticks = match inside.len() {
            0..MOST_TICKS => inside,
            _ => inside.into_iter().filter(is_power).collect(),
        };
        Axis { low, high, pixels, ticks, logarithmic: true }
    }

    /// Equal ratios at equal distances from exactly `low` to `high`, without ticks.
    pub fn ratios(low: f64, high: f64, pixels: (f64, f64)) -> Axis {
        Axis { low, high, pixels, ticks: Vec::new(), logarithmic: true }
    }

    fn linear(low: f64, high: f64, pixels: (f64, f64)) -> Axis {
        let step = step((high - low) / INTERVALS);
        let (first, last) = ((low / step + 1e-9).floor(), (high / step - 1e-9).ceil());
        Axis { low: first * step, high: last * step, pixels, ticks: multiples(step, first, last), logarithmic: false }
    }

    /// The pixel of a value.
    pub fn at(&self, value: f64) -> f64 {
        let along = match self.logarithmic {
            true => (value / self.low).ln() / (self.high / self.low).ln(),
            false => (value - self.low) / (self.high - self.low),
        };
        self.pixels.0 + along.clamp(-0.01, 1.01) * (self.pixels.1 - self.pixels.0)
    }

    pub fn begins_at_zero(&self) -> bool {
        self.low == 0.0
    }

    /// A tick as it is written: no more digits than the step needs, thousands apart.
    pub fn print(&self, tick: f64) -> String {
        let step = match (self.logarithmic, self.ticks.as_slice()) {
            (false, [first, second, ..]) => second - first,
            _ => tick.abs(),
        };
        if tick == 0.0 {
            return "0".to_owned();
        }
        let exponent = step.log10().floor() as i32;
        match exponent {
            -5..=5 => grouped(&format!("{tick:.*}", (-exponent).max(0) as usize)),
            _ => scientific(tick),
        }
    }
}

/// True where the values are so far apart that only a logarithmic axis shows them all.
pub fn is_wide(low: f64, high: f64) -> bool {
    low > 0.0 && high / low > WIDE
}

/// The smallest of 1, 2, 5 times a power of ten that is not below `rough`.
fn step(rough: f64) -> f64 {
    let power = 10f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0].map(|f| f * power).into_iter().find(|step| *step >= rough * 0.999_999).unwrap_or(10.0 * power)
}

fn multiples(step: f64, first: f64, last: f64) -> Vec<f64> {
    (first as i64..=last as i64).map(|multiple| multiple as f64 * step).collect()
}

/// `12345` becomes `12 345`, with a thin space that does not break.
fn grouped(number: &str) -> String {
    let (whole, fraction) = number.split_once('.').map_or((number, None), |(whole, rest)| (whole, Some(rest)));
    let digits = whole.trim_start_matches('-').len();
    if digits < 5 {
        return number.to_owned();
    }
    let spaced: String = whole
        .char_indices()
        .flat_map(|(at, c)| {
            let left = whole.len() - at;
            let gap = (left % 3 == 0 && left < digits).then_some('\u{202f}');
            gap.into_iter().chain([c])
        })
        .collect();
    spaced + &fraction.map(|rest| format!(".{rest}")).unwrap_or_default()
}

/// `2×10⁶`
fn scientific(value: f64) -> String {
    let exponent = (value.abs().log10() + 1e-9).floor() as i32;
    let raised: String = exponent.to_string().chars().map(superscript).collect();
    let factor = format!("{:.1}", value / 10f64.powi(exponent));
    format!("{}×10{raised}", factor.trim_end_matches(".0"))
}

fn superscript(c: char) -> char {
    match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        digit => digit.to_digit(10).and_then(|digit| char::from_u32(0x2070 + digit)).unwrap_or(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(axis: Axis) -> Vec<String> {
        axis.ticks.iter().map(|tick| axis.print(*tick)).collect()
    }

    #[test]
    fn ticks_are_round_at_every_size() {
        assert_eq!(written(Axis::from_zero(10.3, (0.0, 1.0))), ["0", "2", "4", "6", "8", "10", "12"]);
        assert_eq!(written(Axis::from_zero(0.043, (0.0, 1.0))), ["0", "0.01", "0.02", "0.03", "0.04", "0.05"]);
        assert_eq!(written(Axis::from_zero(43210.0, (0.0, 1.0)))[4], "40\u{202f}000");
        assert_eq!(written(Axis::from_zero(4.3e9, (0.0, 1.0)))[1], "1×10⁹");
    }

    #[test]
    fn nothing_but_zero_still_has_an_axis() {
        assert_eq!(written(Axis::from_zero(0.0, (0.0, 1.0))).len(), 6);
        assert!(Axis::around(0.0, 0.0, (0.0, 1.0)).at(0.0) == 0.0);
    }

    #[test]
    fn close_values_are_not_squeezed() {
        let axis = Axis::around(9.8, 10.2, (0.0, 100.0));
        assert!(!axis.begins_at_zero() && axis.at(10.2) - axis.at(9.8) > 50.0);
        assert!(Axis::around(1.0, 10.0, (0.0, 100.0)).begins_at_zero());
    }

    #[test]
    fn powers_of_ten_lie_equally_far_apart() {
        let axis = Axis::logarithmic(0.02, 90.0, (0.0, 100.0));
        let gap = |low: f64| axis.at(low * 10.0) - axis.at(low);
        assert!((gap(0.1) - gap(1.0)).abs() < 1e-6 && axis.at(0.02) >= 0.0 && axis.at(90.0) <= 100.0);
    }

    #[test]
    fn one_second_alone_has_a_place() {
        assert_eq!(Axis::exactly(1.0, 1.0, (0.0, 100.0)).at(1.0), 50.0);
        assert_eq!(written(Axis::exactly(1.0, 10.0, (0.0, 1.0))).len(), 10);
    }
}
