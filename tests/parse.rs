//! Genuine output of ping and iperf3, read into figures, or into the reason why not.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "test code")]

#[path = "support/print.rs"]
mod print;
mod support;

use std::{fs, path::Path};

use labkit::{
    bench::readers::read_one,
    results::{Reading, Verdict},
};
use proptest::prelude::*;
use support::fixture;

fn capture(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(name)).unwrap()
}

fn read(text: &str) -> Reading {
    read_one(text.as_bytes()).unwrap()
}

fn refusal(text: &str) -> (Verdict, String) {
    let mut reading = read(text);
    (reading.verdict, reading.why.remove(0))
}

/// Values of a metric that carry the label `second`.
fn seconds(reading: &Reading) -> Vec<f64> {
    let labelled = reading.figures.iter().filter(|f| f.metric == "throughput_gbit_s" && !f.labels.is_empty());
    labelled.map(|figure| figure.value).collect()
}

#[test]
fn iperf3s_throughput_is_what_the_receiver_got() {
    let text = capture("iperf3-veth.json");
    let reading = read(&text);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let received = &json["end"]["sum_received"];
    let by_hand = received["bytes"].as_f64().unwrap() * 8e-9 / received["seconds"].as_f64().unwrap();
    assert_eq!(reading.verdict, Verdict::Complete);
    assert!((reading.value("throughput_gbit_s").unwrap() / by_hand - 1.0).abs() < 0.01);
    assert_eq!(seconds(&reading).len(), 3);
    assert_eq!(reading.value("retransmits"), json["end"]["sum_sent"]["retransmits"].as_f64());
    assert!(reading.value("cwnd_kb").unwrap() > 10.0);
    let cpu = reading.value("cpu_s_per_gb").unwrap();
    assert!((0.05..5.0).contains(&cpu), "{cpu}");
}

#[test]
fn iperf3s_error_is_an_error_although_it_exited_0() {
    let refused = "unable to connect to server: Connection refused".to_owned();
    assert_eq!(refusal(&capture("iperf3-refused.json")), (Verdict::Failed, refused.clone()));
    assert_eq!(refusal(&capture("iperf3-refused.txt")), (Verdict::Failed, refused));
}

#[test]
fn of_udp_only_what_arrived_is_throughput() {
    let reading = read(&capture("iperf3-udp.json"));
    let rate = reading.value("throughput_gbit_s").unwrap();
    assert!((0.01..0.06).contains(&rate) && seconds(&reading).is_empty(), "{rate}");
    assert!(reading.value("udp_loss_percent").is_some() && reading.value("udp_jitter_ms").is_some());
}

#[test]
fn iperf3s_text_is_read_like_its_json() {
    let reading = read(&capture("iperf3-text.txt"));
    assert_eq!((reading.verdict, seconds(&reading).len()), (Verdict::Complete, 3));
    let mean = seconds(&reading).iter().sum::<f64>() / 3.0;
    assert!((reading.value("throughput_gbit_s").unwrap() / mean - 1.0).abs() < 0.02);
}

#[test]
fn a_rate_asked_for_in_megabytes_is_the_same_rate() {
    // `iperf3 -f M` counts bytes by 1024.
    let text =
        capture("iperf3-text.txt").replace("12.8 Gbits/sec                  receiver", "1526 MBytes/sec   receiver");
    let reading = read(&text);
    assert_eq!(reading.verdict, Verdict::Complete, "{:?}", reading.why);
    assert!((reading.value("throughput_gbit_s").unwrap() / 12.8 - 1.0).abs() < 0.001);
}

#[test]
fn a_file_of_nothing_but_oddities_does_not_fill_the_screen() {
    let text = capture("ping-veth.txt");
    let answer = text.lines().find(|line| line.contains("icmp_seq=2 ")).unwrap();
    let reading = read(&text.replace(answer, &format!("{answer}\n").repeat(1000)));
    assert_eq!(reading.warnings.len(), 21);
    assert!(reading.warnings[0].ends_with("packet 2 was answered twice"), "{:?}", reading.warnings);
    assert_eq!(reading.warnings[20], "… and more of the same kind");
}

#[test]
fn of_three_streams_the_sum_counts() {
    let reading = read(&capture("iperf3-three-streams.txt"));
    assert_eq!((reading.value("throughput_gbit_s"), reading.value("retransmits")), (Some(17.4), Some(26.0)));
    assert_eq!((seconds(&reading), reading.facts["num_streams"].as_str()), (vec![17.5, 16.9, 17.7], "3"));
    assert!((reading.value("cwnd_kb").unwrap() - 3.37 * 1048.576).abs() < 1e-9);
}

#[test]
fn a_rate_that_contradicts_its_bytes_is_refused() {
    let text = capture("iperf3-three-streams.txt")
        .replace("17.4 Gbits/sec                  receiver", "174 Gbits/sec   receiver");
    let (verdict, why) = refusal(&text);
    assert_eq!(verdict, Verdict::Failed);
    assert!(why.ends_with("follow from the bytes received, shown are 174"), "{why}");
}

#[test]
fn pings_lines_are_read_without_the_first() {
    let reading = read(&capture("ping-veth.txt"));
    let fact = |name: &str| reading.facts[name].as_str();
    assert_eq!((fact("sent"), fact("received"), fact("ttl")), ("9", "9", "64"));
    let value = |metric| reading.value(metric).unwrap();
    assert!(value("ping_min_ms") > 0.0 && value("ping_min_ms") <= value("ping_median_ms"));
    assert!(value("ping_median_ms") <= value("ping_max_ms"));
    assert_eq!(read(&capture("ping-routed.txt")).facts["ttl"], "63");
}

#[test]
fn busybox_counts_from_zero() {
    let reading = read(&capture("ping-busybox.txt"));
    assert_eq!((reading.facts["sent"].as_str(), reading.facts["received"].as_str()), ("9", "9"));
    assert_eq!(reading.bench, "busybox-ping");
}

#[test]
fn a_quiet_ping_has_its_summary_and_says_what_is_missing() {
    let reading = read(&capture("ping-quiet.txt"));
    assert_eq!((reading.value("ping_min_ms"), reading.value("ping_max_ms")), (Some(0.018), Some(0.036)));
    assert_eq!(reading.value("ping_median_ms"), None);
    assert!(reading.warnings[0].contains("the first is in the figures"));
}

#[test]
fn lost_packets_are_counted() {
    let reading = read(&capture("ping-lost.txt"));
    assert_eq!((reading.value("ping_loss_percent"), reading.facts.get("ttl")), (Some(100.0), None));
    let text = capture("ping-partly-lost.txt");
    let reading = read(&text);
    assert_eq!(reading.facts["sent"], "39");
    assert_eq!(reading.number("received"), Some(text.matches("bytes from").count() as f64 - 1.0));
    let loss = reading.value("ping_loss_percent").unwrap();
    assert!(loss > 0.0 && loss < 100.0);
}

#[test]
fn one_lost_packet_is_no_measurement_and_never_no_loss() {
    let text =
        "PING 10.0.0.9 (10.0.0.9) 56(84) bytes of data.\n\n1 packets transmitted, 0 received, 100% packet loss\n";
    let reading = read(text);
    assert_eq!((reading.verdict, reading.value("ping_loss_percent")), (Verdict::Incomplete, None));
}

#[test]
fn a_lost_first_packet_of_busybox_is_the_first() {
    let text = capture("ping-busybox.txt");
    let first = text.lines().find(|line| line.contains("seq=0 ")).unwrap();
    let text = text.replace(&format!("{first}\n"), "").replace("10 packets received, 0%", "9 packets received, 10%");
    let text = text.replace(
        "/0.142 ms",
        &format!(
            "/{} ms",
            text.lines()
                .filter_map(|l| l.split("time=").nth(1))
                .map(|t| t.trim_end_matches(" ms").parse::<f64>().unwrap())
                .fold(0.0, f64::max)
        ),
    );
    let reading = read(&text);
    assert_eq!(
        (reading.verdict, reading.value("ping_loss_percent")),
        (Verdict::Complete, Some(0.0)),
        "{:?}",
        reading.why
    );
}

#[test]
fn several_runs_both_directions_and_titles_are_told_apart() {
    let text = capture("iperf3-text.txt");
    assert_eq!(
        refusal(&(text.clone() + &text)),
        (Verdict::Failed, "it holds several runs: give each a file of its own".into())
    );
    let titled: String = text.lines().map(|line| format!("abc:  {line}\n")).collect();
    assert_eq!(read(&titled).value("throughput_gbit_s"), read(&text).value("throughput_gbit_s"));
    let mut json: serde_json::Value = serde_json::from_str(&capture("iperf3-veth.json")).unwrap();
    json["end"]["sum_received_bidir_reverse"] = serde_json::json!({});
    assert_eq!(refusal(&json.to_string()).0, Verdict::Unverified);
}

#[test]
fn a_time_that_contradicts_the_summary_is_refused() {
    let text = capture("ping-busybox.txt").replace("time=0.142 ms", "time=1.142 ms");
    assert_eq!(
        refusal(&text),
        (Verdict::Failed, "the largest time of the lines is 1.142 ms, that of the summary 0.142 ms".into())
    );
}

#[test]
fn what_stops_early_says_where() {
    assert_eq!(
        refusal("PING 10.0.0.1 (10.0.0.1) 56(84) bytes of data.\n"),
        (Verdict::Incomplete, "line 1: it ends before `… packets transmitted`".into())
    );
    assert_eq!(refusal(&capture("ping-no-route.txt")), (Verdict::Failed, "connect: Network is unreachable".into()));
    let (verdict, why) = refusal(&capture("iperf3-veth.json")[..2000]);
    assert_eq!(verdict, Verdict::Incomplete);
    assert!(why.starts_with("line ") && why.contains("EOF"), "{why}");
    let text = capture("iperf3-text.txt");
    let (verdict, why) = refusal(&text[..text.find("receiver").unwrap()]);
    assert_eq!((verdict, why.ends_with("it ends before the receiver's summary")), (Verdict::Incomplete, true));
}

#[test]
fn what_no_tool_wrote_is_refused() {
    let refused = |bytes: &[u8]| read_one(bytes).unwrap_err().to_string();
    assert_eq!(refused(b""), "no tool is known that wrote this: it is empty");
    assert_eq!(refused(b"\x7fELF\0\0"), "no tool is known that wrote this: it is not text");
    assert_eq!(refused(b"Dear diary,\n"), "no tool is known that wrote this: it begins with `Dear diary,`");
}

#[test]
fn the_captures_are_read_as_their_list_says() {
    let expected = [
        ("iperf3_veth", Verdict::Complete),
        ("iperf3_bridge", Verdict::Complete),
        ("iperf3_vxlan", Verdict::Complete),
        ("iperf3_udp", Verdict::Complete),
        ("iperf3_bridge_text", Verdict::Complete),
        ("iperf3_refused", Verdict::Failed),
        ("iperf3_noroute", Verdict::Failed),
        ("iperf3_timeout", Verdict::Failed),
        ("iperf3_badname", Verdict::Failed),
        ("iperf3_busy", Verdict::Failed),
        ("iperf3_server_died", Verdict::Failed),
        ("ping_ok", Verdict::Complete),
        ("ping_vxlan", Verdict::Complete),
        ("ping_name_ok", Verdict::Complete),
        ("ping_loss", Verdict::Complete),
        ("ping_host_unreachable", Verdict::Complete),
        ("ping_unreachable", Verdict::Complete),
        ("ping_all_lost", Verdict::Complete),
        ("ping_mtu", Verdict::Complete),
    ];
    for (name, verdict) in expected {
        let Some(text) = fixture(&format!("captures/net/{name}.out")) else { return };
        let reading = read(&text);
        assert_eq!(reading.verdict, verdict, "{name}: {:?}", reading.why);
    }
    for (name, why) in [
        ("ping_netunreachable", "connect: Network is unreachable"),
        ("ping_badname", "node99: Temporary failure in name resolution"),
    ] {
        assert_eq!(refusal(&fixture(&format!("captures/net/{name}.err")).unwrap()), (Verdict::Failed, why.to_owned()));
    }
    let unreachable = read(&fixture("captures/net/ping_host_unreachable.out").unwrap());
    assert_eq!(
        (unreachable.value("ping_loss_percent"), unreachable.warnings[0].as_str()),
        (Some(100.0), "Destination Host Unreachable")
    );
}

#[test]
fn the_reference_reports_files_are_read() {
    let rates = [
        ("namespaces/iperf_veth.txt", 77.2),
        ("namespaces/iperf_br.txt", 68.7),
        ("namespaces/iperf_vxlan.txt", 63.5),
        ("containers/iperf_docker.txt", 115.0),
    ];
    for (file, rate) in rates {
        let Some(text) = fixture(&format!("reference/{file}")) else { return };
        let reading = read(&text);
        assert_eq!((reading.verdict, seconds(&reading).len()), (Verdict::Complete, 10), "{file}");
        assert!(
            (reading.value("throughput_gbit_s").unwrap() - rate).abs() < 1.0,
            "{file} {:?}",
            reading.value("throughput_gbit_s")
        );
    }
    let ping = read(&fixture("reference/vms/ping.txt").unwrap());
    assert_eq!((ping.value("ping_max_ms"), ping.value("ping_min_ms")), (Some(1.06), Some(0.356)));
}

#[test]
fn what_is_read_and_printed_and_read_again_is_the_same() {
    type Print = fn(&Reading) -> String;
    let tools: [(&[&str], Print); 3] = [
        (&["iperf3-veth.json", "iperf3-udp.json"], print::iperf3),
        (&["iperf3-text.txt", "iperf3-three-streams.txt"], print::iperf3_text),
        (
            &["ping-veth.txt", "ping-busybox.txt", "ping-quiet.txt", "ping-lost.txt", "ping-partly-lost.txt"],
            print::ping,
        ),
    ];
    for (names, print) in tools {
        for name in names {
            print::assert_same(&read(&capture(name)), print);
        }
    }
}

proptest! {
    #[test]
    fn no_text_makes_a_reader_panic(text in "\\PC{0,200}") {
        for head in ["", "PING ", "iperf3: ", "{\"intervals\":", "Connecting to host x\n[  5] "] {
            let _ = read_one(format!("{head}{text}").as_bytes());
        }
    }

    #[test]
    fn no_damage_makes_a_reader_panic(at in 0usize..4000, with in "\\PC{0,8}") {
        for name in ["iperf3-veth.json", "ping-veth.txt", "iperf3-text.txt", "ping-busybox.txt"] {
            let mut text = capture(name);
            let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
            let whole = read(&text);
            let cut = read_one(&text.as_bytes()[..at]);
            if let Ok(cut) = cut && cut.verdict.is_trusted() {
                prop_assert_eq!(cut.figures, whole.figures);
            }
            text.replace_range(at..at, &with);
            let _ = read_one(text.as_bytes());
        }
    }
}
