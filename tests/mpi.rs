//! HPCC by a real mpirun on this machine: refused where it would be wrong, read, and ended in any case.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use support::{Bench, Said, TempDir, installed, require, servers::succeed};

/// Two ranks of this machine, as small as HPL may be and still be measured.
const RECIPE: &str = r#"
--- What do two ranks compute?
lab.params { n = 400, slots = 2, blas = "optimised", mca = "", limit = 600 }
local mca = lab.p.mca ~= "" and { [lab.p.mca] = "1" } or nil
local job = { hosts = { { name = "here", address = "127.0.0.1", slots = lab.p.slots } }, network = "127.0.0.0/8", mca = mca }
bench.hpcc {
    case = "cluster", job = job, input = { n = lab.p.n, nb = 64 }, blas = lab.p.blas, limit_s = lab.p.limit,
}
"#;

/// What is needed, loudly where it is not there.
fn can_run() -> bool {
    let is_there = ["mpirun", "hpcc"].into_iter().all(installed);
    require("programs", is_there, "mpirun and hpcc are not installed: openmpi-bin, hpcc, libopenblas0-serial")
}

/// A bench with a directory for what is temporary, so that what is left there shows.
struct Place {
    bench: Bench,
    temporary: TempDir,
    recipe: PathBuf,
}

impl Place {
    fn new() -> Place {
        let bench = Bench::new();
        let recipe = bench.recipe("ranks.lua", RECIPE);
        Place { bench, temporary: tempfile::tempdir().unwrap(), recipe }
    }

    fn command(&self, settings: &[&str]) -> Command {
        let mut command = self.bench.command(&["run", self.recipe.to_str().unwrap()]);
        command.args(settings.iter().flat_map(|setting| ["--set", setting])).env("TMPDIR", self.temporary.path());
        command
    }

    fn run(&self, settings: &[&str]) -> Said {
        self.command(settings).output().unwrap().into()
    }

    #[track_caller]
    fn refused(&self, settings: &[&str], why: &str, hint: &str) {
        let said = self.run(settings);
        assert!(matches!(said.code, Some(1 | 2)), "{}{}", said.out, said.err);
        assert!(said.err.contains(why) && said.err.contains(&format!("hint: {hint}")), "{}", said.err);
        self.nothing_is_left();
    }

    /// What a rank that was killed had goes a moment after it.
    #[track_caller]
    fn nothing_is_left(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let left: Vec<_> = fs::read_dir(self.temporary.path()).unwrap().map(|one| one.unwrap().path()).collect();
            if left.is_empty() {
                return;
            }
            assert!(Instant::now() < deadline, "{left:?}");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Processes that descend from this one.
fn descendants(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let children = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let children: Vec<u32> =
        children.flat_map(|text| text.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<_>>()).collect();
    children.iter().flat_map(|child| [vec![*child], descendants(*child)].concat()).collect()
}

fn name(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_owned()
}

/// Dead, and buried or not.
fn is_over(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    status.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('Z'))
}

/// A run with the processes that it began. One that its test gave up is ended here, and they with it.
struct UnderWay {
    run: Option<Child>,
    all: Vec<u32>,
}

impl UnderWay {
    /// Waits until its ranks compute.
    fn begin(command: &mut Command) -> UnderWay {
        let run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut under_way = UnderWay { run: Some(run), all: Vec::new() };
        under_way.all = computing(under_way.pid());
        under_way
    }

    fn pid(&self) -> u32 {
        self.run.as_ref().unwrap().id()
    }

    /// What it says at its end; after that nothing that it began is there any more.
    fn end(mut self) -> Said {
        let said = self.run.take().unwrap().wait_with_output().unwrap().into();
        all_end(&self.all);
        said
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        // mpirun ends its ranks where labkit, which began it, is gone.
        if let Some(mut run) = self.run.take() {
            let _ = run.kill();
            let _ = run.wait();
        }
    }
}

/// One that takes minutes, with its ranks computing.
fn under_way(place: &Place) -> UnderWay {
    UnderWay::begin(&mut place.command(&LONG))
}

/// Waits until both ranks of a run compute; gives all processes that it began.
fn computing(run: u32) -> Vec<u32> {
    let deadline = Instant::now() + Duration::from_secs(300);
    loop {
        let all = descendants(run);
        if all.iter().filter(|pid| name(**pid) == "hpcc").count() == 2 {
            return all;
        }
        assert!(Instant::now() < deadline, "its ranks do not begin");
        thread::sleep(Duration::from_millis(20));
    }
}

#[track_caller]
fn all_end(pids: &[u32]) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while let Some(pid) = pids.iter().find(|pid| !is_over(**pid)) {
        assert!(Instant::now() < deadline, "{} ({pid}) goes on", name(*pid));
        thread::sleep(Duration::from_millis(20));
    }
}

fn signal(pid: u32, signal: Signal) {
    kill(Pid::from_raw(pid.cast_signed()), signal).unwrap();
}

fn has(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}

/// A run of it takes minutes.
const LONG: [&str; 1] = ["n=3000"];

#[test]
fn what_ranks_compute_is_kept_with_what_it_was_asked_for_and_how() {
    if !can_run() {
        return;
    }
    let place = Place::new();
    let said = place.run(&[]);
    assert!(matches!(said.code, Some(0)), "{}{}", said.out, said.err);
    assert!(said.err.contains("✓ cluster: ") && said.err.contains(" % of DGEMM"), "{}", said.err);
    place.nothing_is_left();
    let dir = fs::read_dir(place.bench.state.path().join("runs")).unwrap().next().unwrap().unwrap().path();
    let reading: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(dir.join("readings.jsonl")).unwrap()).unwrap();
    assert_eq!((&reading["verdict"], &reading["case"]), (&"valid".into(), &"cluster".into()));
    let facts = ["HPL_N", "HPL_NB", "HPL_nprow", "HPL_npcol"].map(|name| reading["facts"][name].as_str().unwrap());
    assert_eq!(facts, ["400", "64", "1", "2"]);
    assert!(reading["provenance"]["blas"].as_str().unwrap().contains("libblas"), "{reading}");
    let raw = dir.join("raw");
    let input = fs::read_to_string(raw.join(reading["beside"][0].as_str().unwrap().trim_start_matches("raw/")));
    assert!(input.unwrap().contains("\n400          Ns\n"));
    // Whoever gets it can read the same figures from the same texts.
    let packed = place.bench.state.path().join("run.labkit");
    place.bench.labkit(&["archive", "latest", "-o", packed.to_str().unwrap()]).ok();
    place.bench.labkit(&["verify", packed.to_str().unwrap()]).ok();
}

#[test]
fn openblas_computes_with_the_vectors_of_the_cpu_unless_somebody_chose_otherwise() {
    if !can_run() {
        return;
    }
    let kernels = |core: Option<&str>| {
        let place = Place::new();
        let mut command = place.command(&["slots=1"]);
        command.envs(core.map(|core| ("OPENBLAS_CORETYPE", core)));
        let said: Said = command.output().unwrap().into();
        assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
        let dir = fs::read_dir(place.bench.state.path().join("runs")).unwrap().next().unwrap().unwrap().path();
        let text = fs::read_to_string(dir.join("readings.jsonl")).unwrap();
        let reading: serde_json::Value = serde_json::from_str(&text).unwrap();
        (reading["provenance"]["blas_kernels"].as_str().unwrap().to_owned(), said.err)
    };
    let is_wide = fs::read_to_string("/proc/cpuinfo").unwrap().contains(" avx2");
    let (own, told) = kernels(None);
    assert!(!own.is_empty() && (own != "Prescott" || !is_wide), "{own}");
    // hpcc itself is told so, where OpenBLAS takes others, and nothing else where it does not.
    let place = Place::new();
    let run = under_way(&place);
    let asked = format!("OPENBLAS_CORETYPE={own}\0");
    for pid in run.all.iter().filter(|pid| name(**pid) == "hpcc") {
        let variables = fs::read(format!("/proc/{pid}/environ")).unwrap();
        let is_asked = has(&variables, asked.as_bytes());
        assert_eq!(is_asked, told.contains(&format!("it is asked for {own}")), "{told}");
        assert_eq!(is_asked, has(&variables, b"OPENBLAS_CORETYPE="), "{told}");
    }
    signal(run.pid(), Signal::SIGINT);
    run.end();
    // As it takes a CPU that it does not know.
    let (chosen, told) = kernels(Some("Prescott"));
    assert_eq!(chosen, "Prescott");
    assert_eq!(told.contains("computes as on a Prescott, as OPENBLAS_CORETYPE says: "), is_wide, "{told}");
}

#[test]
fn what_would_be_wrong_is_refused_before_anything_is_computed() {
    if !can_run() {
        return;
    }
    let place = Place::new();
    let misspelt = "Open MPI has no parameter `btl_tcp_if_incude`, and would not say so";
    place.refused(&["mca=btl_tcp_if_incude"], misspelt, "did you mean `btl_tcp_if_include`?");
    place.refused(&["n=900000"], "N = 900000 needs ", "N = ");
    place.refused(&["nn=500"], "there is no parameter `nn`", "did you mean `n`?");
    let wrong = place.bench.recipe("wrong.lua", &RECIPE.replace("nb = 64", "nb = 64, p = 2, q = 2"));
    let said = place.bench.labkit(&["run", wrong.to_str().unwrap()]);
    assert_eq!(said.code, Some(2), "{}", said.err);
    assert!(said.err.contains("a grid of 2 × 2 ranks is asked for, and 2 are started"), "{}", said.err);
    // A plan says what would be run, and runs nothing.
    let planned = place.bench.labkit(&["plan", place.recipe.to_str().unwrap()]);
    assert!(
        planned.out.contains("measure cluster: HPCC on 2 ranks, N = 400, NB = 64"),
        "{}{}",
        planned.out,
        planned.err
    );
    let host = place.bench.recipe("away.lua", &RECIPE.replace("\"127.0.0.0/8\"", "\"192.168.56.0/24\""));
    let said = place.bench.labkit(&["run", host.to_str().unwrap()]);
    assert!(said.err.contains("here has 127.0.0.1, which is in none of `network`"), "{}", said.err);
}

#[test]
fn the_reference_blas_is_refused_and_named_as_the_cause_where_it_runs_all_the_same() {
    if !can_run() || !require("programs", installed("dpkg-deb"), "dpkg-deb is not installed") {
        return;
    }
    // Debian's own, beside the one that is installed.
    let dir = tempfile::tempdir().unwrap();
    succeed(Command::new("apt-get").args(["-qq", "download", "libblas3"]).current_dir(dir.path()));
    let deb = fs::read_dir(dir.path()).unwrap().map(|one| one.unwrap().path()).next().unwrap();
    succeed(Command::new("dpkg-deb").arg("-x").arg(&deb).arg(dir.path().join("root")));
    let library = succeed(Command::new("find").arg(dir.path().join("root")).args(["-name", "libblas.so.3"]));
    let library = Path::new(library.trim()).parent().unwrap().to_owned();
    let place = Place::new();
    let with = |settings: &[&str]| -> Said {
        place.command(settings).env("LD_LIBRARY_PATH", &library).output().unwrap().into()
    };
    let refused = with(&[]);
    assert_eq!(refused.code, Some(1), "{}{}", refused.out, refused.err);
    assert!(refused.err.contains("hpcc on here computes with the reference BLAS"), "{}", refused.err);
    assert!(refused.err.contains("hint: install libopenblas0-serial there"), "{}", refused.err);
    let run = with(&["blas=any", "n=1000", "slots=1"]);
    assert!(run.err.contains("! cluster: hpcc on here computes with the reference BLAS"), "{}", run.err);
    assert!(run.err.contains("✓ cluster: "), "{}", run.err);
    let why = place.bench.labkit(&["why", "latest"]);
    assert!(why.out.contains("the reference BLAS"), "{}{}", why.out, why.err);
}

#[test]
fn a_rank_that_is_killed_is_named_with_the_test_it_was_in() {
    if !can_run() {
        return;
    }
    let place = Place::new();
    let run = under_way(&place);
    let is_second =
        |pid: &u32| fs::read(format!("/proc/{pid}/environ")).is_ok_and(|all| has(&all, b"OMPI_COMM_WORLD_RANK=1\0"));
    let rank = run.all.iter().copied().find(|pid| name(*pid) == "hpcc" && is_second(pid)).unwrap();
    signal(rank, Signal::SIGKILL);
    let said = run.end();
    // Before it has written a line there is nothing to keep.
    let is_incomplete = said.code == Some(4) && said.err.contains("✗ cluster: incomplete: it stops ");
    assert!(is_incomplete || said.code == Some(1), "{}{}", said.out, said.err);
    assert!(said.err.contains("rank 1 on node `") && said.err.contains("was killed (signal 9)"), "{}", said.err);
    place.nothing_is_left();
}

/// As [`Place::command`], where all that is temporary has so much room; the directory is its own only.
fn with_room(place: &Place, size: &str, settings: &[&str]) -> Command {
    let inner = place.command(settings);
    let script = "mount -t tmpfs -o size=$1 tmpfs \"$TMPDIR\" && shift && exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", script, "sh", size]).arg(inner.get_program());
    command.args(inner.get_args()).envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

/// Whether rank 0 has written that a test of hpcc's began.
fn has_begun(temporary: &Path) -> bool {
    let places = fs::read_dir(temporary).unwrap().map(|one| one.unwrap().path().join("hpccoutf.txt"));
    places.filter_map(|file| fs::read_to_string(file).ok()).any(|text| text.contains("Begin of "))
}

#[test]
fn a_disk_without_room_is_refused_and_one_that_fills_is_named() {
    if !can_run() {
        return;
    }
    let place = Place::new();
    // Open MPI 4 would wait for ever.
    let said: Said = with_room(&place, "40k", &[]).output().unwrap().into();
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    for words in ["0 MiB are left for temporary files on ", "and MPI needs 16", "hint: make room there, or let TMPDIR "]
    {
        assert!(said.err.contains(words), "{}", said.err);
    }

    let run = UnderWay::begin(&mut with_room(&place, "64m", &["n=1000"]));
    let inside = PathBuf::from(format!("/proc/{}/root{}", run.pid(), place.temporary.path().display()));
    // What it had written before is what is kept.
    let deadline = Instant::now() + Duration::from_secs(300);
    while !has_begun(&inside) {
        assert!(Instant::now() < deadline, "rank 0 writes nothing");
        thread::sleep(Duration::from_millis(20));
    }
    let mut rest = fs::File::create(inside.join("rest")).unwrap();
    let end = std::io::copy(&mut std::io::repeat(b'x'), &mut rest).unwrap_err();
    assert_eq!(end.kind(), std::io::ErrorKind::StorageFull);
    let said = run.end();
    assert_eq!(said.code, Some(4), "{}{}", said.out, said.err);
    let where_it_is = format!("; the disk with `{}` on node `", place.temporary.path().display());
    assert!(said.err.contains("✗ cluster: incomplete: it stops "), "{}", said.err);
    assert!(said.err.contains(&where_it_is) && said.err.contains("` is full, and rank 0 could not"), "{}", said.err);
}

#[test]
fn ctrl_c_a_time_limit_and_a_sudden_end_leave_nothing() {
    if !can_run() {
        return;
    }
    let place = Place::new();
    let run = under_way(&place);
    signal(run.pid(), Signal::SIGINT);
    let said = run.end();
    assert_eq!(said.code, Some(130), "{}{}", said.out, said.err);
    place.nothing_is_left();

    let said = place.run(&[LONG[0], "limit=3"]);
    assert!(matches!(said.code, Some(1 | 4)), "{}{}", said.out, said.err);
    assert!(said.err.contains("no end after 3 s"), "{}", said.err);
    place.nothing_is_left();

    let run = under_way(&place);
    signal(run.pid(), Signal::SIGKILL);
    run.end();
    place.nothing_is_left();
}

#[test]
fn an_input_is_advised_and_what_it_gives_is_told_beside_what_was_expected() {
    if !can_run() {
        return;
    }
    let place = Place::new();
    let asked = "local advised = bench.advise { job = job, seconds = 1 }\nbench.hpcc {\n    \
                 case = \"cluster\", job = job, input = { n = advised.together.n, nb = advised.together.nb }, \
                 expected_s = advised.together.expected_s,\n}\n";
    let (head, _) = RECIPE.split_once("bench.hpcc").unwrap();
    let recipe = place.bench.recipe("advised.lua", &format!("{head}{asked}"));
    let said = place.bench.labkit(&["run", recipe.to_str().unwrap()]);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    for line in ["advised   together: N = ", "advised   each alone: N = "] {
        assert!(said.err.contains(line), "{}", said.err);
    }
    assert!(said.err.contains("✓ cluster: ") && said.err.contains(" s were expected; "), "{}", said.err);
}
