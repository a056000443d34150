//! Runs made up in code against what `export` and `results compare` make of them; `UPDATE=1` rewrites the goldens.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "test code")]

mod support;

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use labkit::{
    report::export::{self, Format},
    results::{Proof, Record, Run, Sample, Selection, Writer},
};
use proptest::prelude::*;
use serde_json::json;
use support::{Bench, TempDir, golden};

const FIRST: &str = "20261122-140000-ex1-abcd";
const OTHER: &str = "20261122-150000-ex1-ef01";
const ROUTED: &str = "0 of 20 packets used vxlan0; they were routed br1 → br2 (ttl 63)";

/// `run.json` of a run with a table and a chart of each metric.
fn run(id: &str) -> Run {
    serde_json::from_value(json!({
        "id": id, "labkit": "0.1.0", "recipe": "ex1", "question": "What does each way cost?",
        "recipe_sha256": "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
        "params": { "rounds": 5 },
        "machine": {
            "host": "master", "place": "vm:virtualbox", "kernel": "6.12.48+deb13-amd64", "arch": "x86_64",
            "cpu": "Intel(R) Core(TM) i7-1165G7 @ 2.80GHz", "cpus": 2, "memory_mb": 1967, "load": 0.12,
            "clock_source": "kvm-clock",
        },
        "start": "2026-11-22T14:00:00.000Z", "end": "2026-11-22T14:03:20.000Z", "outcome": "done",
        "baseline": "veth", "control": "veth again", "cases": ["veth", "veth again", "bridge", "vxlan"], "seed": 7,
        "sections": [
            { "section": "table", "title": "How fast is each?", "metric": "throughput_gbit_s" },
            { "section": "chart", "title": "By the second", "metric": "throughput_gbit_s", "kind": "line", "x": "second" },
            { "section": "table", "title": "How long is a round trip?", "metric": "ping_median_ms" },
            { "section": "chart", "title": "All rounds", "metric": "ping_median_ms", "kind": "box" },
        ],
    }))
    .unwrap()
}

/// A sample taken so many tenths of a second after the run began.
fn sample(bench: &str, case: &str, metric: &str, value: f64, tenths: usize) -> Sample {
    let at = format!("2026-11-22T14:00:{:02}.{}00Z", tenths / 10 % 60, tenths % 10);
    Sample { at, ..Sample::new(bench, case, metric, value).unwrap() }
}

/// So many rounds of throughput, the first of them also by the second, and of round trips.
fn samples(case: &str, place: usize, gbit_s: f64, ms: f64, rounds: usize) -> Vec<Sample> {
    let mut samples = Vec::new();
    for round in 1..=rounds {
        let off = 1.0 + ((place * 7 + round * 5) % 9) as f64 / 200.0;
        let (at, number) = (place * 50 + round * 8, Some(round as u32));
        samples.push(sample("tcp", case, "throughput_gbit_s", gbit_s * off, at).round(number));
        samples.push(sample("ping", case, "ping_median_ms", ms * off, at + 1).round(number));
        samples.extend((1..=3).map(|second| {
            let value = gbit_s * off * (1.0 - 0.1 / second as f64);
            sample("tcp", case, "throughput_gbit_s", value, at + 2 + second).round(number).label("second", second)
        }));
    }
    samples
}

fn proof(case: &str, mtu: u32) -> Proof {
    Proof { case: case.into(), to: "10.0.0.2".into(), valid: true, mtu: Some(mtu), ttl: Some(64), ..Proof::default() }
}

/// Puts a run on disk, as `labkit run` does, and reads it back.
fn written(state: &Path, run: &Run, samples: &[Sample], proofs: &[Proof]) -> Record {
    let mut writer = Writer::create(state, run).unwrap();
    samples.iter().for_each(|sample| writer.sample(sample).unwrap());
    proofs.iter().for_each(|proof| writer.proof(proof).unwrap());
    Record::read(writer.dir()).unwrap()
}

/// Three cases and the control.
fn first(state: &Path) -> Record {
    let levels = [("veth", 42.0, 0.031), ("veth again", 41.9, 0.0312), ("bridge", 36.5, 0.036), ("vxlan", 17.2, 0.058)];
    let all = levels.iter().zip(1..).flat_map(|((case, gbit_s, ms), at)| samples(case, at, *gbit_s, *ms, 5));
    let proofs = [proof("veth", 1500), proof("bridge", 1500), proof("vxlan", 1450)];
    written(state, &run(FIRST), &all.collect::<Vec<_>>(), &proofs)
}

/// The same on another machine: a faster bridge, jumbo frames, and a vxlan that never carried a packet.
fn other(state: &Path) -> Record {
    let mut run = run(OTHER);
    (run.machine.kernel, run.machine.cpus, run.machine.place) = ("6.18.1".into(), 4, "bare".into());
    run.params.insert("rounds".into(), 6.into());
    run.recipe_sha256 = "aa70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef".into();
    let levels = [("veth", 42.3, 0.031), ("veth again", 41.7, 0.0314), ("bridge", 51.1, 0.030), ("vxlan", 44.0, 0.033)];
    let all = levels.iter().zip(2..).flat_map(|((case, gbit_s, ms), at)| samples(case, at, *gbit_s, *ms, 6));
    let why = vec![ROUTED.to_owned()];
    let refuted = Proof { valid: false, why, ttl: Some(63), ..proof("vxlan", 1450) };
    written(state, &run, &all.collect::<Vec<_>>(), &[proof("veth", 9000), proof("bridge", 9000), refuted])
}

/// Two cases of two rounds: small enough to read as samples.
fn small(state: &Path) -> Record {
    let mut run = run("20261122-160000-ex1-wxyz");
    run.cases = vec!["veth".into(), "=bad, \"case\"\n_%$".into()];
    (run.baseline, run.control) = (None, None);
    let mut all: Vec<Sample> =
        run.cases.iter().zip(1..).flat_map(|(case, at)| samples(case, at, 10.0, 0.05, 2)).collect();
    all.push(sample("tcp", "veth", "throughput_gbit_s", 1e9, 99).round(Some(3)));
    all.push(sample("tcp", "veth", "cpu_s_per_gb", f64::NAN, 100));
    written(state, &run, &all, &[])
}

fn state() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn exported(records: &[Record], format: Format) -> String {
    export::text(records, format, &Selection::default()).unwrap()
}

#[test]
fn samples_are_a_spreadsheet() {
    golden("export/samples.csv", &exported(&[small(state().path())], Format::Csv));
}

#[test]
fn samples_are_lines_of_json() {
    let record = small(state().path());
    let text = exported(std::slice::from_ref(&record), Format::JsonLines);
    let read: Vec<Sample> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read.len(), record.samples.len());
    let alike = |(one, other): (&Sample, &Sample)| one == other || one.value.is_nan() && other.value.is_nan();
    assert!(read.iter().zip(&record.samples).all(alike));
}

#[test]
fn tables_are_markdown() {
    let state = state();
    golden("export/tables.md", &exported(&[first(state.path()), other(state.path())], Format::Markdown));
}

#[test]
fn tables_are_latex() {
    let state = state();
    let records = [first(state.path()), other(state.path()), small(state.path())];
    let text = exported(&records, Format::Latex);
    golden("export/tables.tex", &text);
    assert_latex(&text);
}

#[test]
fn gauges_are_openmetrics() {
    golden("export/gauges.om", &exported(&[small(state().path())], Format::OpenMetrics));
}

/// Braces closed, environments nested, as many cells in each row as the table has columns.
#[track_caller]
fn assert_latex(text: &str) {
    let bare = text.replace(r"\{", "").replace(r"\}", "");
    let depth = bare.chars().try_fold(0i32, |depth, c| match c {
        '{' => Some(depth + 1),
        '}' => (depth > 0).then_some(depth - 1),
        _ => Some(depth),
    });
    assert_eq!(depth, Some(0), "braces");
    let mut open: Vec<&str> = Vec::new();
    for part in text.split('\\').skip(1) {
        let name = |part: &'static str, text: &str| text.strip_prefix(part).map(|rest| rest.find('}').unwrap());
        if let Some(end) = name("begin{", part) {
            open.push(&part[6..6 + end]);
        } else if let Some(end) = name("end{", part) {
            assert_eq!(open.pop(), Some(&part[4..4 + end]));
        }
    }
    assert!(open.is_empty(), "{open:?}");
    let mut columns = 0;
    for line in text.lines() {
        if let Some(spec) = line.trim().strip_prefix(r"\begin{tabular}{") {
            columns = spec.replace("@{}", "").trim_end_matches('}').len();
        } else if let Some(row) = line.strip_suffix(r" \\") {
            let wide = row.matches(r"\multicolumn{2}").count();
            assert_eq!(row.replace(r"\&", "").matches('&').count() + 1 + wide, columns, "{line}");
        }
    }
}

#[test]
fn prometheus_reads_the_gauges_as_they_were_meant() {
    let state = state();
    let records = [first(state.path()), other(state.path()), small(state.path())];
    let text = exported(&records, Format::OpenMetrics);
    let script = "import sys, json
from prometheus_client.openmetrics.parser import text_string_to_metric_families as families
out = [[f.name, f.unit, f.type, s.labels, s.value, float(s.timestamp or 0)]
       for f in families(sys.stdin.buffer.read().decode()) for s in f.samples]
print(json.dumps(out))";
    let Some(said) = python("prometheus_client", script, &text) else { return };
    type Line = (String, String, String, BTreeMap<String, String>, f64, f64);
    let read: Vec<Line> = serde_json::from_str(&said).unwrap();
    let valid: usize = records.iter().map(|r| r.samples.iter().filter(|s| s.valid).count()).sum();
    let refuted = records[1].samples.iter().filter(|sample| sample.case == "vxlan").count();
    let gauges: Vec<_> = read.iter().filter(|line| line.0 != "labkit_invalid_samples").collect();
    assert_eq!(gauges.len(), valid - refuted);
    let hostile = gauges.iter().find(|line| line.3["case"].starts_with('=')).unwrap();
    assert_eq!(hostile.3["case"], "=bad, \"case\"\n_%$");
    let rate = gauges.iter().find(|line| line.0 == "labkit_throughput_gbit_s").unwrap();
    assert_eq!((rate.1.as_str(), rate.2.as_str()), ("gbit_s", "gauge"));
    assert!((rate.5 - 1_795_356_000.0).abs() < 60.0, "{}", rate.5);
}

/// What a script prints when it is given the text; nothing, said loudly, where Python or the module is missing.
fn python(module: &str, script: &str, text: &str) -> Option<String> {
    let has = |python: &&str| {
        let import = Command::new(python).args(["-c", &format!("import {module}")]).stderr(Stdio::null()).status();
        import.is_ok_and(|status| status.success())
    };
    let Some(python) = ["python3", "/usr/bin/python3"].into_iter().find(has) else {
        assert!(!support::required("programs"), "python3 has no module {module}");
        eprintln!("SKIPPED for want of python3 with {module}");
        return None;
    };
    let mut child =
        Command::new(python).args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{module} does not take it:\n{text}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// A reader of RFC 4180 that knows nothing of the writer.
fn read_csv(text: &str) -> Vec<Vec<String>> {
    let mut rows = vec![];
    let (mut row, mut cell, mut quoted) = (vec![], String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => cell.push(chars.next().unwrap()),
            '"' => quoted = !quoted,
            c if quoted => cell.push(c),
            ',' => row.push(std::mem::take(&mut cell)),
            '\r' => {}
            '\n' => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            c => cell.push(c),
        }
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn what_is_written_as_csv_is_read_back(
        value in prop::num::f64::ANY, case in "[ -~\néµ]{0,20}", label in "[ -~\n\t\"]{0,20}", name in "[a-z\", ]{1,8}"
    ) {
        let state = state();
        let taken = Sample { value, ..sample("tcp", &case, "throughput_gbit_s", 1.0, 1) }.label(&name, &label);
        let mut record = written(state.path(), &run(FIRST), &[taken], &[]);
        // Read from disk, the last digit of a number may be another.
        record.samples[0].value = value;
        let rows = read_csv(&exported(&[record], Format::Csv));
        prop_assert_eq!(rows.len(), 2);
        let cell = |name: &str| &rows[1][rows[0].iter().position(|head| head == name).unwrap()];
        match value.is_finite() {
            true => prop_assert_eq!(cell("value").parse::<f64>().unwrap(), value),
            false => prop_assert_eq!(cell("value"), ""),
        }
        for (text, column) in [(&case, "case".to_owned()), (&label, format!("label_{name}"))] {
            let read = cell(&column);
            let guarded = read.strip_prefix('\'').filter(|rest| rest.starts_with(['=', '+', '-', '@', '\t']));
            prop_assert!(read == text || guarded == Some(text), "{read:?} {text:?}");
            prop_assert!(!read.starts_with(['=', '@', '\t']));
        }
    }
}

#[test]
fn figures_are_written_for_paper() {
    let state = state();
    let (records, out) = ([first(state.path()), other(state.path())], state.path().join("figures"));
    let drawn = export::figures(&records, &Selection::default(), &out).unwrap();
    let names: Vec<String> =
        drawn.iter().map(|figure| figure.path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(names[..2], [format!("{FIRST}-throughput-line.svg"), format!("{FIRST}-round-trip-median-box.svg")]);
    assert_eq!(names.len(), 4);
    for figure in drawn {
        let svg = fs::read_to_string(figure.path).unwrap();
        assert!(svg.contains(" width=\"160mm\" height=\"") && svg.contains(" font-family=\"sans-serif\""));
        assert_well_coloured(&svg);
        python("xml", "import sys, xml.dom.minidom as d; d.parseString(sys.stdin.buffer.read())", &svg);
    }
}

/// Whatever a style sheet could colour has a colour of its own.
#[track_caller]
fn assert_well_coloured(svg: &str) {
    for element in svg.split('<').skip(1).map(|element| element.split('>').next().unwrap()) {
        let coloured = element.contains("fill=\"") || element.contains("stroke=\"");
        assert!(!element.contains("class=\"") || coloured, "<{element}>");
    }
}

#[test]
fn one_figure_may_be_one_file() {
    let state = state();
    let records = [first(state.path())];
    let out = state.path().join("ping.svg");
    let metrics = vec!["ping_median_ms".to_owned()];
    let selection = Selection { metrics, ..Selection::default() };
    assert_eq!(export::figures(&records, &selection, &out).unwrap()[0].path, out);
    let Err(error) = export::figures(&records, &Selection::default(), &out) else { panic!() };
    assert_eq!(error.to_string(), "there are 2 figures");
}

fn bench() -> Bench {
    let bench = Bench::new();
    first(bench.state.path());
    other(bench.state.path());
    bench
}

#[test]
fn the_format_is_told_by_the_ending() {
    let bench = bench();
    let out = bench.state.path().join("t.md");
    let said = bench.labkit(&["export", FIRST, "--case", "bridge", "-o", out.to_str().unwrap()]).ok();
    assert_eq!(said, format!("{}\n", out.display()));
    let text = fs::read_to_string(out).unwrap();
    assert!(text.contains("| bridge |") && !text.contains("| vxlan |"), "{text}");
    assert!(text.contains("| worse |"), "the ratio is still the one to veth:\n{text}");
}

#[test]
fn mistakes_of_an_export_are_told() {
    let bench = bench();
    let said = |arguments: &[&str]| {
        let said = bench.labkit(arguments);
        (said.code, said.err)
    };
    let error = |text: &str| (Some(2), text.to_owned());
    assert_eq!(
        said(&["export", "latest", "--format", "cvs"]),
        error("error: there is no format `cvs`\nhint: did you mean `csv`?\n")
    );
    assert_eq!(
        said(&["export", "latest"]),
        error(
            "error: which format?\nhint: --format csv|jsonl|markdown|latex|openmetrics|svg, or -o FILE with an ending\n"
        )
    );
    assert_eq!(
        said(&["export", "latest", "--format", "csv", "--metric", "hpl_gflops"]),
        error("error: no sample is of the metric `hpl_gflops`\nhint: there is throughput_gbit_s, ping_median_ms\n")
    );
    assert_eq!(
        said(&["export", "latest", "--format", "svg"]),
        error("error: svg needs a directory\nhint: name one: -o DIR\n")
    );
}

#[test]
fn a_run_without_samples_has_nothing_to_export() {
    let bench = Bench::new();
    written(bench.state.path(), &run(FIRST), &[], &[]);
    let said = bench.labkit(&["export", "--format", "csv"]);
    assert_eq!(
        (said.code, said.err.as_str()),
        (Some(1), "error: there is nothing to export: no sample was taken of it\n")
    );
}

#[test]
fn two_runs_stand_side_by_side() {
    let text = bench().labkit(&["results", "compare", FIRST, OTHER]).ok();
    golden("export/compare.txt", &text);
    assert!(text.lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn machines_are_told_the_same() {
    let said = bench().labkit(&["results", "compare", "--json", FIRST, OTHER]).ok();
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["rows"].as_array().unwrap().len(), 8);
    let bridge = &said["rows"][2];
    assert_eq!((bridge["case"].as_str(), bridge["runs"][1]["verdict"].as_str()), (Some("bridge"), Some("better")));
    let (low, high) = (&bridge["runs"][1]["ratio"]["low"], &bridge["runs"][1]["ratio"]["high"]);
    assert!(low.as_f64() > Some(1.3) && high.as_f64() < Some(1.5), "{low} {high}");
    assert_eq!(said["rows"][3]["runs"][1]["why"].as_str(), Some(ROUTED));
    let differences = said["unlike"][0]["differences"].as_array().unwrap();
    assert!(differences.contains(&json!({ "what": "mtu", "case": "veth", "first": "1500", "other": "9000" })));
}

#[test]
fn a_comparison_may_be_narrowed_and_its_mistakes_are_told() {
    let bench = bench();
    let text = bench.labkit(&["results", "compare", FIRST, OTHER, "--metric", "ping_median_ms", "--case", "veth"]).ok();
    assert!(text.contains("veth") && !text.contains("throughput") && !text.contains("\nbridge"), "{text}");
    let said = |arguments: &[&str]| bench.labkit(arguments).err;
    assert_eq!(
        said(&["results", "compare", FIRST, "latest", "--case", "brigde"]),
        "error: there is no case `brigde`\nhint: did you mean `bridge`?\n"
    );
    assert_eq!(
        said(&["results", "compare", OTHER, "latest"]),
        format!("error: the run `{OTHER}` is named twice\nhint: `labkit results` lists the others\n")
    );
    assert_eq!(
        said(&["results", "compare", "latest"]),
        "error: a comparison takes two runs or more\nhint: `labkit results` lists them\n"
    );
    assert_eq!(
        said(&["results", FIRST, OTHER]),
        format!("error: 2 runs at once\nhint: side by side: labkit results compare {FIRST} {OTHER}\n")
    );
}

#[test]
fn the_registry_is_a_table() {
    let bench = Bench::new();
    let text = bench.labkit(&["results", "--metrics"]).ok();
    assert!(text.starts_with("metric ") && text.contains("\nhpl_gflops "), "{text}");
    let said = bench.labkit(&["results", "--metrics", "--json"]).ok();
    let said: Vec<serde_json::Value> = serde_json::from_str(&said).unwrap();
    assert_eq!(said.len() + 1, text.lines().count());
    assert_eq!((said[0]["name"].as_str(), said[0]["better"].as_str()), (Some("build_cpu_ms"), Some("less")));
}
