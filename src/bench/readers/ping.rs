//! `ping` of iputils and of busybox.

use std::collections::BTreeSet;

use super::{
    lines::{after, number},
    own::round_trips,
};
use crate::results::{Figure, Reading, Verdict};

/// With more packets than this a figure of each says nothing.
const MOST_SHOWN: usize = 100;

/// What one line of an answer says.
struct Answer {
    sequence: u64,
    ms: f64,
}

/// Reads what ping printed. The first packet is left out, since it finds the neighbour: its time is ARP's as well.
pub fn read(text: &str) -> Reading {
    let busybox = text.contains("round-trip min/avg/max");
    let mut reading = Reading::of(if busybox { "busybox-ping" } else { "iputils-ping" });
    let head = text.lines().find_map(|line| line.strip_prefix("PING "));
    if let Some((to, rest)) = head.and_then(|rest| rest.split_once(' ')) {
        reading.fact("to", to);
        let address = rest.strip_prefix('(').and_then(|rest| rest.split_once(')'));
        if let Some((address, _)) = address {
            reading.fact("address", address);
        }
    }
    let answers = answers(text, &mut reading);
    let refusal = text.lines().find_map(|line| line.trim().strip_prefix("ping: "));
    let unreachable = text.lines().find(|line| line.starts_with("From ") && !line.contains("bytes from"));
    let Some((sent, received)) = statistics(text) else {
        let why = match refusal {
            Some(refusal) => return reading.ended(Verdict::Failed, refusal),
            None => format!("line {}: it ends before `… packets transmitted`", text.lines().count()),
        };
        return reading.ended(Verdict::Incomplete, why);
    };
    if let Some(why) =
        unreachable.and_then(|line| line.split_once("icmp_seq=")).and_then(|(_, rest)| rest.split_once(' '))
    {
        reading.warnings.push(why.1.to_owned());
    }
    reading.warnings.extend(refusal.map(str::to_owned));
    if answers.is_empty() && received > 0 {
        return quiet(reading, text, sent, received);
    }
    if answers.len() as u64 != received {
        let why = format!("the statistics count {received} answers, {} are shown", answers.len());
        return reading.ended(Verdict::Incomplete, why);
    }
    if received > 0 && summary(text).is_none() {
        let why = format!("line {}: it ends before the line `min/avg/max`", text.lines().count());
        return reading.ended(Verdict::Incomplete, why);
    }
    if sent < 2 {
        let why = format!("{sent} packets were sent, and the first is not counted: nothing is left to measure");
        return reading.ended(Verdict::Incomplete, why);
    }
    // busybox counts from 0; whether 0 was answered does not tell, for it may be the one that was lost.
    let first = u64::from(!busybox);
    let times: Vec<f64> = answers.iter().filter(|answer| answer.sequence > first).map(|answer| answer.ms).collect();
    round_trips(&mut reading, sent.saturating_sub(1), &times);
    for answer in answers.iter().filter(|_| answers.len() <= MOST_SHOWN) {
        let labels = vec![("packet", answer.sequence.to_string())];
        reading.figures.push(Figure { metric: "ping_ms", value: answer.ms, labels });
    }
    match contradiction(text, &answers) {
        Some(why) => reading.ended(Verdict::Failed, why),
        None => Reading { verdict: Verdict::Complete, ..reading },
    }
}

fn answers(text: &str, reading: &mut Reading) -> Vec<Answer> {
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    for (line, at) in text.lines().zip(1..) {
        let Some(sequence) = after(line, "seq=").and_then(|text| text.parse().ok()) else { continue };
        let Some(time) = after(line, "time=") else { continue };
        let Some(ms) = number(time.trim_end_matches("ms")).filter(|ms| *ms >= 0.0) else {
            warn(reading, format!("line {at}: `{time}` is no time"));
            continue;
        };
        if line.contains("DUP!") || !seen.insert(sequence) {
            warn(reading, format!("line {at}: packet {sequence} was answered twice"));
            continue;
        }
        if let Some(ttl) = after(line, "ttl=").and_then(|ttl| ttl.parse::<u8>().ok()) {
            reading.facts.entry("ttl".to_owned()).or_insert_with(|| ttl.to_string());
        }
        found.push(Answer { sequence, ms });
    }
    found
}

/// A file of nothing but oddities must not fill the screen.
const MOST_WARNINGS: usize = 20;

fn warn(reading: &mut Reading, what: String) {
    match reading.warnings.len() {
        0..MOST_WARNINGS => reading.warnings.push(what),
        MOST_WARNINGS => reading.warnings.push("… and more of the same kind".to_owned()),
        _ => {}
    }
}

/// Packets sent and received.
fn statistics(text: &str) -> Option<(u64, u64)> {
    let line = text.lines().find(|line| line.contains(" packets transmitted"))?;
    let (sent, rest) = line.split_once(" packets transmitted, ")?;
    let received = rest.split_whitespace().next()?.parse().ok()?;
    let sent: u64 = sent.trim().parse().ok()?;
    (received <= sent).then_some((sent, received))
}

/// Least, mean and largest as the last line says them: `rtt min/avg/max/mdev = …`, `round-trip min/avg/max = …`.
fn summary(text: &str) -> Option<[f64; 3]> {
    let line = text.lines().rev().find(|line| line.contains("min/avg/max"))?;
    let mut values = line.split_once(" = ")?.1.trim_end_matches(" ms").split('/').map_while(number);
    Some([values.next()?, values.next()?, values.next()?])
}

/// `ping -q` shows no single packet: the first cannot be left out.
fn quiet(mut reading: Reading, text: &str, sent: u64, received: u64) -> Reading {
    let Some([min, avg, max]) = summary(text) else {
        return reading.ended(Verdict::Incomplete, "there is neither an answer nor a line `min/avg/max`");
    };
    reading.warnings.push("the single packets are not shown: the first is in the figures".to_owned());
    reading.fact("sent", sent);
    reading.fact("received", received);
    reading.figure("ping_loss_percent", 100.0 * (sent - received) as f64 / sent as f64);
    reading.figure("ping_min_ms", min);
    reading.figure("ping_avg_ms", avg);
    reading.figure("ping_max_ms", max);
    Reading { verdict: Verdict::Complete, ..reading }
}

/// The lines against the summary: both print three digits behind the point, or three significant ones.
fn contradiction(text: &str, answers: &[Answer]) -> Option<String> {
    let [min, _, max] = summary(text)?;
    let least = answers.iter().map(|answer| answer.ms).fold(f64::INFINITY, f64::min);
    let most = answers.iter().map(|answer| answer.ms).fold(0.0, f64::max);
    let far = |one: f64, other: f64| (one - other).abs() > 0.002 + 0.006 * one.abs().max(other.abs());
    let pairs = [("least", least, min), ("largest", most, max)];
    let (what, shown, said) = pairs.into_iter().find(|(_, shown, said)| !answers.is_empty() && far(*shown, *said))?;
    Some(format!("the {what} time of the lines is {shown} ms, that of the summary {said} ms"))
}
