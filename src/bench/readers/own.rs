//! labkit's own echo and stream: what they saw, as they leave it under `raw/`, and what it comes to.

use serde::{Deserialize, Serialize};

use crate::{
    results::{Figure, Reading, Verdict},
    stats,
};

/// One burst of echo requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OwnPing {
    /// Always `ping`.
    pub labkit: String,
    pub to: String,
    /// The first included, which is not counted: it finds the neighbour.
    pub sent: u64,
    pub ttl: Option<u8>,
    /// Sequence from 1 and round trip of each answer.
    pub answers: Vec<(u64, u64)>,
}

/// One TCP stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OwnTcp {
    /// Always `tcp`.
    pub labkit: String,
    pub to: String,
    pub received_bytes: u64,
    /// From the connection to the last byte received.
    pub elapsed_ns: u64,
    /// Bytes received in each whole second.
    pub seconds: Vec<u64>,
    pub retransmits: u64,
    /// The largest congestion window seen.
    pub cwnd_bytes: u64,
    /// CPU time of both ends.
    pub cpu_ns: u64,
}

pub fn read_ping(text: &str) -> Reading {
    let mut reading = Reading::of("ping");
    let ping: OwnPing = match serde_json::from_str(text) {
        Ok(ping) => ping,
        Err(error) => return reading.ended(Verdict::Incomplete, format!("line {}: {error}", error.line())),
    };
    let counted: Vec<f64> =
        ping.answers.iter().filter(|(sequence, _)| *sequence > 1).map(|(_, nanos)| *nanos as f64 / 1e6).collect();
    reading.fact("to", &ping.to);
    if let Some(ttl) = ping.ttl {
        reading.fact("ttl", ttl);
    }
    round_trips(&mut reading, ping.sent.saturating_sub(1), &counted);
    Reading { verdict: Verdict::Complete, ..reading }
}

/// Loss and order statistics of round trips in ms, the first packet already left out.
pub fn round_trips(reading: &mut Reading, sent: u64, times: &[f64]) {
    let received = times.len() as u64;
    reading.fact("sent", sent);
    reading.fact("received", received);
    let lost = sent.saturating_sub(received);
    if sent > 0 {
        reading.figure("ping_loss_percent", 100.0 * lost as f64 / sent as f64);
    }
    if received == 0 {
        return;
    }
    let quantiles = [
        ("ping_min_ms", 0.0),
        ("ping_median_ms", 0.5),
        ("ping_p95_ms", 0.95),
        ("ping_p99_ms", 0.99),
        ("ping_max_ms", 1.0),
    ];
    for (metric, q) in quantiles {
        reading.figure(metric, stats::quantile(times, q));
    }
    reading.figure("ping_avg_ms", times.iter().sum::<f64>() / received as f64);
}

pub fn read_tcp(text: &str) -> Reading {
    let mut reading = Reading::of("tcp");
    let tcp: OwnTcp = match serde_json::from_str(text) {
        Ok(tcp) => tcp,
        Err(error) => return reading.ended(Verdict::Incomplete, format!("line {}: {error}", error.line())),
    };
    let gigabytes = tcp.received_bytes as f64 / 1e9;
    reading.fact("to", &tcp.to);
    reading.figure("throughput_gbit_s", gigabytes * 8e9 / tcp.elapsed_ns as f64);
    reading.figure("retransmits", tcp.retransmits as f64);
    reading.figure("cwnd_kb", tcp.cwnd_bytes as f64 / 1e3);
    reading.figure("cpu_s_per_gb", tcp.cpu_ns as f64 / 1e9 / gigabytes);
    for (bytes, second) in tcp.seconds.iter().zip(1..) {
        let labels = vec![("second", second.to_string())];
        reading.figures.push(Figure { metric: "throughput_gbit_s", value: *bytes as f64 * 8e-9, labels });
    }
    Reading { verdict: Verdict::Complete, ..reading }
}
