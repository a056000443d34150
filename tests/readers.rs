//! What other tools print, genuine and damaged, read into figures or a reason why not.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "test code")]

#[path = "support/print.rs"]
mod print;

use std::{
    fs,
    path::{Path, PathBuf},
};

use labkit::{
    bench::readers::{Tool, read, read_one},
    results::{Figure, Reading, Verdict},
};
use proptest::prelude::*;

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures")
}

fn capture(name: &str) -> String {
    fs::read_to_string(directory().join(name)).unwrap()
}

fn reading(name: &str) -> Reading {
    read_one(capture(name).as_bytes()).unwrap()
}

/// Captures whose name begins so.
fn captures(of: &str) -> Vec<String> {
    let names = fs::read_dir(directory()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.starts_with(of)).collect();
    names.sort();
    assert!(!names.is_empty(), "no captures of {of}");
    names
}

fn tool(text: &str) -> Option<Tool> {
    Tool::recognise(text.as_bytes())
}

fn facts<'a>(reading: &'a Reading, names: &[&str]) -> Vec<&'a str> {
    names.iter().map(|name| reading.facts.get(*name).map_or("", String::as_str)).collect()
}

fn edited(name: &str, from: &str, to: &str) -> Reading {
    let text = capture(name);
    assert!(text.contains(from), "{name}: {from}");
    read_one(text.replacen(from, to, 1).as_bytes()).unwrap()
}

fn verdict_and_why(reading: &Reading) -> (Verdict, &str) {
    (reading.verdict, reading.why.first().map_or("", String::as_str))
}

#[test]
fn sysbenchs_cpu_test_is_read_with_its_settings() {
    let reading = reading("sysbench-cpu-threads.txt");
    assert_eq!(verdict_and_why(&reading), (Verdict::Complete, ""));
    let settings = ["test", "threads", "cpu-max-prime", "version", "total_time_s", "total_events"];
    assert_eq!(facts(&reading, &settings), ["cpu", "2", "5000", "1.0.20", "2.0002", "25119"]);
    let values = ["cpu_events_s", "latency_min_ms", "latency_avg_ms", "latency_max_ms", "latency_p95_ms"]
        .map(|name| reading.value(&format!("sysbench_{name}")).unwrap());
    assert_eq!(values, [12554.06, 0.08, 0.16, 22.79, 0.09]);
    assert!(reading.samples().unwrap().iter().all(|sample| sample.valid));
}

#[test]
fn sysbenchs_memory_test_is_read_in_mebibytes() {
    let reading = reading("sysbench-memory-read.txt");
    assert_eq!(verdict_and_why(&reading), (Verdict::Complete, ""));
    assert_eq!(reading.value("sysbench_memory_mib_s"), Some(48501.04));
    let settings = ["memory-block-size", "memory-total-size", "memory-oper", "memory-scope", "threads"];
    assert_eq!(facts(&reading, &settings), ["1024KiB", "20480MiB", "read", "global", "2"]);
    assert_eq!(self::reading("sysbench-memory.txt").value("sysbench_memory_mib_s"), Some(6108.25));
    assert_eq!(self::reading("sysbench-memory-short.txt").verdict, Verdict::Complete);
}

#[test]
fn what_sysbench_was_not_asked_for_is_a_warning_and_no_figure() {
    let none = reading("sysbench-memory-none.txt");
    assert_eq!((none.verdict, none.value("sysbench_memory_mib_s")), (Verdict::Complete, None));
    assert_eq!(none.warnings, ["line 11: the operation `none` moves nothing"]);
    let other = reading("sysbench-percentile.txt");
    assert_eq!((other.verdict, other.value("sysbench_latency_p95_ms")), (Verdict::Complete, None));
    assert!(other.warnings[0].ends_with("was not asked for: 99th percentile: 0.29"), "{:?}", other.warnings);
}

#[test]
fn sysbench_that_refuses_or_is_killed_says_so_with_the_line() {
    let refused = reading("sysbench-option.txt");
    assert_eq!(verdict_and_why(&refused), (Verdict::Failed, "line 3: invalid option: --threds=2"));
    let killed = reading("sysbench-killed.txt");
    assert_eq!(verdict_and_why(&killed), (Verdict::Incomplete, "line 15: it ends before `events per second`"));
}

#[test]
fn sysbench_that_contradicts_itself_is_not_believed() {
    let cases = [
        ("sysbench-cpu-threads.txt", "12554.06", "42554.06", "42554.06 events/s contradict 25119 events in 2.0002 s"),
        ("sysbench-cpu-threads.txt", "25119", "25118", "25118 events of all threads contradict 25119 events by"),
        (
            "sysbench-cpu-threads.txt",
            "min:                                    0.08",
            "min: 0.18",
            "are not in the order",
        ),
        ("sysbench-cpu-threads.txt", "0.09", "25.09", "is above the longest event"),
        ("sysbench-cpu-threads.txt", "3974.25", "9374.25", "9374.25 ms in all contradict"),
        ("sysbench-memory.txt", "6108.25 MiB/sec", "61082.5 MiB/sec", "contradict 6108.2"),
        ("sysbench-memory.txt", "12220.34", "12120.34", "12120.34 MiB moved contradict"),
        ("sysbench-memory.txt", "(6254852.74", "(9254852.74", "9254852.74 events/s contradict"),
    ];
    for (name, from, to, why) in cases {
        let reading = edited(name, from, to);
        let (verdict, said) = verdict_and_why(&reading);
        assert!(verdict == Verdict::Failed && said.contains(why), "{from} -> {to}: {verdict} {said}");
    }
    let twice = capture("sysbench-cpu.txt").repeat(2);
    let said = read_one(twice.as_bytes()).unwrap();
    assert!(said.verdict == Verdict::Failed && said.why[0].contains("a second time"), "{:?}", said.why);
}

#[test]
fn iozones_kilobytes_become_megabytes_with_their_sizes() {
    let reading = reading("iozone-auto.txt");
    assert_eq!(verdict_and_why(&reading), (Verdict::Complete, ""));
    assert_eq!(reading.figures.len(), 13 + 5 * 13);
    let labels = vec![("file_kb", "512".to_owned()), ("record_kb", "256".to_owned())];
    let first = Figure { metric: "disk_write_mb_s", value: 4_860_229.0 * 1024.0 / 1e6, labels };
    assert_eq!(reading.figures[13], first);
    assert_eq!(reading.figures[13 + 8].metric, "disk_stride_read_mb_s");
    assert!(reading.samples().unwrap().iter().all(|sample| sample.valid));
}

#[test]
fn of_iozone_the_largest_file_stands_for_the_whole_by_its_median() {
    let auto = reading("iozone-auto.txt");
    // Of 1024 kB: 5759364, 1020986 and 5256290.
    assert_eq!(auto.value("disk_write_mb_s"), Some(5_256_290.0 * 1024.0 / 1e6));
    assert_eq!(auto.figures[0].metric, "disk_write_mb_s");
    let direct = reading("iozone-direct.txt");
    assert_eq!(direct.value("disk_random_read_mb_s"), Some((398_203.0 + 387_862.0) / 2.0 * 1024.0 / 1e6));
    assert_eq!(direct.value("disk_read_mb_s"), None);
    let cut = edited("iozone-direct.txt", "iozone test complete.", "");
    assert_eq!(cut.value("disk_random_read_mb_s"), None);
    // A rate that no disk has spoils the whole of its test, and of no other.
    let impossible = edited("iozone-auto.txt", "1024    1024  5256290", "1024    1024  999999999");
    assert_eq!(impossible.value("disk_write_mb_s"), None);
    assert!(impossible.value("disk_rewrite_mb_s").is_some());
}

#[test]
fn iozones_blank_columns_are_told_by_their_place() {
    let reading = reading("iozone-direct.txt");
    assert_eq!(verdict_and_why(&reading), (Verdict::Complete, ""));
    let metrics: Vec<&str> = reading.figures.iter().take(4).map(|figure| figure.metric).collect();
    assert_eq!(metrics, ["disk_write_mb_s", "disk_rewrite_mb_s", "disk_random_read_mb_s", "disk_random_write_mb_s"]);
    assert_eq!(facts(&reading, &["version", "direct", "fsync"]), ["3.489", "enabled", "write timing"]);
}

#[test]
fn iozone_is_not_believed_where_a_row_or_the_end_is_damaged() {
    const END: &str = "iozone test complete.";
    let cases = [
        (END, "", Verdict::Incomplete, "it ends before `iozone test complete.`"),
        (END, "iozone: interrupted", Verdict::Incomplete, "line 25: it was interrupted"),
        (END, "Error writing block 7, fd= 3", Verdict::Failed, "line 25: Error writing block 7, fd= 3"),
        ("555532", "\nwrite: No space left on device", Verdict::Failed, "line 24: write: No space left on device"),
        ("kBytes/sec", "operations per second", Verdict::Unverified, "only kBytes/sec are read"),
        ("   430024", "430024", Verdict::Incomplete, "`782554430024` is below no heading"),
        ("782554   ", "782554       ", Verdict::Incomplete, "`430024` is below no heading"),
        ("   430024", "   4300x4", Verdict::Incomplete, "`4300x4` is no rate"),
        ("   387862", "         ", Verdict::Incomplete, "3 rates are not below the 4 headings of the first row"),
        ("102400    1024", "102400       4", Verdict::Incomplete, "4 kB of 102400 kB is no new pair"),
        ("-i 0 -i 2", "", Verdict::Incomplete, "the rows have 4 of 13 columns"),
    ];
    for (from, to, verdict, why) in cases {
        let reading = edited("iozone-direct.txt", from, to);
        let said = verdict_and_why(&reading);
        assert!(said.0 == verdict && said.1.contains(why), "{from}: {said:?}");
    }
}

#[test]
fn hpl_gives_each_line_and_the_best_as_the_whole() {
    let reading = reading("hpl-four.txt");
    assert_eq!(verdict_and_why(&reading), (Verdict::Complete, ""));
    assert_eq!((reading.value("hpl_gflops"), reading.value("hpl_s")), (Some(38.0), Some(0.06)));
    let settings = ["HPL_N", "HPL_NB", "HPL_nprow", "HPL_npcol", "lines", "version", "threshold"];
    assert_eq!(facts(&reading, &settings), ["1500", "64", "1", "1", "4", "2.0", "16.0"]);
    let labels = [("n", "1000"), ("nb", "128"), ("p", "1"), ("q", "1")].map(|(name, value)| (name, value.to_owned()));
    let second = Figure { metric: "hpl_residual", value: 0.003_911_7, labels: labels.to_vec() };
    assert!(reading.figures.contains(&second), "{:?}", reading.figures);
    assert_eq!(reading.figures.len(), 3 + 4 * 3);
    assert!(reading.samples().unwrap().iter().all(|sample| sample.valid));
}

#[test]
fn hpl_2_3_prints_more_digits_and_two_times() {
    let reading = reading("hpl-2.3.txt");
    assert_eq!(verdict_and_why(&reading), (Verdict::Complete, ""));
    assert_eq!((reading.value("hpl_gflops"), reading.value("hpl_residual")), (Some(64.714), Some(2.401_277_33e-3)));
    assert!(reading.samples().unwrap().iter().all(|sample| sample.valid));
}

#[test]
fn hpls_own_check_decides() {
    let failed = reading("hpl-failed.txt");
    assert_eq!(verdict_and_why(&failed), (Verdict::Failed, "line 47: the residual of N = 1000 FAILED"));
    assert!(failed.samples().unwrap().iter().all(|sample| !sample.valid));
    let unchecked = reading("hpl-unchecked.txt");
    assert_eq!(verdict_and_why(&unchecked), (Verdict::Unverified, "line 39: the solution was not checked"));
}

#[test]
fn hpl_is_not_believed_where_lines_are_damaged_or_missing() {
    let cases = [
        ("End of Tests.", "End of T", Verdict::Incomplete, "it ends before `End of Tests.`"),
        ("3.576e+01", "3.5x6e+01", Verdict::Incomplete, "it should be a result, `T/V N NB P Q Time Gflops`"),
        ("0.0039117", "0.00391z7", Verdict::Incomplete, "it should be the residual of a result"),
        ("0.0039117 ...... PASSED", "nan ...... FAILED", Verdict::Failed, "the residual of N = 1000 FAILED"),
        ("Finished      4", "Finished      5", Verdict::Failed, "5 tests are not 4 passed, 0 unchecked and 0 skipped"),
        ("      4 tests completed and p", "      3 tests completed and p", Verdict::Failed, "4 tests are not 3 passed"),
    ];
    for (from, to, verdict, why) in cases {
        let reading = edited("hpl-four.txt", from, to);
        let said = verdict_and_why(&reading);
        assert!(said.0 == verdict && said.1.contains(why), "{from}: {said:?}");
    }
}

#[test]
fn skipped_tests_of_hpl_are_a_warning() {
    let text = capture("hpl-four.txt").replacen("Finished      4", "Finished      5", 1);
    let reading = read_one(text.replacen("0 tests skipped", "1 tests skipped", 1).as_bytes()).unwrap();
    assert_eq!(verdict_and_why(&reading), (Verdict::Complete, ""));
    assert!(reading.warnings[0].ends_with("1 tests were skipped because of illegal input values"));
}

#[test]
fn lines_of_hpl_that_differ_only_in_their_variant_are_told_apart() {
    let text = capture("hpl-four.txt").replace("1000   128", "1000    64");
    let reading = read_one(text.replacen("WR11C2R4        1000", "WR11L2L4        1000", 1).as_bytes()).unwrap();
    let samples = reading.samples().unwrap();
    assert!(samples.iter().all(|sample| sample.valid));
    let variants: Vec<_> = samples.iter().filter_map(|sample| sample.labels.get("variant")).collect();
    assert_eq!((variants.len(), variants[0].as_str()), (12, "WR11L2L4"));
}

/// Own captures of mpirun: the cause, and what its sentence must name.
const MPIRUN: &[(&str, &str, &[&str])] = &[
    ("abort", "aborted", &["rank 1", "code 7"]),
    ("agent", "no launch agent", &["`/nonexist`", "`plm_rsh_agent`"]),
    ("bad-hostfile", "damaged hostfile", &["`hf_parse2`", "line 1"]),
    ("include-and-exclude", "contradicting parameters", &["`btl_tcp_if_include`", "`btl_tcp_if_exclude`"]),
    ("interface", "no such interface", &["`enp0s9`", "`vm`", "`btl_tcp_if_include`"]),
    ("killed", "killed", &["rank 1", "`vm`", "signal 9"]),
    ("no-directory", "not started", &["`vm`", "change to the specified working directory"]),
    ("no-hostfile", "no hostfile", &["`hosts.lab`"]),
    ("no-orted", "no Open MPI on the node", &["`/nonexistent/bin/orted`"]),
    ("no-program", "no program", &["`hpcccc`", "`vm`"]),
    ("no-program-at-path", "no program", &["`/usr/bin/hpcccc`", "`vm`"]),
    ("no-slots", "not enough slots", &["5 ranks", "`hostname`"]),
    ("no-transport", "transport is gone", &["`sm`"]),
    ("refused", "no connection to host", &["`127.0.0.9`", "port 2", "Connection refused"]),
    ("root", "run as root", &[]),
    ("time-limit", "time limit", &["1 seconds"]),
    ("unknown-host", "unknown host", &["`node99`", "Name or service not known"]),
    ("unreachable", "no way between ranks", &["`vm`", "`self`"]),
];

/// The same of Open MPI 5.
const MPIRUN5: &[(&str, &str, &[&str])] = &[
    ("abort", "aborted", &["rank 1", "code 7"]),
    ("agent", "no launch agent", &["`/home/lab/nosuch.sh`", "`plm_ssh_agent`"]),
    ("bad-hostfile", "damaged hostfile", &["`/home/lab/B`", "slots=-1"]),
    ("daemon-lost", "a node is gone", &["`node01`"]),
    ("disconnected", "killed", &["rank 2", "`node02`", "signal 9"]),
    ("exit", "ended with an error", &["code 3"]),
    ("include-and-exclude", "contradicting parameters", &["`btl_tcp_if_include`", "`btl_tcp_if_exclude`"]),
    ("interface", "no such interface", &["`enp0s9`", "`master`", "`btl_tcp_if_include`"]),
    ("killed", "killed", &["rank 1", "`node01`", "signal 9"]),
    ("no-directory", "not started", &["`master`", "system limit exceeded"]),
    ("no-hostfile", "no hostfile", &["`/home/lab/hosts.lab`"]),
    ("no-hosts", "no hosts", &["the hostfile is empty"]),
    ("no-program", "no program", &["`hpcccc`", "`master`"]),
    ("no-program-at-path", "no program", &["`/usr/bin/hpcccc`", "`master`"]),
    ("no-prted", "no Open MPI on the node", &["`/nowhere/prted`"]),
    ("no-prted-bash", "no Open MPI on the node", &["`/nowhere/prted`"]),
    ("no-slots", "not enough slots", &["5 ranks", "`hostname`"]),
    ("no-transport", "no such component", &["`master`", "`nosuch`", "`btl`"]),
    ("nothing", "nothing to run", &[]),
    ("option", "unknown option", &["`--nosuch-option`"]),
    ("refused", "no connection to host", &["`192.168.56.11`", "port 22", "Connection refused"]),
    ("root", "run as root", &[]),
    ("segv", "died of a signal", &["`node01`", "11 (Segmentation fault"]),
    ("time-limit", "time limit", &["2 seconds"]),
    ("unknown-host", "unknown host", &["`node99`", "Temporary failure in name resolution"]),
    ("unreachable", "no way between ranks", &["`master`", "`self`"]),
];

fn names_its_cause(text: &str, cause: &str, named: &[&str], verdict: Verdict) {
    assert_eq!(tool(text), Some(Tool::OpenMpi), "{text}");
    let reading = read_one(text.as_bytes()).unwrap();
    let why = &reading.why;
    assert_eq!((reading.verdict, facts(&reading, &["cause"])[0]), (verdict, cause), "{why:?}");
    assert!(named.iter().all(|name| why[0].contains(name)), "{cause}: {why:?}");
    assert!(why[1].starts_with("try: ") && !why[0].contains("(not named)"), "{why:?}");
    assert_eq!(reading.figures, []);
}

#[test]
fn what_mpirun_says_becomes_its_first_cause_and_a_remedy() {
    for (release, all) in [("mpirun", MPIRUN), ("mpirun5", MPIRUN5)] {
        assert_eq!(captures(&format!("{release}-")).len(), all.len());
        for (name, cause, named) in all {
            let verdict = if *name == "time-limit" { Verdict::Incomplete } else { Verdict::Failed };
            names_its_cause(&capture(&format!("{release}-{name}.txt")), cause, named, verdict);
        }
    }
}

#[test]
fn what_ends_with_a_nul_is_not_cut() {
    let text = capture("mpirun5-daemon-lost.txt");
    assert!(text.ends_with("\n\0"));
    assert_eq!(read_one(text.as_bytes()).unwrap().warnings, [""; 0]);
}

#[test]
fn a_warning_of_mpirun_without_a_failure_claims_none() {
    let text = capture("mpirun-interface.txt");
    let warning: String = text.lines().skip(1).take(8).map(|line| format!("{line}\n")).collect();
    let reading = read_one(warning.as_bytes()).unwrap();
    assert_eq!(reading.verdict, Verdict::Unverified, "{reading:?}");
    assert!(reading.warnings[0].contains("`enp0s9`") && reading.warnings.len() == 1, "{:?}", reading.warnings);
}

#[test]
fn a_message_that_is_cut_names_nothing_it_does_not_show() {
    let text = capture("mpirun-no-program-at-path.txt");
    let reading = read_one(&text.as_bytes()[..text.find("Node: ").unwrap()]).unwrap();
    assert_eq!(reading.why[0], "program `/usr/bin/hpcccc` is not on node (not named), or may not be executed there");
}

#[test]
fn a_name_in_a_line_without_an_end_is_doubted() {
    let text = capture("mpirun-refused.txt");
    let reading = read_one(&text.as_bytes()[..text.find(".0.9").unwrap()]).unwrap();
    assert_eq!(reading.verdict, Verdict::Failed);
    assert_eq!(reading.warnings, ["line 1: it has no end: what it names may be cut"]);
}

#[test]
fn other_texts_are_not_taken_for_mpiruns() {
    let source = "fprintf(stderr, \"mpirun noticed that process rank %d exited on signal 9 (Killed)\\n\", rank);\n";
    let prose = "If mpirun says that There are not enough slots available in the system, give it more.\n\
                 The ssh: connect to host message means that sshd is down.\n";
    let yaml =
        "# A request was made to bind to that would result in binding more\nhosts:\n  - node01\n---\nWARNING: none\n";
    let rules = "Heading\n-----------------------------\nWARNING: read this first\n-----------------------------\n";
    for text in [source, prose, yaml, rules, "", "\n\n", "vm\nnode01\n"] {
        assert_eq!(tool(text), None, "{text}");
    }
}

/// The captures that come with the laboratory, where they are.
fn shared() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures/captures");
    let found = path.is_dir().then_some(path);
    if found.is_none() {
        eprintln!("SKIPPED: ../shared/fixtures/captures is not here: its captures are not read");
    }
    found
}

const SHARED: &[(&str, &str, Verdict, &[&str])] = &[
    ("mpi/bad_hostname.err", "unknown host", Verdict::Failed, &["`node99`"]),
    ("mpi/exe_missing.err", "no program", Verdict::Failed, &["`/usr/bin/hpccc`", "`10.66.0.3`"]),
    ("mpi/hostfile_empty.err", "no hosts", Verdict::Failed, &["hostfile"]),
    ("mpi/hostfile_missing.err", "no hostfile", Verdict::Failed, &["`nosuchfile`"]),
    ("mpi/hostfile_syntax.err", "damaged hostfile", Verdict::Failed, &["`hf_syntax`", "-1"]),
    ("mpi/noslots_np8.err", "not enough slots", Verdict::Failed, &["8 ranks", "`hostname`"]),
    ("mpi/not_root.err", "run as root", Verdict::Failed, &["root"]),
    ("mpi/orted_missing.err", "no Open MPI on the node", Verdict::Failed, &["`/nonexistent/bin/orted`"]),
    ("mpi/pp_btl_include_sm_ompi4.err", "transport is gone", Verdict::Failed, &["`sm`"]),
    ("mpi/pp_btl_self_vader.err", "no way between ranks", Verdict::Failed, &["`hp-n2`", "`hp-n0`"]),
    ("mpi/pp_include_and_exclude.err", "contradicting parameters", Verdict::Failed, &["`btl_tcp_if_exclude`"]),
    ("mpi/pp_include_dupip_only.err", "no connection between ranks", Verdict::Failed, &["`hp-n0`", "10.0.2.15:1025"]),
    ("mpi/pp_include_missing_if.err", "no such interface", Verdict::Failed, &["`enp0s9`", "`hp-n0`"]),
    ("mpi/pp_no_include_dupip.err", "no connection between ranks", Verdict::Failed, &["10.0.2.15:1025"]),
    ("mpi/pp_only_cidr_dupip.err", "a rank is gone", Verdict::Failed, &["`hp-n0`", "`hp-n1`"]),
    ("mpi/slots_exceeded.err", "not enough slots", Verdict::Failed, &["4 ranks"]),
    ("mpi/ssh_denied.err", "key refused", Verdict::Failed, &["`root@10.66.0.2`"]),
    ("mpi/ssh_hostkey.err", "host key unknown", Verdict::Failed, &["host key"]),
    ("mpi/unreachable_host.err", "no connection to host", Verdict::Failed, &["`10.66.0.99`", "No route to host"]),
    ("hpcc/noinput.stderr", "other parameters", Verdict::Mismatch, &["cannot open file hpccinf.txt"]),
    ("hpcc/pq_gt_np.stderr", "other parameters", Verdict::Mismatch, &["Need at least 4 processes"]),
    ("hpcc/rank_killed.stderr", "killed", Verdict::Failed, &["rank 1", "`10.66.0.2`"]),
];

#[test]
fn every_shared_message_of_mpirun_is_known_by_name() {
    let Some(shared) = shared() else { return };
    for (name, cause, verdict, named) in SHARED {
        names_its_cause(&fs::read_to_string(shared.join(name)).unwrap(), cause, named, *verdict);
    }
    let written = |file: &PathBuf| {
        file.extension().is_some_and(|end| end == "err" || end == "stderr") && fs::metadata(file).unwrap().len() > 0
    };
    let files = ["mpi", "hpcc"].map(|room| fs::read_dir(shared.join(room)).unwrap());
    let files: Vec<PathBuf> = files.into_iter().flatten().map(|entry| entry.unwrap().path()).filter(written).collect();
    assert_eq!(files.len(), SHARED.len(), "{files:?}");
}

#[test]
fn every_shared_capture_is_read_or_refused_and_no_good_one_is_called_a_failure_of_mpirun() {
    let Some(shared) = shared() else { return };
    for room in ["hpcc", "mpi", "net"] {
        for entry in fs::read_dir(shared.join(room)).unwrap() {
            let path = entry.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            let finite = |reading: Reading| {
                assert!(reading.figures.iter().all(|figure| figure.value.is_finite()), "{}", path.display());
                Ok(())
            };
            let found = read(&bytes[..], &mut { finite });
            let is_error = path.extension().is_some_and(|end| end == "err" || end == "stderr") && room != "net";
            assert_eq!(
                found.is_ok_and(|tool| tool == Tool::OpenMpi),
                is_error && !bytes.is_empty(),
                "{}",
                path.display()
            );
        }
    }
}

/// The HPL part of each hpccoutf.txt is what xhpl prints.
#[test]
fn the_hpl_part_of_the_shared_runs_of_hpcc_is_read_as_hpl() {
    let Some(shared) = shared() else { return };
    let cases = [
        ("two_rank_tcp", Verdict::Complete, Some(22.13)),
        ("residual_failed", Verdict::Failed, Some(27.74)),
        ("thr_zero", Verdict::Unverified, Some(34.89)),
        ("multi_n", Verdict::Complete, Some(33.4)),
        ("pq_lt_np", Verdict::Complete, Some(14.02)),
    ];
    for (name, verdict, gflops) in cases {
        let text = fs::read_to_string(shared.join(format!("hpcc/{name}.hpccoutf.txt"))).unwrap();
        let part = text.split_once("Begin of HPL section.").unwrap().1.split_once("End of HPL section.").unwrap().0;
        let reading = read_one(part.as_bytes()).unwrap();
        assert_eq!((reading.bench.as_str(), reading.verdict, reading.value("hpl_gflops")), ("hpl", verdict, gflops));
        let objections = reading.samples().unwrap();
        assert!(verdict != Verdict::Complete || objections.iter().all(|sample| sample.valid), "{name}: {objections:?}");
    }
}

type Print = fn(&Reading) -> String;
const PRINTS: &[(&str, Print)] = &[
    ("hpl-", print::hpl as Print),
    ("iozone-", print::iozone as Print),
    ("mpirun-", print::open_mpi as Print),
    ("sysbench-", print::sysbench as Print),
];

fn same(reading: &Reading, print: Print) {
    let printed = print(reading);
    let again = read_one(printed.as_bytes()).unwrap();
    assert_eq!((again.verdict, &again.figures), (reading.verdict, &reading.figures), "{printed}\n{:?}", again.why);
}

#[test]
fn what_is_read_and_printed_and_read_again_is_the_same() {
    for (prefix, print) in PRINTS {
        for name in captures(prefix) {
            same(&reading(&name), *print);
        }
    }
}

/// A text that is trusted must give the figures of the whole.
fn trusted_only_whole(name: &str, whole: &Reading, text: &[u8]) {
    let Ok(cut) = read_one(text) else { return };
    if cut.verdict.is_trusted() {
        assert_eq!(cut.figures, whole.figures, "{name} cut at {}", text.len());
    }
    assert!(cut.verdict.is_trusted() || !cut.why.is_empty(), "{name} cut at {}", text.len());
}

#[test]
fn an_end_that_is_missing_is_noticed_at_every_byte() {
    for (prefix, _) in PRINTS {
        for name in captures(prefix) {
            let (text, whole) = (capture(&name), reading(&name));
            (text.len().saturating_sub(400)..text.len())
                .for_each(|at| trusted_only_whole(&name, &whole, &text.as_bytes()[..at]));
        }
    }
}

proptest! {
    #[test]
    fn no_text_makes_a_reader_panic(text in "\\PC{0,200}") {
        let marks = ["sysbench 1.0.20\n", "HPLinpack 2.0 \n", "\tIozone: Performance Test of File I/O\n", "mpirun: Forwarding signal 18\n"];
        for mark in marks {
            let _ = read_one(format!("{mark}{text}").as_bytes());
        }
    }

    #[test]
    fn no_damage_makes_a_reader_panic_or_a_number_infinite(
        at in 0.0..1.0, length in 0usize..60, with in prop_oneof!["\\PC{0,40}", "[0-9.e+: \n-]{0,40}"],
    ) {
        for (prefix, _) in PRINTS {
            for name in captures(prefix) {
                let (text, whole) = (capture(&name), reading(&name));
                let at = (at * text.len() as f64) as usize;
                trusted_only_whole(&name, &whole, &text.as_bytes()[..at]);
                let (before, after) = (&text.as_bytes()[..at], &text.as_bytes()[(at + length).min(text.len())..]);
                if let Ok(reading) = read_one(&[before, with.as_bytes(), after].concat()) {
                    prop_assert!(reading.figures.iter().all(|figure| figure.value.is_finite()));
                    prop_assert!(reading.samples().is_ok());
                }
            }
        }
    }

    #[test]
    fn lines_of_hpl_survive_being_printed(
        sizes in prop::collection::vec((1u64..200_000, 1u64..512, 1u64..64, 1u64..64), 1..6),
        centiseconds in 1u64..10_000_000, mantissa in 1000u64..9999, scale in -6i32..6, residual in 1u64..1_000_000,
    ) {
        let mut reading = Reading { verdict: Verdict::Complete, ..Reading::of("hpl") };
        reading.fact("version", "2.3");
        let gflops: f64 = format!("{mantissa}e{scale}").parse().unwrap();
        for (n, nb, p, q) in sizes {
            let labels = [("n", n), ("nb", nb), ("p", p), ("q", q)].map(|(name, value)| (name, value.to_string())).to_vec();
            let values = [("hpl_gflops", gflops), ("hpl_s", centiseconds as f64 / 100.0), ("hpl_residual", residual as f64 / 1e7)];
            reading.figures.extend(values.map(|(metric, value)| Figure { metric, value, labels: labels.clone() }));
        }
        let first: Vec<Figure> = reading.figures[..3].iter().map(|one| Figure { labels: Vec::new(), ..one.clone() }).collect();
        reading.figures.splice(0..0, first);
        let distinct = reading.figures.iter().enumerate().all(|(at, one)| {
            reading.figures[at + 1..].iter().all(|other| (other.metric, &other.labels) != (one.metric, &one.labels))
        });
        if distinct {
            same(&reading, print::hpl);
        }
    }
}
