//! kill -9 at every step: a lab leaves nothing, and what a lab on the host leaves is cleaned up.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use support::{Bench, assert_host_is, host, in_own_host, installed, netns, own_processes};

/// The system calls by which a lab changes anything: namespaces made, mounts, netlink messages, visits, files.
const STEPS: [&str; 6] = ["unshare", "mount", "sendto", "setns", "openat", "clone3"];

/// Runs labkit under strace, which kills it with SIGKILL as one of its threads enters its `n`th call of `call`.
fn killed_at(bench: &Bench, call: &str, n: usize, arguments: &[&str]) -> bool {
    let status = Command::new("strace")
        .args(["-f", "-qqq", "-o", "/dev/null", "-e", &format!("trace={call}")])
        .args(["-e", &format!("inject={call}:signal=SIGKILL:when={n}")])
        .arg(support::LABKIT)
        .args(arguments)
        .env("LABKIT_STATE", bench.state.path())
        .status()
        .unwrap();
    // strace ends itself by the signal that ended the program.
    !status.success()
}

#[test]
fn a_lab_killed_at_any_step_leaves_nothing() {
    if !netns() || !installed("strace") || !installed("ip") {
        return;
    }
    let before = host();
    let mut steps = 0;
    for call in STEPS {
        for n in 1.. {
            let bench = Bench::new();
            if !killed_at(&bench, call, n, &["run", "ex1", "--build-only", "--quiet"]) {
                break;
            }
            steps += 1;
            assert_host_is(&before, &format!("killed at {call} number {n}"));
            assert!(own_processes(&bench).is_empty(), "killed at {call} number {n}: a process stayed");
        }
    }
    assert!(steps > 40, "only {steps} steps were found");
}

#[test]
fn a_lab_killed_while_it_proves_and_measures_leaves_nothing() {
    if !netns() || !installed("strace") || !installed("ip") {
        return;
    }
    let before = host();
    for n in [2, 5, 15, 40, 90] {
        let bench = Bench::new();
        let arguments = ["run", "ex1", "--quiet", "--set", "seconds=1", "--set", "rounds=1", "--set", "pings=100"];
        assert!(killed_at(&bench, "sendmsg", n, &arguments), "it ended before its {n}th packet");
        assert_host_is(&before, &format!("killed at packet {n}"));
        assert!(own_processes(&bench).is_empty(), "killed at packet {n}: a process stayed");
        // What was written before stays readable.
        bench.labkit(&["results", "latest", "--json"]).ok();
    }
}

#[test]
fn a_lab_on_the_host_killed_at_any_step_is_cleaned_up() {
    if !netns() || !installed("strace") || !installed("ip") {
        return;
    }
    let bench = Bench::new();
    // One host for all steps; strace says by its status whether the program got that far.
    let script = "
        ip -d addr > /run/before; cat /proc/sys/net/ipv4/ip_forward >> /run/before
        steps=0
        for call in mount sendto openat fdatasync; do
            n=1; step=1; [ $call = openat ] && step=7
            while ! strace -f -qqq -o /dev/null -e trace=$call -e inject=$call:signal=SIGKILL:when=$n \
                $LABKIT run ex1 --set reference=true --on-host --build-only --keep --quiet 2>/dev/null
            do
                $LABKIT clean 2>/dev/null
                ip -d addr > /run/after; cat /proc/sys/net/ipv4/ip_forward >> /run/after
                ip netns list >> /run/after
                diff /run/before /run/after || { echo killed at $call number $n; exit 9; }
                n=$((n + step)); steps=$((steps + 1))
                [ $n -lt 2000 ] || { echo $call never ends; exit 8; }
            done
            $LABKIT down 2>/dev/null
        done
        echo $steps";
    let said = in_own_host(&bench, script);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    let steps: usize = said.out.trim().parse().unwrap();
    assert!(steps > 20, "only {steps} steps were found");
}

#[test]
fn a_process_left_inside_a_lab_is_named_when_that_is_taken_down() {
    if !netns() {
        return;
    }
    let bench = Bench::new();
    bench.labkit(&["run", "ex1", "--build-only", "--keep", "--quiet"]).ok();
    let mut inside = bench.command(&["exec", "ns1", "--", "sleep", "1000"]).spawn().unwrap();
    let in_ns1 = || std::fs::read_to_string(format!("/proc/{}/comm", inside.id())).unwrap() == "sleep\n";
    while !in_ns1() {
        std::thread::yield_now();
    }
    let said = bench.labkit(&["down"]);
    inside.kill().unwrap();
    inside.wait().unwrap();
    assert_eq!(said.code, Some(0));
    assert!(said.err.contains(&format!("process {} is still inside", inside.id())), "{}", said.err);
}

#[test]
fn a_kept_lab_whose_holder_is_killed_is_forgotten() {
    if !netns() {
        return;
    }
    let bench = Bench::new();
    bench.labkit(&["run", "ex1", "--build-only", "--keep", "--quiet"]).ok();
    let labs: serde_json::Value = serde_json::from_str(&bench.labkit(&["ls", "--json"]).ok()).unwrap();
    let pid = labs[0]["holder"]["pid"].as_i64().unwrap() as i32;
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL).unwrap();
    // A process that nobody has waited for stays as a zombie.
    let has_ended = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with(['Z', 'X']))
    };
    while !has_ended() {
        std::thread::yield_now();
    }
    assert_eq!(bench.labkit(&["ls", "--json"]).ok(), "[]\n");
    let said = bench.labkit(&["exec", "ns1", "--", "true"]);
    assert_eq!(
        (said.code, said.err.as_str()),
        (Some(2), "error: no lab is kept\nhint: labkit run ex1 --keep leaves one\n")
    );
}

/// Until a file is there.
fn wait_for(path: &Path) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !path.exists() {
        assert!(Instant::now() < deadline, "`{}` does not come", path.display());
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn what_a_killed_run_had_begun_prints_on_and_comes_to_its_end() {
    let bench = Bench::new();
    let dir = bench.state.path();
    // As a package's script does: it says something, and then does the rest.
    let script = "touch begun; while ! [ -e go ]; do sleep 0.02; done; echo words; echo more >&2; touch done";
    let text = format!(
        "--- Does it end?\nhost.run {{ argv = {{ \"sh\", \"-ec\", [[cd {}; {script}]] }}, creates = \"{}\", undo = {{}} }}\n",
        dir.display(),
        dir.join("done").display()
    );
    let recipe = bench.recipe("prints.lua", &text);
    let mut labkit = bench.command(&["run", recipe.to_str().unwrap()]);
    let mut labkit = labkit.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for(&dir.join("begun"));
    labkit.kill().unwrap();
    labkit.wait().unwrap();
    fs::write(dir.join("go"), "").unwrap();
    wait_for(&dir.join("done"));
    let said = bench.labkit(&["run", recipe.to_str().unwrap()]);
    assert!(said.code == Some(0) && said.err.contains("nothing to do"), "{}{}", said.out, said.err);
}
