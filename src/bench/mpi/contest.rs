//! `bench.compare_hpcc`: the same HPL in several ways, in interleaved rounds of random order, with the first twice.

use serde::Deserialize;

use super::Hpcc;
use crate::{
    chance::{self, Chance},
    error::{Error, Result},
    lab::Lab,
};

/// Ways of running it that are to differ in one thing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompareHpcc {
    /// The arguments of `bench.hpcc` for each; ratios are to the first.
    pub runs: Vec<Hpcc>,
    /// How often, 1 to 1000; 5 unless given.
    #[serde(default = "five")]
    pub rounds: u32,
    /// Run the first a second time in each round, to know the noise; so unless given.
    #[serde(default = "yes")]
    pub control: bool,
    /// Makes the order of the rounds repeatable; chosen and recorded unless given.
    pub seed: Option<u64>,
}

fn five() -> u32 {
    5
}

fn yes() -> bool {
    true
}

impl CompareHpcc {
    pub fn run(&self, lab: &mut Lab) -> Result<()> {
        let Some(first) = self.runs.first() else { return Err(Error::usage("`runs` is empty")) };
        if let Some(twice) =
            self.runs.iter().enumerate().find(|(i, run)| self.runs[..*i].iter().any(|one| one.case == run.case))
        {
            return Err(Error::usage(format!("case `{}` is there twice", twice.1.case))
                .hint("the control repeats the first by itself"));
        }
        if !(1..=1000).contains(&self.rounds) {
            return Err(Error::usage(format!("rounds {} is out of range: 1 to 1000", self.rounds)));
        }
        if lab.run.baseline.is_some() {
            return Err(Error::usage("the run has compared already: its ratios would be mixed"));
        }
        let mut runs: Vec<Hpcc> = self.runs.clone();
        if self.control {
            let case = format!("{} again", first.case);
            lab.run.control = Some(case.clone());
            runs.insert(1, Hpcc { case, ..first.clone() });
        }
        lab.run.cases.retain(|case| !runs.iter().any(|run| run.case == *case));
        lab.run.cases.splice(0..0, runs.iter().map(|run| run.case.clone()));
        lab.run.baseline = Some(first.case.clone());
        lab.run.seed = self.seed.unwrap_or_else(|| chance::number(0..u32::MAX).into());
        let mut chance = Chance::from_seed(lab.run.seed);
        let rounds = if lab.measures() { self.rounds } else { 1 };
        for round in 1..=rounds {
            let mut order: Vec<&Hpcc> = runs.iter().collect();
            if lab.measures() {
                chance.shuffle(&mut order);
                lab.progress.line(&format!("round {round} of {rounds}"));
            }
            for run in order {
                Hpcc { round: Some(round), ..run.clone() }.run(lab)?;
            }
        }
        Ok(())
    }
}
