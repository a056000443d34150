//! A machine from an image: told which node it is, made so across power cuts, mended at each boot, sealed before it is
//! copied. On booted Debian machines.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use support::{
    Said,
    testbed::{LAB, Testbed},
};

const MACHINE: &str = "master";
/// Where everything is handed over, by its path in the machine.
const THERE: &str = "/var/tmp/handover";

/// A machine that was told nothing, with the units of an image.
fn fresh(testbed: &Testbed) {
    let root = testbed.root(MACHINE);
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("images/files")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "service") {
            fs::copy(&path, root.join("etc/systemd/system").join(path.file_name().unwrap())).unwrap();
        }
    }
    let units = "labkit-identity labkit-heal labkit-provision";
    testbed.sh(MACHINE, &format!("rm -r /etc/labkit; systemctl daemon-reload; systemctl enable -q {units}")).ok();
}

/// Puts the files of an identity where they are handed over.
fn offer(testbed: &Testbed, files: &[(&str, &str)]) {
    let dir = testbed.root(MACHINE).join(THERE.trim_start_matches('/'));
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    files.iter().for_each(|(name, text)| fs::write(dir.join(name), text).unwrap());
}

fn secret(digits: &str) -> String {
    format!("{}\n", digits.repeat(32))
}

fn provision(testbed: &Testbed) -> Said {
    testbed.labkit(MACHINE, &["provision", "--from", THERE])
}

/// Waits until the machine says that it is what it was told to be.
#[track_caller]
fn finished(testbed: &Testbed) -> String {
    let deadline = Instant::now() + Duration::from_secs(600);
    loop {
        let said = testbed.labkit(MACHINE, &["provision", "--status"]);
        match said.code {
            Some(0) => return said.out,
            Some(3) if Instant::now() < deadline => thread::sleep(Duration::from_millis(500)),
            _ => unreachable!("{}{}", said.out, said.err),
        }
    }
}

#[test]
fn a_machine_becomes_what_it_was_told_and_is_mended_and_sealed() {
    let Some(testbed) = Testbed::up(1) else { return };
    fresh(&testbed);
    what_is_handed_over_is_checked_before_anything_is_taken(&testbed);
    its_device_gets_the_address_that_its_mac_says(&testbed);

    // Its plug is pulled in the midst of it, twice; each time the next boot goes on by itself.
    offer(
        &testbed,
        &[
            ("lab.toml", LAB),
            ("secret", &secret("5a")),
            ("provision.toml", "recipes = [\"node\", \"ex1 seconds=1 rounds=1\"]\n"),
        ],
    );
    let ledger = testbed.root(MACHINE).join("var/lib/labkit/machine/ledger.jsonl");
    let lines = || fs::read_to_string(&ledger).map_or(0, |text| text.lines().count());
    thread::scope(|scope| {
        let told = scope.spawn(|| provision(&testbed));
        for enough in [3, 12] {
            let deadline = Instant::now() + Duration::from_secs(300);
            while lines() < enough {
                assert!(Instant::now() < deadline, "{enough} changes are never made");
                thread::sleep(Duration::from_millis(5));
            }
            testbed.pull_plug(MACHINE);
            testbed.switch_on(MACHINE);
        }
        // Its connection broke as the plug was pulled.
        assert_ne!(told.join().unwrap().code, Some(0));
    });
    let status = finished(&testbed);
    assert!(status.starts_with("✓ node   ") && status.contains("\n✓ ex1 seconds=1 rounds=1   "), "{status}");
    assert_eq!(testbed.sh(MACHINE, &format!("ls {THERE}; stat -c '%a %U' /etc/labkit/secret")).ok(), "600 root\n");
    let again = testbed.labkit(MACHINE, &["provision"]);
    assert!(again.err.ends_with("ready     master: nothing was left to do\n"), "{}{}", again.out, again.err);
    let results = testbed.labkit(MACHINE, &["results"]).ok();
    assert!(results.contains("ex1") && results.contains("done"), "{results}");

    offer(&testbed, &[("lab.toml", LAB), ("secret", &secret("a5"))]);
    let other = provision(&testbed);
    assert_eq!(other.code, Some(1), "{}{}", other.out, other.err);
    assert!(other.err.contains("`/etc/labkit/secret` is the secret of another lab"), "{}", other.err);

    a_boot_mends_what_was_lost(&testbed);
    a_sealed_machine_draws_its_identity_anew(&testbed);
}

fn what_is_handed_over_is_checked_before_anything_is_taken(testbed: &Testbed) {
    let nobody = testbed.labkit(MACHINE, &["identity"]);
    assert_eq!(nobody.code, Some(1));
    assert!(nobody.err.contains("was not told yet which lab it belongs to"), "{}", nobody.err);
    let waiting = testbed.labkit(MACHINE, &["provision", "--status"]);
    assert!(waiting.code == Some(3) && waiting.out.contains("· node   not yet"), "{}{}", waiting.out, waiting.err);

    let good = secret("5a");
    let cases: [(&[(&str, &str)], &str); 7] = [
        (&[], "nothing is handed over in `/var/tmp/handover`"),
        (&[("lab.toml", LAB)], "`/var/tmp/handover` has no file `secret`"),
        (&[("secret", &good)], "`/var/tmp/handover` has no file `lab.toml`"),
        (&[("lab.toml", "name = 1\n"), ("secret", &good)], "read `/var/tmp/handover/lab.toml`: line 1: "),
        (&[("lab.toml", LAB), ("secret", "5A5A\n")], "`/var/tmp/handover/secret` is no lab secret"),
        (
            &[("lab.toml", LAB), ("secret", &good), ("provision.toml", "node = \"node99\"")],
            "lab lab has no node `node99`",
        ),
        (
            &[("lab.toml", LAB), ("secret", &good), ("provision.toml", "recipes = [\"ex9\"]")],
            "there is no recipe `ex9`",
        ),
    ];
    for (files, expected) in cases {
        offer(testbed, files);
        let said = provision(testbed);
        assert!(matches!(said.code, Some(1 | 2)) && said.err.contains(expected), "{expected}: {}", said.err);
        assert!(!testbed.root(MACHINE).join("etc/labkit").exists(), "{expected}: something was taken");
        let left = fs::read_dir(testbed.root(MACHINE).join(THERE.trim_start_matches('/'))).unwrap().count();
        assert_eq!(left, files.len(), "{expected}");
    }
    // Another user's link leads nowhere.
    offer(testbed, &[("lab.toml", LAB)]);
    testbed.sh(MACHINE, &format!("ln -s /etc/shadow {THERE}/secret")).ok();
    let said = provision(testbed);
    assert!(said.code == Some(1) && !said.err.contains("root:"), "{}", said.err);
}

fn its_device_gets_the_address_that_its_mac_says(testbed: &Testbed) {
    let mac = "ip link set eth1 down; ip link set eth1 address 52:54:00:a8:38:0a; ip link set eth1 up; ip addr flush dev eth1; systemctl start systemd-networkd";
    testbed.sh(MACHINE, mac).ok();
    testbed
        .sh(
            MACHINE,
            &format!("mkdir -m 0755 /etc/labkit; cd /etc/labkit; umask 077; echo {} >secret", secret("5a").trim()),
        )
        .ok();
    fs::write(testbed.root(MACHINE).join("etc/labkit/lab.toml"), LAB).unwrap();
    let said = testbed.labkit(MACHINE, &["identity"]);
    assert_eq!(
        said.out,
        "master of lab lab, told by the MAC of its device; 192.168.56.10 in 192.168.56.0/24, which no device has yet\n"
    );
    testbed.labkit(MACHINE, &["identity", "--set"]).ok();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !testbed.sh(MACHINE, "ip -br addr show eth1").out.contains("192.168.56.10/24") {
        assert!(Instant::now() < deadline, "{}", testbed.sh(MACHINE, "networkctl status eth1").out);
        thread::sleep(Duration::from_millis(100));
    }
    let json: serde_json::Value = serde_json::from_str(&testbed.labkit(MACHINE, &["identity", "--json"]).ok()).unwrap();
    assert_eq!((&json["known_by"], &json["has_address"]), (&"mac".into(), &true.into()));
    testbed.sh(MACHINE, "rm -r /etc/labkit /etc/systemd/network/20-labkit.network").ok();
}

fn a_boot_mends_what_was_lost(testbed: &Testbed) {
    testbed.sh(MACHINE, "systemctl disable -q --now chrony; rm /etc/sysctl.d/60-labkit-node.conf").ok();
    testbed.reboot(MACHINE);
    let healed = "until systemctl show --property ActiveState --value labkit-heal | grep -E '^(active|failed)'; do sleep 0.2; done; \
                  journalctl --boot --output cat --unit labkit-heal; systemctl is-enabled chrony; systemctl is-active chrony; ls /etc/sysctl.d";
    let said = testbed.sh(MACHINE, healed).ok();
    assert!(said.starts_with("active\n") && said.contains("healed    node: "), "{said}");
    assert!(said.contains("\nenabled\nactive\n") && said.contains("60-labkit-node.conf"), "{said}");
    let runs = || testbed.sh(MACHINE, "ls /var/lib/labkit/runs | wc -l").ok();
    let before = runs();
    let again = testbed.labkit(MACHINE, &["heal"]);
    assert!(again.code == Some(0) && again.err.contains("healed    node: all "), "{}{}", again.out, again.err);
    assert_eq!(runs(), before, "a boot with nothing to do leaves a run behind");
}

fn a_sealed_machine_draws_its_identity_anew(testbed: &Testbed) {
    let refused = testbed.labkit(MACHINE, &["seal", "--root", "/"]);
    assert_eq!(refused.code, Some(1), "{}{}", refused.out, refused.err);
    assert!(
        refused.err.contains("what `node` made of this machine")
            && refused.err.contains("hint: `labkit undo node` first")
    );
    testbed.labkit(MACHINE, &["undo", "node"]).ok();
    let which = "cat /etc/machine-id; cut -d ' ' -f 2 /etc/ssh/ssh_host_ed25519_key.pub";
    let before = testbed.sh(MACHINE, which).ok();
    let check = testbed.labkit(MACHINE, &["seal", "--check"]);
    assert!(check.code == Some(3) && check.out.contains("/etc/machine-id\n"), "{}{}", check.out, check.err);
    assert_eq!(testbed.sh(MACHINE, which).ok(), before, "--check changed something");
    assert_eq!(testbed.labkit(MACHINE, &["seal"]).code, Some(2));
    testbed.labkit(MACHINE, &["seal", "--root", "/"]).ok();
    testbed.pull_plug(MACHINE);
    testbed.switch_on(MACHINE);
    let after = testbed.sh(MACHINE, which).ok();
    for (before, after) in before.lines().zip(after.lines()) {
        assert!(before != after && before.len() == after.len() && !after.is_empty(), "{before}\n{after}");
    }
    assert_eq!(after.lines().count(), 2, "{after}");
    let unknown = testbed.labkit(MACHINE, &["identity"]);
    assert!(unknown.err.contains("was not told yet"), "{}", unknown.err);
}
