//! hpccoutf.txt, whole, failed, damaged and cut: every run is read with the right figures or with the reason why not.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "test code")]

#[path = "support/print.rs"]
mod print;
mod support;

use std::{fs, path::Path};

use labkit::{
    bench::readers::{Request, Tool, read},
    results::{Reading, Verdict},
};
use proptest::prelude::*;
use support::fixture;

fn capture(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(name)).unwrap()
}

fn runs(text: &str) -> Vec<Reading> {
    let mut found = Vec::new();
    let tool = read(text.as_bytes(), &mut |reading| {
        found.push(reading);
        Ok(())
    });
    assert_eq!(tool.unwrap(), Tool::Hpcc);
    found
}

fn only(text: &str) -> Reading {
    let mut runs = runs(text);
    assert_eq!(runs.len(), 1);
    runs.remove(0)
}

#[test]
fn a_whole_run_is_complete_and_valid_once_its_input_is_known() {
    let mut reading = only(&capture("hpcc-ok.txt"));
    assert_eq!((reading.verdict, reading.warnings.len()), (Verdict::Complete, 0));
    assert_eq!(reading.facts["summary_keys"], "148");
    let line =
        reading.figures.iter().find(|figure| figure.metric == "hpl_gflops" && !figure.labels.is_empty()).unwrap();
    let whole = reading.value("hpl_gflops").unwrap();
    assert!((line.value / whole - 1.0).abs() < 0.001, "{} {whole}", line.value);
    let invalid: Vec<_> = reading.samples().unwrap().into_iter().filter(|sample| !sample.valid).collect();
    assert_eq!(invalid, []);
    Request::parse(&capture("hpccinf.txt")).unwrap().judge(&mut reading);
    assert_eq!(reading.verdict, Verdict::Valid);
}

#[test]
fn a_failed_residual_is_never_a_result() {
    let reading = only(&capture("hpcc-failed.txt"));
    assert_eq!(reading.verdict, Verdict::Failed);
    assert!(reading.why[0].starts_with("HPL's residual 0.00"), "{:?}", reading.why);
    assert!(reading.value("hpl_gflops").unwrap() > 0.0);
    assert!(reading.samples().unwrap().iter().all(|sample| !sample.valid));
}

#[test]
fn an_unchecked_run_is_unverified() {
    let reading = only(&capture("hpcc-unchecked.txt"));
    assert_eq!(reading.verdict, Verdict::Unverified);
    assert!(reading.why[0].contains("threshold"));
}

#[test]
fn a_run_with_hpccs_own_parameters_is_a_mismatch() {
    let mut reading = only(&capture("hpcc-none.txt"));
    assert_eq!(reading.verdict, Verdict::Complete);
    Request::parse(&capture("hpccinf.txt")).unwrap().judge(&mut reading);
    assert_eq!(reading.verdict, Verdict::Mismatch);
    assert_eq!(reading.why[0], "it ran N = 2560, asked for was 600");
    assert!(reading.samples().unwrap()[0].why.as_deref().unwrap().starts_with("mismatch: it ran N = 2560"));
}

#[test]
fn a_killed_run_is_incomplete_where_it_died() {
    let reading = only(&capture("hpcc-killed.txt"));
    assert_eq!((reading.verdict, reading.facts["stopped"].as_str()), (Verdict::Incomplete, "at MPIFFT"));
    assert!(reading.value("dgemm_star_gflops").unwrap() > 0.0 && reading.value("hpl_gflops").is_none());
}

#[test]
fn several_sizes_are_several_lines_and_the_summary_is_the_best() {
    let reading = only(&capture("hpcc-several.txt"));
    let of = |labelled: bool| {
        let figures = reading.figures.iter().filter(|f| f.metric == "hpl_gflops" && f.labels.is_empty() != labelled);
        figures.map(|figure| figure.value).collect::<Vec<_>>()
    };
    let best = of(true).into_iter().fold(0.0, f64::max);
    assert_eq!((of(true).len(), of(false).len()), (4, 1));
    assert!((of(false)[0] / best - 1.0).abs() < 0.001);
}

#[test]
fn ranks_that_hpl_left_idle_are_told() {
    let reading = only(&capture("hpcc-fewer.txt"));
    assert_eq!(reading.verdict, Verdict::Complete);
    assert_eq!(reading.warnings, ["HPL used 1 of 2 ranks: P × Q is smaller than np"]);
}

#[test]
fn two_runs_in_one_file_are_two_and_never_mixed() {
    let runs = runs(&(capture("hpcc-ok.txt") + &capture("hpcc-failed.txt")));
    let verdicts: Vec<_> = runs.iter().map(|run| (run.part, run.verdict)).collect();
    assert_eq!(verdicts, [(1, Verdict::Complete), (2, Verdict::Failed)]);
    assert_eq!(runs[0].facts["HPL_N"], "600");
    assert_eq!(runs[1].facts["HPL_N"], "500");
}

#[test]
fn a_summary_that_contradicts_its_section_is_refused() {
    let text = capture("hpcc-ok.txt");
    let line = text.lines().find(|line| line.starts_with("StarDGEMM_Gflops=")).unwrap();
    let value: f64 = line.split_once('=').unwrap().1.parse().unwrap();
    let reading = only(&text.replace(line, &format!("StarDGEMM_Gflops={}", value * 10.0)));
    assert_eq!(reading.verdict, Verdict::Failed);
    assert!(reading.why[0].contains("dgemm_star_gflops is") && reading.why[0].contains("the summary says"));
}

#[test]
fn tflops_ten_times_too_high_contradict_hpls_own_line() {
    let text = capture("hpcc-ok.txt");
    let line = text.lines().find(|line| line.starts_with("HPL_Tflops=")).unwrap();
    let value: f64 = line.split_once('=').unwrap().1.parse().unwrap();
    let reading = only(&text.replace(line, &format!("HPL_Tflops={}", value * 10.0)));
    assert_eq!(reading.verdict, Verdict::Failed);
    assert!(reading.why[0].starts_with("the best line of HPL has "), "{:?}", reading.why);
}

#[test]
fn an_input_file_is_refused_with_line_and_reason() {
    let text = capture("hpccinf.txt");
    let refused = |from: &str, to: &str| Request::parse(&text.replacen(from, to, 1)).unwrap_err().to_string();
    assert_eq!(
        refused("600           Ns", "none           Ns"),
        "line 6: 1 problem sizes N are expected, found `none           Ns`"
    );
    assert_eq!(refused("16.0", "high"), "line 13: the threshold is expected, such as 16.0");
    assert!(refused("HPL.out", &"x".repeat(90)).starts_with("line 3: "));
    assert_eq!(
        Request::parse("").unwrap_err().to_string(),
        "line 5: number of problem sizes are expected, the file ends before"
    );
}

#[test]
fn what_is_read_and_printed_and_read_again_is_the_same() {
    for name in ["hpcc-ok.txt", "hpcc-several.txt", "hpcc-fewer.txt", "hpcc-none.txt"] {
        print::assert_same(&only(&capture(name)), print::hpcc);
    }
}

/// Figure, then the value of each file, as the files have it.
const REFERENCE: [(&str, [f64; 4]); 12] = [
    ("hpl_gflops", [70.4119, 47.0368, 3.63534, 3.70892]),
    ("hpl_s", [1.18404, 1.77246, 22.9334, 22.4785]),
    ("dgemm_star_gflops", [43.0771, 47.6276, 2.03517, 4.21151]),
    ("dgemm_single_gflops", [45.7172, 47.7716, 2.4825, 3.97825]),
    ("ptrans_gb_s", [0.689494, 3.31999, 0.0278392, 1.65896]),
    ("random_access_mpi_gups", [0.00396163, 0.0242528, 0.00139948, 0.0190494]),
    ("stream_star_copy_gb_s", [21.0654, 67.9878, 12.8721, 44.4417]),
    ("stream_single_copy_gb_s", [71.1001, 67.9878, 37.3976, 44.4417]),
    ("fft_mpi_gflops", [1.98817, 4.99482, 0.108125, 3.69924]),
    ("fft_single_gflops", [6.14689, 6.38096, 2.17987, 5.27331]),
    ("random_access_lcg_mpi_gups", [0.0042425, 0.0242388, 0.0011843, 0.0194708]),
    ("stream_star_triad_gb_s", [18.721, 51.0712, 14.6396, 43.9582]),
];

#[test]
fn the_reference_reports_files_are_read_to_the_last_digit() {
    let files = [
        "reference/vms/hpccoutf_cluster.txt",
        "reference/vms/hpccoutf_master.txt",
        "reference/kubernetes/hpccoutf_cluster.txt",
        "reference/kubernetes/hpccoutf_pod1.txt",
    ];
    for (at, file) in files.iter().enumerate() {
        let Some(text) = fixture(file) else { return };
        let reading = only(&text);
        assert_eq!(reading.verdict, Verdict::Complete, "{file}: {:?}", reading.why);
        for (metric, values) in REFERENCE {
            let value = reading.value(metric).unwrap();
            assert!((value / values[at] - 1.0).abs() < 1e-12, "{file}: {metric} {value}");
        }
        assert!(reading.samples().unwrap().iter().all(|sample| sample.valid), "{file}");
    }
}

#[test]
fn the_damaged_file_loses_six_keys_and_no_figure() {
    let Some(text) = fixture("reference/vms/hpccoutf_cluster.txt") else { return };
    let reading = only(&text);
    assert_eq!(reading.facts["summary_keys"], "142");
    let malformed: Vec<_> = reading.warnings.iter().filter(|warning| warning.contains("MaxPingPongF")).collect();
    assert_eq!(malformed.len(), 1, "{:?}", reading.warnings);
    assert!(reading.warnings.contains(&"6 of 148 keys are missing in the summary".to_owned()));
    let bandwidths = ["mpi_bandwidth_min_gb_s", "mpi_bandwidth_avg_gb_s", "mpi_bandwidth_max_gb_s"]
        .map(|m| reading.value(m).unwrap());
    assert_eq!(bandwidths.map(|value| (value * 1e6).round()), [597_870.0, 641_442.0, 678_126.0]);
}

#[test]
fn the_captures_are_read_as_their_list_says() {
    let expected = [
        ("two_rank_tcp", Verdict::Valid),
        ("residual_failed", Verdict::Failed),
        ("thr_zero", Verdict::Unverified),
        ("pq_lt_np", Verdict::Complete),
        ("pq_gt_np", Verdict::Incomplete),
        ("n_too_big", Verdict::Incomplete),
        ("rank_killed", Verdict::Incomplete),
        ("multi_n", Verdict::Valid),
    ];
    for (name, verdict) in expected {
        let Some(text) = fixture(&format!("captures/hpcc/{name}.hpccoutf.txt")) else { return };
        let input = fixture(&format!("captures/hpcc/{name}.hpccinf.txt")).unwrap();
        let mut reading = only(&text);
        Request::parse(&input).unwrap().judge(&mut reading);
        assert_eq!(reading.verdict, verdict, "{name}: {:?}", reading.why);
    }
    let killed = only(&fixture("captures/hpcc/rank_killed.hpccoutf.txt").unwrap());
    assert_eq!(killed.facts["stopped"], "at MPIRandomAccess");
    let several = runs(&fixture("captures/hpcc/appended_ok_then_failed.hpccoutf.txt").unwrap());
    assert_eq!(several.iter().map(|run| run.verdict).collect::<Vec<_>>(), [Verdict::Complete, Verdict::Failed]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_file_cut_anywhere_is_never_a_whole_run(at in 0usize..20_000) {
        let text = capture("hpcc-ok.txt");
        let end = text.find("End of Summary section.").unwrap();
        let cut = &text[..at.min(end)];
        let mut runs = Vec::new();
        let _ = read(cut.as_bytes(), &mut |reading| { runs.push(reading); Ok(()) });
        prop_assert!(runs.iter().all(|run| run.verdict == Verdict::Incomplete));
    }

    #[test]
    fn no_damage_makes_the_reader_panic_or_believe_another_rate(at in 0usize..20_000, with in "\\PC{0,12}") {
        let whole = only(&capture("hpcc-ok.txt"));
        let mut text = capture("hpcc-ok.txt");
        let at = at.min(text.len());
        text.replace_range(at..(at + with.len()).min(text.len()), &with);
        let mut runs = Vec::new();
        let _ = read(text.as_bytes(), &mut |reading| { runs.push(reading); Ok(()) });
        for run in runs {
            for sample in run.samples().unwrap().iter().filter(|sample| sample.valid && sample.labels.is_empty()) {
                let before = whole.value(&sample.metric).unwrap();
                prop_assert!((sample.value / before - 1.0).abs() < 0.02, "{} {} {before}", sample.metric, sample.value);
            }
        }
    }
}
