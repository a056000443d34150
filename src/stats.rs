//! Order statistics and the bootstrap. Plain numbers in, plain numbers out.

use crate::chance::Chance;

/// The value below which the fraction `q` (0 to 1) of the values lies, linearly interpolated; NaN for no values.
pub fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let at = q * last as f64;
    let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    low + (high - low) * at.fract()
}

pub fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// Resamples of the bootstrap: enough that the ends of a 95 % interval hold still to two digits.
const RESAMPLES: usize = 2000;

/// The 95 % percentile-bootstrap interval of the median; reproducible for one seed.
pub fn median_interval(values: &[f64], seed: u64) -> (f64, f64) {
    let mut chance = Chance::from_seed(seed);
    let medians: Vec<f64> = (0..RESAMPLES).map(|_| median(&chance.resample(values))).collect();
    (quantile(&medians, 0.025), quantile(&medians, 0.975))
}

/// The 95 % percentile-bootstrap interval of median(values) / median(base), of two groups that have no rounds in
/// common; every value of `base` above 0. Reproducible for one seed.
pub fn ratio_interval(values: &[f64], base: &[f64], seed: u64) -> (f64, f64) {
    let mut chance = Chance::from_seed(seed);
    let mut drawn = || median(&chance.resample(values)) / median(&chance.resample(base));
    let ratios: Vec<f64> = (0..RESAMPLES).map(|_| drawn()).collect();
    (quantile(&ratios, 0.025), quantile(&ratios, 0.975))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quartiles_interpolate() {
        assert_eq!(quantile(&[1.0, 2.0, 3.0, 4.0], 0.25), 1.75);
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert!(median(&[]).is_nan());
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_median_and_repeats(values in prop::collection::vec(0.1f64..1e3, 3..20), seed: u64) {
            let (low, high) = median_interval(&values, seed);
            prop_assert!(low <= median(&values) && median(&values) <= high);
            prop_assert_eq!((low, high), median_interval(&values, seed));
        }

        #[test]
        fn the_interval_of_a_ratio_holds_it_and_turns_with_it(
            values in prop::collection::vec(0.1f64..1e3, 5..20),
            base in prop::collection::vec(0.1f64..1e3, 5..20),
            seed: u64,
        ) {
            let ratio = median(&values) / median(&base);
            let (low, high) = ratio_interval(&values, &base, seed);
            prop_assert!(low <= ratio && ratio <= high);
            prop_assert_eq!((low, high), ratio_interval(&values, &base, seed));
            let doubled: Vec<f64> = values.iter().map(|value| value * 2.0).collect();
            prop_assert_eq!((low * 2.0, high * 2.0), ratio_interval(&doubled, &base, seed));
        }
    }
}
