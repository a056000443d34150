//! Files of other tools become a run: with their origin, their verdicts and their reasons.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::fs;

use support::{
    Bench,
    imports::{capture, import, json, other, runs},
};

#[test]
fn an_imported_run_has_its_files_its_origin_and_a_verdict_for_each() {
    let bench = Bench::new();
    let more = ["--case", "cluster", "--where", "pod", "--set", "memory_mb=1024", "--set", "blas=openblas"];
    let said = import(&bench, &["hpcc-ok.txt", "hpccinf.txt"], &more).ok();
    assert!(said.contains("cluster  hpcc  valid    HPL "), "{said}");
    let run = json(bench.labkit(&["results", "latest", "--json"]));
    assert_eq!((run["run"]["imported"].as_bool(), run["run"]["machine"]["place"].as_str()), (Some(true), Some("pod")));
    let reading = &run["readings"][0];
    assert_eq!(
        (reading["provenance"]["blas"].as_str(), reading["raw"].as_str()),
        (Some("openblas"), Some("hpcc-ok.txt"))
    );
    let kept = fs::read(runs(&bench)[0].join("raw/hpcc-ok.txt")).unwrap();
    assert_eq!(kept, fs::read(capture("hpcc-ok.txt")).unwrap());
    let page = fs::read_to_string(bench.labkit(&["report"]).ok().trim()).unwrap();
    assert!(page.contains("imported from files of other tools") && page.contains("blas openblas"));
}

#[test]
fn cases_are_added_to_one_run_and_files_of_a_case_are_its_rounds() {
    let bench = Bench::new();
    import(&bench, &["iperf3-text.txt", "ping-veth.txt"], &["--case", "veth"]).ok();
    import(&bench, &["iperf3-veth.json", "iperf3-udp.json"], &["--case", "bridge", "--into", "latest"]).ok();
    let again = other(&bench, "iperf3-text.txt", "13.6 Gbits/sec", "13.7 Gbits/sec");
    bench.labkit(&["import", &again, "--case", "veth", "--into", "latest"]).ok();
    assert_eq!(runs(&bench).len(), 1);
    let run = json(bench.labkit(&["results", "latest", "--json"]));
    assert_eq!(run["run"]["cases"], serde_json::json!(["veth", "bridge"]));
    let rounds: Vec<_> = run["readings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["case"].as_str().unwrap(), one["bench"].as_str().unwrap(), one["round"].as_u64().unwrap()))
        .collect();
    assert_eq!(
        rounds,
        [
            ("veth", "iperf3", 1),
            ("veth", "iputils-ping", 1),
            ("bridge", "iperf3", 1),
            ("bridge", "iperf3", 2),
            ("veth", "iperf3", 2)
        ]
    );
    assert!(runs(&bench)[0].join("raw/iperf3-text-2.txt").exists());
}

#[test]
fn a_measurement_given_twice_counts_once() {
    let bench = Bench::new();
    let text = capture("iperf3-text.txt");
    // Another name, and a line feed more.
    let copy = bench.state.path().join("copy.txt").display().to_string();
    fs::write(&copy, fs::read_to_string(&text).unwrap() + "\n").unwrap();
    let said = bench.labkit(&["import", &text, &copy, "--case", "x"]);
    let words = format!(
        "error: run 1 of `{copy}` is the same measurement as run 1 of `{text}`\nhint: leave it out: one measurement counts"
    );
    assert!(said.code == Some(2) && said.err.starts_with(&words) && runs(&bench).is_empty(), "{}", said.err);
    assert_eq!(bench.labkit(&["import", &text, &copy, "--case", "x", "--dry-run"]).code, Some(2));
    import(&bench, &["iperf3-text.txt"], &["--case", "x"]).ok();
    let before = bench.labkit(&["results", "latest", "--json"]).ok();
    for more in [&["--dry-run"][..], &[]] {
        let said = bench.labkit(&[&["import", &copy, "--case", "y", "--into", "latest"], more].concat());
        assert!(said.code == Some(2) && said.err.contains("raw/iperf3-text.txt`"), "{}", said.err);
    }
    assert_eq!(bench.labkit(&["results", "latest", "--json"]).ok(), before);
}

#[test]
fn hpcc_appends_and_what_it_appended_to_counts_once() {
    let bench = Bench::new();
    import(&bench, &["hpcc-ok.txt"], &["--case", "x"]).ok();
    let [first, second] = ["hpcc-ok.txt", "hpcc-failed.txt"].map(|name| fs::read_to_string(capture(name)).unwrap());
    let grown = bench.state.path().join("hpccoutf.txt");
    fs::write(&grown, second + &first).unwrap();
    let said = bench.labkit(&["import", grown.to_str().unwrap(), "--case", "x", "--into", "latest"]);
    assert!(said.code == Some(2) && said.err.contains("error: run 2 of `"), "{}", said.err);
}

#[test]
fn what_is_no_measurement_may_be_alike() {
    // The same input on every node, and the same failure of two cases.
    let bench = Bench::new();
    let input = bench.state.path().join("inf.txt");
    fs::copy(capture("hpccinf.txt"), &input).unwrap();
    import(&bench, &["hpcc-ok.txt", "hpccinf.txt"], &["--case", "x"]).ok();
    let more = ["hpcc-several.txt", "hpccinf.txt"].map(capture);
    let words = ["import", &more[0], &more[1], input.to_str().unwrap(), "--case", "y", "--into", "latest"];
    assert_ne!(bench.labkit(&words).code, Some(2));
    for case in ["a", "b"] {
        let said = import(&bench, &["iperf3-refused.txt"], &["--case", case, "--into", "latest"]);
        assert_eq!(said.code, Some(4), "{}", said.err);
    }
    fs::write(&input, fs::read_to_string(&input).unwrap().replace("600           Ns", "700           Ns")).unwrap();
    let said = bench.labkit(&["import", &capture("hpcc-fewer.txt"), &more[1], input.to_str().unwrap(), "--case", "z"]);
    assert!(said.code == Some(2) && said.err.contains("asks for something else"), "{}", said.err);
}

#[test]
fn an_import_that_is_stopped_leaves_what_was_there() {
    let bench = Bench::new();
    import(&bench, &["ping-veth.txt"], &["--case", "x"]).ok();
    let before = bench.labkit(&["results", "latest", "--json"]).ok();
    // Every run in it is another measurement.
    let text = fs::read_to_string(capture("hpcc-ok.txt")).unwrap();
    let line = text.lines().find(|line| line.starts_with("SingleSTREAM_Copy=")).unwrap();
    let many = bench.state.path().join("many.txt");
    let runs: String = (0..600).map(|n| text.replace(line, &format!("SingleSTREAM_Copy=1.{n:03}"))).collect();
    fs::write(&many, runs).unwrap();
    let dir = || fs::read_dir(bench.state.path().join("runs")).unwrap().next().unwrap().unwrap().path();
    for signal in [nix::sys::signal::SIGINT, nix::sys::signal::SIGKILL] {
        let mut command = bench.command(&["import", many.to_str().unwrap(), "--case", "big", "--into", "latest"]);
        let mut child = command.stderr(std::process::Stdio::null()).spawn().unwrap();
        let grown = || fs::metadata(dir().join("samples.jsonl")).unwrap().len() > 20_000;
        while !grown() && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(child.id() as i32), signal).unwrap();
        assert!(!child.wait().unwrap().success());
        assert_eq!(bench.labkit(&["results", "latest", "--json"]).ok(), before, "{signal}");
        bench.labkit(&["verify", "latest"]).ok();
        assert_eq!(fs::read_dir(dir().join("raw")).unwrap().count(), 1);
    }
}

#[test]
fn nothing_is_added_to_an_import_that_was_cut_off() {
    let bench = Bench::new();
    import(&bench, &["ping-veth.txt"], &["--case", "x"]).ok();
    let file = runs(&bench)[0].join("run.json");
    // As it is while the first import goes on.
    let text = fs::read_to_string(&file).unwrap().replace("\"outcome\": \"done\"", "\"outcome\": \"running\"");
    fs::write(&file, text).unwrap();
    let said = import(&bench, &["ping-routed.txt"], &["--case", "y", "--into", "latest"]);
    assert!(said.code == Some(2) && said.err.contains("was cut off while it was imported"), "{}", said.err);
}

#[test]
fn a_loss_of_nothing_is_no_base_of_a_ratio() {
    let bench = Bench::new();
    import(&bench, &["ping-partly-lost.txt"], &["--case", "lossy"]).ok();
    import(&bench, &["ping-veth.txt"], &["--case", "good", "--into", "latest"]).ok();
    let page = fs::read_to_string(bench.labkit(&["report"]).ok().trim()).unwrap();
    assert!(page.contains("Packets lost") && !page.contains("NaN"));
}

#[test]
fn what_is_imported_at_once_into_one_run_is_all_there() {
    let bench = Bench::new();
    import(&bench, &["ping-veth.txt"], &["--case", "x"]).ok();
    let files = ["ping-routed.txt", "ping-quiet.txt", "ping-partly-lost.txt", "ping-busybox.txt", "sysbench-cpu.txt"];
    let started: Vec<_> = files
        .iter()
        .map(|file| {
            let mut command = bench.command(&["import", &capture(file), "--case", "x", "--into", "latest"]);
            command.stdout(std::process::Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut child in started {
        assert!(child.wait().unwrap().success());
    }
    let run = json(bench.labkit(&["results", "latest", "--json"]));
    let readings = run["readings"].as_array().unwrap();
    assert_eq!(readings.len(), 1 + files.len());
    let mut rounds: Vec<_> = readings
        .iter()
        .filter(|one| one["bench"] == "iputils-ping")
        .map(|one| one["round"].as_u64().unwrap())
        .collect();
    rounds.sort_unstable();
    assert_eq!(rounds, [1, 2, 3, 4]);
    bench.labkit(&["verify", "latest"]).ok();
}

#[test]
fn each_figure_keeps_the_place_that_was_said_of_it() {
    let bench = Bench::new();
    let first = ["--case", "machine", "--where", "vm", "--set", "host=node01", "--set", "cpus=2"];
    import(&bench, &["ping-veth.txt"], &first).ok();
    let second = ["--case", "pod", "--where", "pod", "--set", "cpus=2", "--into", "latest"];
    import(&bench, &["ping-routed.txt"], &second).ok();
    let csv = bench.labkit(&["export", "--format", "csv"]).ok();
    let mut lines = csv.lines().filter(|line| line.contains(",ping_avg_ms,"));
    let place_and_host = |line: &str| line.split(',').skip(2).take(2).collect::<Vec<_>>().join(",");
    assert_eq!(lines.next().map(place_and_host).as_deref(), Some("vm,node01"));
    assert_eq!(lines.next().map(place_and_host).as_deref(), Some("pod,"));
    let metrics = bench.labkit(&["export", "--format", "openmetrics"]).ok();
    assert!(metrics.contains(r#"case="machine",bench="iputils-ping",place="vm",host="node01""#), "{metrics}");
    assert!(metrics.contains(r#"case="pod",bench="iputils-ping",place="pod",round="1""#), "{metrics}");
    let run = json(bench.labkit(&["results", "latest", "--json"]));
    let machine = &run["run"]["machine"];
    assert_eq!((machine["place"].as_str(), machine["cpus"].as_u64()), (Some(""), Some(2)));
}

#[test]
fn files_of_disks_and_datagrams_have_their_tables() {
    let bench = Bench::new();
    let said = import(&bench, &["iozone-direct.txt"], &["--case", "disk"]).ok();
    assert!(said.contains("file write 669 MB/s") || said.contains("file write 685 MB/s"), "{said}");
    let table = bench.labkit(&["export", "--format", "markdown"]).ok();
    assert!(table.contains("### File write\n") && table.contains("### File random read\n"), "{table}");
    let bench = Bench::new();
    import(&bench, &["iperf3-udp.json"], &["--case", "udp"]).ok();
    let table = bench.labkit(&["export", "--format", "markdown"]).ok();
    assert!(table.contains("### Throughput\n") && table.contains("### Jitter of UDP\n"), "{table}");
    let bench = Bench::new();
    import(&bench, &["ping-partly-lost.txt"], &["--case", "lossy"]).ok();
    assert!(bench.labkit(&["export", "--format", "markdown"]).ok().contains("### Packets lost\n"));
    let bench = Bench::new();
    import(&bench, &["ping-veth.txt"], &["--case", "veth"]).ok();
    assert!(!bench.labkit(&["export", "--format", "markdown"]).ok().contains("### Packets lost\n"));
}

#[test]
fn what_may_not_be_believed_is_kept_told_and_ends_with_4() {
    let bench = Bench::new();
    let said = import(&bench, &["hpcc-failed.txt"], &["--case", "node01"]);
    assert_eq!(said.code, Some(4));
    assert!(said.err.starts_with("error: `node01` may not be believed: failed: HPL's residual 0.00"), "{}", said.err);
    let run = json(bench.labkit(&["results", "latest", "--json"]));
    assert!(run["samples"].as_array().unwrap().iter().all(|sample| sample["valid"] == false));
    let why = bench.labkit(&["why"]).ok();
    assert!(why.starts_with("node01: no result: failed\n  HPL's residual"), "{why}");
}

#[test]
fn standard_error_says_that_hpcc_ran_its_own_parameters() {
    let bench = Bench::new();
    let said = import(&bench, &["hpcc-none.txt", "hpcc-none.stderr"], &["--case", "x"]);
    assert_eq!(said.code, Some(4));
    assert!(said.err.contains("mismatch: ") && said.err.contains("hpccinf.txt"), "{}", said.err);
}

#[test]
fn bad_files_are_named_and_leave_nothing() {
    let bench = Bench::new();
    let bad = bench.state.path().join("bad.txt");
    let refused = |text: &[u8]| {
        fs::write(&bad, text).unwrap();
        let said = bench.labkit(&["import", &capture("ping-veth.txt"), bad.to_str().unwrap(), "--case", "x"]);
        assert_eq!((said.code, runs(&bench).len()), (Some(2), 0));
        said.err.replace(bad.to_str().unwrap(), "BAD").lines().next().unwrap().to_owned()
    };
    assert_eq!(refused(b""), "error: read `BAD`: no tool is known that wrote this: it is empty");
    assert_eq!(refused(b"\0\x01"), "error: read `BAD`: no tool is known that wrote this: it is not text");
    assert_eq!(refused(b"a poem\n"), "error: read `BAD`: no tool is known that wrote this: it begins with `a poem`");
    let input = fs::read_to_string(capture("hpccinf.txt")).unwrap().replace("600           Ns", "many          Ns");
    assert_eq!(
        refused(input.as_bytes()),
        "error: read `BAD`: line 6: 1 problem sizes N are expected, found `many          Ns`"
    );
}

#[test]
fn a_wrong_command_line_is_refused_with_a_remedy() {
    let bench = Bench::new();
    let refused = |more: &[&str]| {
        let said = import(&bench, &["ping-veth.txt"], more);
        assert_eq!((said.code, runs(&bench).len()), (Some(2), 0), "{}", said.err);
        said.err
    };
    assert_eq!(
        refused(&["--case", "x", "--where", "moon"]),
        "error: `moon` is no place\nhint: --where is one of bare, vm, container, pod\n"
    );
    assert_eq!(
        refused(&["--case", "x", "--set", "memry_mb=3"]),
        "error: --set memry_mb: this means nothing\nhint: did you mean `memory_mb`?\n"
    );
    assert_eq!(
        refused(&["--case", "x", "--set", "cpus=many"]),
        "error: --set cpus=many: a number from 0.001 to 1000000000 is expected\n"
    );
    assert_eq!(
        refused(&["--case", "x", "--set", "where=mars"]),
        "error: --set where=mars: the place has an option of its own\nhint: --where mars\n"
    );
    assert!(refused(&["--case", " "]).starts_with("error: `--case` is empty"));
    let said = import(&bench, &["ping-veth.txt"], &["--case", "x", "--into", "reference-ex1"]);
    assert!(said.code == Some(2) && said.err.contains("`reference-ex1` is built into labkit"), "{}", said.err);
    let said = import(&bench, &["no-such-file"], &["--case", "x"]);
    assert!(said.code == Some(1) && said.err.contains("No such file"), "{}", said.err);
    let said = import(&bench, &["hpccinf.txt"], &["--case", "x"]);
    assert!(said.err.contains("an input file says what was asked for, not what came of it"), "{}", said.err);
}

#[test]
fn a_full_disk_leaves_no_half_run() {
    if !support::netns() {
        return;
    }
    let script = format!(
        "mkdir /run/small; mount -t tmpfs -o size=32k tmpfs /run/small; export LABKIT_STATE=/run/small; \
         if $LABKIT import {} --case x; then exit 9; fi; ls /run/small/runs",
        capture("hpcc-several.txt")
    );
    let said = support::in_own_host(&Bench::new(), &script);
    assert_eq!((said.code, said.out.as_str()), (Some(0), ""), "{}", said.err);
    assert!(said.err.contains("No space left on device") && said.err.contains("hint: free some space"), "{}", said.err);
}
