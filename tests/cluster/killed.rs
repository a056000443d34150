//! Runs that are cut short, machines that do not belong together, and ways that do not carry.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::support::{
    cluster::{BUNDLE_THERE, EX2, MASTER, all_proved, at_once, bundle_without, expected, machines, nodes, of_two},
    servers::succeed,
    testbed::{NAMES, Testbed, assert_same},
};

/// Runs it until it prints a line that begins so, and kills it there; what it started goes on or not, as it would.
fn killed_at_line(testbed: &Testbed, machine: &str, begin: &str, arguments: &str) {
    let script = format!("exec labkit run ex2 {arguments}");
    let mut process = testbed.script("exec");
    process.args([machine, "sh", "-c", &script]).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut process = process.spawn().unwrap();
    let lines = BufReader::new(process.stderr.take().unwrap()).lines().map_while(Result::ok);
    let mut seen = Vec::new();
    let is_there = lines.into_iter().any(|line| {
        seen.push(line);
        seen.last().is_some_and(|line| line.starts_with(begin))
    });
    assert!(is_there, "{machine}: no line `{begin}`:\n{}", seen.join("\n"));
    // From outside: going into the machine first takes so long on a busy one that the run would be steps further.
    let inside = fs::read_to_string(format!("/proc/{0}/task/{0}/children", process.id())).unwrap();
    succeed(Command::new("kill").args(["-9", inside.trim()]));
    process.wait().unwrap();
}

/// The last line before each of the steps that it is killed in.
const STEPS: [&str; 5] = [
    "packages  come from bundle",
    "changed   packages chrony",
    "changed   unit chrony.service",
    // In the midst of kubeadm.
    "changed   unit labkit-pods.service",
    "changed   cluster lab",
];

#[test]
fn a_run_that_is_killed_at_any_step_is_finished_by_the_next() {
    let Some(testbed) = machines(2) else { return };
    let names = &NAMES[..2];
    fs::write(testbed.root(MASTER).join("etc/labkit/lab.toml"), of_two()).unwrap();
    fs::write(testbed.root("node01").join("etc/labkit/lab.toml"), of_two()).unwrap();
    let before: Vec<String> = names.iter().map(|name| testbed.state(name)).collect();
    for step in STEPS {
        // The worker first: it waits for a master that is not there yet.
        thread::scope(|scope| {
            for name in ["node01", MASTER] {
                scope.spawn(|| killed_at_line(&testbed, name, step, "--set network=vxlan"));
            }
        });
    }
    all_proved(&at_once(&testbed, names, &[&EX2[..], &["--set", "network=vxlan"]].concat()), "vxlan");
    assert_eq!(nodes(&testbed), expected(2));
    for said in at_once(&testbed, names, &["undo", "ex2"]) {
        said.ok();
    }
    for (name, before) in names.iter().zip(&before) {
        assert_same(before, &testbed.state(name), &format!("{name} after undo"));
    }

    an_image_that_the_bundle_lacks_is_named(&testbed);
    // Another secret on one of the two.
    testbed.sh("node01", &format!("echo {} >/etc/labkit/secret", "a5".repeat(32))).ok();
    let all = thread::scope(|scope| {
        let master = scope.spawn(|| testbed.labkit(MASTER, &["run", "ex2", "--set", "patience=30"]));
        let worker = testbed.labkit("node01", &["run", "ex2"]);
        [master.join().unwrap(), worker]
    });
    assert_eq!(all[1].code, Some(1), "{}{}", all[1].out, all[1].err);
    let expected = "the master at 192.168.56.10:6443 has another lab secret than this machine";
    assert!(all[1].err.contains(expected), "{}", all[1].err);
    assert_eq!(all[0].code, Some(1), "{}{}", all[0].out, all[0].err);
    for words in ["not ready within 30 s: ", "node01 (not joined)"] {
        assert!(all[0].err.contains(words), "{}", all[0].err);
    }
    // The secret put right, the same command goes on.
    testbed.sh("node01", &format!("echo {} >/etc/labkit/secret", "5a".repeat(32))).ok();
    a_master_that_dies_while_a_worker_joins_is_named(&testbed);
    all_proved(&at_once(&testbed, names, &EX2), "routed");

    // A machine that is in a cluster does not leave it for a secret that somebody changed.
    let other = format!("cp -p /etc/labkit/secret /run; echo {} >/etc/labkit/secret", "a5".repeat(32));
    let stray = testbed.sh("node01", &format!("{other}; trap 'mv /run/secret /etc/labkit' EXIT; labkit run ex2"));
    assert_eq!(stray.code, Some(1), "{}{}", stray.out, stray.err);
    assert!(stray.err.contains("this machine is in a cluster of another lab secret"), "{}", stray.err);
    assert!(stray.err.contains("`--force` takes the machine out of it"), "{}", stray.err);

    // A way that does not carry what it is said to carry is told, and counts as none.
    testbed.sh("node01", "ip link set eth1 mtu 1400").ok();
    let narrow = testbed.labkit("node01", &["run", "ex2"]);
    assert_eq!(narrow.code, Some(4), "{}{}", narrow.out, narrow.err);
    let expected = "✗ routed: pod on node01 → pod on master: INVALID: a packet of 1500 bytes does not come back";
    assert!(narrow.err.contains(expected), "{}", narrow.err);
}

/// On a master that is none yet; another bundle in the place of that one mends it.
fn an_image_that_the_bundle_lacks_is_named(testbed: &Testbed) {
    let (place, whole) = (testbed.root(MASTER).join(BUNDLE_THERE), testbed.root(MASTER).join("var/tmp/whole.tar"));
    // On a disk of the testbed's, which undo found there.
    testbed.sh(MASTER, "rm -rf /var/lib/containerd/*").ok();
    fs::rename(&place, &whole).unwrap();
    fs::copy(bundle_without(testbed, "coredns"), &place).unwrap();
    let said = testbed.labkit(MASTER, &["run", "ex2"]);
    fs::rename(&whole, &place).unwrap();
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    for words in [
        "kubeadm init refuses:\n    failed to pull image k8s.gcr.io/coredns:",
        "hint: an image is neither here nor in the bundle",
    ] {
        assert!(said.err.contains(words), "{words}: {}", said.err);
    }
}

/// A worker that has begun to join, and a master whose plug is pulled.
fn a_master_that_dies_while_a_worker_joins_is_named(testbed: &Testbed) {
    let worker = thread::scope(|scope| {
        let worker = scope.spawn(|| testbed.labkit("node01", &["run", "ex2"]));
        let joins = "until pgrep -x kubeadm && [ -e /etc/kubernetes/labkit-kubeadm.yaml ]; do sleep 0.05; done";
        testbed.sh("node01", joins).ok();
        testbed.pull_plug(MASTER);
        let gone = Instant::now();
        let said = worker.join().unwrap();
        assert!(gone.elapsed() < Duration::from_secs(180), "{}{}", said.out, said.err);
        said
    });
    assert_eq!(worker.code, Some(1), "{}{}", worker.out, worker.err);
    // As long as its link's address is known still, it only does not answer; after that there is no way to it.
    let ways = [
        ("there is no way to that machine", "hint: is the master up, and on the same network?"),
        ("no answer within 5 s", "hint: is the master up? is a firewall between? ping it"),
    ];
    let went = "the master went while this machine joined, which the same command does anew: 192.168.56.10:6443 does not \
                answer: ";
    let is_told = |(why, hint)| worker.err.contains(&format!("{went}{why}")) && worker.err.contains(hint);
    assert!(ways.into_iter().any(is_told), "{}", worker.err);
    testbed.switch_on(MASTER);
}
