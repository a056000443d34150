//! `bench.ready`: waits until every host of a job can be launched on.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde::Deserialize;

use super::job::Job;
use crate::{
    error::{Error, Result},
    lab::Lab,
    signal,
};

/// Hosts that may still be on their way.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gathering {
    pub job: Job,
    /// Seconds; 900 unless given.
    #[serde(default = "quarter")]
    pub patience: u64,
}

fn quarter() -> u64 {
    900
}

const LOOK: Duration = Duration::from_secs(2);

impl Gathering {
    /// Launches what tells of each rank, by the way that hpcc will take, until all tell of it.
    pub fn run(&self, lab: &mut Lab) -> Result<()> {
        self.job.check()?;
        if !lab.measures() {
            lab.plan(format!("wait for {} hosts", self.job.hosts.len()));
            return Ok(());
        }
        let deadline = Instant::now() + Duration::from_secs(self.patience);
        loop {
            let why = match self.job.facts() {
                Ok(facts) if facts.iter().all(|fact| fact.library.is_some()) => return Ok(()),
                Ok(_) => Error::failed("hpcc is not installed on all of them"),
                Err(error) => error,
            };
            signal::check()?;
            if Instant::now() > deadline {
                return Err(why
                    .context(format!("not ready within {} s", self.patience))
                    .hint("does the same recipe run on the other machines?"));
            }
            lab.progress.doing(&format!("waits for the other machines: {why}"));
            thread::sleep(LOOK);
        }
    }
}
