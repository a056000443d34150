//! Units of systemd that make a machine a node: whether they run, and where not, why.

use nix::time::{ClockId, clock_gettime};

use super::{AGAIN, JOIN, printed};
use crate::finding::{Finding, State};

const KUBELET: &str = "kubelet.service";
/// So often anew is no accident, unless it has run since for so many seconds.
const OFTEN: u32 = 3;
const STEADY: i64 = 60;
/// Of a log: a Go program that ends by itself leaves hundreds of lines about it.
const LINES: &str = "--lines=3000";
/// Characters of a line of a log.
const LONGEST: usize = 300;

/// What a kubelet's last words stand for, and the remedy.
const REMEDIES: [(&str, &str); 8] = [
    ("/var/lib/kubelet/config.yaml", AGAIN),
    ("bootstrap-kubelet.conf", AGAIN),
    ("containerd.sock", "the container runtime does not answer: `systemctl start containerd`"),
    ("crio.sock", "the container runtime does not answer: `systemctl start crio`"),
    ("cgroup driver", "kubelet and runtime must have the same: see above"),
    ("swap", "`sudo labkit run node` takes swap off"),
    ("x509", "`kubeadm certs check-expiration`, and compare `date` with the master's"),
    ("no space left", "the disk is full: `df -h`"),
];

/// As `systemctl show` has it.
#[derive(Default)]
struct Unit {
    load: String,
    active: String,
    sub: String,
    result: String,
    restarts: u32,
    /// When it began to run, in seconds of the kernel's monotonic clock.
    began: i64,
}

/// Any that ends or runs without telling more.
pub fn examine(name: &str) -> Finding {
    judge(name, shown(name).as_deref(), uptime(), None)
}

/// With the last thing that its log says is wrong, where it does not run as it should.
pub fn kubelet() -> Finding {
    let shown = shown(KUBELET);
    let log = || printed(&["journalctl", "--unit", KUBELET, "--boot", LINES, "--output=cat", "--no-pager"]).ok();
    judge(KUBELET, shown.as_deref(), uptime(), log().as_deref())
}

/// Seconds of the kernel's monotonic clock.
fn uptime() -> i64 {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map(|time| time.tv_sec()).unwrap_or_default()
}

fn shown(name: &str) -> Option<String> {
    let properties = "--property=LoadState,ActiveState,SubState,Result,NRestarts,ActiveEnterTimestampMonotonic";
    printed(&["systemctl", "show", name, properties]).ok()
}

impl Unit {
    fn parse(text: &str) -> Unit {
        let mut unit = Unit::default();
        for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
            match key {
                "LoadState" => unit.load = value.to_owned(),
                "ActiveState" => unit.active = value.to_owned(),
                "SubState" => unit.sub = value.to_owned(),
                "Result" => unit.result = value.to_owned(),
                "ActiveEnterTimestampMonotonic" => unit.began = value.parse::<i64>().unwrap_or_default() / 1_000_000,
                "NRestarts" => unit.restarts = value.parse().unwrap_or_default(),
                _ => {}
            }
        }
        unit
    }
}

fn judge(name: &str, shown: Option<&str>, uptime: i64, log: Option<&str>) -> Finding {
    let what = name.trim_end_matches(".service");
    let Some(unit) = shown.map(Unit::parse) else {
        return Finding::new(what, State::Note, "systemd does not answer");
    };
    let cause = log.and_then(last_words);
    match (unit.load.as_str(), unit.active.as_str()) {
        ("not-found", _) => Finding::bad(what, "not installed").remedy(JOIN),
        ("masked", _) => Finding::bad(what, "masked").remedy(format!("`systemctl unmask {name}`, then {JOIN}")),
        (_, "active") if unit.restarts < OFTEN || uptime - unit.began > STEADY => Finding::good(what, "active"),
        // Its last words may be of another time.
        (_, "active") => {
            failing(what, State::Note, format!("active for a moment, started anew {} times", unit.restarts), None)
        }
        (_, "inactive") => Finding::bad(what, "stopped").remedy(format!("`systemctl start {what}`, or {JOIN}")),
        (_, "activating") if unit.sub != "auto-restart" => Finding::new(what, State::Note, "is starting"),
        _ => {
            let often =
                if unit.restarts > 0 { format!(", started anew {} times", unit.restarts) } else { String::new() };
            failing(what, State::Bad, format!("fails ({}){often}", unit.result), cause)
        }
    }
}

fn failing(what: &str, state: State, found: String, cause: Option<String>) -> Finding {
    let Some(cause) = cause else {
        return Finding::new(what, state, found).remedy(format!("`journalctl -u {what}` says why"));
    };
    let remedy = REMEDIES.iter().find(|(sign, _)| cause.contains(sign)).map(|(_, remedy)| (*remedy).to_owned());
    let remedy = remedy.unwrap_or_else(|| format!("`journalctl -u {what}` may say more"));
    Finding::new(what, state, format!("{found}: {cause}")).remedy(remedy)
}

/// What a program of Kubernetes ended with, else its last error: lines that begin with `F1128` or `E1128`, without the
/// time, process and place.
fn last_words(log: &str) -> Option<String> {
    let of = |kind: char| {
        let is_of = |line: &&str| {
            let digits = line.strip_prefix(kind).and_then(|rest| rest.get(..5));
            digits
                .is_some_and(|digits| digits.bytes().take(4).all(|byte| byte.is_ascii_digit()) && digits.ends_with(' '))
        };
        log.lines().rfind(is_of)
    };
    let (_, words) = of('F').or_else(|| of('E'))?.split_once("] ")?;
    Some(match words.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A kubelet 1.20 whose containerd was stopped, cut.
    const LOG: &str = "\
Started kubelet.service - kubelet: The Kubernetes Node Agent.
W1128 09:14:24.471915    2056 container_manager_linux.go:949] CPUAccounting not enabled for pid: 2056
E1128 09:14:24.700000    2056 kubelet.go:2243] node \"node01\" not found
F1128 09:14:24.704309    2056 server.go:269] failed to run Kubelet: failed to create kubelet: get remote runtime typed \
version failed: rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing dial unix \
/run/containerd/containerd.sock: connect: no such file or directory\"
goroutine 1 [running]:
k8s.io/kubernetes/vendor/k8s.io/component-base/logs.InitLogs
kubelet.service: Main process exited, code=exited, status=255/EXCEPTION
kubelet.service: Failed with result 'exit-code'.
";
    const WAITS: &str =
        "Result=exit-code\nNRestarts=0\nLoadState=loaded\nActiveState=activating\nSubState=auto-restart\n";
    const STOPPED: &str = "Result=success\nNRestarts=0\nLoadState=loaded\nActiveState=inactive\nSubState=dead\n";
    const RUNS: &str = "Result=success\nNRestarts=0\nLoadState=loaded\nActiveState=active\nSubState=running\n\
                        ActiveEnterTimestampMonotonic=80123456\n";

    #[test]
    fn a_unit_that_runs_is_good_whatever_its_log_says() {
        assert_eq!(judge(KUBELET, Some(RUNS), 100, Some(LOG)), Finding::good("kubelet", "active"));
        let often = RUNS.replace("NRestarts=0", "NRestarts=31");
        let moment = judge(KUBELET, Some(&often), 100, Some(LOG));
        assert_eq!(moment.found, "active for a moment, started anew 31 times");
        assert_eq!((moment.state, moment.remedy.as_deref()), (State::Note, Some("`journalctl -u kubelet` says why")));
        assert_eq!(judge(KUBELET, Some(&often), 160, Some(LOG)).state, State::Good);
    }

    #[test]
    fn a_unit_that_fails_says_why_and_what_to_do() {
        let found = judge(KUBELET, Some(WAITS), 100, Some(LOG));
        assert_eq!(found.state, State::Bad);
        assert!(
            found.found.starts_with("fails (exit-code): failed to run Kubelet: failed to create"),
            "{}",
            found.found
        );
        assert_eq!(found.remedy.as_deref(), Some(REMEDIES[2].1));
        let config = LOG
            .replace("containerd/containerd.sock", "x")
            .replace("failed to run Kubelet", "open /var/lib/kubelet/config.yaml");
        assert_eq!(judge(KUBELET, Some(WAITS), 100, Some(&config)).remedy.as_deref(), Some(REMEDIES[0].1));
        assert_eq!(judge(KUBELET, Some(WAITS), 100, None).remedy.as_deref(), Some("`journalctl -u kubelet` says why"));
    }

    #[test]
    fn a_unit_that_is_stopped_or_not_there_is_bad() {
        let stopped = judge(KUBELET, Some(STOPPED), 100, Some(LOG));
        assert_eq!((stopped.state, stopped.found.as_str()), (State::Bad, "stopped"));
        assert!(stopped.remedy.is_some_and(|remedy| remedy.contains("systemctl start kubelet")));
        assert_eq!(
            judge("crio.service", Some(&STOPPED.replace("loaded", "not-found")), 100, None).found,
            "not installed"
        );
    }

    #[test]
    fn an_error_counts_where_nothing_ended() {
        let log = LOG.replace("F1128", "I1128");
        assert_eq!(last_words(&log).unwrap(), "node \"node01\" not found");
        assert_eq!([last_words(""), last_words("Fine.\nE is a letter\nFé28 x] y")], [None, None]);
    }
}
