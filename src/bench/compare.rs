//! `bench.compare`: cases against each other, fairly: interleaved rounds in random order, with the first case twice.

use serde::{Deserialize, Serialize};

use super::{Ping, Tcp, rounds};
use crate::{
    chance::Chance,
    error::{Error, Result},
    lab::{Case, Lab},
};

/// Which cases, by what, how often.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compare {
    /// Names of proved cases; ratios are to the first.
    pub cases: Vec<String>,
    /// Latency of each case in each round: the arguments of `bench.ping` but for `case`.
    pub ping: Option<Ping>,
    /// Throughput of each case in each round: the arguments of `bench.tcp` but for `case`.
    pub tcp: Option<Tcp>,
    /// How often, 1 to 1000.
    #[serde(default = "five")]
    pub rounds: u32,
    /// Measure the first case a second time in each round, to know the noise.
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

/// What `bench.compare` gives: how much was measured.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Compared {
    pub rounds: u32,
    pub cases: Vec<String>,
    pub seed: u64,
}

impl Compare {
    fn check(&self, lab: &Lab) -> Result<()> {
        if self.cases.is_empty() {
            return Err(Error::usage("`cases` is empty"));
        }
        let cases: Vec<&str> = self.cases.iter().map(String::as_str).collect();
        rounds::check(&cases, self.rounds, lab)?;
        if self.ping.is_none() && self.tcp.is_none() {
            return Err(Error::usage("nothing to measure: give `ping`, `tcp` or both"));
        }
        for case in
            [self.ping.as_ref().map(|ping| &ping.case), self.tcp.as_ref().map(|tcp| &tcp.case)].into_iter().flatten()
        {
            if !case.is_empty() {
                return Err(Error::usage("`case` does not belong here: each case of `cases` is measured"));
            }
        }
        self.ping.as_ref().map_or(Ok(()), Ping::check)?;
        self.tcp.as_ref().map_or(Ok(()), Tcp::check)
    }

    /// Measures all rounds; every sample is kept as soon as it is taken.
    pub fn run(&self, lab: &mut Lab) -> Result<Compared> {
        self.check(lab)?;
        let mut cases = Vec::new();
        for name in &self.cases {
            let case = lab.case(name)?.clone();
            cases.push((name.clone(), case));
        }
        if !lab.measures() {
            self.describe(lab, &cases);
            return Ok(Compared::default());
        }
        let baseline = cases[0].clone();
        if self.control {
            let label = rounds::control_of(&baseline.0);
            // The control shares the baseline's proof, and its doubts.
            lab.cases.push(Case { name: label.clone(), ..baseline.1.clone() });
            cases.insert(1, (label, baseline.1));
        }
        let labels: Vec<&str> = cases.iter().map(|(label, _)| label.as_str()).collect();
        let chance = rounds::begin(&labels, self.control, self.seed, lab);
        self.measure(lab, &cases, chance)?;
        Ok(Compared { rounds: self.rounds, cases: self.cases.clone(), seed: lab.run.seed })
    }

    fn measure(&self, lab: &mut Lab, cases: &[(String, Case)], mut chance: Chance) -> Result<()> {
        let per_case = u64::from(self.ping.is_some()) + u64::from(self.tcp.is_some());
        lab.progress.begin("measuring", u64::from(self.rounds) * cases.len() as u64 * per_case);
        for round in 1..=self.rounds {
            let mut order: Vec<&(String, Case)> = cases.iter().collect();
            chance.shuffle(&mut order);
            let mut words = Vec::new();
            for (label, case) in order {
                let mut figures = Vec::new();
                if let Some(ping) = &self.ping {
                    lab.progress.doing(&format!("round {round}: {label}, ping"));
                    let report = ping.measure(lab, case, label, Some(round))?;
                    figures.push(format!("{:.3} ms", report.median_ms));
                    lab.progress.step();
                }
                if let Some(tcp) = &self.tcp {
                    lab.progress.doing(&format!("round {round}: {label}, tcp"));
                    let report = tcp.measure(lab, case, label, Some(round))?;
                    figures.push(format!("{:.1} Gbit/s", report.gbit_s));
                    lab.progress.step();
                }
                words.push(format!("{label} {}", figures.join(" ")));
            }
            lab.progress.line(&format!("round {round}/{}: {}", self.rounds, words.join(", ")));
        }
        Ok(())
    }

    fn describe(&self, lab: &mut Lab, cases: &[(String, Case)]) {
        lab.plan(format!(
            "measure {} rounds in random order{}; in each:",
            self.rounds,
            if self.control { format!(", {} twice as the control", self.cases[0]) } else { String::new() }
        ));
        for (name, case) in cases {
            lab.comment(format!("measure {name}"));
            if let Some(ping) = &self.ping {
                ping.describe(lab, case);
            }
            if let Some(tcp) = &self.tcp {
                tcp.describe(lab, case);
            }
        }
    }
}
