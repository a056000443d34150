//! `bench.tcp`: throughput of a case, by one TCP stream.

use serde::{Deserialize, Serialize};

use super::{iperf3, taken::Taken, tcp_stream};
use crate::{
    args::Short,
    error::{Error, Kind, Result},
    lab::{Case, Lab},
    results::{Figure, Reading, Sample},
};

/// One TCP stream over a proved case.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tcp {
    /// Name of a case that `net.prove` proved.
    #[serde(default)]
    pub case: String,
    /// How long, 1 to 3600.
    #[serde(default = "three")]
    pub seconds: u32,
    /// `own`, or `iperf3` where that is installed.
    #[serde(default)]
    pub engine: TcpEngine,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TcpEngine {
    #[default]
    Own,
    Iperf3,
}

fn three() -> u32 {
    3
}

impl Short for Tcp {
    const EXPECTED: &'static str = "the name of a case, or a table with `case`";

    fn from_text(case: &str) -> Option<Result<Tcp, String>> {
        Some(Ok(Tcp { case: case.to_owned(), seconds: 3, engine: TcpEngine::Own }))
    }
}

/// What `bench.tcp` gives.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TcpReport {
    /// What the receiver received.
    pub gbit_s: f64,
    /// The same for each whole second.
    pub intervals_gbit_s: Vec<f64>,
    pub retransmits: u64,
    /// Largest congestion window seen.
    pub cwnd_kb: f64,
    /// CPU time of both ends per 10⁹ bytes.
    pub cpu_s_per_gb: f64,
}

impl TcpReport {
    fn of(reading: &Reading) -> TcpReport {
        let value = |metric| reading.value(metric).unwrap_or(0.0);
        let of_second = |figure: &&Figure| figure.metric == "throughput_gbit_s" && !figure.labels.is_empty();
        TcpReport {
            gbit_s: value("throughput_gbit_s"),
            intervals_gbit_s: reading.figures.iter().filter(of_second).map(|figure| figure.value).collect(),
            retransmits: value("retransmits") as u64,
            cwnd_kb: value("cwnd_kb"),
            cpu_s_per_gb: value("cpu_s_per_gb"),
        }
    }
}

impl Tcp {
    pub fn check(&self) -> Result<()> {
        match (1..=3600).contains(&self.seconds) {
            true => Ok(()),
            false => Err(Error::usage(format!("seconds {} is out of range: 1 to 3600", self.seconds))),
        }
    }

    /// Measures one stream and keeps its samples.
    pub fn run(&self, lab: &mut Lab) -> Result<TcpReport> {
        self.check()?;
        let case = lab.case(&self.case)?.clone();
        if !lab.measures() {
            self.describe(lab, &case);
            return Ok(TcpReport::default());
        }
        self.measure(lab, &case, &case.name, None)
    }

    /// Measures `case` under the name `label`, as one round of a comparison where `round` says which.
    pub fn measure(&self, lab: &mut Lab, case: &Case, label: &str, round: Option<u32>) -> Result<TcpReport> {
        let taken = match self.engine {
            TcpEngine::Own => Taken { stem: "labkit-tcp", ending: "json", label, round },
            TcpEngine::Iperf3 => Taken { stem: "iperf3", ending: "json", label, round },
        };
        let text = match self.engine {
            TcpEngine::Own => tcp_stream::run(lab, case, self.seconds).and_then(|tcp| Ok(serde_json::to_vec(&tcp)?)),
            TcpEngine::Iperf3 => iperf3::run(lab, case, self.seconds),
        };
        let reading = match text.and_then(|text| taken.read(lab, &text)) {
            // A path that was refuted need not carry anything; that it does not is no reason to lose the others.
            Err(error) if case.invalid.is_some() && error.kind() == Kind::Failed => {
                let nothing = Sample::new("tcp", label, "throughput_gbit_s", 0.0)?.round(round);
                lab.sample(nothing.invalidate(&error.to_string()))?;
                return Ok(TcpReport::default());
            }
            other => other?,
        };
        taken.keep(lab, &reading)?;
        Ok(TcpReport::of(&reading))
    }

    /// Says what would be measured.
    pub fn describe(&self, lab: &mut Lab, case: &Case) {
        lab.plan(format!(
            "measure {}: one TCP stream for {} s from {} to {}",
            case.name, self.seconds, case.from, case.to
        ));
        let inside = |ns: &crate::names::NsName| match ns.is_host() {
            true => String::new(),
            false => format!("ip netns exec {ns} "),
        };
        let (server, client) = (inside(&case.to_ns), inside(&case.from));
        lab.shell(format!("{server}iperf3 -s -1 -p 5201 >/dev/null &"));
        lab.shell(format!("until {server}ss -ltn | grep -q ':5201 '; do sleep 0.1; done"));
        lab.shell(format!("{client}iperf3 -c {} -p 5201 -t {}", case.to, self.seconds));
        lab.shell("wait");
    }
}
