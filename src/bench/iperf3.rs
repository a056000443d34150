//! iperf3 as a second opinion.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::tcp::TcpReport;
use crate::{
    cpu,
    error::{Context, Error, Result},
    exec::{Output, Program},
    lab::{Case, Lab},
};

/// The lab's namespaces are its own: no other server is there.
const PORT: u16 = 5201;
const START: Duration = Duration::from_secs(10);

/// Runs a one-shot server and a client; gives the report and the client's file under `raw/`.
pub fn run(
    lab: &Lab,
    case: &Case,
    seconds: u32,
    label: &str,
    round: Option<u32>,
) -> Result<(TcpReport, Option<String>)> {
    let (port, to, seconds_text) = (PORT.to_string(), case.to.to_string(), seconds.to_string());
    let server = ["iperf3", "-s", "-1", "-p", &port, "-B", &to];
    let client = ["iperf3", "-c", &to, "-p", &port, "-t", &seconds_text, "-J", "--connect-timeout", "5000"];
    let limit = Duration::from_secs(u64::from(seconds) + 20);
    let (stop, never) = (AtomicBool::new(false), AtomicBool::new(false));
    let (from_ns, to_ns) = (lab.netns(&case.from)?, lab.netns(&case.to_ns)?);
    let cpu = cpu::children_seconds()?;
    let output = thread::scope(|scope| {
        let served = scope.spawn(|| to_ns.enter(|| Program { argv: &server, limit }.run(&stop)));
        let asked = to_ns
            .enter(|| wait_until_listening(|| served.is_finished()))
            .and_then(|()| from_ns.enter(|| Program { argv: &client, limit }.run(&never)));
        // A server whose client failed would wait for ever.
        if asked.as_ref().map_or(true, |output| !output.status.success()) {
            stop.store(true, Ordering::Release);
        }
        let served = served.join().map_err(|_| Error::failed("a thread panicked"))?;
        match (asked, served) {
            (Ok(output), _) => Ok(output),
            // Why the server did not come up is nearer the cause than that nobody listened.
            (Err(_), Err(error)) => Err(error),
            (Err(error), Ok(output)) => output.require_success(&server).and(Err(error)),
        }
    })?;
    let cpu = cpu::children_seconds()? - cpu;
    let raw = lab.raw(&format!("iperf3-{label}-{}", round.unwrap_or(1)), "json", &output.stdout)?;
    let mut report = read(&output, &client)?;
    let bytes = report.gbit_s * f64::from(seconds) / 8.0;
    report.cpu_s_per_gb = cpu / bytes;
    Ok((report, raw))
}

fn read(output: &Output, argv: &[&str]) -> Result<TcpReport> {
    // In JSON mode 3.12 exits 0 even on errors, and newer ones print JSON and exit 1: the text decides.
    match parse(&String::from_utf8_lossy(&output.stdout)) {
        Err(error) if output.stdout.is_empty() => output.require_success(argv).and(Err(error)),
        other => other,
    }
}

/// Reads `iperf3 -J` of the sending side. CPU time is not in it in seconds: it is left 0.
pub fn parse(text: &str) -> Result<TcpReport> {
    let json: Value = serde_json::from_str(text).context(|| "read iperf3's JSON")?;
    if let Some(error) = json["error"].as_str() {
        return Err(Error::failed(format!("iperf3: {error}")));
    }
    let number =
        |value: &Value, what: &str| value.as_f64().ok_or_else(|| Error::failed(format!("iperf3's JSON has no {what}")));
    let windows = json["intervals"].as_array().into_iter().flatten();
    let cwnd = windows.clone().filter_map(|interval| interval["streams"][0]["snd_cwnd"].as_f64()).fold(0.0, f64::max);
    Ok(TcpReport {
        gbit_s: number(&json["end"]["sum_received"]["bits_per_second"], "end.sum_received.bits_per_second")? / 1e9,
        intervals_gbit_s: windows
            .map(|interval| Ok(number(&interval["sum"]["bits_per_second"], "intervals[].sum.bits_per_second")? / 1e9))
            .collect::<Result<_>>()?,
        retransmits: json["end"]["sum_sent"]["retransmits"].as_u64().unwrap_or(0),
        cwnd_kb: cwnd / 1e3,
        cpu_s_per_gb: 0.0,
    })
}

/// Looks at the listening sockets of the calling thread's namespace until the port is among them.
fn wait_until_listening(ended: impl Fn() -> bool) -> Result<()> {
    let deadline = Instant::now() + START;
    let wanted = format!(":{PORT:04X} ");
    loop {
        let listens = ["tcp", "tcp6"].iter().any(|table| {
            let text = fs::read_to_string(format!("/proc/thread-self/net/{table}")).unwrap_or_default();
            // Third column 0A: LISTEN.
            text.lines().any(|line| line.contains(&wanted) && line.split_whitespace().nth(3) == Some("0A"))
        });
        match () {
            () if listens => return Ok(()),
            () if ended() => return Err(Error::failed("the iperf3 server ended before it listened")),
            () if Instant::now() > deadline => return Err(Error::failed("the iperf3 server does not listen")),
            () => {}
        }
        crate::signal::check()?;
        thread::sleep(Duration::from_millis(2));
    }
}
