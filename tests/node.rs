//! A machine becomes a node of the lab and is given back: on booted Debian machines, with real apt and systemd.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::thread;

use support::testbed::{NAMES, Package, Testbed, assert_same};

/// On every machine at once.
fn on_all(act: impl Fn(&str) + Sync) {
    let act = &act;
    thread::scope(|scope| {
        let all: Vec<_> = NAMES.iter().map(|name| scope.spawn(move || act(name))).collect();
        all.into_iter().for_each(|one| one.join().unwrap());
    });
}

#[test]
fn three_machines_become_nodes_know_each_other_and_are_given_back() {
    let Some(testbed) = Testbed::up(3) else { return };
    on_all(|name| {
        let before = testbed.state(name);
        let plan = testbed.labkit(name, &["plan", "node"]);
        assert_eq!(plan.code, Some(3), "{}{}", plan.out, plan.err);
        assert!(plan.out.contains("packages chrony") && plan.out.contains("its content is a secret"), "{}", plan.out);
        assert!(!plan.out.contains("BEGIN OPENSSH"), "{}", plan.out);
        assert_same(&before, &testbed.state(name), "after plan");
        let first = testbed.labkit(name, &["run", "node"]);
        assert_eq!(first.code, Some(0), "{}{}", first.out, first.err);
        assert_eq!(testbed.sh(name, "hostname").ok().trim(), name);
    });
    // Keys are there on both sides now.
    for (from, to) in [("master", "node01"), ("master", "192.168.56.12"), ("node02", "master")] {
        let said = testbed.exec(from, &["ssh", "-o", "BatchMode=yes", to, "cat", "/etc/hostname"]);
        assert!(said.code == Some(0) && NAMES.contains(&said.out.trim()), "{from} to {to}: {}{}", said.out, said.err);
    }
    on_all(|name| {
        let wanted = testbed.state(name);
        let second = testbed.labkit(name, &["run", "node"]);
        assert_eq!(second.code, Some(0), "{}", second.err);
        assert!(second.err.starts_with("nothing to do: all "), "{}", second.err);
        assert_same(&wanted, &testbed.state(name), "after the second run");
        assert_eq!(testbed.labkit(name, &["plan", "node"]).code, Some(0));
        // A secret stands in the file that it is for, and nowhere else.
        let ledger = std::fs::read_to_string(testbed.root(name).join("var/lib/labkit/machine/ledger.jsonl")).unwrap();
        let journal =
            testbed.sh(name, "journalctl --no-pager --quiet; find /var/lib/labkit/runs -type f -exec cat {} +").ok();
        let key = testbed.sh(name, "sed -n 3p ~/.ssh/id_labkit").ok();
        assert!(key.trim().len() == 70 && !ledger.contains(key.trim()) && !journal.contains(key.trim()));
        testbed.labkit(name, &["undo", "node"]).ok();
        // The machine's own name is back: `hostname` and all that is in it.
        assert_eq!(testbed.sh(name, "hostname").ok(), "debian\n");
        let again = testbed.labkit(name, &["undo", "node"]).ok();
        assert_eq!(again, "nothing to undo: `node` left no change on this machine\n");
    });
}

#[test]
fn undo_gives_back_the_machine_file_by_file_package_by_package_setting_by_setting() {
    let Some(testbed) = Testbed::up(1) else { return };
    let before = testbed.state("master");
    testbed.labkit("master", &["run", "node"]).ok();
    let wanted = testbed.state("master");
    assert_ne!(before, wanted);
    testbed.labkit("master", &["undo", "node"]).ok();
    assert_same(&before, &testbed.state("master"), "after undo");
    // Killed with -9 again and again, each time a little further, it ends in the same two states.
    let mut kills = 0;
    for n in (2..=5).cycle() {
        if !testbed.killed_at("master", "fdatasync", n, &["run", "node"]) {
            break;
        }
        kills += 1;
        assert!(kills < 200, "it never ends");
    }
    assert_same(&wanted, &testbed.state("master"), "after a run that was killed again and again");
    for n in (2..=5).cycle() {
        if !testbed.killed_at("master", "fdatasync", n, &["undo", "node"]) {
            break;
        }
        kills += 1;
        assert!(kills < 400, "it never ends");
    }
    assert_same(&before, &testbed.state("master"), "after an undo that was killed again and again");
    assert!(kills > 15, "only {kills} kills");
    // What a person would type instead comes to the same. What units had read when somebody else started them is not known.
    testbed.sh("master", "labkit explain node > /var/tmp/node.sh; sh -e /var/tmp/node.sh; rm /var/tmp/node.sh").ok();
    assert_same(&wanted, &testbed.state("master"), "after the script of `labkit explain`");
    let said = testbed.labkit("master", &["run", "node"]);
    let changed: Vec<&str> = said.err.lines().filter(|line| line.starts_with("changed")).collect();
    assert!(changed.len() == 2 && changed.iter().all(|line| line.ends_with(".service: restart")), "{}", said.err);
    assert!(testbed.labkit("master", &["run", "node"]).err.starts_with("nothing to do"));
}

/// One of each kind but packages, which take long.
const SMALL: &str = r##"--- Is every step safe?
host.hostname "small"
host.directory { path = "/srv/lab/deep", mode = "0750" }
host.file { path = "/srv/lab/deep/file", content = "one\n", owner = "vagrant", group = "vagrant" }
host.file { path = "/etc/motd", content = "a lab\n" }
host.link { path = "/srv/lab/link", to = "deep/file" }
host.block { path = "/etc/hosts", name = "x", content = "10.9.9.9 nine\n" }
host.block { path = "/srv/lab/new", name = "x", content = "only\n" }
host.module "br_netfilter"
host.sysctl { values = { ["net.ipv4.ip_forward"] = 1, ["kernel.panic"] = 7 } }
host.service { unit = "apt-daily.timer", masked = true }
host.service { unit = "e2scrub_all.timer", enabled = false, active = false }
host.hold { packages = { "tar", "sed" } }
host.line { path = "/etc/adduser.conf", line = "DIR_MODE=0750", starts = "#DIR_MODE=" }
host.value { path = "/srv/x.toml", at = { "b", "c" }, value = { 1, 2 } }
host.user { name = "student", groups = "sudo" }
host.run { argv = { "touch", "/srv/lab/made" }, creates = "/srv/lab/made", undo = { "rm", "/srv/lab/made" } }
"##;

/// Killed as it enters the first of these calls and each `step`th after it, until it makes no more of them.
fn killed_at(calls: &[(&str, usize, usize)]) {
    let Some(testbed) = Testbed::up(1) else { return };
    let small = testbed.recipe("master", "small.lua", SMALL);
    // Everything that it touches.
    let state = || testbed.state_below("master", "/etc /srv /root /home");
    testbed.sh("master", "printf 'a = 1 # one\\n' > /srv/x.toml").ok();
    let before = state();
    testbed.labkit("master", &["run", &small]).ok();
    let wanted = state();
    testbed.labkit("master", &["undo", "small"]).ok();
    assert_same(&before, &state(), "after undo");
    let mut steps = 0;
    for (call, first, step) in calls {
        for n in (*first..).step_by(*step) {
            // Killed while it runs, and brought back by undo alone.
            let killed = testbed.killed_at("master", call, n, &["run", &small]);
            testbed.labkit("master", &["undo", "small"]).ok();
            assert_same(&before, &state(), &format!("run killed at {call} {n}, then undo"));
            if !killed {
                break;
            }
            steps += 1;
            // Killed while it runs, and completed by another run.
            testbed.killed_at("master", call, n, &["run", &small]);
            testbed.labkit("master", &["run", &small]).ok();
            assert_same(&wanted, &state(), &format!("run killed at {call} {n}, then run"));
            // Killed while it is undone, and completed by another undo.
            testbed.killed_at("master", call, n, &["undo", "small"]);
            testbed.labkit("master", &["undo", "small"]).ok();
            assert_same(&before, &state(), &format!("undo killed at {call} {n}, then undo"));
        }
    }
    assert!(steps > 15, "only {steps} steps were found");
}

/// The notes in two tests, which run at the same time.
#[test]
fn killed_at_any_odd_note_run_completes_and_undo_gives_back() {
    killed_at(&[("fdatasync", 1, 2)]);
}

/// Programs are begun all the time, also to look, and most names follow a note: of those some will do.
#[test]
fn killed_at_any_even_note_name_or_program_run_completes_and_undo_gives_back() {
    killed_at(&[("fdatasync", 2, 2), ("rename", 1, 4), ("clone3", 1, 6)]);
}

#[test]
fn a_unit_runs_with_what_its_files_hold_also_after_undo_and_after_another_run() {
    let Some(testbed) = Testbed::up(1) else { return };
    let unit = "[Unit]\nStartLimitIntervalSec=0\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/cp /etc/reader.conf /run/read\n";
    testbed.sh("master", &format!("printf '{unit}' > /etc/systemd/system/reader.service; echo theirs > /etc/reader.conf; systemctl start reader")).ok();
    let recipe = "--- Does it read?\nhost.file { path = \"/etc/reader.conf\", content = \"ours\\n\" }\n\
                  host.service { unit = \"reader.service\", reads = \"/etc/reader.conf\" }\n";
    let recipe = testbed.recipe("master", "reader.lua", recipe);
    let read = || testbed.sh("master", "cat /run/read").ok();
    for round in 0..2 {
        let said = testbed.labkit("master", &["run", &recipe]);
        assert!(said.err.contains("\n2 changed"), "{round}: {}", said.err);
        assert_eq!(read(), "ours\n", "{round}");
        assert!(testbed.labkit("master", &["run", &recipe]).err.starts_with("nothing to do"), "{round}");
        testbed.labkit("master", &["undo", "reader"]).ok();
        assert_eq!(read(), "theirs\n", "{round}");
    }
    // Stopped between what it reads and the unit, undo is not over.
    testbed.labkit("master", &["run", &recipe]).ok();
    assert!(testbed.killed_at("master", "fdatasync", 2, &["undo", "reader"]));
    testbed.labkit("master", &["undo", "reader"]).ok();
    assert_eq!(read(), "theirs\n");
}

#[test]
fn swap_is_off_now_and_at_boot_and_comes_back() {
    let Some(testbed) = Testbed::up_alone(1) else { return };
    let make = "dd if=/dev/zero of=/var/tmp/plain/swap bs=1M count=16 status=none; chmod 0600 /var/tmp/plain/swap
                mkswap -q /var/tmp/plain/swap; swapon /var/tmp/plain/swap
                printf '/var/tmp/plain/swap none swap sw 0 0\\ntmpfs /srv tmpfs noauto\\n' >> /etc/fstab";
    testbed.sh("master", make).ok();
    let swaps = || testbed.sh("master", "grep -c plain/swap /proc/swaps || :; cat /etc/fstab").ok();
    let before = swaps();
    assert!(before.starts_with("1\n"), "{before}");
    let recipe = testbed.recipe("master", "swap.lua", "--- Is it off?\nhost.no_swap {}\n");
    for by in [&["labkit", "run", &recipe][..], &["sh", "-ec", &format!("labkit explain {recipe} | sh -e")]] {
        testbed.exec("master", by).ok();
        let off = swaps();
        assert!(off.starts_with("0\n") && off.contains("\n# labkit put aside: /var/tmp/plain/swap none"), "{off}");
        assert!(testbed.labkit("master", &["run", &recipe]).err.starts_with("nothing to do"));
        // Only labkit's own work can be undone by it.
        if by[0] == "labkit" {
            testbed.labkit("master", &["undo", "swap"]).ok();
            assert_eq!(swaps(), before);
        }
    }
}

#[test]
fn killed_while_dpkg_unpacks_run_repairs_and_undo_gives_back() {
    let Some(testbed) = Testbed::up(1) else { return };
    let text = "--- Are packages safe?\nhost.packages { install = { \"chrony\", \"jq\" } }\n";
    let recipe = testbed.recipe("master", "apt.lua", text);
    let before = testbed.state("master");
    for (how, back) in [("undo", &["undo", "apt"][..]), ("run", &["run", &recipe])] {
        // labkit, apt-get and dpkg, in the middle of things.
        let script = format!(
            "labkit run {recipe} & pid=$!
             until pgrep -x dpkg >/dev/null && ls /var/lib/dpkg/tmp.ci/* /var/lib/dpkg/updates/* >/dev/null 2>&1; do
                 kill -0 $pid 2>/dev/null || exit 9
             done
             pkill -9 -x labkit; pkill -9 -x apt-get; pkill -9 -x dpkg; wait $pid || true"
        );
        testbed.sh("master", &script);
        testbed.labkit("master", back).ok();
        if how == "run" {
            assert_eq!(
                testbed.sh("master", "dpkg --audit; dpkg-query -W -f '${Status}' jq").ok(),
                "install ok installed"
            );
            testbed.labkit("master", &["undo", "apt"]).ok();
        }
        assert_same(&before, &testbed.state("master"), &format!("killed in dpkg, then {how}"));
    }
}

#[test]
fn what_goes_wrong_is_named_with_its_remedy() {
    let Some(testbed) = Testbed::up(1) else { return };
    let run = |text: &str, more: &[&str]| {
        let recipe = testbed.recipe("master", "bad.lua", &format!("--- Is it told?\n{text}\n"));
        testbed.labkit("master", &[&["run", &recipe], more].concat())
    };
    let refused = |text: &str, words: &[&str]| {
        let said = run(text, &[]);
        assert_eq!(said.code, Some(1), "{text}: {}{}", said.out, said.err);
        words.iter().for_each(|words| assert!(said.err.contains(words), "{words}: {}", said.err));
    };
    refused(
        r#"host.packages { install = "jq=9.9" }"#,
        &["bad.lua:2: host.packages: packages jq=9.9: there is no version 9.9 of package `jq`", "hint: there is 1."],
    );
    refused(r#"host.packages { install = "chronny" }"#, &["there is no package `chronny`", "did you mean `chrony`?"]);
    refused(r#"host.sysctl { values = { ["net.ipv4.forward"] = 1 } }"#, &["the kernel has no such setting"]);
    refused(
        r#"host.sysctl { values = { ["net.ipv4.ip_forward"] = "many" } }"#,
        &["set `net.ipv4.ip_forward` to `many`"],
    );
    refused(
        r#"host.module "no_such"'"#.trim_end_matches('\''),
        &["kernel module no_such: `modprobe no_such` ended", "not found"],
    );
    refused(r#"host.service { unit = "no-such.service" }"#, &["systemd knows no such unit"]);
    // A unit that does not come up, with its journal.
    testbed.sh("master", "printf '[Service]\nExecStart=/bin/sh -c \"echo the reason; exit 3\"\nType=oneshot\n' > /etc/systemd/system/bad.service").ok();
    refused(r#"host.service { unit = "bad.service" }"#, &["`systemctl start -- bad.service` ended", "the reason"]);
    // A file that somebody else changed.
    let file = r#"host.file { path = "/etc/motd", content = "ours\n" }"#;
    run(file, &[]).ok();
    testbed.sh("master", "echo theirs >> /etc/motd").ok();
    refused(file, &["file /etc/motd: somebody else changed it since labkit wrote it", "--force"]);
    assert_eq!(testbed.sh("master", "tail -n 1 /etc/motd").ok(), "theirs\n");
    run(file, &["--force"]).ok();
    assert_eq!(testbed.sh("master", "cat /etc/motd").ok(), "ours\n");
    let block = r#"host.block { path = "/etc/issue", name = "x", content = "inside\n" }"#;
    run(block, &[]).ok();
    testbed.sh("master", "sed -i s/inside/theirs/ /etc/issue; echo around >> /etc/issue").ok();
    refused(block, &["lines x of /etc/issue: somebody else changed it since labkit wrote it", "--force"]);
    let said = testbed.labkit("master", &["undo", "bad"]);
    assert!(said.code == Some(1) && said.err.contains("the lines `x` of `/etc/issue` were changed by"), "{}", said.err);
    testbed.labkit("master", &["undo", "bad", "--force"]).ok();
    testbed.sh("master", "grep -q around /etc/issue && ! grep -q theirs /etc/issue").ok();
    // A disk that is mounted read-only.
    testbed.sh("master", "mount -t tmpfs -o ro tmpfs /srv").ok();
    refused(r#"host.file { path = "/srv/x", content = "" }"#, &["Read-only file system", "remount,rw"]);
    testbed.sh("master", "umount /srv && mount -t tmpfs -o size=64k tmpfs /srv").ok();
    refused(
        r#"host.file { path = "/srv/x", content = string.rep("x", 100000) }"#,
        &["No space left on device", "free some space on that disk"],
    );
    assert_eq!(testbed.sh("master", "ls -A /srv; umount /srv").ok(), "");
    // Two at once: the second names the first.
    let slow = r#"--- Does it wait?
host.run { argv = { "sh", "-c", "touch /run/began; until [ -e /run/go ]; do sleep 0.1; done" }, creates = "/run/go", undo = {} }
"#;
    let slow = testbed.recipe("master", "slow.lua", slow);
    let script = format!(
        "labkit run {slow} & until [ -e /run/began ]; do kill -0 $!; done; code=0
         labkit run /var/tmp/bad.lua || code=$?; touch /run/go; wait $!; exit $code"
    );
    let said = testbed.sh("master", &script);
    assert!(
        said.code == Some(1) && said.err.contains("another labkit is changing this machine: process "),
        "{}",
        said.err
    );
    // What a killed labkit had begun is waited for.
    let script = format!(
        "rm /run/go /run/began; labkit run {slow} & until [ -e /run/began ]; do kill -0 $!; done; kill -9 $!; wait $! || true
         labkit undo slow & touch /run/go; wait $!; test -e /run/go"
    );
    testbed.sh("master", &script).ok();
}

#[test]
fn apt_waits_for_others_and_tells_what_a_mirror_does_wrong() {
    let Some(testbed) = Testbed::up(1) else { return };
    let recipe = testbed.recipe("master", "apt.lua", "--- Does it come?\nhost.packages { install = \"tree\" }\n");
    let before = testbed.state("master");
    // Another package manager at work, which ends after a while.
    let script = format!(
        "perl -e 'use Fcntl; open(my $f, \">\", \"/var/lib/dpkg/lock-frontend\"); \
             fcntl($f, F_SETLK, pack(\"s s l! l! i\", F_WRLCK, 0, 0, 0, 0)) or die $!; print \"held\\n\"; close(STDOUT); sleep 3' | head -n 1
         labkit run {recipe}"
    );
    testbed.sh("master", &script).ok();
    testbed.labkit("master", &["undo", "apt"]).ok();
    assert_same(&before, &testbed.state("master"), "after undo");
    // A mirror that drops the line in every package.
    std::fs::write(testbed.home().join("fault"), "drop\n").unwrap();
    testbed.sh("master", "apt-get clean").ok();
    let said = testbed.labkit("master", &["run", &recipe]);
    std::fs::remove_file(testbed.home().join("fault")).unwrap();
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.err.contains("packages tree: ") && said.err.contains("Failed to fetch"), "{}", said.err);
    // Nothing is left half done: it goes on where it stopped.
    testbed.labkit("master", &["run", &recipe]).ok();
    // A package that is to go comes back.
    let there = testbed.state("master");
    let text = "--- Does it go?\nhost.packages { remove = { \"tree\", \"vim\" } }\n";
    let removal = testbed.recipe("master", "gone.lua", text);
    let said = testbed.labkit("master", &["run", &removal]);
    assert!(said.code == Some(0) && said.err.contains("remove 1"), "{}", said.err);
    assert!(testbed.labkit("master", &["run", &removal]).err.starts_with("nothing to do"));
    testbed.labkit("master", &["undo", "gone"]).ok();
    assert_same(&there, &testbed.state("master"), "after undo of a removal");
    testbed.labkit("master", &["undo", "apt"]).ok();
    assert_same(&before, &testbed.state("master"), "after undo");
}

#[test]
fn an_archive_is_only_trusted_by_its_own_key_while_that_is_good() {
    let Some(testbed) = Testbed::up(1) else { return };
    let before = testbed.state("master");
    let refused = |archive: &str, words: &str| {
        let text = format!("--- Is it trusted?\n{archive}host.packages {{ install = \"good\" }}\n");
        let recipe = testbed.recipe("master", "trust.lua", &text);
        let said = testbed.labkit("master", &["run", &recipe]);
        assert!(said.code == Some(1) && said.err.contains(words), "{words}: {}", said.err);
        // The archive is not there for the next apt to stumble over.
        testbed.labkit("master", &["undo", "trust"]).ok();
        assert_same(&before, &testbed.state("master"), "after undo");
    };
    let good = Package { name: "good", version: "1", needs: "", postinst: "exit 0", file: ("usr/share/good/file", 10) };
    let archive = testbed.archive("other", &[good], &["--expired"]);
    refused(&archive, "the archive's key has expired");
    let (head, key) = archive.split_once("[[").unwrap();
    let own = testbed.archive("own", &[], &[]);
    let (_, other_key) = own.split_once("[[").unwrap();
    assert_ne!(key, other_key);
    refused(&format!("{head}[[{other_key}"), "another key than the one that is trusted");
}

#[test]
fn packages_that_break_off_are_finished_when_the_cause_is_gone() {
    let Some(testbed) = Testbed::up(1) else { return };
    let before = testbed.state("master");
    let packages = [
        Package {
            name: "half",
            version: "1",
            needs: "",
            postinst: "echo why it fails; test -e /var/tmp/mended",
            file: ("usr/share/half/file", 10),
        },
        Package {
            name: "large",
            version: "1",
            needs: "",
            postinst: "exit 0",
            file: ("usr/share/large/file", 3_000_000),
        },
    ];
    let archive = testbed.archive("broken", &packages, &[]);
    let attempt = |name: &str| {
        let text = format!("--- Is it finished?\n{archive}host.packages {{ install = \"{name}\" }}\n");
        let recipe = testbed.recipe("master", "broken.lua", &text);
        testbed.labkit("master", &["run", &recipe])
    };
    // A package whose own script fails leaves dpkg half way.
    let said = attempt("half");
    assert!(said.code == Some(1) && said.err.contains("packages half: "), "{}", said.err);
    assert!(said.err.contains("half"), "{}", said.err);
    testbed.sh("master", "touch /var/tmp/mended").ok();
    attempt("half").ok();
    testbed.sh("master", "rm /var/tmp/mended").ok();
    testbed.labkit("master", &["undo", "broken"]).ok();
    assert_same(&before, &testbed.state("master"), "after undo");
    // A disk that fills while it is unpacked.
    testbed.sh("master", "mkdir /usr/share/large && mount -t tmpfs -o size=1m tmpfs /usr/share/large").ok();
    let said = attempt("large");
    assert!(said.code == Some(1) && said.err.contains("hint: free some space"), "{}", said.err);
    testbed.sh("master", "umount /usr/share/large && rmdir /usr/share/large").ok();
    attempt("large").ok();
    testbed.labkit("master", &["undo", "broken"]).ok();
    assert_same(&before, &testbed.state("master"), "after undo");
}

#[test]
fn ctrl_c_stops_after_the_operation_and_a_clock_that_jumps_changes_nothing() {
    let Some(testbed) = Testbed::up(1) else { return };
    let text = r#"--- Does it stop in time?
host.packages { install = { "chrony", "jq" } }
host.file { path = "/etc/chrony/conf.d/x.conf", content = "local stratum 9\n" }
host.service { unit = "chrony.service", reads = "/etc/chrony/conf.d/x.conf" }
"#;
    let recipe = testbed.recipe("master", "stop.lua", text);
    let script = format!(
        "labkit run {recipe} 2>/var/tmp/said & pid=$!
         until pgrep -x -a dpkg | grep -q status-fd; do kill -0 $pid || exit 9; done
         kill -INT $pid; code=0; wait $pid || code=$?; cat /var/tmp/said; rm /var/tmp/said; dpkg --audit; exit $code"
    );
    let said = testbed.sh("master", &script);
    assert_eq!(said.code, Some(130), "{}{}", said.out, said.err);
    assert!(
        said.out.contains("changed   packages chrony jq") && said.out.contains("`labkit run stop` goes on"),
        "{}",
        said.out
    );
    testbed.labkit("master", &["run", &recipe]).ok();
    testbed.sh("master", "touch -d 2031-01-01 /etc/chrony/conf.d/x.conf").ok();
    let again = testbed.labkit("master", &["run", &recipe]);
    assert!(again.err.starts_with("nothing to do"), "{}", again.err);
    testbed.sh("master", "systemctl restart chrony.service").ok();
    assert!(testbed.labkit("master", &["run", &recipe]).err.starts_with("nothing to do"));
}
