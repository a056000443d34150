//! The `ping` of iputils as a second opinion.

use std::{sync::atomic::AtomicBool, time::Duration};

use super::ping::{Ping, PingReport};
use crate::{
    error::{Error, Result},
    exec::Program,
    lab::{Case, Lab},
};

/// Runs ping over the case; gives the report and the file under `raw/`.
pub fn run(
    ping: &Ping,
    lab: &Lab,
    case: &Case,
    label: &str,
    round: Option<u32>,
) -> Result<(PingReport, Option<String>)> {
    let (count, interval) = (ping.count.to_string(), format!("{}", ping.interval_ms / 1e3));
    let (size, to) = (ping.size.to_string(), case.to.to_string());
    let argv = ["ping", "-n", "-c", &count, "-i", &interval, "-s", &size, "-W", "1", &to];
    let limit = Duration::from_secs_f64(10.0 + 2.0 * f64::from(ping.count) * ping.interval_ms.max(1.0) / 1e3);
    let output = lab.netns(&case.from)?.enter(|| Program { argv: &argv, limit }.run(&AtomicBool::new(false)))?;
    let raw = lab.raw(&format!("ping-{label}-{}", round.unwrap_or(1)), "txt", &output.stdout)?;
    // Status 1 means that packets were lost: a result, not a failure.
    if output.status.code() != Some(1) {
        output.require_success(&argv)?;
    }
    Ok((parse(&String::from_utf8_lossy(&output.stdout))?, raw))
}

/// Reads what ping printed, the first packet left out. An error where it has no statistics.
pub fn parse(text: &str) -> Result<PingReport> {
    let after = |line: &str, mark: &str| {
        line.split_once(mark).and_then(|(_, rest)| rest.split([' ', '\t']).next().map(str::to_owned))
    };
    let number = |text: Option<String>| text.and_then(|text| text.parse::<f64>().ok());
    let answers: Vec<(f64, f64, Option<u8>)> = text
        .lines()
        .filter_map(|line| {
            let sequence = number(after(line, "icmp_seq=").or_else(|| after(line, "seq=")))?;
            let ttl = after(line, "ttl=").and_then(|ttl| ttl.parse().ok());
            Some((sequence, number(after(line, "time="))?, ttl))
        })
        .collect();
    let sent = text
        .lines()
        .find_map(|line| line.split_once(" packets transmitted"))
        .and_then(|(count, _)| count.trim().parse::<u64>().ok())
        .ok_or_else(|| Error::failed("ping's output has no line `… packets transmitted`"))?;
    let times: Vec<f64> = answers.iter().filter(|(sequence, ..)| *sequence > 1.0).map(|(_, time, _)| *time).collect();
    Ok(PingReport::new(sent.saturating_sub(1), &times, answers.first().and_then(|(.., ttl)| *ttl)))
}
