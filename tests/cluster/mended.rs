//! Three machines: what they say of themselves, what heals them, and that nothing is left.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use crate::{
    computed,
    support::{
        cluster::{EX2, KUBECTL, MASTER, all_proved, at_once, expected, machines, nodes},
        testbed::{NAMES, Testbed, assert_same},
    },
};

/// What `labkit status` says once everything is well: pods of a control plane need a minute to be called ready.
#[track_caller]
fn status_once_well(testbed: &Testbed, machine: &str, arguments: &[&str]) -> String {
    let deadline = Instant::now() + Duration::from_secs(180);
    loop {
        let said = testbed.labkit(machine, &[&["status"], arguments].concat());
        if said.code == Some(0) || Instant::now() > deadline {
            return said.ok();
        }
        assert_eq!(said.code, Some(4), "{}{}", said.out, said.err);
        thread::sleep(Duration::from_secs(1));
    }
}

#[track_caller]
fn is_in_no_cluster(testbed: &Testbed, machine: &str) {
    let said = testbed.labkit(machine, &["status"]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{}", said.err);
    assert!(said.err.starts_with("error: this machine is in no cluster\nhint: `sudo labkit run ex2`"), "{}", said.err);
}

/// What the status shows of a cluster that is well, to people and to machines, on the master and on a worker.
fn status_is_told(testbed: &Testbed, token: &str) {
    let text = status_once_well(testbed, MASTER, &[]);
    assert!(text.starts_with("✓ cluster lab: all 3 nodes ready, all "), "{text}");
    for line in ["pod network   routed", "versions      Kubernetes v1.", "token         good until ", ": done, "] {
        assert!(text.contains(line), "no `{line}`:\n{text}");
    }
    for (name, address, _) in expected(3) {
        let row = text.lines().find(|line| line.starts_with(&format!("✓ {name} "))).unwrap_or_default();
        assert!(row.contains(&address) && row.contains(" of 2 "), "{name}:\n{text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");

    let json = status_once_well(testbed, MASTER, &["--json"]);
    assert!(!json.contains(token), "the token's secret is in the status");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let told = json["nodes"].as_array().unwrap().iter().map(|node| {
        // Pods that ask for something may all be on the master.
        let least = if node["name"] == MASTER { 0.6 } else { 0.0 };
        assert!(node["cpus_requested"].as_f64() >= Some(least), "{node}");
        assert!(node["memory_bytes"].as_u64() > Some(1 << 28), "{node}");
        (node["name"].as_str().unwrap(), node["address"].as_str().unwrap(), node["ready"].as_bool().unwrap())
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [("master", "192.168.56.10", true), ("node01", "192.168.56.11", true), ("node02", "192.168.56.12", true)]
    );
    assert_eq!(json["token"]["good"], true);
    let run = &json["last_run"];
    assert!(run["proofs_held"] == run["proofs"] && run["proofs"].as_u64() >= Some(2), "{run}");
    let proof =
        json["pods"]["namespaces"].as_array().unwrap().iter().find(|one| one["name"] == "labkit-proof").unwrap();
    assert_eq!((&proof["pods"], &proof["well"]), (&3.into(), &3.into()));

    let json: serde_json::Value = serde_json::from_str(&status_once_well(testbed, "node02", &["--json"])).unwrap();
    assert_eq!((&json["role"], &json["token"]), (&"worker".into(), &serde_json::Value::Null));
    assert!(json["unseen"].as_array().unwrap().contains(&"token".into()), "{json}");
    assert!(json["nodes"].as_array().unwrap().iter().any(|node| node["name"] == "node02"), "{json}");
}

/// `labkit doctor` of a machine, which finds it bad as a node, for the reasons given: what, found, and the remedy.
#[track_caller]
fn doctor_finds(testbed: &Testbed, machine: &str, reasons: &[(&str, &str, &str)]) {
    let said = testbed.labkit(machine, &["doctor", "--json"]);
    assert_eq!(said.code, Some(4), "{}{}", said.out, said.err);
    assert!(said.err.contains("this machine is not well as a node of the lab"), "{}", said.err);
    let findings: Vec<serde_json::Value> = serde_json::from_str(&said.out).unwrap();
    for (what, found, remedy) in reasons {
        let finding = findings.iter().find(|one| one["what"] == *what).unwrap();
        let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        assert!(
            text("state") == "bad" && text("found").contains(found) && text("remedy").contains(remedy),
            "{finding}"
        );
    }
}

#[test]
fn three_machines_become_a_cluster_are_mended_and_are_as_before() {
    let Some(testbed) = machines(3) else { return };
    let before: Vec<String> = NAMES.iter().map(|name| testbed.state(name)).collect();
    what_cannot_be_a_node_is_told_before_anything_is_done(&testbed);
    for (name, before) in NAMES.iter().zip(&before) {
        assert_same(before, &testbed.state(name), &format!("{name} after refusals"));
    }
    is_in_no_cluster(&testbed, MASTER);
    let fresh = testbed.labkit("node01", &["doctor"]).ok();
    assert!(fresh.contains("✓ lab                lab: node01 (worker), 192.168.56.11"), "{fresh}");
    assert!(fresh.contains("· cluster            this machine is in none"), "{fresh}");

    all_proved(&at_once(&testbed, &NAMES, &EX2), "routed");
    assert_eq!(nodes(&testbed), expected(3));
    // What it was told is in no argument, log or record.
    let token =
        testbed.sh(MASTER, "sed -n 's/.*\"token\": \"\\(.*\\)\".*/\\1/p' /etc/kubernetes/labkit-kubeadm.yaml").ok();
    let token = token.trim().split_once('.').unwrap().1;
    let found =
        testbed.sh(MASTER, &format!("grep -rl {token} /var/lib/labkit/runs /var/lib/labkit/machine /var/log || :"));
    assert_eq!(found.ok(), "");
    let modes = testbed.sh(MASTER, "stat -c '%a' /etc/kubernetes/pki/ca.key /etc/kubernetes/labkit-kubeadm.yaml").ok();
    assert_eq!(modes, "600\n600\n");
    let well = testbed.labkit("node01", &["doctor"]).ok();
    assert!(!well.contains('✗') && well.contains("✓ node               ready since "), "{well}");

    let again = at_once(&testbed, &NAMES, &EX2);
    all_proved(&again, "routed");
    again.iter().for_each(|said| assert!(said.err.contains("nothing to do: all "), "{}", said.err));

    // A kubelet that somebody stopped, a file that somebody lost, a token that is good no more.
    testbed.sh("node01", "systemctl stop kubelet; rm /etc/cni/net.d/10-labkit.conflist").ok();
    let stopped = ("kubelet", "stopped", "systemctl start kubelet");
    let (lost, runtime) = (("pod network", "no configuration", "run ex2"), "systemctl start containerd");
    doctor_finds(&testbed, "node01", &[stopped, lost]);
    // A kubelet without a runtime says so as it ends.
    let ended = "until [ $(systemctl show kubelet --property SubState --value) = auto-restart ]; do sleep 0.2; done";
    testbed.sh("node01", &format!("systemctl stop containerd; systemctl start kubelet; {ended}")).ok();
    let fails = ("kubelet", "/run/containerd/containerd.sock", runtime);
    doctor_finds(&testbed, "node01", &[("containerd", "stopped", runtime), fails, lost]);
    testbed.sh("node01", "systemctl stop kubelet; systemctl start containerd").ok();
    let is_mended_by = |words: &[&str]| {
        let mended = testbed.labkit("node01", words);
        assert_eq!(mended.code, Some(0), "{}{}", mended.out, mended.err);
        for line in ["changed   file /etc/cni/net.d/10-labkit.conflist", "changed   unit kubelet.service: start"] {
            assert!(mended.err.contains(line), "{}", mended.err);
        }
        mended.err
    };
    is_mended_by(&["run", "ex2"]);
    // The same once more, as each boot mends it.
    testbed.sh("node01", "systemctl stop kubelet; rm /etc/cni/net.d/10-labkit.conflist").ok();
    let healed = is_mended_by(&["heal"]);
    assert!(healed.contains("healed    ex2: 2 changed, "), "{healed}");
    // Images that somebody wiped, and a machine that was switched off and on.
    let wipe = "systemctl stop containerd; rm -rf /var/lib/containerd/*; systemctl start containerd";
    testbed.sh("node01", wipe).ok();
    testbed.sh("node02", "cp /etc/machine-id /var/tmp").ok();
    fs::copy(testbed.root("node01").join("etc/machine-id"), testbed.root("node02").join("etc/machine-id")).unwrap();
    testbed.reboot("node02");
    all_proved(&at_once(&testbed, &NAMES, &EX2), "routed");
    // Its kubelet has told by now who it is.
    let clones = testbed.labkit(MASTER, &EX2);
    assert!(clones.err.contains("! node01 and node02 have the same machine-id, "), "{}", clones.err);
    testbed.sh("node02", "mv /var/tmp/machine-id /etc/machine-id").ok();

    testbed.labkit("node02", &["undo", "ex2"]).ok();
    assert_same(&before[2], &testbed.state("node02"), "node02 after undo");
    a_name_that_another_machine_has_is_refused(&testbed);
    let forget =
        "delete node node02; secrets=$($K --namespace kube-system get secrets --output name | grep bootstrap-token)";
    testbed.sh(MASTER, &format!("K='{KUBECTL}'; $K {forget}; $K --namespace kube-system delete $secrets")).ok();
    let all = at_once(&testbed, &NAMES, &EX2);
    all_proved(&all, "routed");
    assert!(all[0].err.contains("token of cluster lab: make it good for two hours"), "{}", all[0].err);
    assert_eq!(nodes(&testbed), expected(3));
    // By now, and not much sooner, the kubelet calls the control plane's pods ready.
    status_is_told(&testbed, token);

    computed::pods_are_measured_without_any_right_of_theirs(&testbed);
    computed::a_pod_without_memory_is_named(&testbed);
    computed::the_reference_blas_of_an_image_is_refused_and_named_as_the_cause(&testbed);
    computed::networks_are_compared_on_the_same_pods_and_each_takes_its_way(&testbed);

    for said in at_once(&testbed, &NAMES, &["undo", "ex2"]) {
        said.ok();
    }
    NAMES.iter().for_each(|name| is_in_no_cluster(&testbed, name));
    for (name, before) in NAMES.iter().zip(&before) {
        assert_same(before, &testbed.state(name), &format!("{name} after undo"));
        let rest = "ip -br link show type bridge; ip route show proto static; iptables-save | grep -E 'KUBE|CNI' || :; \
                    find /sys/fs/cgroup -maxdepth 2 -name 'kubepods*'; ls /run/netns";
        assert_eq!(testbed.sh(name, rest).out, "", "{name}");
    }
}

/// A machine whose lab.toml is not that of the others takes itself for one of them.
fn a_name_that_another_machine_has_is_refused(testbed: &Testbed) {
    let swap = "sed -i 's/\"node01\"/\"x\"/; s/\"node02\"/\"node01\"/; s/\"x\"/\"node02\"/' /etc/labkit/lab.toml";
    testbed.sh("node02", swap).ok();
    let said = testbed.labkit("node02", &["run", "ex2"]);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    for words in ["a Node with name \"node01\"", "hint: another machine has this name", "the same /etc/labkit/lab.toml"]
    {
        assert!(said.err.contains(words), "{words}: {}", said.err);
    }
    testbed.sh("node02", swap).ok();
}

/// On machines that are fresh, and must stay so.
fn what_cannot_be_a_node_is_told_before_anything_is_done(testbed: &Testbed) {
    let refused = |machine: &str, script: &str, expected: &[&str]| {
        let said = testbed.sh(machine, script);
        assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
        expected.iter().for_each(|words| assert!(said.err.contains(words), "{words}: {}{}", said.out, said.err));
    };
    let taken = "labkit hello nobody --port 6443 & pid=$!; trap 'kill $pid' EXIT; \
                 until grep -q ':192B ' /proc/net/tcp; do :; done; taskset -c 0 labkit run ex2";
    let expected = [
        "cluster.check: this machine cannot be the master of cluster lab:",
        "it has 1 CPU, and a master needs 2: give the machine more",
        "labkit (pid ",
        ") listens on port 6443, which is the cluster's: stop it",
    ];
    refused(MASTER, taken, &expected);
    let secret = "mv /etc/labkit/secret /run; trap 'mv /run/secret /etc/labkit' EXIT; labkit run ex2";
    refused("node01", secret, &["there is no lab secret in `/etc/labkit/secret`", "every node of a lab has the same"]);
    // A machine with nothing but its way out has an address that all machines have.
    let lost =
        "ip addr del 192.168.56.12/24 dev eth1; trap 'ip addr add 192.168.56.12/24 dev eth1' EXIT; labkit run ex2";
    refused("node02", lost, &["this machine is none of the lab's nodes: it has 10.0.2.15"]);
    for name in NAMES {
        testbed.sh(name, "rm -rf /var/lib/labkit/runs /var/lib/labkit/machine").ok();
    }
}
