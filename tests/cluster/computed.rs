//! What pods of a cluster compute: HPCC in a pod on each node, with the BLAS that their image has, over each network.

use std::{collections::BTreeSet, thread};

use crate::support::{
    Said,
    cluster::{KUBECTL, MASTER, REFERENCE_IMAGE, at_once},
    testbed::{NAMES, Testbed},
};

const SMALL: [&str; 6] = ["--set", "n=300", "--set", "nb=32", "--set", "links=0"];

/// HPCC in a pod on each node, begun by labkit in place of ssh, and by ssh.
pub fn pods_are_measured_without_any_right_of_theirs(testbed: &Testbed) {
    let small = ["run", "ex2", "--set", "n=300", "--set", "nb=32"];
    let measured = |said: &Said, cases: &[&str]| {
        assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
        for case in cases {
            assert!(said.err.lines().any(|line| line.starts_with(&format!("✓ {case}: "))), "{case}: {}", said.err);
        }
    };
    let said = testbed.labkit(MASTER, &[&small[..], &["--set", "links=1"]].concat());
    measured(&said, &["cluster", "master", "node01", "node02", "master to node01", "master to node02"]);
    assert!(said.err.contains("asked for master 1.85 of 2 CPUs"), "{}", said.err);
    let readings = testbed.sh(MASTER, "cat $(ls -d /var/lib/labkit/runs/*-ex2-* | tail -n 1)/readings.jsonl").ok();
    let readings = readings.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let hpcc: Vec<_> = readings.filter(|reading| reading["bench"] == "hpcc").collect();
    assert_eq!(hpcc.len(), 4);
    for reading in &hpcc {
        let place = (&reading["verdict"], &reading["provenance"]["where"], &reading["facts"]["HPL_N"]);
        assert_eq!(place, (&"valid".into(), &"pod".into(), &"300".into()), "{reading}");
        assert!(reading["provenance"]["blas"].as_str().unwrap().starts_with("openblas-serial/"), "{reading}");
    }
    let pod = testbed.sh(MASTER, &format!("{KUBECTL} get pod hpl-pod1 --namespace labkit-hpl --output json")).ok();
    let pod: serde_json::Value = serde_json::from_str(&pod).unwrap();
    let container = &pod["spec"]["containers"][0];
    assert_eq!(container["securityContext"]["capabilities"], serde_json::json!({ "drop": ["ALL"] }));
    assert_eq!(pod["spec"]["securityContext"]["runAsNonRoot"], true);
    // What began it is gone, and so is all that it began.
    let left = "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -o -e '[h]pcc' -e '[o]rted' || :; ls /tmp";
    let exec = format!("{KUBECTL} exec --namespace labkit-hpl hpl-pod1 -- sh -c");
    assert_eq!(testbed.sh(MASTER, &format!("{exec} \"{left}\"")).ok(), "");

    let said = testbed.labkit(MASTER, &[&small[..], &["--set", "links=0", "--set", "agent=ssh"]].concat());
    measured(&said, &["cluster", "master", "node01", "node02"]);
}

/// The kernel kills a rank in a pod, whose processes are counted by themselves.
pub fn a_pod_without_memory_is_named(testbed: &Testbed) {
    let long = ["run", "ex2", "--set", "n=1000", "--set", "nb=64", "--set", "links=0"];
    let said = thread::scope(|scope| {
        let run = scope.spawn(|| testbed.labkit(MASTER, &long));
        // Written by rank 0, after all have met.
        let begun = "grep -qs 'Begin of' /proc/$(pgrep -x hpcc)/cwd/hpccoutf.txt";
        testbed.sh(MASTER, &format!("for n in $(seq 1200); do {begun} && exit; sleep 0.1; done; exit 1")).ok();
        testbed.leave_no_memory("node01");
        run.join().unwrap()
    });
    assert_eq!(said.code, Some(4), "{}{}", said.out, said.err);
    assert!(said.err.contains("✗ cluster: incomplete: it stops at "), "{}", said.err);
    let told = "; rank 1 on node `hpl-pod2` was killed by the kernel: its memory was full";
    assert!(said.err.contains(told) && said.err.contains("✓ node01: "), "{}", said.err);
}

/// The report's pods: their image has no other BLAS than the reference one.
pub fn the_reference_blas_of_an_image_is_refused_and_named_as_the_cause(testbed: &Testbed) {
    let image = format!("image={REFERENCE_IMAGE}");
    let run = [&["run", "ex2"], &SMALL[..], &["--set", &image]].concat();
    let refused = testbed.labkit(MASTER, &run);
    assert_eq!(refused.code, Some(1), "{}{}", refused.out, refused.err);
    assert!(refused.err.contains("computes with the reference BLAS"), "{}", refused.err);

    let said = testbed.labkit(MASTER, &[&run[..], &["--set", "blas=any"]].concat());
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    assert!(said.err.contains("! master: hpcc on master computes with the reference BLAS"), "{}", said.err);
    let newest = testbed.sh(MASTER, "ls -d /var/lib/labkit/runs/*-ex2-* | tail -n 1").ok();
    let why = testbed.labkit(MASTER, &["why", newest.trim()]);
    assert!(why.out.contains("the reference BLAS"), "{}{}", why.out, why.err);
}

/// What `networks` measured that may be believed, by the newest run.
fn compared(testbed: &Testbed) -> BTreeSet<String> {
    let samples = testbed.sh(MASTER, "cat $(ls -d /var/lib/labkit/runs/*-networks-* | tail -n 1)/samples.jsonl").ok();
    let samples = samples.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let valid = samples.filter(|sample| sample["metric"] == "hpl_gflops" && sample["valid"] == true);
    // The first runs twice, to know the noise.
    valid.map(|sample| sample["case"].as_str().unwrap().to_owned()).filter(|case| !case.ends_with(" again")).collect()
}

/// The machines' own network, routes, and a VXLAN beside them, in turns.
pub fn networks_are_compared_on_the_same_pods_and_each_takes_its_way(testbed: &Testbed) {
    let networks = ["run", "networks", "--set", "n=300", "--set", "nb=32", "--set", "rounds=1"];
    for said in &at_once(testbed, &NAMES, &networks) {
        assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    }
    // What went another way than it was to go would be invalid.
    assert_eq!(compared(testbed), BTreeSet::from(["host", "routed", "vxlan"].map(str::to_owned)));
    at_once(testbed, &NAMES, &["undo", "networks"]).into_iter().for_each(|said| drop(said.ok()));
    let left = testbed.sh("node01", "ip rule show pref 42; ip link show vxlan.labkit 2>/dev/null || :");
    assert_eq!(left.ok(), "");

    // Networks of others, by their files: Calico's images cannot be had here, and without wrapping it has routes as well.
    let own = "/etc/cni/net.d/10-labkit.conflist";
    let renamed =
        |from: &str, to: &str| NAMES.iter().for_each(|name| drop(testbed.sh(name, &format!("mv {from} {to}")).ok()));
    let calico = "/etc/cni/net.d/10-calico.conflist";
    renamed(own, calico);
    let said = testbed.labkit(MASTER, &[&networks[..], &["--set", "encapsulation=none"]].concat());
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    assert_eq!(compared(testbed), BTreeSet::from(["calico", "host"].map(str::to_owned)));
    assert!(!said.err.contains("labkit-ways"), "{}", said.err);
    let said = testbed.labkit(MASTER, &[&networks[..], &["--set", "encapsulation=vxlan"]].concat());
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    assert!(said.err.contains("this machine has no device `vxlan.calico`"), "{}", said.err);
    let other = "/etc/cni/net.d/05-cilium.conflist";
    renamed(calico, other);
    let said = testbed.labkit(MASTER, &networks);
    assert_eq!(said.code, Some(2), "{}{}", said.out, said.err);
    assert!(said.err.contains("what packets cross in `05-cilium.conflist` is not known"), "{}", said.err);
    renamed(other, own);
}
