//! Files of other tools become a run: with their origin, their verdicts and their reasons.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::{fs, path::Path};

use support::{Bench, Said};

fn capture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(name).display().to_string()
}

fn import(bench: &Bench, files: &[&str], more: &[&str]) -> Said {
    let files: Vec<String> = files.iter().map(|name| capture(name)).collect();
    let mut words = vec!["import"];
    words.extend(files.iter().map(String::as_str));
    words.extend(more);
    bench.labkit(&words)
}

fn json(said: Said) -> serde_json::Value {
    serde_json::from_str(&said.ok()).unwrap()
}

/// Run directories.
fn runs(bench: &Bench) -> Vec<std::path::PathBuf> {
    let Ok(entries) = fs::read_dir(bench.state.path().join("runs")) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().path()).collect()
}

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

/// A capture with one place changed, under its own name in a directory of its own.
fn other(bench: &Bench, name: &str, from: &str, to: &str) -> String {
    let dir = bench.state.path().join(format!("other-{}", from.len() + to.len()));
    fs::create_dir_all(&dir).unwrap();
    let text = fs::read_to_string(capture(name)).unwrap();
    assert!(text.contains(from), "{name} has no {from}");
    let file = dir.join(name);
    fs::write(&file, text.replace(from, to)).unwrap();
    file.display().to_string()
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
fn cases_and_rounds_that_were_not_taken_alike_are_told() {
    let bench = Bench::new();
    let set =
        |place: &str, cpu: &str| vec!["--where".to_owned(), place.to_owned(), "--set".to_owned(), format!("cpu={cpu}")];
    let imported = |files: [&str; 2], places: [&str; 2]| {
        let mut id = String::new();
        for (at, (file, place)) in files.iter().zip(places).enumerate() {
            let mut words: Vec<String> = ["import", &capture(file), "--case", ["a", "b"][at]].map(str::to_owned).into();
            words.extend(set(place, if place == "vm" { "Xeon" } else { "EPYC" }));
            words.extend((at > 0).then(|| ["--into".to_owned(), id.clone()]).into_iter().flatten());
            let said = bench.labkit(&words).ok();
            id = said.split("imported as ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
        }
        id
    };
    let first = imported(["ping-veth.txt", "ping-routed.txt"], ["vm", "pod"]);
    let other = imported(["ping-routed.txt", "ping-veth.txt"], ["pod", "vm"]);
    let why = bench.labkit(&["why", &first, &other]).ok();
    let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in ["place is pod, was vm", "cpu is EPYC, was Xeon", "place is vm, was pod"] {
        assert!(why.contains(words), "{words}: {why}");
    }
    let beside = bench.labkit(&["results", "compare", &first, &other]).ok();
    assert!(beside.contains("place") && beside.contains("Xeon"), "{beside}");
    let disks = imported(["iozone-direct.txt", "iozone-auto.txt"], ["vm", "vm"]);
    let why = bench.labkit(&["why", &disks]).ok();
    let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(why.contains("not taken alike") && why.contains("command of `b` is iozone -a -g 1024"), "{why}");
    let threads = import(&bench, &["sysbench-cpu.txt", "sysbench-cpu-threads.txt"], &["--case", "cpu"]).ok();
    assert!(threads.contains("sysbench"));
    let why = bench.labkit(&["why"]).ok().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(why.contains("threads of `cpu` is "), "{why}");
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
fn ranks_outside_the_grid_have_no_part_of_the_matrix() {
    let bench = Bench::new();
    let text = fs::read_to_string(capture("hpcc-ok.txt")).unwrap();
    let ranks = text.lines().find(|line| line.starts_with("CommWorldProcs=")).unwrap();
    let more = other(&bench, "hpcc-ok.txt", ranks, "CommWorldProcs=8");
    let set = ["--case", "x", "--set", "memory_mb=1024"];
    bench.labkit(&[&["import", &more], &set[..]].concat());
    let of = |words: &str| bench.labkit(&["why"]).ok().lines().find(|line| line.contains(words)).map(str::to_owned);
    let grid: Vec<&str> =
        ["HPL_nprow=", "HPL_npcol="].map(|key| text.lines().find_map(|line| line.strip_prefix(key)).unwrap()).into();
    let used: u32 = grid.iter().map(|count| count.parse::<u32>().unwrap()).product();
    let small = of("is a matrix of").unwrap_or_default();
    assert!(small.contains(&format!("for each of {used} ranks")), "{small}");
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
fn figures_that_contradict_each_other_are_told_at_once() {
    let bench = Bench::new();
    let text = fs::read_to_string(capture("hpcc-ok.txt")).unwrap();
    let [star, single] = ["Average Gflop/s ", "Single DGEMM Gflop/s "]
        .map(|words| text.lines().find(|line| line.starts_with(words)).unwrap());
    let [said_star, said_single] = ["StarDGEMM_Gflops=", "SingleDGEMM_Gflops="]
        .map(|words| text.lines().find(|line| line.starts_with(words)).unwrap());
    let text =
        text.replacen(star, "Average Gflop/s 90.000000", 1).replacen(single, "Single DGEMM Gflop/s 50.000000", 1);
    let text = text.replace(said_star, "StarDGEMM_Gflops=90").replace(said_single, "SingleDGEMM_Gflops=50");
    let file = bench.state.path().join("hpccoutf.txt");
    fs::write(&file, text).unwrap();
    let said = bench.labkit(&["import", file.to_str().unwrap(), "--case", "x"]);
    assert_eq!(said.code, Some(4), "{}{}", said.out, said.err);
    assert!(said.err.contains("x: dgemm_star_gflops: 90 GFLOPS of each rank while all compute"), "{}", said.err);
    let why = bench.labkit(&["why"]).ok();
    assert!(why.contains("x: figures contradict each other"), "{why}");
}

#[test]
fn another_faster_machine_is_no_overcommit() {
    let bench = Bench::new();
    import(&bench, &["hpcc-several.txt"], &["--case", "x", "--where", "vm"]).ok();
    let alone = bench.labkit(&["why"]).ok();
    let beside = bench.labkit(&["why", "latest", "reference-base"]).ok();
    assert!(!alone.contains("overcommitted") && !beside.contains("overcommitted"), "{beside}");
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

#[test]
fn the_reference_reports_four_causes_are_found() {
    let found = json(Bench::new().labkit(&["why", "reference-base", "reference-ex2", "--json"]));
    let of = |cause: &str| {
        let all = found.as_array().unwrap().iter();
        all.clone()
            .find(|one| one["cause"] == cause && one["run"] == "reference-ex2")
            .unwrap_or_else(|| unreachable!("{cause}"))
            .clone()
    };
    let factor = |cause: &str| of(cause)["factor"].as_f64().unwrap();
    // Between what was measured of the library alone, 8.7 for HPL and 13.9 for square DGEMM.
    assert!((8.0..14.0).contains(&factor("reference_blas")));
    assert!((factor("cpu_overcommit") - 1.95).abs() < 0.05);
    let network = of("network")["evidence"].as_str().unwrap().to_owned();
    assert!(
        network.starts_with("41 % of HPL's time is the network: 21.3 MB/s and 404 µs") && network.contains("is 1722"),
        "{network}"
    );
    let small = of("small_matrix")["evidence"].as_str().unwrap().to_owned();
    assert!(small.contains("66.7 MB for each of 3 ranks, 6.21 % of its 1024 MiB; N = 16700 fits"), "{small}");
}

#[test]
fn the_factor_of_ten_is_found_and_a_right_figure_is_right() {
    let bench = Bench::new();
    let check = |figure: &str, run: &str, more: &[&str]| {
        let mut words = vec!["check-figure", "--metric", "hpl_gflops", figure, "--run", run];
        words.extend(more);
        let said = bench.labkit(&words);
        (said.code, said.out)
    };
    assert_eq!(
        check("36.4", "reference-ex2", &[]),
        (Some(4), "36.4 GFLOPS: ten times the measured 3.635 GFLOPS of `cluster`\n".into())
    );
    assert_eq!(
        check("70.4", "reference-base", &[]),
        (Some(0), "70.4 GFLOPS: it is the measured 70.41 GFLOPS of `cluster`\n".into())
    );
    assert_eq!(
        check("37.1", "reference-ex2", &["--case", "master"]).1,
        "37.1 GFLOPS: ten times the measured 3.709 GFLOPS of `master`\n"
    );
    assert_eq!(
        check("0.0704", "reference-base", &[]).1,
        "0.0704 GFLOPS: a thousandth of the measured 70.41 GFLOPS of `cluster`\n"
    );
    let said = bench.labkit(&["check-figure", "--metric", "hpl_gflops", "many", "--run", "reference-ex2"]);
    assert_eq!(
        (said.code, said.err.as_str()),
        (Some(2), "error: `many` is no figure\nhint: write it as it was printed: 36.4\n")
    );
}

#[test]
fn the_reference_report_is_reproduced_with_its_corrections() {
    let bench = Bench::new();
    let page = bench.state.path().join("reference.html");
    bench.labkit(&["report", "reference", "-o", page.to_str().unwrap()]).ok();
    let page = fs::read_to_string(page).unwrap();
    for words in [
        "Throughput by second",
        "Round trip by packet",
        "ten times the measured 3.635 GFLOPS of `cluster`",
        "ten times the measured 3.709 GFLOPS of `master`",
        "ten times the measured 3.571 GFLOPS of `node01`",
        "The reference BLAS",
        "CPUs are overcommitted",
        "none of its packets used vxlan0",
        "6 of 148 keys are missing in the summary",
    ] {
        assert!(page.contains(words), "{words}");
    }
    // The table of the report, corrected: one row for each cluster, one column for each node.
    let row = |cells: [&str; 4]| cells.map(|cell| format!(">{cell}<")).to_vec();
    for cells in [row(["70.41", "47.04", "47.03", "47.27"]), row(["3.635", "3.709", "3.571", "3.676"])] {
        let mut rest = page.as_str();
        for cell in cells {
            rest = rest.split_once(&cell).unwrap_or_else(|| unreachable!("{cell}")).1;
        }
    }
    assert!(!page.contains("<script"));
}

#[test]
fn a_built_in_run_has_no_files_to_hand_in() {
    let said = Bench::new().labkit(&["archive", "reference-ex1"]);
    let words = "error: `reference-ex1` is built into labkit and has no files\nhint: its figures: labkit export reference-ex1\n";
    assert_eq!((said.code, said.err.as_str()), (Some(2), words));
}

#[test]
fn todays_run_stands_beside_the_reports() {
    let bench = Bench::new();
    import(&bench, &["iperf3-text.txt", "ping-veth.txt"], &["--case", "veth", "--title", "Today"]).ok();
    let page = bench.state.path().join("both.html");
    bench.labkit(&["report", "--with", "reference", "-o", page.to_str().unwrap()]).ok();
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains("Side by side") && page.contains(">Today<") && page.contains(">77.2<"));
}
