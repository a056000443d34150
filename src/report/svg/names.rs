//! Names beside the ends of lines: moved apart until none lies on another.

/// Places as near as possible to the wanted ones, at least `gap` apart and between `low` and `high`; in the order of
/// `wanted`. Nothing where they do not fit.
pub fn apart(wanted: &[f64], gap: f64, low: f64, high: f64) -> Option<Vec<f64>> {
    if wanted.len().saturating_sub(1) as f64 * gap > high - low {
        return None;
    }
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|one, other| wanted[*one].total_cmp(&wanted[*other]));
    let mut sorted: Vec<f64> = order.iter().map(|at| wanted[*at].clamp(low, high)).collect();
    for at in 1..sorted.len() {
        sorted[at] = sorted[at].max(sorted[at - 1] + gap);
    }
    let mut limit = high;
    for place in sorted.iter_mut().rev() {
        *place = place.min(limit);
        limit = *place - gap;
    }
    let mut places = vec![0.0; wanted.len()];
    order.into_iter().zip(sorted).for_each(|(at, place)| places[at] = place);
    Some(places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_that_are_apart_stay_where_they_are() {
        assert_eq!(apart(&[50.0, 10.0], 16.0, 0.0, 100.0), Some(vec![50.0, 10.0]));
    }

    proptest! {
        #[test]
        fn names_never_lie_on_each_other_and_keep_their_order(wanted in prop::collection::vec(-50.0f64..400.0, 0..12)) {
            let places = apart(&wanted, 16.0, 0.0, 300.0).unwrap();
            let mut sorted = places.clone();
            sorted.sort_by(f64::total_cmp);
            prop_assert!(sorted.windows(2).all(|pair| pair[1] - pair[0] > 15.999));
            prop_assert!(sorted.iter().all(|place| (-0.001..=300.001).contains(place)));
        }
    }
}
