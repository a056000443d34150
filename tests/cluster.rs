//! Three booted machines become a real cluster from a bundle, prove their pods' way, are mended, and are given back.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use support::{
    LABKIT, Said, TempDir, installed, kubernetes,
    servers::{Server, succeed},
    testbed::{NAMES, Testbed, assert_same, home},
};

const MASTER: &str = "master";
const KUBECTL: &str = "kubectl --cache-dir /run/kubectl --kubeconfig /etc/kubernetes/admin.conf";

/// One bundle for all tests.
static BUNDLE: Mutex<Option<(TempDir, PathBuf)>> = Mutex::new(None);

fn labkit(dir: &Path, arguments: &[&str]) -> Said {
    Command::new(LABKIT).current_dir(dir).args(arguments).env("LABKIT_BUNDLE", "none").output().unwrap().into()
}

/// The keys of a key ring in their armour.
fn armored(ring: &Path, to: &Path) {
    let home = tempfile::tempdir().unwrap();
    let mut gpg = Command::new("gpg");
    gpg.arg("--homedir").arg(home.path()).args(["--batch", "--quiet", "--no-default-keyring", "--keyring"]).arg(ring);
    fs::write(to, succeed(gpg.args(["--armor", "--export"]))).unwrap();
}

/// This machine's own archives of Debian's, and that of Kubernetes which the testbed made, as deb822.
fn sources(dir: &Path, kubernetes: &Server) -> [PathBuf; 2] {
    let format = "$(CREATED_BY)|$(ORIGIN)|$(SITE)|$(RELEASE)|$(COMPONENT)";
    let known = succeed(Command::new("apt-get").args(["indextargets", "--format", format]));
    let mut lines: Vec<&str> = known.lines().filter_map(|line| line.strip_prefix("Packages|Debian|")).collect();
    lines.sort_unstable();
    lines.dedup();
    let entry = |site: &str, suite: &str, component: &str, key: &Path| {
        let key = key.display();
        format!("Types: deb\nURIs: {site}\nSuites: {suite}\nComponents: {component}\nSigned-By: {key}\n")
    };
    let (debian, own) = (dir.join("debian.asc"), dir.join("own.asc"));
    armored(Path::new("/usr/share/keyrings/debian-archive-keyring.gpg"), &debian);
    armored(&home().join("mirror.gpg"), &own);
    let entries = lines.iter().map(|line| {
        let words: Vec<&str> = line.split('|').collect();
        entry(words[0], words[1], words[2], &debian)
    });
    let files = [dir.join("debian.sources"), dir.join("kubernetes.sources")];
    fs::write(&files[0], entries.collect::<Vec<_>>().join("\n")).unwrap();
    fs::write(&files[1], entry(&kubernetes.url(""), "lab", "main", &own)).unwrap();
    files
}

/// A bundle for the recipe, as one file: packages of Debian's and Kubernetes', and the images that its kubeadm names.
fn bundle() -> PathBuf {
    let mut made = BUNDLE.lock().unwrap();
    let (_, file) = made.get_or_insert_with(|| {
        let dir = tempfile::tempdir().unwrap();
        let layout = kubernetes::images().unwrap();
        let registry = Server::registry(&dir.path().join("registry"));
        let index: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(layout.join("index.json")).unwrap()).unwrap();
        for image in index["manifests"].as_array().unwrap() {
            let name = image["annotations"]["org.opencontainers.image.ref.name"].as_str().unwrap();
            let from = format!("oci:{}:{name}", layout.display());
            let to = format!("docker://127.0.0.1:{}/{}", registry.port, name.split_once('/').unwrap().1);
            let copy = ["--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false"];
            succeed(Command::new("skopeo").args(copy).args([from, to]));
        }
        let archive = Server::nginx(&home().join("mirror/kubernetes"), "");
        let [debian, own] = sources(dir.path(), &archive).map(|file| file.display().to_string());
        let mirror = format!("k8s.gcr.io={}", registry.url(""));
        labkit(dir.path(), &["bundle", "lock", "ex2", "--sources", &debian, "--sources", &own, "--registry", &mirror])
            .ok();
        labkit(dir.path(), &["bundle", "build", "--quiet"]).ok();
        labkit(dir.path(), &["bundle", "pack", "--quiet"]).ok();
        let file = dir.path().join("lab.bundle.tar");
        (dir, file)
    });
    file.clone()
}

/// Machines with a bundle, and nowhere else to get anything from.
fn machines(count: usize) -> Option<Testbed> {
    if !["nginx", "docker-registry", "skopeo", "gpg"].into_iter().all(installed) {
        return None;
    }
    kubernetes::images()?;
    let testbed = Testbed::up_with_kubernetes(count)?;
    let bundle = bundle();
    for name in NAMES.iter().take(count) {
        testbed.sh(name, "mkdir -p /var/lib/labkit; rm /etc/apt/sources.list.d/*").ok();
        fs::copy(&bundle, testbed.root(name).join("var/lib/labkit/lab.bundle.tar")).unwrap();
    }
    Some(testbed)
}

/// The same command on several machines at once; what each said.
fn at_once(testbed: &Testbed, names: &[&str], arguments: &[&str]) -> Vec<Said> {
    thread::scope(|scope| {
        let all: Vec<_> = names.iter().map(|name| scope.spawn(move || testbed.labkit(name, arguments))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

#[track_caller]
fn all_proved(all: &[Said], network: &str) {
    for said in all {
        assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
        let proved: Vec<&str> =
            said.err.lines().filter(|line| line.starts_with(&format!("✓ {network}: pod on "))).collect();
        // Every other pod, and the service behind which all of them are.
        assert_eq!(proved.len(), all.len(), "{}{}", said.out, said.err);
        let greets = |line: &&str| line.contains("“Hello from pod ");
        assert!(proved.iter().all(greets), "{}{}", said.out, said.err);
        assert!(proved.iter().any(|line| line.contains(" → service: hello.labkit-proof.svc.cluster.local is ")));
        let carried =
            if network == "vxlan" { "over eth1 in VXLAN 42 to port 4789" } else { "over eth1 as the pods sent them" };
        assert_eq!(proved.iter().filter(|line| line.contains(carried)).count(), all.len() - 1, "{}", said.err);
        // Each of them can be told from the others in the report as well.
        assert!(said.out.contains(&format!("✓ {network} to ")), "{}", said.out);
    }
}

/// Name, address and readiness of each node, as the cluster has them.
fn nodes(testbed: &Testbed) -> Vec<(String, String, String)> {
    let list = testbed.sh(MASTER, &format!("{KUBECTL} get nodes --output json")).ok();
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let find = |items: &serde_json::Value, kind: &str, key: &str| {
        let item = items.as_array().unwrap().iter().find(|item| item["type"] == kind).unwrap();
        item[key].as_str().unwrap().to_owned()
    };
    let items = list["items"].as_array().unwrap().iter();
    let facts = items.map(|node| {
        let status = &node["status"];
        let name = node["metadata"]["name"].as_str().unwrap().to_owned();
        (name, find(&status["addresses"], "InternalIP", "address"), find(&status["conditions"], "Ready", "status"))
    });
    facts.collect()
}

fn expected(count: usize) -> Vec<(String, String, String)> {
    let of = |(at, name): (usize, &&str)| ((*name).to_owned(), format!("192.168.56.{}", 10 + at), "True".to_owned());
    NAMES.iter().take(count).enumerate().map(of).collect()
}

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

    all_proved(&at_once(&testbed, &NAMES, &["run", "ex2"]), "routed");
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
    status_is_told(&testbed, token);
    let well = testbed.labkit("node01", &["doctor"]).ok();
    assert!(!well.contains('✗') && well.contains("✓ node               ready since "), "{well}");

    let again = at_once(&testbed, &NAMES, &["run", "ex2"]);
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
    let mended = testbed.labkit("node01", &["run", "ex2"]);
    assert_eq!(mended.code, Some(0), "{}{}", mended.out, mended.err);
    for line in ["changed   file /etc/cni/net.d/10-labkit.conflist", "changed   unit kubelet.service: start"] {
        assert!(mended.err.contains(line), "{}", mended.err);
    }
    // Images that somebody wiped, and a machine that was switched off and on.
    let wipe = "systemctl stop containerd; rm -rf /var/lib/containerd/*; systemctl start containerd";
    testbed.sh("node01", wipe).ok();
    testbed.sh("node02", "cp /etc/machine-id /var/tmp").ok();
    fs::copy(testbed.root("node01").join("etc/machine-id"), testbed.root("node02").join("etc/machine-id")).unwrap();
    testbed.reboot("node02");
    all_proved(&at_once(&testbed, &NAMES, &["run", "ex2"]), "routed");
    // Its kubelet has told by now who it is.
    let clones = testbed.labkit(MASTER, &["run", "ex2"]);
    assert!(clones.err.contains("! node01 and node02 have the same machine-id, "), "{}", clones.err);
    testbed.sh("node02", "mv /var/tmp/machine-id /etc/machine-id").ok();

    testbed.labkit("node02", &["undo", "ex2"]).ok();
    assert_same(&before[2], &testbed.state("node02"), "node02 after undo");
    let forget =
        "delete node node02; secrets=$($K --namespace kube-system get secrets --output name | grep bootstrap-token)";
    testbed.sh(MASTER, &format!("K='{KUBECTL}'; $K {forget}; $K --namespace kube-system delete $secrets")).ok();
    let all = at_once(&testbed, &NAMES, &["run", "ex2"]);
    all_proved(&all, "routed");
    assert!(all[0].err.contains("token of cluster lab: make it good for two hours"), "{}", all[0].err);
    assert_eq!(nodes(&testbed), expected(3));

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

/// Runs it until it prints a line that begins so, and kills it there; what it started goes on or not, as it would.
fn killed_at_line(machine: &str, begin: &str, arguments: &str) {
    let script = format!("exec labkit run ex2 {arguments}");
    let exec = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testbed/exec");
    let mut process = Command::new(exec);
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
                scope.spawn(|| killed_at_line(name, step, "--set network=vxlan"));
            }
        });
    }
    all_proved(&at_once(&testbed, names, &["run", "ex2", "--set", "network=vxlan"]), "vxlan");
    assert_eq!(nodes(&testbed), expected(2));
    for said in at_once(&testbed, names, &["undo", "ex2"]) {
        said.ok();
    }
    for (name, before) in names.iter().zip(&before) {
        assert_same(before, &testbed.state(name), &format!("{name} after undo"));
    }

    // Another secret on one of the two.
    testbed.sh("node01", &format!("echo {} >/etc/labkit/secret", "a5".repeat(32))).ok();
    let all = thread::scope(|scope| {
        let master = scope.spawn(|| testbed.labkit(MASTER, &["run", "ex2", "--set", "patience=60"]));
        let worker = testbed.labkit("node01", &["run", "ex2"]);
        [master.join().unwrap(), worker]
    });
    assert_eq!(all[1].code, Some(1), "{}{}", all[1].out, all[1].err);
    let expected = "the master at 192.168.56.10:6443 has another lab secret than this machine";
    assert!(all[1].err.contains(expected), "{}", all[1].err);
    assert_eq!(all[0].code, Some(1), "{}{}", all[0].out, all[0].err);
    assert!(all[0].err.contains("not ready within 60 s: node01 (not joined)"), "{}", all[0].err);
    // The secret put right, the same command goes on.
    testbed.sh("node01", &format!("echo {} >/etc/labkit/secret", "5a".repeat(32))).ok();
    all_proved(&at_once(&testbed, names, &["run", "ex2"]), "routed");

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

/// The lab without its last machine.
fn of_two() -> String {
    support::testbed::LAB.rsplit_once("[[node]]").unwrap().0.to_owned()
}

/// What a list of the cluster holds.
fn items(testbed: &Testbed, what: &str) -> Vec<serde_json::Value> {
    let list = testbed.sh(MASTER, &format!("{KUBECTL} get {what} --output json")).ok();
    let mut list: serde_json::Value = serde_json::from_str(&list).unwrap();
    serde_json::from_value(list["items"].take()).unwrap()
}

/// What Calico leaves where its pods ran, as it makes it (its pods cannot run here), and a route of somebody else.
const TRACES: &str = "mkdir -p /var/lib/calico /var/log/calico/cni /run/calico; touch /var/lib/calico/mtu; \
    ip link add cali0123456789a type veth peer name calipeer; \
    ip link add vxlan.calico type vxlan id 4096 dstport 4789 local 192.168.56.10; ip link set vxlan.calico up; \
    ip route add blackhole 10.17.42.0/26 proto 80; ip route add 10.17.43.0/26 via 192.168.56.11 proto 12; \
    ip route add 10.99.0.0/24 via 192.168.56.11 proto static; iptables -N cali-FORWARD; \
    iptables -I FORWARD -m comment --comment cali:wUHhoiAYhphO9Mso -j cali-FORWARD; \
    iptables -A FORWARD -m comment --comment cali:S93hcgKJrXEqnTfs -m mark --mark 0x10000/0x10000 -j ACCEPT";

#[test]
fn calico_is_applied_as_it_is_patched_and_an_image_that_cannot_be_had_is_named() {
    let Some(manifest) = support::fixture("manifests/calico-v3.25.0.yaml") else { return };
    let Some(testbed) = machines(2) else { return };
    let names = &NAMES[..2];
    // Every kernel that a distribution ships has it, and Calico's pod asks for it.
    let prepare =
        "[ -d /sys/fs/bpf ] || { mount -o remount,rw /sys && mkdir /sys/fs/bpf && mount -o remount,ro /sys; }";
    for name in names {
        fs::write(testbed.root(name).join("etc/labkit/lab.toml"), of_two()).unwrap();
        fs::write(testbed.root(name).join("etc/labkit/calico.yaml"), &manifest).unwrap();
        testbed.sh(name, prepare).ok();
    }
    let before: Vec<String> = names.iter().map(|name| testbed.state(name)).collect();
    let arguments = |patience: &'static str| {
        ["run", "ex2", "--set", "network=calico", "--set", "manifest=/etc/labkit/calico.yaml", "--set", patience]
    };
    let all = at_once(&testbed, names, &arguments("patience=60"));
    assert!(all[0].err.contains("changed   pod network calico: apply it"), "{}", all[0].err);
    for (said, nodes) in all.iter().zip([names, &names[1..]]) {
        assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
        let told = said.err.lines().find(|line| line.contains("not ready within 60 s: ")).unwrap();
        let (_, told) = told.split_once(" s: ").unwrap();
        for (name, why) in nodes.iter().zip(told.split("; ")) {
            assert!(why.starts_with(&format!("{name} (calico-node: ")), "{told}");
            assert!(why.contains("\"docker.io/calico/cni:v3.25.0\""), "{told}");
        }
    }

    let definitions = items(&testbed, "customresourcedefinitions");
    assert_eq!(definitions.len(), 17);
    let is_established = |one: &serde_json::Value| {
        let conditions = one["status"]["conditions"].as_array().unwrap();
        conditions.iter().any(|one| one["type"] == "Established" && one["status"] == "True")
    };
    assert!(definitions.iter().all(is_established), "{definitions:?}");
    let daemons = items(&testbed, "daemonsets --namespace kube-system --selector k8s-app=calico-node");
    let pod = &daemons[0]["spec"]["template"]["spec"];
    let env = |name: &str| {
        let all = pod["containers"][0]["env"].as_array().unwrap();
        all.iter().find(|one| one["name"] == name).unwrap()["value"].as_str().unwrap().to_owned()
    };
    assert_eq!(env("CALICO_IPV4POOL_CIDR"), "10.17.0.0/16");
    assert_eq!(env("CALICO_IPV4POOL_VXLAN"), "CrossSubnet");
    assert_eq!(env("IP_AUTODETECTION_METHOD"), "kubernetes-internal-ip");
    assert_eq!(pod["containers"][0]["resources"]["requests"]["cpu"], "25m");
    assert_eq!(pod["initContainers"].as_array().unwrap().len(), 1);

    // Told twice it is done once, and what somebody changed is put right.
    let again = testbed.labkit(MASTER, &arguments("patience=1"));
    assert_eq!(again.code, Some(1), "{}{}", again.out, again.err);
    assert!(!again.err.contains("changed "), "{}", again.err);
    let other = "set env daemonset/calico-node --namespace kube-system CALICO_IPV4POOL_IPIP=Always";
    testbed.sh(MASTER, &format!("{KUBECTL} {other}")).ok();
    let mended = testbed.labkit(MASTER, &arguments("patience=1"));
    assert!(mended.err.contains("changed   pod network calico: apply it"), "{}", mended.err);

    testbed.sh(MASTER, TRACES).ok();
    for said in at_once(&testbed, names, &["undo", "ex2"]) {
        said.ok();
    }
    let rest = "find /var/lib/calico /var/log/calico /run/calico /run/nodeagent /etc/cni /run/netns/* 2>/dev/null || :; \
                ip -br link | grep cali || :; iptables-save | grep -E 'KUBE|CNI|cali' || :; \
                ip route | grep -E '^(blackhole )?10\\.(17|99)\\.'";
    assert_eq!(testbed.sh(MASTER, rest).ok(), "10.99.0.0/24 via 192.168.56.11 dev eth1 proto static \n");
    for (name, before) in names.iter().zip(&before) {
        assert_same(before, &testbed.state(name), &format!("{name} after undo"));
    }
}
