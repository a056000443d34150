//! `bench.compare_hpcc`: the same HPL in several ways, in interleaved rounds of random order, with the first twice.

use serde::Deserialize;

use super::Hpcc;
use crate::{
    bench::rounds,
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
        let named: Vec<&str> = self.runs.iter().map(|run| run.case.as_str()).collect();
        rounds::check(&named, self.rounds, lab)?;
        let control = self.control.then(|| Hpcc { case: rounds::control_of(&first.case), ..first.clone() });
        let runs: Vec<&Hpcc> = [first].into_iter().chain(&control).chain(&self.runs[1..]).collect();
        if !lab.measures() {
            return runs.into_iter().try_for_each(|run| run.run(lab).map(|_| ()));
        }
        let labels: Vec<&str> = runs.iter().map(|run| run.case.as_str()).collect();
        let mut chance = rounds::begin(&labels, self.control, self.seed, lab);
        for round in 1..=self.rounds {
            lab.progress.line(&format!("round {round} of {}", self.rounds));
            let mut order = runs.clone();
            chance.shuffle(&mut order);
            for run in order {
                Hpcc { round: Some(round), ..run.clone() }.run(lab)?;
            }
        }
        Ok(())
    }
}
