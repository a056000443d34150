//! Runs made up in code against the exact text, page and figures they render to; `UPDATE=1` rewrites the goldens.

// Clippy spares `#[test]` functions, but not what they call.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::{
    collections::BTreeMap,
    env, fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use labkit::{
    clock,
    machine::Machine,
    report::{self, figure, html, text},
    results::{
        Outcome, Proof, Record, Run, Sample, Section,
        proof::{Encap, Hop},
        section::{Chart, ChartKind, Note, Table},
    },
};

const START: &str = "2026-11-22T14:00:00.000Z";
const END: &str = "2026-11-22T14:03:20.000Z";
const ROUTED: &str = "0 of 20 packets used vxlan0; they were routed br1 → br2 (ttl 63)";

fn machine() -> Machine {
    Machine {
        host: "master".into(),
        place: "vm:virtualbox".into(),
        kernel: "6.12.48+deb13-amd64".into(),
        arch: "x86_64".into(),
        cpu: "Intel(R) Core(TM) i7-1165G7 @ 2.80GHz".into(),
        cpus: 2,
        memory_mb: 1967,
        load: 0.12,
        clock_source: "kvm-clock".into(),
    }
}

/// A run without cases, samples, proofs or sections.
fn empty() -> Record {
    let run = Run {
        id: "20261122-140000-ex1-abcd".into(),
        labkit: "0.1.0".into(),
        recipe: "ex1".into(),
        question: "What does each way of joining two namespaces cost?".into(),
        recipe_sha256: "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef".into(),
        params: BTreeMap::from([("rounds".into(), 5.into()), ("reference".into(), false.into())]),
        machine: machine(),
        start: START.into(),
        end: Some(END.into()),
        outcome: Outcome::Done,
        why: None,
        baseline: None,
        control: None,
        cases: vec![],
        seed: 20261122,
        sections: vec![],
        bundle: None,
        imported: false,
    };
    Record {
        run,
        samples: vec![],
        proofs: vec![],
        readings: vec![],
        dir: "/var/lib/labkit/runs/20261122-140000-ex1-abcd".into(),
    }
}

fn table(title: &str, metric: &str) -> Section {
    Section::Table(Table { title: title.into(), metric: metric.into() })
}

fn chart(title: &str, metric: &str, kind: ChartKind, x: Option<&str>) -> Section {
    Section::Chart(Chart { title: title.into(), metric: metric.into(), kind, x: x.map(str::to_owned) })
}

fn sections() -> Vec<Section> {
    vec![
        table("How fast is each?", "throughput_gbit_s"),
        chart("Throughput by the second", "throughput_gbit_s", ChartKind::Line, Some("second")),
        table("How long is a round trip?", "ping_median_ms"),
        chart("Round trips of all rounds", "ping_median_ms", ChartKind::Box, None),
        Section::Note(Note {
            text: "The control is the first case once more: what it differs by is noise, not a difference.".into(),
        }),
    ]
}

/// A number that looks measured and is the same everywhere: 1 with about `spread` to either side.
fn wobble(seed: usize, spread: f64) -> f64 {
    1.0 + spread * ((seed as f64 * 12.9898).sin() * 43758.5453).fract()
}

fn hop(device: &str, kind: &str, declared: bool, packets: u64) -> Hop {
    let (rx_bytes, tx_bytes) = (packets * 98, packets * 98);
    let kind = kind.to_owned();
    let offloads = Some(vec!["gso".to_owned(), "tso".to_owned()]);
    let (rx_packets, tx_packets, mtu) = (packets, packets, 1500);
    Hop { device: device.into(), kind, declared, rx_packets, tx_packets, rx_bytes, tx_bytes, mtu, offloads }
}

fn proved(case: &str, hops: Vec<Hop>, mutated: &str) -> Proof {
    Proof {
        case: case.into(),
        from: "ns1".into(),
        to: "10.0.0.2".into(),
        valid: true,
        sent: 20,
        received: 20,
        ttl: Some(64),
        ttl_expected: Some(64),
        hops,
        mtu: Some(1500),
        mutated: Some(mutated.into()),
        received_while_down: Some(0),
        held: vec![
            "20 of 20 answers came back".into(),
            "every declared device counted at least 20 packets".into(),
            format!("with {mutated} down the traffic stopped"),
        ],
        ..Proof::default()
    }
}

fn proofs() -> Vec<Proof> {
    let ends = |between: Vec<Hop>| {
        let (first, last) = (hop("ns1/veth1", "veth", true, 20), hop("ns2/veth2", "veth", true, 20));
        [vec![first], between, vec![last]].concat()
    };
    let bridge = vec![hop("p1", "veth", true, 20), hop("br0", "bridge", true, 20), hop("p2", "veth", true, 20)];
    let vxlan = vec![
        hop("br1", "bridge", true, 20),
        hop("vxlan0", "vxlan", true, 20),
        hop("under1", "veth", true, 20),
        hop("under2", "veth", true, 20),
        hop("vxlan1", "vxlan", true, 20),
        hop("br2", "bridge", true, 20),
    ];
    let encap =
        Encap { device: "under1".into(), vni: 100, port: 4789, packets: 40, overhead_bytes: Some(50), naked: 0 };
    vec![
        proved("veth", ends(vec![]), "ns1/veth1"),
        proved("bridge", ends(bridge), "br0"),
        Proof { mtu: Some(1450), encap: Some(encap), ..proved("vxlan", ends(vxlan), "vxlan0") },
    ]
}

/// Whole-round samples and one per second, of so many gigabit per second and milliseconds.
fn samples(case: &str, seed: usize, gbit_s: f64, ms: f64) -> Vec<Sample> {
    let mut samples = Vec::new();
    for round in 1..=5 {
        let sample = |bench: &str, metric: &str, value: f64| {
            Sample::new(bench, case, metric, value).unwrap().round(Some(round as u32))
        };
        let level = gbit_s * wobble(seed * 100 + round, 0.02);
        samples.push(sample("tcp", "throughput_gbit_s", level));
        samples.push(sample("ping", "ping_median_ms", ms * wobble(seed * 700 + round, 0.06)));
        samples.extend((1..=10).map(|second| {
            let start = if second == 1 { 0.85 } else { 1.0 };
            let value = level * start * wobble(seed * 1000 + round * 20 + second, 0.05);
            sample("tcp", "throughput_gbit_s", value).label("second", second)
        }));
    }
    samples
}

/// Three cases and the control, all of them proved.
fn valid() -> Record {
    let mut record = empty();
    record.run.cases = ["veth", "veth again", "bridge", "vxlan"].map(String::from).into();
    record.run.baseline = Some("veth".into());
    record.run.control = Some("veth again".into());
    record.run.sections = sections();
    record.proofs = proofs();
    for (seed, (case, gbit_s, ms)) in
        [("veth", 42.0, 0.031), ("veth again", 41.9, 0.0312), ("bridge", 36.5, 0.036), ("vxlan", 17.2, 0.058)]
            .into_iter()
            .enumerate()
    {
        record.samples.extend(samples(case, seed + 1, gbit_s, ms));
    }
    record
}

/// The same run with the mistake of the reference report: the vxlan never carried a packet.
fn invalid() -> Record {
    let mut record = valid();
    record.run.id = "20261122-150000-ex1-ef01".into();
    record.run.outcome = Outcome::Invalid;
    record.run.why = Some("the path of `vxlan` is not what was declared".into());
    record.run.params.insert("reference".into(), true.into());
    record.dir = "/var/lib/labkit/runs/20261122-150000-ex1-ef01".into();
    let hops = vec![
        hop("ns1/veth1", "veth", true, 20),
        hop("br1", "bridge", true, 20),
        hop("vxlan0", "vxlan", true, 0),
        hop("vxlan1", "vxlan", true, 0),
        hop("br2", "bridge", true, 20),
        hop("ns2/veth2", "veth", true, 20),
    ];
    let encap = Encap { device: "under1".into(), vni: 100, port: 4789, packets: 0, overhead_bytes: None, naked: 0 };
    record.proofs[2] = Proof {
        valid: false,
        why: vec![ROUTED.into(), "with vxlan0 down 20 of 20 answers came nevertheless".into()],
        ttl: Some(63),
        strays: vec![hop("eth0", "ethernet", false, 3)],
        encap: Some(encap),
        received_while_down: Some(20),
        held: vec!["20 of 20 answers came back".into()],
        ..proved("vxlan", hops, "vxlan0")
    };
    let vxlan = record.samples.iter_mut().filter(|sample| sample.case == "vxlan");
    vxlan.for_each(|sample| *sample = sample.clone().invalidate(ROUTED));
    record
}

/// Names as an enemy would choose them.
fn hostile() -> Record {
    let mut record = valid();
    let name = "<script>alert(1)</script>\"'&\u{1b}[31m\n✓ forged\u{0}";
    let rename = |text: &mut String| {
        if text == "bridge" {
            *text = name.into();
        }
    };
    record.run.cases.iter_mut().for_each(rename);
    record.samples.iter_mut().for_each(|sample| rename(&mut sample.case));
    record.proofs.iter_mut().for_each(|proof| rename(&mut proof.case));
    record.run.question = name.into();
    record.run.id = "../../<id>".into();
    record.run.params.insert(name.into(), name.into());
    record.run.machine.host = name.into();
    record.proofs[0].hops[0].device = format!("{name}/{name}");
    record.proofs[0].held.push(name.into());
    record.run.sections.push(chart(name, name, ChartKind::Line, Some(name)));
    record.run.sections.push(chart(name, "throughput_gbit_s", ChartKind::Line, Some(name)));
    record.run.sections.push(table(name, name));
    record.run.sections.push(Section::Note(Note { text: name.into() }));
    record
}

/// One metric of many cases, given as the values of each; every value also stands at a second of its own.
fn made_of(cases: &[(&str, Vec<f64>)], metric: &str) -> Record {
    let mut record = empty();
    record.run.cases = cases.iter().map(|(case, _)| case.to_string()).collect();
    record.run.sections =
        vec![chart("boxes", metric, ChartKind::Box, None), chart("lines", metric, ChartKind::Line, Some("second"))];
    for (case, values) in cases {
        for (value, second) in values.iter().zip(1..) {
            let sample = Sample::new("tcp", case, metric, *value).unwrap();
            record.samples.extend([sample.clone(), sample.label("second", second)]);
        }
    }
    record
}

/// Compares with the golden, line by line between tags where there are tags; the local time of day is the same
/// everywhere.
#[track_caller]
fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/report").join(name);
    let text = text.replace("><", ">\n<");
    let text = [(START, "22 Nov 2026 14:00"), (END, "22 Nov 2026 14:03")]
        .iter()
        .fold(text, |text, (time, utc)| text.replace(&clock::for_people(time), utc));
    if env::var_os("UPDATE").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let wanted = fs::read_to_string(&path).unwrap_or_default();
    let differs = text.lines().zip(wanted.lines()).zip(1..).find(|((is, wanted), _)| is != wanted);
    assert!(text == wanted, "{} differs (UPDATE=1 rewrites it), first at {differs:#?}", path.display());
}

/// Asks Python's XML parser, where there is one, whether every figure is a file it can read.
#[track_caller]
fn assert_well_formed(figures: &[figure::Figure]) {
    for figure in figures {
        let script = "import sys, xml.dom.minidom as d; d.parseString(sys.stdin.buffer.read())";
        let spawned = Command::new("python3").args(["-c", script]).stdin(Stdio::piped()).spawn();
        let Ok(mut python) = spawned else { return eprintln!("no python3: XML is not checked") };
        python.stdin.take().unwrap().write_all(figure.svg.as_bytes()).unwrap();
        assert!(python.wait().unwrap().success(), "{} is not XML:\n{}", figure.name, figure.svg);
    }
}

#[test]
fn a_run_ends_with_its_proofs_tables_and_notes() {
    golden("valid.txt", &text::summary(&valid()));
}

#[test]
fn an_invalid_case_says_why_and_is_not_compared() {
    let text = text::summary(&invalid());
    golden("invalid.txt", &text);
    assert!(text.contains("✗ vxlan   INVALID: 0 of 20 packets used vxlan0"));
}

#[test]
fn an_empty_run_still_tells_where_its_files_are() {
    assert_eq!(text::summary(&empty()), "results in /var/lib/labkit/runs/20261122-140000-ex1-abcd\n");
}

#[test]
fn a_run_that_failed_says_so_first() {
    let mut record = empty();
    record.run.outcome = Outcome::Failed;
    record.run.why = Some("ex1.lua:12: net.bridge: create bridge `br0`: File exists (os error 17)".into());
    record.run.sections = sections();
    golden("failed.txt", &text::summary(&record));
}

#[test]
fn the_text_fits_a_terminal_and_no_name_can_steer_it() {
    for record in [valid(), invalid(), hostile()] {
        let text = text::summary(&record);
        let wide = text.lines().find(|line| line.chars().count() > 80);
        assert_eq!(wide, None);
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
        assert_eq!(text.lines().filter(|line| line.starts_with("✓ forged")).count(), 0);
    }
}

#[test]
fn nothing_is_compared_with_a_baseline_whose_proof_failed() {
    let mut record = valid();
    record.proofs[0].valid = false;
    let text = text::summary(&record);
    assert!(text.contains("INVALID: no reason was recorded"));
    assert_eq!(text.matches("not compared").count(), 4, "{text}");
    assert!(!text.contains("worse"));
}

#[test]
fn a_valid_run_is_a_page() {
    golden("valid.html", &html::page(&[valid()]));
}

#[test]
fn an_invalid_run_is_a_page_that_says_so() {
    golden("invalid.html", &html::page(&[invalid()]));
}

#[test]
fn several_runs_have_a_table_of_contents_and_no_id_twice() {
    let page = html::page(&[valid(), invalid()]);
    for id in ["run-20261122-140000-ex1-abcd", "run-20261122-150000-ex1-ef01"] {
        assert_eq!(page.matches(&format!("href=\"#{id}\"")).count(), 1);
    }
    let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let unlike: std::collections::BTreeSet<&&str> = ids.iter().collect();
    assert_eq!(ids.len(), unlike.len(), "{ids:?}");
    assert_eq!(page.matches("<h1").count(), 1);
}

#[test]
fn a_page_needs_nothing_from_outside() {
    let page = html::page(&[valid(), invalid()]);
    for outside in ["<script", "<link", "<img", "src=", "@import", "url(http", "url(//", "<iframe"] {
        assert!(!page.contains(outside), "{outside}");
    }
    let addresses = page.matches("http").count() - page.matches("http://www.w3.org/2000/svg").count();
    assert_eq!(addresses, 0);
}

#[test]
fn a_page_of_no_runs_and_of_an_empty_run_is_a_page() {
    assert!(html::page(&[]).contains("There are no runs"));
    assert!(html::page(&[empty()]).contains("Provenance"));
}

#[test]
fn a_hostile_name_is_only_text() {
    let record = hostile();
    let page = html::page(std::slice::from_ref(&record));
    assert!(!page.contains("<script"));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(page.chars().all(|c| c == '\n' || !c.is_control()));
    let figures = figure::all(&record);
    assert_well_formed(&figures);
    assert!(figures.iter().all(|figure| figure.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')));
}

#[test]
fn a_line_chart_is_the_figure_it_was() {
    golden("throughput-line.svg", &figure::all(&valid())[0].svg);
}

#[test]
fn boxes_with_an_invalid_case_are_the_figure_they_were() {
    golden("invalid-box.svg", &figure::all(&invalid())[1].svg);
}

#[test]
fn an_invalid_case_is_dashed_and_hatched_and_named_so_in_every_figure() {
    let figures = figure::all(&invalid());
    assert!(figures[0].svg.contains("stroke-dasharray") && figures[1].svg.contains("hatched"));
    for figure in figures {
        assert!(figure.svg.contains("vxlan (invalid)") && figure.caption.contains(ROUTED), "{}", figure.caption);
    }
}

#[test]
fn figures_of_the_same_kind_get_names_of_their_own() {
    let mut record = valid();
    record.run.sections.extend(sections());
    let names: Vec<String> = figure::all(&record).into_iter().map(|figure| figure.name).collect();
    assert_eq!(names, ["throughput-line", "round-trip-median-box", "throughput-line-2", "round-trip-median-box-2"]);
}

#[test]
fn every_shape_of_measurement_can_be_drawn() {
    let many = |count: usize| (0..count).map(|at| wobble(at, 0.3)).collect::<Vec<f64>>();
    let names: Vec<String> = (0..30).map(|at| format!("a case with quite a long name, number {at}")).collect();
    let cases = |count: usize| names[..count].iter().map(|name| (name.as_str(), many(20))).collect::<Vec<_>>();
    let shapes = [
        vec![],
        vec![("one", vec![5.0])],
        vec![("nothing lost", vec![0.0; 5])],
        vec![("tiny", vec![0.00001; 3]), ("huge", vec![90.0, 95.0])],
        vec![("long", many(1000))],
        cases(8),
        cases(30),
    ];
    for shape in shapes {
        let figures = figure::all(&made_of(&shape, "ping_loss_percent"));
        assert_well_formed(&figures);
        for figure in figures {
            assert!(!figure.svg.contains("NaN") && !figure.svg.contains("inf"), "{}", figure.svg);
            assert!(figure.svg.len() < 200_000, "{} characters", figure.svg.len());
        }
    }
}

#[test]
fn an_impossible_value_is_told_of_and_not_drawn() {
    let record = made_of(&[("veth", vec![10.0, 11.0, 1e9, f64::NAN])], "throughput_gbit_s");
    let figures = figure::all(&record);
    assert!(figures[0].caption.contains("Not drawn: 4 samples of impossible value."), "{}", figures[0].caption);
    assert!(!figures[0].svg.contains("NaN"));
}

#[test]
fn a_chart_without_samples_is_a_calm_figure() {
    let figures = figure::all(&made_of(&[], "throughput_gbit_s"));
    assert!(figures.iter().all(|figure| figure.svg.contains("no samples")));
    assert_eq!(figures[0].caption, "Throughput (Gbit/s): no samples.");
}

#[test]
fn a_run_is_rendered_into_its_own_directory() {
    let dir = tempfile::tempdir().unwrap();
    let record = Record { dir: dir.path().to_owned(), ..invalid() };
    let page = report::render(&record).unwrap();
    assert_eq!(page, dir.path().join("report.html"));
    assert!(dir.path().join("figures/throughput-line.svg").exists());
    assert_eq!(fs::read_to_string(page).unwrap(), html::page(&[record]));
}

#[test]
fn a_page_that_cannot_be_written_names_its_file() {
    let error = report::write(&[valid()], Path::new("/nowhere/at/all.html")).unwrap_err();
    assert!(error.to_string().starts_with("write `/nowhere/at/all.html`"), "{error}");
}

#[test]
fn a_sample_in_doubt_makes_its_case_invalid_and_is_told_of() {
    let mut record = valid();
    let sample = Sample::new("tcp", "bridge", "throughput_gbit_s", 1e9).unwrap().round(Some(6));
    record.samples.push(sample);
    let told = "! 1 sample of bridge, throughput_gbit_s: 1000000000 Gbit/s is outside the plausible";
    let text = text::summary(&record).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains(told), "{text}");
    assert!(html::page(&[record.clone()]).contains("Invalid samples"));
    assert!(figure::all(&record)[0].caption.contains("Not drawn: 1 sample of impossible value."));
    assert!(figure::all(&record)[0].svg.contains("bridge (invalid)"));
}

#[test]
fn a_run_that_compares_nothing_has_no_verdicts() {
    let mut record = valid();
    (record.run.baseline, record.run.control) = (None, None);
    let text = text::summary(&record);
    assert!(!text.contains("too few rounds") && !text.contains("ratios to"), "{text}");
}
