//! `iperf3 -J`, of the sending side.

use serde_json::Value;

use crate::results::{Reading, Verdict};

/// Version 3.12 exits 0 on errors in JSON mode: the key `error` decides, not the status.
pub fn read(text: &str) -> Reading {
    let mut reading = Reading::of("iperf3");
    let json: Value = match serde_json::from_str(text) {
        Ok(json) => json,
        Err(error) => {
            let (verdict, line) = (Verdict::Incomplete, error.line());
            return reading.ended(verdict, format!("line {line}: the JSON ends or breaks here: {error}"));
        }
    };
    settings(&json, &mut reading);
    if json["end"].get("sum_received_bidir_reverse").is_some() {
        return reading.ended(Verdict::Unverified, "both directions at once (--bidir) are not read");
    }
    figures(&json, &mut reading);
    let received = &json["end"]["sum_received"];
    let number = |name: &str| received[name].as_f64();
    if let (Some(rate), Some(bytes), Some(seconds)) = (number("bits_per_second"), number("bytes"), number("seconds"))
        && (bytes * 8.0 / seconds - rate).abs() > 0.01 * rate.abs()
    {
        let why = format!("{rate} bit/s contradict {bytes} bytes in {seconds} s of end.sum_received");
        return reading.ended(Verdict::Failed, why);
    }
    match json["error"].as_str() {
        Some(error) => reading.ended(Verdict::Failed, error),
        None if reading.value("throughput_gbit_s").is_none() => reading.ended(
            Verdict::Incomplete,
            "there is no `end.sum_received.bits_per_second`: it stopped before the summary",
        ),
        None => Reading { verdict: Verdict::Complete, ..reading },
    }
}

/// Facts that decide throughput, by iperf3's names.
fn settings(json: &Value, reading: &mut Reading) {
    let (start, end) = (&json["start"], &json["end"]);
    let values = [
        ("version", &start["version"]),
        ("host", &start["connecting_to"]["host"]),
        ("tcp_mss_default", &start["tcp_mss_default"]),
        ("protocol", &start["test_start"]["protocol"]),
        ("num_streams", &start["test_start"]["num_streams"]),
        ("duration", &start["test_start"]["duration"]),
        ("reverse", &start["test_start"]["reverse"]),
        ("congestion", &end["sender_tcp_congestion"]),
    ];
    for (name, value) in values {
        match value {
            Value::String(text) => reading.fact(name, text),
            Value::Number(number) => reading.fact(name, number),
            _ => {}
        }
    }
    reading.at = start["timestamp"]["timesecs"].as_i64().and_then(crate::clock::from_epoch);
}

fn figures(json: &Value, reading: &mut Reading) {
    let (end, udp) = (&json["end"], json["start"]["test_start"]["protocol"] == "UDP");
    let received = &end["sum_received"];
    if let Some(rate) = received["bits_per_second"].as_f64() {
        reading.figure("throughput_gbit_s", rate / 1e9);
    }
    if udp {
        let jitter_and_loss =
            [("udp_jitter_ms", &received["jitter_ms"]), ("udp_loss_percent", &received["lost_percent"])];
        for (metric, value) in jitter_and_loss {
            if let Some(value) = value.as_f64() {
                reading.figure(metric, value);
            }
        }
    } else {
        if let Some(count) = end["sum_sent"]["retransmits"].as_f64() {
            reading.figure("retransmits", count);
        }
        let windows = intervals(json).flat_map(|interval| interval["streams"].as_array().into_iter().flatten());
        let window = windows.filter_map(|stream| stream["snd_cwnd"].as_f64()).reduce(f64::max);
        if let Some(window) = window {
            reading.figure("cwnd_kb", window / 1e3);
        }
    }
    if let Some(cpu) = cpu_s_per_gb(end) {
        reading.figure("cpu_s_per_gb", cpu);
    }
    // Of UDP an interval is what was sent, which says nothing of what arrived.
    for (interval, second) in intervals(json).zip(1..).filter(|_| !udp) {
        if let Some(rate) = interval["sum"]["bits_per_second"].as_f64() {
            reading.figures.push(crate::results::Figure {
                metric: "throughput_gbit_s",
                value: rate / 1e9,
                labels: vec![("second", second.to_string())],
            });
        }
    }
}

fn intervals(json: &Value) -> impl Iterator<Item = &Value> {
    let all = json["intervals"].as_array().into_iter().flatten();
    all.filter(|interval| interval["sum"]["omitted"] != true)
}

/// CPU time of both ends by what was received; iperf3 gives it as a share of the test's time.
fn cpu_s_per_gb(end: &Value) -> Option<f64> {
    let share = |side| end["cpu_utilization_percent"][side].as_f64();
    let busy = (share("host_total")? + share("remote_total")?) / 100.0 * end["sum_received"]["seconds"].as_f64()?;
    let gigabytes = end["sum_received"]["bytes"].as_f64()? / 1e9;
    (gigabytes > 0.0 && busy > 0.0).then(|| busy / gigabytes)
}
