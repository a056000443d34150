//! Random numbers: repeatable from a seed where an order or a resample must be, fresh where a name must be new.

use std::ops::Range;

use fastrand::Rng;

/// A repeatable sequence.
pub struct Chance(Rng);

impl Chance {
    pub fn from_seed(seed: u64) -> Chance {
        Chance(Rng::with_seed(seed))
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        self.0.shuffle(items);
    }

    /// As many of the values as there are, each drawn from all of them.
    pub fn resample(&mut self, values: &[f64]) -> Vec<f64> {
        values.iter().filter_map(|_| self.0.choice(values).copied()).collect()
    }
}

/// A fresh number of the range.
pub fn number(range: Range<u32>) -> u32 {
    fastrand::u32(range)
}

/// So many fresh lower-case letters.
pub fn letters(count: usize) -> String {
    (0..count).map(|_| fastrand::lowercase()).collect()
}
