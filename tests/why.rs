//! Why figures are what they are: causes, printed figures, and the reference report that is built in.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::fs;

use support::{
    Bench,
    imports::{capture, import, json, other},
};

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
    let printed = bench.labkit(&["report", "reference", "-o", "-"]).ok();
    assert_eq!(printed, fs::read_to_string(&page).unwrap());
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
