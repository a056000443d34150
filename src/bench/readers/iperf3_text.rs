//! What iperf3 prints for people. It rounds to three digits, and counts bytes by 1024 but bits by 1000.

use std::collections::BTreeSet;

use super::lines::number;
use crate::results::{Figure, Reading, Verdict};

/// One line of a table: `[  5]   0.00-1.00   sec  8.90 GBytes  76.4 Gbits/sec    0   4.05 MBytes`.
struct Row<'a> {
    stream: &'a str,
    from: f64,
    to: f64,
    /// What the transfer and the time come to.
    from_bytes_gbit_s: f64,
    gbit_s: f64,
    /// Behind the rate: retransmissions, window, `sender`.
    rest: Vec<&'a str>,
}

pub fn read(text: &str) -> Reading {
    let mut reading = Reading::of("iperf3");
    if let Some(host) = super::lines::after(text, "Connecting to host ") {
        reading.fact("host", host.trim_end_matches(','));
    }
    if text.matches("Connecting to host ").count() > 1 {
        return reading.ended(Verdict::Failed, "it holds several runs: give each a file of its own");
    }
    if text.contains("[ ID][Role]") {
        return reading.ended(Verdict::Unverified, "both directions at once (--bidir) are not read");
    }
    let rows: Vec<Row> = text.lines().filter_map(row).collect();
    let streams: BTreeSet<&str> = rows.iter().map(|row| row.stream).filter(|stream| *stream != "SUM").collect();
    reading.fact("num_streams", streams.len());
    // Of several streams the line [SUM] is the whole.
    let whole = if streams.len() > 1 { "SUM" } else { streams.first().copied().unwrap_or_default() };
    let of_whole = || rows.iter().filter(|row| row.stream == whole);
    let udp = text.contains("Total Datagrams");
    let seconds = of_whole().filter(|row| !row.is_summary() && !row.rest.contains(&"(omitted)"));
    // Of UDP they show what was sent. The last one may be a few hundredths long.
    for (row, second) in seconds.zip(1..).filter(|(row, _)| !udp && row.to - row.from > 0.5) {
        let labels = vec![("second", second.to_string())];
        reading.figures.push(Figure { metric: "throughput_gbit_s", value: row.gbit_s, labels });
    }
    let last = |word: &str| of_whole().find(|row| row.rest.last() == Some(&word));
    let received = last("receiver");
    if let Some(received) = received {
        reading.figures.insert(0, Figure { metric: "throughput_gbit_s", value: received.gbit_s, labels: Vec::new() });
        reading.fact("duration", received.to);
    }
    match udp {
        true => datagrams(received, &mut reading),
        false => segments(last("sender"), &rows, &mut reading),
    }
    if let Some(row) = received.filter(|row| !row.is_consistent()) {
        let why =
            format!("{:.3} Gbit/s follow from the bytes received, shown are {}", row.from_bytes_gbit_s, row.gbit_s);
        return reading.ended(Verdict::Failed, why);
    }
    let error = text.lines().find_map(|line| line.split_once("iperf3: error - "));
    match error {
        Some((_, why)) => reading.ended(Verdict::Failed, why.trim()),
        None if reading.value("throughput_gbit_s").is_none() => {
            let lines = text.lines().count();
            reading.ended(Verdict::Incomplete, format!("line {lines}: it ends before the receiver's summary"))
        }
        None => Reading { verdict: Verdict::Complete, ..reading },
    }
}

/// Jitter and loss: `0.012 ms  4/8518 (0.047%)`.
fn datagrams(received: Option<&Row>, reading: &mut Reading) {
    let Some([jitter, "ms", counts, ..]) = received.map(|row| row.rest.as_slice()) else { return };
    if let Some(jitter) = number(jitter) {
        reading.figure("udp_jitter_ms", jitter);
    }
    let lost = counts.split_once('/').and_then(|(lost, all)| Some((number(lost)?, number(all)?)));
    if let Some((lost, all)) = lost.filter(|(lost, all)| *all > 0.0 && lost <= all) {
        reading.figure("udp_loss_percent", 100.0 * lost / all);
    }
}

/// Retransmissions of all streams, and the largest congestion window of any.
fn segments(sent: Option<&Row>, rows: &[Row], reading: &mut Reading) {
    if let Some(count) = sent.filter(|row| row.rest.len() == 2).and_then(|row| number(row.rest[0])) {
        reading.figure("retransmits", count);
    }
    let windows = rows.iter().filter_map(|row| bytes(row.rest.get(1)?, row.rest.get(2)?));
    if let Some(window) = windows.reduce(f64::max) {
        reading.figure("cwnd_kb", window / 1e3);
    }
}

impl Row<'_> {
    /// Transfer and rate have three digits each, and say the same.
    fn is_consistent(&self) -> bool {
        self.gbit_s == 0.0 || (self.from_bytes_gbit_s / self.gbit_s - 1.0).abs() < 0.02
    }

    fn is_summary(&self) -> bool {
        matches!(self.rest.last(), Some(&"sender" | &"receiver"))
    }
}

fn row(line: &str) -> Option<Row<'_>> {
    // A title of the run (`-T`) stands before each line.
    let (title, row) = line.split_once('[')?;
    (title.trim().is_empty() || title.trim_end().ends_with(':')).then_some(())?;
    let (stream, rest) = row.split_once(']')?;
    let mut words = rest.split_whitespace();
    let (from, to) = words.next()?.split_once('-')?;
    (words.next()? == "sec").then_some(())?;
    let (from, to) = (number(from)?, number(to)?);
    let transfer = bytes(words.next()?, words.next()?)?;
    let (rate, unit) = (words.next()?, words.next()?);
    Some(Row {
        stream: stream.trim(),
        from,
        to,
        from_bytes_gbit_s: transfer * 8e-9 / (to - from),
        gbit_s: number(rate).filter(|rate| *rate >= 0.0)? * gbit_s(unit)?,
        rest: words.collect(),
    })
}

fn gbit_s(unit: &str) -> Option<f64> {
    Some(match unit {
        "Tbits/sec" => 1e3,
        "Gbits/sec" => 1.0,
        "Mbits/sec" => 1e-3,
        "Kbits/sec" => 1e-6,
        "bits/sec" => 1e-9,
        // `-f M` counts bytes, and those by 1024.
        "GBytes/sec" => 8e-9 * 1_073_741_824.0,
        "MBytes/sec" => 8e-9 * 1_048_576.0,
        "KBytes/sec" => 8e-9 * 1024.0,
        _ => return None,
    })
}

fn bytes(value: &str, unit: &str) -> Option<f64> {
    let factor = match unit {
        "GBytes" => 1024.0 * 1024.0 * 1024.0,
        "MBytes" => 1024.0 * 1024.0,
        "KBytes" => 1024.0,
        "Bytes" => 1.0,
        _ => return None,
    };
    number(value).map(|value| value * factor)
}
