//! Readings printed in the layout of their tools: read again, they must be the same.
#![allow(dead_code, clippy::panic, clippy::unwrap_used, reason = "test code; each test file uses a part of it")]

use std::fmt::Write;

use labkit::results::{Figure, Reading, Verdict};
use serde_json::json;

/// Reads what `print` makes of a reading: the verdict is the same, and every figure but for the last bits of a double.
pub fn assert_same(reading: &Reading, print: fn(&Reading) -> String) {
    let printed = print(reading);
    let again = labkit::bench::readers::read_one(printed.as_bytes()).unwrap();
    assert_eq!(again.verdict.is_trusted(), reading.verdict.is_trusted(), "{printed}\n{:?}", again.why);
    assert_eq!(sorted(&again).len(), sorted(reading).len(), "{printed}");
    for (one, other) in sorted(&again).into_iter().zip(sorted(reading)) {
        assert_eq!((one.metric, &one.labels), (other.metric, &other.labels), "{printed}");
        let close = (one.value - other.value).abs() <= 1e-9 * one.value.abs().max(other.value.abs());
        assert!(close, "{}: {} {}\n{printed}", one.metric, one.value, other.value);
    }
}

fn sorted(reading: &Reading) -> Vec<&Figure> {
    let mut figures: Vec<&Figure> = reading.figures.iter().collect();
    figures.sort_by_key(|figure| (figure.metric, &figure.labels));
    figures
}

fn fact<'a>(reading: &'a Reading, name: &str) -> &'a str {
    reading.facts.get(name).map_or("0", String::as_str)
}

fn label<'a>(figure: &'a Figure, name: &str) -> Option<&'a str> {
    figure.labels.iter().find(|(label, _)| *label == name).map(|(_, value)| value.as_str())
}

/// As C's `%e`, with as many digits as the value has.
fn exponent(value: f64) -> String {
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').unwrap();
    let exponent: i32 = exponent.parse().unwrap();
    format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
}

/// What a failure says behind its line.
fn without_line(why: &str) -> &str {
    why.strip_prefix("line ").and_then(|rest| rest.split_once(": ")).map_or(why, |(_, rest)| rest)
}

pub fn sysbench(reading: &Reading) -> String {
    let mut text = format!("sysbench {} (using system LuaJIT 2.1.0-beta3)\n\n", fact(reading, "version"));
    if reading.verdict == Verdict::Failed {
        return text + without_line(&reading.why[0]) + "\n";
    }
    writeln!(text, "Number of threads: {}\n", fact(reading, "threads")).unwrap();
    if fact(reading, "test") == "cpu" {
        writeln!(text, "Prime numbers limit: {}\n", fact(reading, "cpu-max-prime")).unwrap();
    } else {
        let [block, total] = ["memory-block-size", "memory-total-size"].map(|name| fact(reading, name));
        let [operation, scope] = ["memory-oper", "memory-scope"].map(|name| fact(reading, name));
        writeln!(text, "  block size: {block}\n  total size: {total}\n  operation: {operation}\n  scope: {scope}\n")
            .unwrap();
    }
    text.push_str("Threads started!\n\n");
    match reading.verdict {
        Verdict::Incomplete => text,
        _ => text + &sysbench_results(reading),
    }
}

fn sysbench_results(reading: &Reading) -> String {
    let [events, time, threads] =
        ["total_events", "total_time_s", "threads"].map(|name| fact(reading, name).parse::<f64>().unwrap());
    let mut text = String::new();
    let block: f64 = fact(reading, "memory-block-size").trim_end_matches("KiB").parse().unwrap_or(1.0);
    if let Some(rate) = reading.value("sysbench_cpu_events_s") {
        write!(text, "CPU speed:\n    events per second: {rate}\n\n").unwrap();
    } else if let Some(rate) = reading.value("sysbench_memory_mib_s") {
        writeln!(text, "Total operations: {events} ({} per second)\n", rate * 1024.0 / block).unwrap();
        writeln!(text, "{} MiB transferred ({rate} MiB/sec)\n", events * block / 1024.0).unwrap();
    } else {
        writeln!(text, "Total operations: {events} ({} per second)\n", events / time).unwrap();
    }
    let [min, avg, max] =
        ["min", "avg", "max"].map(|name| reading.value(&format!("sysbench_latency_{name}_ms")).unwrap());
    let p95 = reading.value("sysbench_latency_p95_ms");
    let p95 =
        p95.map_or("percentile stats:               disabled".to_owned(), |p95| format!("95th percentile: {p95:23}"));
    writeln!(text, "General statistics:\n    total time:                          {time}s").unwrap();
    writeln!(text, "    total number of events:              {events}\n\nLatency (ms):").unwrap();
    writeln!(text, "         min: {min:39}\n         avg: {avg:39}\n         max: {max:39}").unwrap();
    writeln!(text, "         {p95}\n         sum: {:39}\n\nThreads fairness:", avg * events).unwrap();
    writeln!(text, "    events (avg/stddev):           {}/0.00", events / threads).unwrap();
    writeln!(text, "    execution time (avg/stddev):   {time}/0.00\n").unwrap();
    text
}

/// Metrics of iozone in the order of its columns, and how wide each is.
const COLUMNS: [(&str, usize); 13] = [
    ("disk_write_mb_s", 9),
    ("disk_rewrite_mb_s", 9),
    ("disk_read_mb_s", 9),
    ("disk_reread_mb_s", 9),
    ("disk_random_read_mb_s", 9),
    ("disk_random_write_mb_s", 9),
    ("disk_backward_read_mb_s", 9),
    ("disk_record_rewrite_mb_s", 9),
    ("disk_stride_read_mb_s", 10),
    ("disk_fwrite_mb_s", 9),
    ("disk_frewrite_mb_s", 9),
    ("disk_fread_mb_s", 9),
    ("disk_freread_mb_s", 9),
];
const HEADINGS: &str = "              kB  reclen    write  rewrite    read    reread    read     write     read   rewrite      \
                        read   fwrite frewrite    fread  freread";

/// iozone prints whole numbers.
fn kilobytes(rate: f64) -> String {
    if (rate - rate.round()).abs() < 1e-10 * rate { rate.round().to_string() } else { rate.to_string() }
}

pub fn iozone(reading: &Reading) -> String {
    let mut text = format!(
        "\tIozone: Performance Test of File I/O\n\t        Version $Revision: {} $\n\tCommand line used: {}\n\
         \tOutput is in kBytes/sec\n{HEADINGS}\n",
        fact(reading, "version"),
        fact(reading, "command").to_owned() + " -i 0"
    );
    let mut rows: Vec<&[(&str, String)]> = Vec::new();
    for figure in reading.figures.iter().filter(|figure| !figure.labels.is_empty()) {
        if !rows.contains(&figure.labels.as_slice()) {
            rows.push(&figure.labels);
        }
    }
    for labels in rows {
        write!(text, "{:>16}{:>8}", labels[0].1, labels[1].1).unwrap();
        for (metric, width) in COLUMNS {
            let found = reading.figures.iter().find(|figure| figure.metric == metric && figure.labels == labels);
            let rate = found.map_or(String::new(), |figure| kilobytes(figure.value * 1e6 / 1024.0));
            // A column as wide as its number would run into the one before it.
            let rate = if rate.len() < width { rate } else { format!(" {rate}") };
            write!(text, "{rate:>width$}").unwrap();
        }
        text.push('\n');
    }
    if reading.verdict.is_trusted() {
        text.push_str("\niozone test complete.\n");
    }
    text
}

const RULE: &str = "--------------------------------------------------------------------------------";
const DOUBLE: &str = "================================================================================";

pub fn hpl(reading: &Reading) -> String {
    let mut text = format!(
        "{DOUBLE}\nHPLinpack {}  --  High-Performance Linpack benchmark  --   September 10, 2008\n{DOUBLE}\n\
         - Computational tests pass if scaled residuals are less than {:>19}\n\n",
        fact(reading, "version"),
        fact(reading, "threshold")
    );
    let of = |metric: &str, labels: &[(&'static str, String)]| {
        reading.figures.iter().find(|figure| figure.metric == metric && figure.labels == labels).map(|one| one.value)
    };
    let rates: Vec<&Figure> =
        reading.figures.iter().filter(|one| one.metric == "hpl_gflops" && !one.labels.is_empty()).collect();
    let word = if reading.verdict == Verdict::Failed { "FAILED" } else { "PASSED" };
    for rate in &rates {
        let [n, nb, p, q] = ["n", "nb", "p", "q"].map(|name| label(rate, name).unwrap());
        let variant = label(rate, "variant").unwrap_or("WR11C2R4");
        let (seconds, gflops) = (of("hpl_s", &rate.labels).unwrap(), exponent(rate.value));
        writeln!(
            text,
            "{DOUBLE}\nT/V                N    NB     P     Q               Time                 Gflops\n{RULE}"
        )
        .unwrap();
        writeln!(text, "{variant}{n:>12} {nb:>5} {p:>5} {q:>5} {seconds:>18} {gflops:>22}").unwrap();
        if let Some(residual) = of("hpl_residual", &rate.labels) {
            let residual = exponent(residual);
            writeln!(text, "{RULE}\n||Ax-b||_oo/(eps*(||A||_oo*||x||_oo+||b||_oo)*N)= {residual:>16} ...... {word}")
                .unwrap();
        }
    }
    writeln!(text, "{DOUBLE}\n\nFinished {:6} tests with the following results:", rates.len()).unwrap();
    let count = rates.len();
    text + &match reading.verdict {
        Verdict::Unverified => format!("         {count:6} tests completed without checking,\n"),
        Verdict::Failed => format!("         {count:6} tests completed and failed residual checks,\n"),
        _ => format!("         {count:6} tests completed and passed residual checks,\n"),
    } + "              0 tests skipped because of illegal input values.\n"
        + &format!("{RULE}\n\nEnd of Tests.\n{DOUBLE}\n")
}

pub fn open_mpi(reading: &Reading) -> String {
    let of = |name: &str| fact(reading, name);
    let dashes = &RULE[..74];
    let (node, program, file) = (of("node"), of("program"), of("file"));
    let block = |text: String| format!("{dashes}\n{text}\n{dashes}\n");
    match of("cause") {
        "unknown host" => format!("ssh: Could not resolve hostname {}: {}\n", of("host"), of("reason")),
        "no connection to host" => {
            format!("ssh: connect to host {} port {}: {}\n", of("host"), of("port"), of("reason"))
        }
        "no Open MPI on the node" => format!(
            "bash: line 1: {program}: No such file or directory\n{}",
            block("ORTE was unable to reliably start one or more daemons.".to_owned())
        ),
        "run as root" => block("mpirun has detected an attempt to run as root.".to_owned()),
        "not enough slots" => block(format!(
            "There are not enough slots available in the system to satisfy the {}\nslots that were requested by the \
             application:\n\n  {program}\n",
            of("ranks")
        )),
        "no hostfile" => block(format!("Open RTE was unable to open the hostfile:\n    {file}")),
        "damaged hostfile" => block(format!(
            "Open RTE detected a parse error in the hostfile:\n    {file}\nIt occured on line number {} on token 1.",
            of("position")
        )),
        "no program" => block(format!(
            "mpirun was unable to launch the specified application as it could not access\nor execute an executable:\n\n\
             Executable: {program}\nNode: {node}\n"
        )),
        "not started" => block(format!(
            "mpirun was unable to launch the specified application as it could not\nchange to the specified working \
             directory:\n\nWorking directory: {}\nNode: {node}\n",
            of("directory")
        )),
        "transport is gone" => {
            block(format!("As of version 3.0.0, the \"{}\" BTL is no longer available in Open MPI.", of("transport")))
        }
        "no such interface" => {
            block(format!(
                "WARNING: An invalid value was given for {}.  This\nvalue will be ignored.\n\n  Local host: {node}\n  \
                 Value:      {}",
                of("parameter"),
                of("interface")
            )) + &format!("[{node}:1] *** An error occurred in MPI_Init\n")
        }
        "contradicting parameters" => {
            block(format!(
                "Two mutually-exclusive MCA variables were specified.\n\n  1st MCA variable: {}\n  2nd MCA variable: {}",
                of("parameter"),
                of("other")
            )) + &format!("[{node}:1] *** An error occurred in MPI_Init\n")
        }
        "no way between ranks" => block(format!(
            "At least one pair of MPI processes are unable to reach each other for\nMPI communications.\n\n  Process 1 \
             ([[1,1],1]) is on host: {node}\n  Process 2 ([[1,1],0]) is on host: {}\n  BTLs attempted: {}",
            of("other"),
            of("transports")
        )),
        "killed" => block(format!(
            "mpirun noticed that process rank {} with PID 1 on node {node} exited on signal 9 (Killed).",
            of("rank")
        )),
        "no launch agent" => block(format!(
            "The value of the MCA parameter \"{parameter}\" was set to a path\nthat could not be found:\n\n  {parameter}: \
             {program}",
            parameter = of("parameter")
        )),
        "time limit" => block(format!(
            "The user-provided time limit for job execution has been reached:\n\n  Timeout: {}",
            of("limit")
        )),
        "aborted" => block(format!(
            "MPI_ABORT was invoked on rank {} in communicator MPI_COMM_WORLD\nwith errorcode {}.",
            of("rank"),
            of("code")
        )),
        other => panic!("no text is known for `{other}`"),
    }
}

/// Keys of hpcc's summary that carry a figure: key, metric, factor to the metric's unit.
const HPCC: &[(&str, &str, f64)] = labkit::bench::readers::HPCC_SUMMARY;

/// What the reader noted by itself, and no key of the summary.
const NOTED: [&str; 5] = ["version", "hostname", "compiled", "summary_keys", "stopped"];

pub fn hpcc(reading: &Reading) -> String {
    let version = fact(reading, "version");
    let mut text = format!("This is the DARPA/DOE HPC Challenge Benchmark version {version} October 2012\n");
    text.push_str("Begin of HPL section.\n");
    for rate in reading.figures.iter().filter(|one| one.metric == "hpl_gflops" && !one.labels.is_empty()) {
        let of = |metric: &str| {
            reading.figures.iter().find(|one| one.metric == metric && one.labels == rate.labels).map(|one| one.value)
        };
        let [n, nb, p, q] = ["n", "nb", "p", "q"].map(|name| label(rate, name).unwrap());
        writeln!(text, "WR11C2R4 {n} {nb} {p} {q} {} {}", of("hpl_s").unwrap_or(0.0), rate.value).unwrap();
        let residual = of("hpl_residual").unwrap();
        writeln!(text, "||Ax-b||_oo/(eps*(||A||_oo*||x||_oo+||b||_oo)*N)= {residual} ...... PASSED").unwrap();
    }
    text.push_str("End of HPL section.\nBegin of Summary section.\n");
    for (key, value) in reading.facts.iter().filter(|(key, _)| !NOTED.contains(&key.as_str())) {
        writeln!(text, "{key}={value}").unwrap();
    }
    for (key, metric, factor) in HPCC.iter().filter(|(key, ..)| !reading.facts.contains_key(*key)) {
        if let Some(value) = reading.value(metric) {
            writeln!(text, "{key}={}", value / factor).unwrap();
        }
    }
    text + "End of Summary section.\n"
}

/// What was measured in each second; some have none.
fn seconds(reading: &Reading) -> Vec<Option<f64>> {
    let labelled = reading.figures.iter().filter(|one| one.metric == "throughput_gbit_s" && !one.labels.is_empty());
    let mut found = Vec::new();
    for figure in labelled {
        found.resize(label(figure, "second").unwrap().parse().unwrap(), None);
        *found.last_mut().unwrap() = Some(figure.value);
    }
    found
}

pub fn iperf3(reading: &Reading) -> String {
    let rate = reading.value("throughput_gbit_s").unwrap() * 1e9;
    // Eight seconds, so that bytes and bits a second are one number.
    let mut received = json!({ "bits_per_second": rate, "bytes": rate, "seconds": 8.0 });
    let mut end = json!({});
    for (metric, name) in [("udp_jitter_ms", "jitter_ms"), ("udp_loss_percent", "lost_percent")] {
        if let Some(value) = reading.value(metric) {
            received[name] = value.into();
        }
    }
    if let Some(count) = reading.value("retransmits") {
        end["sum_sent"]["retransmits"] = count.into();
    }
    if let Some(cpu) = reading.value("cpu_s_per_gb") {
        let percent = cpu * rate / 1e9 / 8.0 * 100.0;
        end["cpu_utilization_percent"] = json!({ "host_total": percent, "remote_total": 0.0 });
    }
    end["sum_received"] = received;
    let window = reading.value("cwnd_kb").map(|kb| kb * 1e3);
    let interval = |rate: Option<f64>| match rate {
        Some(rate) => json!({ "sum": { "bits_per_second": rate * 1e9 } }),
        None => json!({ "sum": {} }),
    };
    let mut intervals: Vec<_> = seconds(reading).into_iter().map(interval).collect();
    if let Some(window) = window {
        intervals.push(json!({ "streams": [{ "snd_cwnd": window }], "sum": {} }));
    }
    let protocol = reading.facts.get("protocol").map_or("TCP", String::as_str);
    json!({ "start": { "test_start": { "protocol": protocol } }, "intervals": intervals, "end": end }).to_string()
}

pub fn iperf3_text(reading: &Reading) -> String {
    let rate = reading.value("throughput_gbit_s").unwrap();
    let row = |from: f64, to: f64, rate: f64, rest: &str| {
        let transfer = rate / 8e-9 * (to - from) / 1_073_741_824.0;
        format!("[  5] {from}-{to} sec {transfer} GBytes {rate} Gbits/sec {rest}\n")
    };
    let mut text = "Connecting to host printed, port 5201\n".to_owned();
    for (rate, second) in seconds(reading).into_iter().zip(0..) {
        match rate {
            Some(rate) => text += &row(f64::from(second), f64::from(second + 1), rate, ""),
            None => text.push_str("[  5] 0-0.1 sec 0 Bytes 0 bits/sec\n"),
        }
    }
    if let Some(window) = reading.value("cwnd_kb") {
        // Of another stream, so that it is no second of the first.
        text += &format!("[  5] 0-0.1 sec 0 Bytes 0 bits/sec 0 {} Bytes\n", window * 1e3);
    }
    let duration = reading.number("duration").unwrap();
    match reading.value("udp_jitter_ms").zip(reading.value("udp_loss_percent")) {
        Some((jitter, lost)) => {
            let rest = format!("{jitter} ms {lost}/100 ({lost}%) receiver");
            text + "Total Datagrams\n" + &row(0.0, duration, rate, &rest)
        }
        None => {
            let sent = reading.value("retransmits").map(|count| row(0.0, duration, rate, &format!("{count} sender")));
            text + &sent.unwrap_or_default() + &row(0.0, duration, rate, "receiver")
        }
    }
}

pub fn ping(reading: &Reading) -> String {
    let busybox = reading.bench == "busybox-ping";
    let (sent, received) = (reading.number("sent").unwrap(), reading.number("received").unwrap());
    let words = if busybox { "round-trip min/avg/max" } else { "rtt min/avg/max/mdev" };
    let mut text = format!("PING {} ({}) 56(84) bytes of data.\n", fact(reading, "to"), fact(reading, "address"));
    let shown: Vec<&Figure> = reading.figures.iter().filter(|one| one.metric == "ping_ms").collect();
    for one in &shown {
        let ttl = reading.facts.get("ttl").map(|ttl| format!(" ttl={ttl}")).unwrap_or_default();
        writeln!(text, "64 bytes from x: seq={}{ttl} time={} ms", label(one, "packet").unwrap(), one.value).unwrap();
    }
    if reading.value("ping_median_ms").is_none() && reading.value("ping_min_ms").is_some() {
        let [min, avg, max] = ["min", "avg", "max"].map(|name| reading.value(&format!("ping_{name}_ms")).unwrap());
        return text + &format!("{sent} packets transmitted, {received} received\n{words} = {min}/{avg}/{max} ms\n");
    }
    let all = if shown.is_empty() { received } else { shown.len() as f64 };
    let all = format!("{} packets transmitted, {all} received\n", sent + 1.0);
    let least = shown.iter().map(|one| one.value).fold(f64::INFINITY, f64::min);
    let most = shown.iter().map(|one| one.value).fold(0.0, f64::max);
    match shown.is_empty() {
        true => text + &all,
        false => text + &all + &format!("{words} = {least}/{least}/{most} ms\n"),
    }
}
