//! `bench.ping`: round-trip times of a case.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::iputils;
use crate::{
    args::Short,
    error::{Context, Error, Result},
    icmp::{self, Ask},
    lab::{Case, Lab},
    results::Sample,
    stats,
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
    /// From round-trip times in milliseconds; the packets lost have none.
    pub fn new(sent: u64, times: &[f64], ttl: Option<u8>) -> PingReport {
        let received = times.len() as u64;
        let quantile = |q| if times.is_empty() { 0.0 } else { stats::quantile(times, q) };
        PingReport {
            sent,
            received,
            loss_percent: if sent == 0 { 0.0 } else { 100.0 * (sent - received.min(sent)) as f64 / sent as f64 },
            min_ms: quantile(0.0),
            median_ms: quantile(0.5),
            p95_ms: quantile(0.95),
            p99_ms: quantile(0.99),
            max_ms: quantile(1.0),
            ttl,
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
        let (report, raw) = match self.engine {
            PingEngine::Own => (self.ask(lab, case)?, None),
            PingEngine::Ping => iputils::run(self, lab, case, label, round)?,
        };
        let bench = if self.engine == PingEngine::Own { "ping" } else { "iputils-ping" };
        let mut values = vec![("ping_loss_percent", report.loss_percent)];
        if report.received > 0 {
            values.extend([
                ("ping_min_ms", report.min_ms),
                ("ping_median_ms", report.median_ms),
                ("ping_p95_ms", report.p95_ms),
                ("ping_p99_ms", report.p99_ms),
                ("ping_max_ms", report.max_ms),
            ]);
        }
        for (metric, value) in values {
            lab.sample(Sample::new(bench, label, metric, value)?.round(round).raw(raw.as_deref()))?;
        }
        Ok(report)
    }

    fn ask(&self, lab: &Lab, case: &Case) -> Result<PingReport> {
        let ask = Ask {
            count: self.count,
            interval: Duration::from_secs_f64(self.interval_ms / 1e3),
            size: self.size,
            ..Ask::new(case.to)
        };
        let heard = lab.netns(&case.from)?.enter(|| icmp::ask(ask)).context(|| format!("ping {}", case.to))?;
        let counted: Vec<f64> = heard
            .answers
            .iter()
            .filter(|answer| answer.sequence > 1)
            .map(|answer| answer.round_trip.as_secs_f64() * 1e3)
            .collect();
        Ok(PingReport::new(heard.sent - 1, &counted, heard.answers.first().map(|answer| answer.ttl)))
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
