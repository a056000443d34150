//! `bench.ping`: round-trip times of a case.

use std::{net::IpAddr, time::Duration};

use serde::{Deserialize, Serialize};

use super::{iputils, readers::OwnPing, taken::Taken};
use crate::{
    args::Short,
    error::{Context, Error, Result},
    icmp::{self, Ask, Heard},
    lab::{Case, Lab},
    results::Reading,
};

/// Echo requests over a proved case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ping {
    /// Name of a case that `net.prove` proved.
    #[serde(default)]
    pub case: String,
    /// How many, 2 to 60000; the first is not counted, since it finds the neighbour.
    #[serde(default = "two_hundred")]
    pub count: u32,
    /// From one to the next. Idle machines answer later: 1000 measures how they wake up.
    #[serde(default = "five")]
    pub interval_ms: f64,
    /// Bytes of payload; 56 unless given.
    #[serde(default = "fifty_six")]
    pub size: usize,
    /// `own`, or `ping` for iputils' where that is installed.
    #[serde(default)]
    pub engine: PingEngine,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PingEngine {
    #[default]
    Own,
    Ping,
}

fn two_hundred() -> u32 {
    200
}

fn five() -> f64 {
    5.0
}

fn fifty_six() -> usize {
    56
}

impl Short for Ping {
    const EXPECTED: &'static str = "the name of a case, or a table with `case`";

    fn from_text(case: &str) -> Option<Result<Ping, String>> {
        Some(Ok(Ping { case: case.to_owned(), count: 200, interval_ms: 5.0, size: 56, engine: PingEngine::Own }))
    }
}

/// What `bench.ping` gives.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct PingReport {
    pub sent: u64,
    pub received: u64,
    pub loss_percent: f64,
    pub min_ms: f64,
    pub median_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
    pub ttl: Option<u8>,
}

impl PingReport {
    fn of(reading: &Reading) -> PingReport {
        let value = |metric| reading.value(metric).unwrap_or(0.0);
        let count = |fact| reading.number(fact).unwrap_or(0.0);
        PingReport {
            sent: count("sent") as u64,
            received: count("received") as u64,
            loss_percent: value("ping_loss_percent"),
            min_ms: value("ping_min_ms"),
            median_ms: value("ping_median_ms"),
            p95_ms: value("ping_p95_ms"),
            p99_ms: value("ping_p99_ms"),
            max_ms: value("ping_max_ms"),
            ttl: reading.number("ttl").map(|ttl| ttl as u8),
        }
    }
}

impl Ping {
    pub fn check(&self) -> Result<()> {
        match self {
            Ping { count, .. } if !(2..=60_000).contains(count) => {
                Err(Error::usage(format!("count {count} is out of range: 2 to 60000")))
            }
            Ping { interval_ms, .. } if !(0.0..=60_000.0).contains(interval_ms) => {
                Err(Error::usage(format!("interval_ms {interval_ms} is out of range: 0 to 60000")))
            }
            Ping { size, .. } if !(16..=65_507).contains(size) => {
                Err(Error::usage(format!("size {size} is out of range: 16 to 65507 bytes")))
            }
            _ => Ok(()),
        }
    }

    /// Measures one burst and keeps its samples.
    pub fn run(&self, lab: &mut Lab) -> Result<PingReport> {
        self.check()?;
        let case = lab.case(&self.case)?.clone();
        if !lab.measures() {
            self.describe(lab, &case);
            return Ok(PingReport::default());
        }
        self.measure(lab, &case, &case.name, None)
    }

    /// Measures `case` under the name `label`, as one round of a comparison where `round` says which.
    pub fn measure(&self, lab: &mut Lab, case: &Case, label: &str, round: Option<u32>) -> Result<PingReport> {
        let (stem, ending, text) = match self.engine {
            PingEngine::Own => ("labkit-ping", "json", serde_json::to_vec(&self.ask(lab, case)?)?),
            PingEngine::Ping => ("ping", "txt", iputils::run(self, lab, case)?),
        };
        let taken = Taken { stem, ending, label, round };
        let reading = taken.read(lab, &text)?;
        taken.keep(lab, &reading)?;
        Ok(PingReport::of(&reading))
    }

    fn ask(&self, lab: &Lab, case: &Case) -> Result<OwnPing> {
        let ask = Ask {
            count: self.count,
            interval: Duration::from_secs_f64(self.interval_ms / 1e3),
            size: self.size,
            ..Ask::new(case.to)
        };
        let heard = lab.netns(&case.from)?.enter(|| icmp::ask(ask)).context(|| format!("ping {}", case.to))?;
        Ok(kept(case.to, &heard))
    }

    /// Says what would be measured.
    pub fn describe(&self, lab: &mut Lab, case: &Case) {
        lab.plan(format!(
            "measure {}: {} echo packets, {} ms apart, from {} to {}",
            case.name, self.count, self.interval_ms, case.from, case.to
        ));
        let inside = if case.from.is_host() { String::new() } else { format!("ip netns exec {} ", case.from) };
        lab.shell(format!(
            "{inside}ping -q -c {} -i {} -s {} {}",
            self.count,
            self.interval_ms / 1e3,
            self.size,
            case.to
        ));
    }
}
/// What was heard, as it is kept.
pub fn kept(to: IpAddr, heard: &Heard) -> OwnPing {
    let answer = |answer: &icmp::Answer| (answer.sequence.into(), answer.round_trip.as_nanos() as u64);
    OwnPing {
        labkit: "ping".to_owned(),
        to: to.to_string(),
        sent: heard.sent,
        ttl: heard.answers.first().map(|answer| answer.ttl),
        answers: heard.answers.iter().map(answer).collect(),
    }
}
