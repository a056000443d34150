//! Genuine output of other tools, read into figures.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "test code")]

use std::{fs, path::Path};

use labkit::bench::{parse_iperf3, parse_ping};
use proptest::prelude::*;

fn capture(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(name)).unwrap()
}

#[test]
fn iperf3s_throughput_is_what_the_receiver_got() {
    let text = capture("iperf3-veth.json");
    let report = parse_iperf3(&text).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let received = &json["end"]["sum_received"];
    let by_hand = received["bytes"].as_f64().unwrap() * 8e-9 / received["seconds"].as_f64().unwrap();
    assert!((report.gbit_s / by_hand - 1.0).abs() < 0.01, "{} {by_hand}", report.gbit_s);
    assert_eq!(report.intervals_gbit_s.len(), 3);
    assert_eq!(report.retransmits, json["end"]["sum_sent"]["retransmits"].as_u64().unwrap());
    assert!(report.cwnd_kb > 10.0);
}

#[test]
fn iperf3s_error_is_an_error_although_it_exited_0() {
    let error = parse_iperf3(&capture("iperf3-refused.json")).unwrap_err();
    assert_eq!(error.to_string(), "iperf3: unable to connect to server: Connection refused");
}

#[test]
fn pings_lines_are_read_without_the_first() {
    let report = parse_ping(&capture("ping-veth.txt")).unwrap();
    assert_eq!((report.sent, report.received, report.ttl), (9, 9, Some(64)));
    assert!(report.min_ms > 0.0 && report.min_ms <= report.median_ms && report.median_ms <= report.max_ms);
    assert_eq!(parse_ping(&capture("ping-routed.txt")).unwrap().ttl, Some(63));
}

#[test]
fn lost_packets_are_counted() {
    let report = parse_ping(&capture("ping-lost.txt")).unwrap();
    assert_eq!((report.sent, report.received, report.loss_percent, report.ttl), (2, 0, 100.0, None));
    let text = capture("ping-partly-lost.txt");
    let report = parse_ping(&text).unwrap();
    assert_eq!(report.sent, 39);
    assert_eq!(report.received as usize, text.matches("bytes from").count() - 1);
    assert!(report.loss_percent > 0.0 && report.loss_percent < 100.0);
}

#[test]
fn what_is_no_output_of_the_tool_is_refused() {
    assert!(parse_iperf3("").unwrap_err().to_string().starts_with("read iperf3's JSON"));
    assert!(parse_iperf3("{}").unwrap_err().to_string().contains("end.sum_received.bits_per_second"));
    assert!(
        parse_ping("ping: nowhere: Name or service not known").unwrap_err().to_string().contains("packets transmitted")
    );
}

proptest! {
    #[test]
    fn no_text_makes_a_reader_panic(text in "\\PC{0,200}") {
        let _ = (parse_iperf3(&text), parse_ping(&text));
    }

    #[test]
    fn no_damage_makes_a_reader_panic(at in 0usize..4000, with in "\\PC{0,8}") {
        for name in ["iperf3-veth.json", "ping-veth.txt"] {
            let mut text = capture(name);
            let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
            text.replace_range(at..at, &with);
            let _ = (parse_iperf3(&text), parse_ping(&text), parse_ping(&text[..at]), parse_iperf3(&text[..at]));
        }
    }
}
