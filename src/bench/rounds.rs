//! What all comparisons have in common: cases against the first of them, in rounds of random order.

use crate::{
    chance::{self, Chance},
    error::{Error, Result},
    lab::Lab,
};

/// Refuses what could not be compared.
pub fn check(cases: &[&str], rounds: u32, lab: &Lab) -> Result<()> {
    if let Some((_, twice)) = cases.iter().enumerate().find(|(i, case)| cases[..*i].contains(case)) {
        return Err(
            Error::usage(format!("case `{twice}` is named twice")).hint("the control repeats the first by itself")
        );
    }
    if !(1..=1000).contains(&rounds) {
        return Err(Error::usage(format!("rounds {rounds} is out of range: 1 to 1000")));
    }
    match lab.run.baseline {
        None => Ok(()),
        Some(_) => Err(Error::usage("the run has compared already: its ratios would be mixed")
            .hint("name all cases in one comparison")),
    }
}

/// What the first case is called when it is measured a second time, to know the noise.
pub fn control_of(case: &str) -> String {
    format!("{case} again")
}

/// Notes the cases in the order in which the report shows them, the baseline first and its control behind it, and what the
/// order of the rounds follows from; a seed is chosen unless given.
pub fn begin(labels: &[&str], has_control: bool, seed: Option<u64>, lab: &mut Lab) -> Chance {
    lab.run.cases.retain(|case| !labels.contains(&case.as_str()));
    lab.run.cases.splice(0..0, labels.iter().map(|label| (*label).to_owned()));
    lab.run.baseline = labels.first().map(|label| (*label).to_owned());
    lab.run.control = labels.get(1).filter(|_| has_control).map(|label| (*label).to_owned());
    lab.run.seed = seed.unwrap_or_else(|| chance::number(0..u32::MAX).into());
    Chance::from_seed(lab.run.seed)
}
