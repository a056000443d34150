//! The real kernel: what labkit built, as `ip` and the host see it.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::{
    path::Path,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use support::{Bench, assert_host_is, golden, host, in_own_host, installed, netns, own_processes, root};

fn lua(name: &str) {
    if netns() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lua").join(name);
        Bench::new().labkit(&["run", path.to_str().unwrap(), "--quiet"]).ok();
    }
}

#[test]
fn every_function_of_net_does_what_it_says() {
    lua("net.lua");
}

#[test]
fn every_function_of_bench_does_what_it_says() {
    lua("bench.lua");
}

#[test]
fn the_world_of_a_recipe_is_closed() {
    lua("lab.lua");
}

const QUICK: [&str; 6] = ["--set", "seconds=1", "--set", "rounds=1", "--set", "pings=20"];

fn ex1(bench: &Bench, more: &[&str]) -> support::Said {
    bench.labkit(&[&["run", "ex1", "--quiet"], &QUICK[..], more].concat())
}

#[test]
fn ex1_proves_measures_and_reports_and_the_host_is_as_before() {
    if !netns() {
        return;
    }
    let bench = Bench::new();
    let before = host();
    ex1(&bench, &[]).ok();
    assert_host_is(&before, "after ex1");
    assert!(own_processes(&bench).is_empty(), "a process stayed");
    let latest = bench.latest();
    assert_eq!(latest["run"]["outcome"], "done");
    let proofs = latest["proofs"].as_array().unwrap();
    assert_eq!(proofs.len(), 3);
    for proof in proofs {
        assert_eq!((&proof["valid"], &proof["received_while_down"]), (&true.into(), &0.into()), "{proof}");
    }
    let encap = &proofs[0]["encap"];
    assert_eq!(encap.get("packets").unwrap(), 40);
    assert_eq!((&encap["overhead_bytes"], &encap["naked"], &encap["vni"]), (&50.into(), &0.into(), &100.into()));
    let report = bench.labkit(&["report"]).ok();
    let page = std::fs::read_to_string(report.trim()).unwrap();
    assert!(page.contains("<svg") && page.contains("vxlan"));
    let page = page.replace("http://www.w3.org/2000/svg", "");
    assert!(
        !page.contains("<script") && !page.contains("http://") && !page.contains("https://"),
        "it needs the network"
    );
}

#[test]
fn an_ordinary_user_runs_ex1() {
    if !netns() || !root() {
        return;
    }
    let bench = Bench::new();
    nix::unistd::chown(bench.state.path(), Some(65534.into()), Some(65534.into())).unwrap();
    // The build directory may be closed to others: the program is copied where they can reach it.
    let program = bench.state.path().join("labkit");
    std::fs::copy(support::LABKIT, &program).unwrap();
    let said: support::Said = std::process::Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", "--bounding-set=-all"])
        .arg(&program)
        .args(["run", "ex1", "--quiet"])
        .args(QUICK)
        .env("LABKIT_STATE", bench.state.path())
        .output()
        .unwrap()
        .into();
    said.ok();
    let run = std::fs::metadata(bench.state.path().join("runs")).unwrap();
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&run), 65534);
}

#[test]
fn the_reference_reports_vxlan_is_told_to_have_carried_nothing() {
    if !netns() {
        return;
    }
    let bench = Bench::new();
    let said = ex1(&bench, &["--set", "reference=true"]);
    assert_eq!(said.code, Some(4), "{}", said.err);
    assert!(
        said.err.contains("0 of 20 packets used vxlan0, vxlan1; they were routed br1 → br2 (ttl 63)"),
        "{}",
        said.err
    );
    assert!(said.err.contains("with vxlan0 down, 3 of 3 packets still arrived"), "{}", said.err);
    let latest = bench.latest();
    let samples = latest["samples"].as_array().unwrap();
    let of = |case: &str| samples.iter().filter(|sample| sample["case"] == case).collect::<Vec<_>>();
    assert!(!of("vxlan").is_empty() && of("vxlan").iter().all(|sample| sample["valid"] == false), "kept, and invalid");
    assert!(of("bridge").iter().all(|sample| sample["valid"] == true));
}

#[test]
fn two_labs_with_the_same_names_run_at_once() {
    if !netns() {
        return;
    }
    let bench = Bench::new();
    thread::scope(|scope| {
        let runs: Vec<_> = (0..2).map(|_| scope.spawn(|| ex1(&bench, &[]).ok())).collect();
        runs.into_iter().for_each(|run| drop(run.join().unwrap()));
    });
}

/// Keeps ex1's lab up while `look` asks about it.
fn with_kept_lab(look: impl FnOnce(&Bench)) {
    let bench = Bench::new();
    bench.labkit(&["run", "ex1", "--build-only", "--keep", "--quiet"]).ok();
    look(&bench);
    bench.labkit(&["down"]);
    assert!(own_processes(&bench).is_empty(), "the holder stayed");
    assert_eq!(bench.labkit(&["ls", "--json"]).ok(), "[]\n");
}

/// What `ip -j` says in a namespace of the kept lab.
fn ip(bench: &Bench, ns: &str, arguments: &[&str]) -> Value {
    let text = bench.labkit(&[&["exec", ns, "--", "ip", "-j", "-d"], arguments].concat()).ok();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn ip_sees_the_devices_as_they_were_declared() {
    if !netns() || !installed("ip") {
        return;
    }
    with_kept_lab(|bench| {
        let vxlan = &ip(bench, "host1", &["link", "show", "vxlan0"])[0];
        let data = &vxlan["linkinfo"]["info_data"];
        assert_eq!((&data["id"], &data["port"], &vxlan["mtu"]), (&100.into(), &4789.into(), &1500.into()));
        assert_eq!((&data["local"], &data["remote"]), (&"192.168.9.1".into(), &"192.168.9.2".into()));
        assert_eq!(vxlan["linkinfo"]["info_slave_data"]["state"], "forwarding");
        let bridge = &ip(bench, "host", &["link", "show", "br0"])[0];
        assert_eq!(bridge["linkinfo"]["info_data"]["stp_state"], 0);
        let veth = &ip(bench, "ns1", &["addr", "show", "veth0"])[0];
        assert_eq!((&veth["operstate"], &veth["num_tx_queues"]), (&"UP".into(), &1.into()));
        let addresses = veth["addr_info"].as_array().unwrap();
        assert_eq!(addresses.len(), 1, "no IPv6 unless asked: {addresses:?}");
        assert_eq!((&addresses[0]["local"], &addresses[0]["prefixlen"]), (&"192.168.1.1".into(), &24.into()));
        let mac = veth["address"].as_str().unwrap();
        assert!(mac.starts_with("02:"), "locally administered: {mac}");
        let forwards = bench.labkit(&["exec", "ns1", "--", "cat", "/proc/sys/net/ipv4/ip_forward"]).ok();
        assert_eq!(forwards, "0\n");
    });
}

#[test]
fn a_device_keeps_its_ipv6_address_through_the_counter_check() {
    if !netns() || !installed("ip") {
        return;
    }
    let bench = Bench::new();
    let text = "net.ns 'p'\nnet.ns 'q'\n\
                net.veth { a = { ns = 'p', name = 'd', addr = { '10.2.0.1/24', 'fd02::1/64' } }, b = { ns = 'q', name = 'd', addr = { '10.2.0.2/24', 'fd02::2/64' } } }\n\
                assert(net.prove { case = 'both', from = 'p', to = '10.2.0.2', through = 'p/d' })";
    bench.run_text(text, &["--keep"]).ok();
    let addresses = ip(&bench, "p", &["addr", "show", "d"]);
    bench.labkit(&["down"]);
    assert!(addresses.to_string().contains("fd02::1"), "{addresses}");
}

#[test]
fn a_mac_follows_from_where_the_device_is() {
    if !netns() || !installed("ip") {
        return;
    }
    let mac = || {
        let mut address = Value::Null;
        with_kept_lab(|bench| address = ip(bench, "ns2", &["link", "show", "veth1"])[0]["address"].clone());
        address
    };
    assert_eq!(mac(), mac());
}

#[test]
fn the_explained_script_builds_the_same() {
    if !netns() || !installed("ip") || !installed("iperf3") || !installed("ping") || !installed("sysctl") {
        return;
    }
    let bench = Bench::new();
    let script = bench.labkit(&[&["explain", "ex1"], &QUICK[..]].concat()).ok();
    bench.recipe("ex1.sh", &script);
    // What matters of a device: where it is, what it is, whose port, its addresses.
    let shape = |text: &str| {
        let links: Value = serde_json::from_str(text).unwrap();
        let mut lines: Vec<String> = links
            .as_array()
            .unwrap()
            .iter()
            .filter(|link| link["linkinfo"]["info_kind"].is_string())
            .map(|link| {
                let addresses: Vec<String> = link["addr_info"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|addr| format!("{}/{}", addr["local"], addr["prefixlen"]))
                    .collect();
                let data = &link["linkinfo"]["info_data"];
                format!(
                    "{} {} mtu {} master {} {} vni {} port {} {addresses:?}",
                    link["ifname"],
                    link["linkinfo"]["info_kind"],
                    link["mtu"],
                    link["master"],
                    link["operstate"],
                    data["id"],
                    data["port"]
                )
            })
            .collect();
        lines.sort();
        lines
    };
    let state = bench.state.path().display();
    let by_hand = in_own_host(
        &bench,
        &format!(
            "sh -e {state}/ex1.sh >/dev/null; ip -j -d addr; for n in ns1 ns2 host1 host2; do ip -n $n -j -d addr; done"
        ),
    )
    .ok();
    let by_hand: Vec<_> = by_hand.lines().map(shape).collect();
    with_kept_lab(|bench| {
        let built: Vec<_> = ["host", "ns1", "ns2", "host1", "host2"]
            .iter()
            .map(|ns| shape(&ip(bench, ns, &["addr"]).to_string()))
            .collect();
        assert_eq!(by_hand, built);
    });
}

#[test]
fn a_firewall_that_drops_everything_on_the_host_has_no_effect() {
    if !netns() || !installed("nft") {
        return;
    }
    let bench = Bench::new();
    let rules = "nft add table inet t; nft add chain inet t f '{ type filter hook forward priority 0; policy drop; }'; \
                 nft add chain inet t i '{ type filter hook input priority 0; policy drop; }'";
    in_own_host(&bench, &format!("{rules}; $LABKIT run ex1 --quiet {}", QUICK.join(" "))).ok();
}

#[test]
fn devices_of_the_host_with_the_same_names_stay_untouched() {
    if !netns() || !installed("ip") {
        return;
    }
    let bench = Bench::new();
    let script = format!(
        "ip link add name br0 type bridge; ip addr add 192.168.2.9/24 dev br0; ip link add name veth0 type veth peer name docker0; \
         ip -d addr > /run/before; $LABKIT run ex1 --quiet {}; ip -d addr > /run/after; diff /run/before /run/after",
        QUICK.join(" ")
    );
    in_own_host(&bench, &script).ok();
}

#[test]
fn on_the_host_every_name_is_refused_that_exists_and_everything_goes_again() {
    if !netns() || !installed("ip") {
        return;
    }
    let bench = Bench::new();
    let script = "
        ip -d link > /run/before
        $LABKIT run ex1 --on-host --build-only --keep --quiet
        ip netns list | grep -q ns1; ip link show br0 | grep -q 'alias labkit:'
        ip netns exec ns1 ping -q -c1 -W1 192.168.1.2 >/dev/null
        if $LABKIT run ex1 --on-host --build-only --quiet; then exit 9; fi
        ip netns exec ns1 ping -q -c1 -W1 192.168.1.2 >/dev/null
        $LABKIT down
        ip netns add ns2
        if $LABKIT run ex1 --on-host --build-only --quiet; then exit 8; fi
        ip netns list
        ip netns del ns2; ip link add name veth3-br type bridge
        if $LABKIT run ex1 --on-host --build-only --quiet; then exit 7; fi
        ip -br link show veth3-br; ip link del veth3-br
        ip -d link > /run/after; diff /run/before /run/after";
    let said = in_own_host(&bench, script);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    assert!(said.out.starts_with("ns2\nveth3-br"), "the strangers stay: {}", said.out);
    assert!(said.err.contains("the host has a namespace `ns1` already"), "{}", said.err);
    assert!(said.err.contains("the host has a namespace `ns2` already"), "{}", said.err);
    assert!(said.err.contains("`veth3-br`: File exists"), "{}", said.err);
}

#[test]
fn a_strangers_namespace_of_the_same_name_is_never_taken_away() {
    if !netns() || !installed("ip") {
        return;
    }
    let bench = Bench::new();
    // The lab's own name is gone, and somebody else has taken it, before the lab is cleaned up.
    let script = "
        $LABKIT run ex1 --on-host --build-only --keep --quiet
        rm $LABKIT_STATE/labs/*
        ip netns del ns1; ip netns add ns1; touch /run/strangers
        sed -i 's|/run/netns/ns2|/run/strangers|' $LABKIT_STATE/runs/*/journal.jsonl
        $LABKIT clean && exit 9
        ip netns list; ls /run/strangers";
    let said = in_own_host(&bench, script);
    assert_eq!(
        said.out.lines().filter(|line| line.starts_with("ns1") || *line == "/run/strangers").count(),
        2,
        "{}",
        said.out
    );
    assert!(said.err.contains("`/run/netns/ns1` is another namespace by now and stays"), "{}", said.err);
    assert!(said.err.contains("it is not in /run/netns"), "{}", said.err);
}

#[test]
fn a_lab_on_a_busy_host_is_proved_and_comes_to_an_end() {
    if !netns() || !installed("ping") {
        return;
    }
    let bench = Bench::new();
    let recipe = bench.recipe(
        "busy.lua",
        "net.ns 'far'\n\
         net.veth { a = { name = 'u0', addr = '10.8.0.1/24' }, b = { ns = 'far', name = 'u1', addr = '10.8.0.2/24' } }\n\
         net.vxlan { vni = 9, a = { name = 'v0', underlay = '10.8.0.1', addr = '10.9.0.1/24' }, \
         b = { ns = 'far', name = 'v1', underlay = '10.8.0.2', addr = '10.9.0.2/24' } }\n\
         assert(net.prove { case = 'v', from = 'host', to = '10.9.0.2', through = 'v0' })",
    );
    let script = format!(
        "ping -q -i 0.003 127.0.0.1 >/dev/null & timeout 60 $LABKIT run {} --on-host --quiet; kill $!; ip -br link | grep -c 'u0\\|v0' || true",
        recipe.display()
    );
    let said = in_own_host(&bench, &script);
    assert_eq!((said.code, said.out.as_str()), (Some(0), "0\n"), "{}", said.err);
}

#[test]
fn without_the_right_to_make_namespaces_the_switch_is_named() {
    if !netns() || !root() {
        return;
    }
    let bench = Bench::new();
    let script = "echo 0 > /proc/sys/user/max_user_namespaces; \
                  setpriv --bounding-set=-all --inh-caps=-all $LABKIT run ex1 --quiet";
    let said = in_own_host(&bench, script);
    assert_eq!(said.code, Some(1));
    assert!(
        said.err.contains("make a user namespace, for want of CAP_NET_ADMIN, CAP_NET_RAW, CAP_SYS_ADMIN"),
        "{}",
        said.err
    );
    assert!(said.err.contains("hint: user namespaces are switched off: run labkit as root, or"), "{}", said.err);
}

#[test]
fn a_full_disk_is_told_and_what_was_measured_stays_readable() {
    if !netns() {
        return;
    }
    let bench = Bench::new();
    let script = format!(
        "mkdir /run/small; mount -t tmpfs -o size=48k tmpfs /run/small; export LABKIT_STATE=/run/small; \
         if $LABKIT run ex1 --quiet {} --set rounds=9; then exit 9; fi; $LABKIT results latest --json | grep -c ping_min_ms",
        QUICK[..2].join(" ")
    );
    let said = in_own_host(&bench, &script);
    assert!(said.err.contains("No space left on device"), "{}", said.err);
    assert!(said.err.contains("hint: free some space, or set LABKIT_STATE"), "{}", said.err);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
}

/// Starts ex1 and sends a signal once it measures.
fn interrupted_by(signal: Signal) {
    let bench = Bench::new();
    let before = host();
    let mut child = bench
        .command(&["run", "ex1", "--set", "seconds=1", "--set", "rounds=1000"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(120);
    let measures = || {
        let runs = std::fs::read_dir(bench.state.path().join("runs")).into_iter().flatten().flatten();
        runs.into_iter().any(|run| std::fs::metadata(run.path().join("samples.jsonl")).is_ok_and(|file| file.len() > 0))
    };
    while !measures() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(5));
    }
    kill(Pid::from_raw(child.id() as i32), signal).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(bench.latest()["run"]["outcome"], "interrupted");
    assert!(own_processes(&bench).is_empty());
    assert_host_is(&before, "after the signal");
}

#[test]
fn ctrl_c_ends_a_run_in_order() {
    if netns() {
        interrupted_by(Signal::SIGINT);
    }
}

#[test]
fn sigterm_ends_a_run_in_order() {
    if netns() {
        interrupted_by(Signal::SIGTERM);
    }
}

#[test]
fn iperf3_and_ping_are_engines_where_they_are_installed() {
    if !netns() || !installed("iperf3") || !installed("ping") {
        return;
    }
    let bench = Bench::new();
    ex1(&bench, &["--set", "tcp=iperf3", "--set", "ping=ping"]).ok();
    let latest = bench.latest();
    let samples = latest["samples"].as_array().unwrap();
    for (engine, metric) in [("iperf3", "throughput_gbit_s"), ("iputils-ping", "ping_median_ms")] {
        let one = samples.iter().find(|sample| sample["bench"] == engine && sample["metric"] == metric).unwrap();
        assert!(one["valid"] == true && one["raw"].is_string(), "{one}");
    }
    assert!(own_processes(&bench).is_empty());
}

#[test]
fn a_hundred_hosts_around_a_switch_reach_each_other() {
    if netns() {
        let bench = Bench::new();
        let said = bench
            .labkit(&[
                "run",
                "scale",
                "--quiet",
                "--set",
                "n=100",
                "--set",
                "rounds=1",
                "--set",
                "reach=true",
                "--json",
            ])
            .ok();
        let json: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(json["figures"]["reachable_percent"][0]["median"], 100.0);
    }
}

#[test]
fn the_plans_of_the_built_in_recipes_are_as_recorded() {
    let bench = Bench::new();
    for (name, arguments) in [
        ("ex1.plan", &["plan", "ex1"][..]),
        ("ex1-reference.plan", &["plan", "ex1", "--set", "reference=true"]),
        ("ex1.sh", &["explain", "ex1"]),
        ("scale.plan", &["plan", "scale", "--set", "n=3", "--set", "rounds=1"]),
        ("ex1.show", &["show", "ex1"]),
    ] {
        golden(&format!("recipes/{name}"), &bench.labkit(arguments).ok());
    }
}
