//! What the tests share: the program, a place for its state, a look at the host, and loud skips.
#![allow(dead_code, clippy::unwrap_used, clippy::print_stderr, reason = "test code; each test file uses a part of it")]

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use nix::{
    sys::signal::{Signal::SIGKILL, kill},
    unistd::Pid,
};

pub mod cluster;
pub mod common;
pub mod debs;
pub mod imports;
pub mod kubernetes;
pub mod runs;
pub mod servers;
pub mod sshd;
pub mod stock;
pub mod testbed;

pub use tempfile::TempDir;

pub const LABKIT: &str = env!("CARGO_BIN_EXE_labkit");

/// A directory for one test's state, and the program run with it.
pub struct Bench {
    pub state: TempDir,
}

/// What a program printed, and its exit code.
#[derive(Debug, PartialEq)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Said {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Said {
    /// The output of a success; anything else fails the test with all that was printed.
    pub fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
        self.out
    }
}

impl Bench {
    pub fn new() -> Bench {
        Bench { state: tempfile::tempdir().unwrap() }
    }

    pub fn command<I: AsRef<OsStr>>(&self, arguments: &[I]) -> Command {
        let mut command = Command::new(LABKIT);
        command.args(arguments).env("LABKIT_STATE", self.state.path()).env("TZ", "UTC").env_remove("RUST_BACKTRACE");
        command
    }

    pub fn labkit<I: AsRef<OsStr>>(&self, arguments: &[I]) -> Said {
        ended(&mut self.command(arguments))
    }

    /// Writes a recipe into the state directory; gives its path.
    pub fn recipe(&self, name: &str, text: &str) -> PathBuf {
        let path = self.state.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// Runs a recipe given as text.
    pub fn run_text(&self, text: &str, more: &[&str]) -> Said {
        let path = self.recipe("test.lua", text);
        let mut arguments = vec!["run", path.to_str().unwrap(), "--quiet"];
        arguments.extend(more);
        self.labkit(&arguments)
    }

    /// `run.json` of the latest run.
    pub fn latest(&self) -> serde_json::Value {
        serde_json::from_str::<serde_json::Value>(&self.labkit(&["results", "latest", "--json"]).ok()).unwrap()
    }
}

/// Longer than anything here takes on the slowest machine.
const DEADLINE: Duration = Duration::from_secs(900);

/// Runs a program to its end; one that never ends fails its test, and not the tests.
#[track_caller]
fn ended(command: &mut Command) -> Said {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = Pid::from_raw(child.id() as i32);
    let (over, is_over) = mpsc::channel::<()>();
    let watch = thread::spawn(move || {
        is_over.recv_timeout(DEADLINE) == Err(RecvTimeoutError::Timeout) && kill(pid, SIGKILL).is_ok()
    });
    let said: Said = child.wait_with_output().unwrap().into();
    drop(over);
    assert!(!watch.join().unwrap(), "it did not end: {command:?}\n{}{}", said.out, said.err);
    said
}

/// Runs a shell script in user, mount and network namespaces of its own, where it may play the host.
///
/// /run is empty there and belongs to it; $LABKIT is the program and $LABKIT_STATE the bench's directory.
pub fn in_own_host(bench: &Bench, script: &str) -> Said {
    let prepared = format!("mount -t tmpfs tmpfs /run && ip link set lo up && {{ {script}\n}}");
    Command::new("unshare")
        .args(["--map-root-user", "--net", "--mount", "--fork", "--kill-child", "sh", "-eu", "-c", &prepared])
        .env("LABKIT", LABKIT)
        .env("LABKIT_STATE", bench.state.path())
        .output()
        .unwrap()
        .into()
}

/// True where labs can be built. Where not, says so loudly, and fails if LABKIT_REQUIRE names `netns`.
pub fn netns() -> bool {
    let said = Bench::new().labkit(&["doctor"]);
    require("netns", said.code == Some(0), &said.out)
}

/// True where a program is installed; loud and strict as `netns`.
pub fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found =
        std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]).any(|dir| dir.join(program).is_file());
    require("programs", found, &format!("`{program}` is not installed"))
}

/// True as root; loud and strict as `netns`.
pub fn root() -> bool {
    require("root", nix::unistd::geteuid().is_root(), "not root")
}

/// True where Debian's mirrors can be reached, from which the machines of the testbed are made as well; loud and strict as
/// `netns`. `lacks` is what went wrong with them.
pub fn mirror(lacks: Option<&str>) -> bool {
    require("testbed", lacks.is_none(), lacks.unwrap_or_default())
}

/// True where LABKIT_REQUIRE names the right: then a skip is a failure.
pub fn required(right: &str) -> bool {
    std::env::var("LABKIT_REQUIRE").unwrap_or_default().split(',').any(|name| name == right)
}

/// Whether something is there: loud where not, and a failure where LABKIT_REQUIRE names it.
pub fn require(right: &str, there: bool, why: &str) -> bool {
    if !there {
        assert!(!required(right), "LABKIT_REQUIRE={right}: {why}");
        eprintln!("SKIPPED for want of {right}: {why}");
    }
    there
}

/// Everything of the host that a lab could have disturbed, as text.
pub fn host() -> String {
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    // A bridge's timers run by themselves.
    let without_timers = |text: String| {
        let mut words: Vec<&str> = text.split(' ').collect();
        for at in 0..words.len() {
            if words[at].ends_with("_timer")
                && let Some(value) = words[at..].iter_mut().skip(1).find(|word| !word.is_empty())
            {
                *value = "0";
            }
        }
        words.join(" ")
    };
    let mut text = without_timers(run("ip", &["-d", "link"]))
        + &run("ip", &["addr"])
        + &run("ip", &["route", "show", "table", "all"]);
    text += &run("ip", &["netns"]);
    text += &fs::read_to_string("/proc/self/mounts").unwrap();
    settings(Path::new("/proc/sys/net"), &mut text);
    text
}

/// Fails with the lines that differ, if the host is not as it was.
#[track_caller]
pub fn assert_host_is(before: &str, when: &str) {
    let after = host();
    let only = |one: &str, other: &str, mark: &str| -> String {
        let there: std::collections::HashSet<&str> = other.lines().collect();
        one.lines().filter(|line| !there.contains(line)).take(20).map(|line| format!("{mark} {line}\n")).collect()
    };
    assert!(after == before, "{when}: the host changed\n{}{}", only(before, &after, "-"), only(&after, before, "+"));
}

fn settings(dir: &Path, text: &mut String) {
    let mut entries: Vec<PathBuf> = fs::read_dir(dir).unwrap().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            settings(&path, text);
        } else if let Ok(value) = fs::read_to_string(&path) {
            // The kernel's own statistics change by themselves.
            if !path.ends_with("tcp_fastopen_key") {
                *text += &format!("{} {value}", path.display());
            }
        }
    }
}

/// Processes that run this program, by pid.
pub fn own_processes(bench: &Bench) -> Vec<i32> {
    let state = format!("LABKIT_STATE={}", bench.state.path().display());
    let pids =
        fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let ours = |pid: &i32| {
        fs::read(format!("/proc/{pid}/environ"))
            .is_ok_and(|environ| environ.split(|byte| *byte == 0).any(|variable| variable == state.as_bytes()))
    };
    pids.filter(|pid| *pid != std::process::id() as i32).filter(ours).collect()
}

/// A file of the shared fixtures, which lie beside a developer's checkout and nowhere else.
pub fn fixture(name: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures").join(name);
    match fs::read(&path) {
        Ok(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        Err(_) => {
            require("fixtures", false, &format!("the fixture {name} is not beside this checkout"));
            None
        }
    }
}

/// Compares with a file under tests/golden; `UPDATE=1` rewrites it.
pub fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expected, "{} differs; UPDATE=1 rewrites it", path.display());
}
