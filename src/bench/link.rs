//! `bench.link`: latency and throughput between two hosts, by programs that run there.

use std::{
    io::{BufRead, BufReader},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use serde::Deserialize;

use super::{host::Host, mpi, ping::kept, taken::Taken};
use crate::{
    command,
    error::{Context, Error, Result},
    exec::Program,
    icmp::{self, Ask},
    lab::Lab,
    names::Addr,
    quote,
};

/// One way, from host to host.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostLink {
    /// What its figures are told under: `master to node01`.
    pub case: String,
    pub from: Host,
    pub to: Host,
    /// Echo requests, the first not counted; 100 unless given.
    #[serde(default = "hundred")]
    pub count: u32,
    /// Seconds of one TCP stream; 3 unless given, none where 0.
    #[serde(default = "three")]
    pub seconds: u32,
    #[serde(default)]
    pub round: Option<u32>,
}

fn hundred() -> u32 {
    100
}

fn three() -> u32 {
    3
}

const INTERVAL_MS: u64 = 5;
/// What iperf3 says once a client may come.
const LISTENS: &str = "Server listening on ";
const START: Duration = Duration::from_secs(20);
const PORT: &str = "5201";

impl HostLink {
    pub fn run(&self, lab: &mut Lab) -> Result<()> {
        if !(2..=60_000).contains(&self.count) || self.seconds > 3600 {
            return Err(Error::usage("count is 2 to 60000, and seconds 0 to 3600"));
        }
        if !lab.measures() {
            lab.plan(format!("measure {}: {} echo packets, and TCP for {} s", self.case, self.count, self.seconds));
            lab.comment(format!("measure {}", self.case));
            let (from, to) = (self.from.reach()?, self.to.reach()?);
            let address = self.to.address.to_string();
            lab.shell(quote::line(&from.argv(&["ping", "-q", "-c", &self.count.to_string(), "-i", "0.005", &address])));
            lab.shell(quote::line(&to.argv(&["iperf3", "-s", "-D", "-1", "-p", PORT])));
            lab.shell(quote::line(&from.argv(&[
                "iperf3",
                "-c",
                &address,
                "-p",
                PORT,
                "-t",
                &self.seconds.to_string(),
            ])));
            return Ok(());
        }
        self.measure(lab).context(|| self.case.clone())
    }

    fn measure(&self, lab: &mut Lab) -> Result<()> {
        let taken =
            |stem: &'static str, ending: &'static str| Taken { stem, ending, label: &self.case, round: self.round };
        lab.progress.doing(&format!("{}: ping", self.case));
        let ping = self.ping()?;
        let of_ping = taken("labkit-ping", "json");
        let ping = of_ping.read(lab, ping.as_bytes())?;
        of_ping.keep(lab, &ping)?;
        let mut told = format!("✓ {}: {:.3} ms", self.case, ping.value("ping_median_ms").unwrap_or(0.0));
        if self.seconds > 0 {
            lab.progress.doing(&format!("{}: iperf3", self.case));
            let text = self.stream()?;
            let of_stream = taken("iperf3", "json");
            let stream = of_stream.read(lab, &text)?;
            of_stream.keep(lab, &stream)?;
            told += &format!(", {:.2} Gbit/s", stream.value("throughput_gbit_s").unwrap_or(0.0));
        }
        lab.progress.line(&told);
        Ok(())
    }

    fn ping(&self) -> Result<String> {
        let words = [self.from.labkit()?, mpi::COMMAND.to_owned(), mpi::PING.to_owned()];
        let numbers = [self.to.address.to_string(), self.count.to_string()];
        let argv = self.from.reach()?.argv(&[&words[..], &numbers].concat());
        command::run(&argv.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// What the client of iperf3 printed; the server serves one, and ends.
    fn stream(&self) -> Result<Vec<u8>> {
        let (address, seconds) = (self.to.address.to_string(), self.seconds.to_string());
        let length = u64::from(self.seconds) + 20;
        // One that nobody comes to ends as well, also where whoever began it is gone.
        let patience = (START.as_secs() + length).to_string();
        let server = ["timeout", &patience, "iperf3", "-s", "-1", "--forceflush", "-p", PORT, "-B", &address];
        let client = ["iperf3", "-c", &address, "-p", PORT, "-t", &seconds, "-J", "--connect-timeout", "5000"];
        let (server, client) = (self.to.reach()?.argv(&server), self.from.reach()?.argv(&client));
        let server: Vec<&str> = server.iter().map(String::as_str).collect();
        let client: Vec<&str> = client.iter().map(String::as_str).collect();
        let limit = START + Duration::from_secs(length);
        let (over, never) = (AtomicBool::new(false), AtomicBool::new(false));
        let (listens, up) = mpsc::channel();
        thread::scope(|scope| {
            let served = scope.spawn(|| {
                Program { argv: &server, limit }.pipe(&over, |out| {
                    let lines = BufReader::new(out).lines().map_while(Result::ok);
                    lines.filter(|line| line.starts_with(LISTENS)).for_each(|_| listens.send(()).unwrap_or(()));
                    Ok(())
                })
            });
            let came_up = up.recv_timeout(START).is_ok();
            let asked = came_up.then(|| Program { argv: &client, limit }.run(&never));
            // It has served its one, or would wait for another.
            over.store(true, Ordering::Release);
            let served = served.join().map_err(|_| Error::failed("a thread panicked"))?;
            match asked {
                Some(output) => {
                    let output = output?;
                    // In JSON mode 3.12 exits 0 even on errors, and newer ones print JSON and exit 1: the text decides.
                    if output.stdout.is_empty() {
                        output.require_success(&client)?;
                    }
                    Ok(output.stdout)
                }
                None => {
                    served?.0.require_success(&server)?;
                    Err(Error::failed(format!("the iperf3 server on {} does not come up", self.to.name)))
                }
            }
        })
    }
}

/// `labkit mpi ping ADDRESS COUNT`: labkit's own echo, as text.
pub fn ping(words: &[String]) -> Result<String> {
    let [address, count] = words else { return Err(Error::usage("ADDRESS COUNT are expected")) };
    let to: Addr = address.parse().map_err(Error::usage)?;
    let count = count.parse().map_err(|_| Error::usage(format!("`{count}` is no number")))?;
    let ask = Ask { count, interval: Duration::from_millis(INTERVAL_MS), ..Ask::new(to.0) };
    let heard = icmp::ask(ask).context(|| format!("ping {}", to.0))?;
    Ok(serde_json::to_string(&kept(to.0, &heard))? + "\n")
}
