//! `bench.sysbench`: processor and memory of one host.

use std::{sync::atomic::AtomicBool, time::Duration};

use serde::Deserialize;

use super::{host::Host, taken::Taken};
use crate::{
    error::{Context, Error, Result},
    exec::Program,
    lab::Lab,
    quote,
};

/// Both tests, one after the other.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sysbench {
    /// What its figures are told under.
    pub case: String,
    pub host: Host,
    /// Of each test; 3 unless given.
    #[serde(default = "three")]
    pub seconds: u32,
    /// One unless given.
    #[serde(default = "one")]
    pub threads: u32,
    #[serde(default)]
    pub round: Option<u32>,
}

fn three() -> u32 {
    3
}

fn one() -> u32 {
    1
}

const TESTS: [&str; 2] = ["cpu", "memory"];

impl Sysbench {
    pub fn run(&self, lab: &mut Lab) -> Result<()> {
        if !(1..=3600).contains(&self.seconds) || !(1..=1024).contains(&self.threads) {
            return Err(Error::usage("seconds are 1 to 3600, and threads 1 to 1024"));
        }
        let reach = self.host.reach()?;
        let (seconds, threads) = (format!("--time={}", self.seconds), format!("--threads={}", self.threads));
        for test in TESTS {
            let mut words = vec!["sysbench", test, &seconds, &threads];
            // It would stop once this much is written.
            words.extend((test == "memory").then_some("--memory-total-size=1000T"));
            let argv = reach.argv(&[&words[..], &["run"]].concat());
            if !lab.measures() {
                lab.plan(format!("measure {}: sysbench {test}, {} s", self.case, self.seconds));
                lab.shell(quote::line(&argv));
                continue;
            }
            lab.progress.doing(&format!("{}: sysbench {test}", self.case));
            let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
            let limit = Duration::from_secs(u64::from(self.seconds) + 60);
            let output = Program { argv: &argv, limit }.run(&AtomicBool::new(false)).context(|| self.case.clone())?;
            if output.stdout.is_empty() {
                output.require_success(&argv).context(|| self.case.clone())?;
            }
            let stem = format!("sysbench-{test}");
            let taken = Taken { stem: &stem, ending: "txt", label: &self.case, round: self.round };
            let reading = taken.read(lab, &output.stdout)?;
            taken.keep(lab, &reading)?;
        }
        Ok(())
    }
}
