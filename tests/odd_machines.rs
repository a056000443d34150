//! Machines that are not as a recipe would like them: what was there before is there after undo, and nothing else is lost.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use support::{
    Said,
    testbed::{Package, Testbed, assert_same},
};

/// The one machine of these tests, and recipes on it.
struct Odd(Testbed);

impl Odd {
    fn up() -> Option<Odd> {
        Testbed::up(1).map(Odd)
    }

    fn sh(&self, script: &str) -> String {
        self.0.sh("master", script).ok()
    }

    /// A recipe of these calls, by its path.
    fn recipe(&self, name: &str, calls: &str) -> String {
        self.0.recipe("master", &format!("{name}.lua"), &format!("--- Is it safe?\n{calls}\n"))
    }

    fn labkit(&self, arguments: &[&str]) -> Said {
        self.0.labkit("master", arguments)
    }

    fn run(&self, name: &str, calls: &str) -> Said {
        self.labkit(&["run", &self.recipe(name, calls)])
    }

    /// Run, run again with nothing to do, undo: what `look` prints is as before.
    #[track_caller]
    fn there_and_back(&self, calls: &str, look: &str) {
        let before = self.sh(look);
        self.run("there", calls).ok();
        assert_ne!(self.sh(look), before, "{calls}: it does nothing");
        let second = self.run("there", calls);
        assert!(second.err.starts_with("nothing to do"), "{calls}: {}", second.err);
        self.labkit(&["undo", "there"]).ok();
        assert_same(&before, &self.sh(look), calls);
    }

    #[track_caller]
    fn refused(&self, said: &Said, words: &[&str]) {
        assert!(said.code != Some(0), "{}", said.out);
        words.iter().for_each(|words| assert!(said.err.contains(words), "{words}: {}", said.err));
    }
}

#[test]
fn users_keep_what_is_theirs() {
    let Some(odd) = Odd::up() else { return };
    odd.sh("useradd -m bob; echo precious > /home/bob/data; userdel bob");
    odd.there_and_back("host.user \"bob\"", "cat /home/bob/data; id bob 2>&1 || :");
    odd.sh("useradd -m -s /bin/sh ann");
    odd.there_and_back(
        "host.user { name = \"ann\", shell = \"/bin/bash\", groups = \"sudo\" }",
        "getent passwd ann; id -Gn ann",
    );
    // What failed was never made, and is not for undo to take away when somebody else makes it.
    odd.sh("groupadd dan");
    let said = odd.run("dan", "host.user \"dan\"");
    odd.refused(&said, &["nothing was changed", "useradd"]);
    odd.sh("useradd -m -g dan dan");
    assert!(odd.labkit(&["undo", "dan"]).ok().contains("nothing to undo"));
    odd.sh("id dan; test -d /home/dan");
    let said = odd.run("bad", "host.file { path = \"/srv/x\", content = \"\", owner = \"4294967295\" }");
    odd.refused(&said, &["`4294967295` is no number of a user"]);
}

#[test]
fn files_come_back_to_the_last_byte() {
    let Some(odd) = Odd::up() else { return };
    let look = "for f in /srv/*; do test ! -f $f || { ls -l $f; od -c $f; }; done; stat -c '%n %a %U' /srv/* 2>&1 || :";
    odd.sh("printf last > /srv/f");
    odd.there_and_back("host.block { path = \"/srv/f\", name = \"x\", content = \"one\\n\" }", look);
    odd.there_and_back("host.line { path = \"/srv/f\", line = \"one\" }", look);
    // A file that two blocks made goes with the second of them, in either order.
    for order in [["a", "b"], ["b", "a"]] {
        for name in ["a", "b"] {
            odd.run(name, &format!("host.block {{ path = \"/srv/new\", name = \"{name}\", content = \"{name}\\n\" }}"))
                .ok();
        }
        order.iter().for_each(|name| drop(odd.labkit(&["undo", name]).ok()));
        odd.sh("test ! -e /srv/new");
    }
    // A mark without its end is told, and nothing behind it is lost.
    odd.sh("printf '# labkit x begin\nmine\n' > /srv/torn");
    let said = odd.run("torn", "host.block { path = \"/srv/torn\", name = \"x\", content = \"one\\n\" }");
    odd.refused(&said, &["line 1: the mark `# labkit x begin` is not one of a pair", "nothing was changed"]);
    assert_eq!(odd.sh("cat /srv/torn"), "# labkit x begin\nmine\n");
    // Links are named, not followed and not replaced.
    odd.sh("ln -s f /srv/link");
    let said = odd.run("link", "host.line { path = \"/srv/link\", line = \"one\" }");
    odd.refused(&said, &["it is a link to `f`", "name the file itself"]);
    odd.refused(&odd.run("link", "host.directory \"/bin\""), &["it is a link to `usr/bin`"]);
    // A file that is written twice in one recipe would never come to rest.
    let twice = "host.file { path = \"/srv/t\", content = \"\" }\nhost.line { path = \"/srv/t\", line = \"x\" }";
    odd.refused(&odd.run("twice", twice), &["twice.lua:3: host.line: line in /srv/t", "twice.lua:2"]);
    odd.labkit(&["undo", "twice"]).ok();
    // Killed between the owner of a directory and its mode, or between a directory and the file in its place.
    odd.sh("mkdir -m 0755 /srv/d; chown vagrant /srv/d; mkdir /srv/e");
    let before = odd.sh(look);
    let calls =
        "host.directory { path = \"/srv/d\", mode = \"0700\" }\nhost.file { path = \"/srv/e\", content = \"e\\n\" }";
    let recipe = odd.recipe("kill", calls);
    let mut kills = 0;
    for call in ["lchown", "chmod", "mkdir", "rmdir", "renameat2", "fdatasync", "fsync"] {
        for n in 1.. {
            if !odd.0.killed_at("master", call, n, &["run", &recipe]) {
                break;
            }
            kills += 1;
            odd.labkit(&["undo", "kill"]).ok();
            assert_same(&before, &odd.sh(look), &format!("killed at {call} {n}"));
        }
        odd.labkit(&["undo", "kill"]).ok();
    }
    assert!(kills > 8, "only {kills} kills");
}

#[test]
fn kernel_settings_come_back_one_by_one() {
    let Some(odd) = Odd::up() else { return };
    let ports = "net.ipv4.ip_local_reserved_ports";
    odd.there_and_back(
        &format!("host.sysctl {{ values = {{ [\"{ports}\"] = \"8000-8002\" }} }}"),
        &format!("sysctl {ports}"),
    );
    // The kernel sets those of single devices along with the one for all.
    odd.sh("sysctl -qw net.ipv4.conf.lo.forwarding=1");
    odd.there_and_back(
        "host.sysctl { values = { [\"net.ipv4.ip_forward\"] = 1 } }",
        "sysctl -a 2>/dev/null | grep forward",
    );
    let said = odd.run("list", &format!("host.sysctl {{ values = {{ [\"{ports}\"] = \"9000,8000-8002,8001\" }} }}"));
    odd.refused(&said, &["the kernel makes `8000-8002,9000`", "nothing was changed"]);
    // Another recipe that set the same later comes first.
    let set = |value| format!("host.sysctl {{ values = {{ [\"net.ipv4.tcp_syncookies\"] = {value} }} }}");
    odd.run("one", &set(0)).ok();
    odd.run("two", &set(2)).ok();
    odd.refused(
        &odd.labkit(&["undo", "one"]),
        &["`two` changed it later, or relies on it", "labkit undo /var/tmp/two.lua comes first"],
    );
    odd.sh("sysctl -qw net.ipv4.tcp_syncookies=1");
    odd.refused(&odd.labkit(&["undo", "two"]), &["somebody else set `net.ipv4.tcp_syncookies` to `1`"]);
    odd.labkit(&["undo", "two", "--force"]).ok();
    odd.labkit(&["undo", "one"]).ok();
    assert_eq!(odd.sh("sysctl -n net.ipv4.tcp_syncookies; ls /etc/sysctl.d | grep -c labkit || :"), "1\n0\n");
}

#[test]
fn packages_keep_their_configuration_their_holds_and_their_marks() {
    let Some(odd) = Odd::up() else { return };
    let look = "dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\n'; apt-mark showhold; apt-mark showauto | sort; \
                ls /etc/chrony; md5sum /etc/chrony/chrony.conf";
    odd.run("first", "host.packages { install = { \"chrony\", \"conntrack\", \"jq\" } }").ok();
    odd.sh("echo '# mine' >> /etc/chrony/chrony.conf; apt-get -qy remove chrony >/dev/null; apt-mark auto conntrack; apt-mark hold jq");
    odd.there_and_back("host.packages { install = \"chrony\" }", look);
    odd.there_and_back("host.packages { remove = { \"conntrack\", \"jq\" } }", look);
    odd.sh("apt-mark unhold jq");
    let plan = odd.labkit(&["plan", &odd.recipe("dependents", "host.packages { remove = \"libjq1\" }")]);
    let words = ["remove 2", "jq, which needs what is to go"];
    assert!(words.iter().all(|words| plan.out.contains(words)), "{}{}", plan.out, plan.err);
    let both = "host.packages { install = \"tree\", remove = \"tree\" }";
    odd.refused(&odd.run("both", both), &["`tree` stands in `install` and in `remove`"]);
    // What no archive has would be gone for good; with --force the rest still comes back.
    let lost = Package { name: "lost", version: "1", needs: "", postinst: "exit 0", file: ("usr/share/lost", 1) };
    let deb = tempfile::tempdir().unwrap();
    std::fs::copy(lost.build(deb.path()), odd.0.root("master").join("var/tmp/lost.deb")).unwrap();
    odd.sh("dpkg -i /var/tmp/lost.deb");
    let recipe = odd.recipe("lost", "host.packages { remove = \"lost\", install = \"tree\" }");
    odd.refused(&odd.labkit(&["run", &recipe]), &["no archive has lost=1", "--force", "nothing was changed"]);
    odd.labkit(&["run", "--force", &recipe]).ok();
    odd.refused(&odd.labkit(&["undo", "lost"]), &["lost"]);
    odd.sh("! dpkg -s tree 2>/dev/null");
}

#[test]
fn units_run_what_their_files_say_now() {
    let Some(odd) = Odd::up() else { return };
    for bad in ["ssh*.service", "", "a b.service", "ssh"] {
        odd.refused(&odd.run("bad", &format!("host.service {{ unit = \"{bad}\" }}")), &["is no name of a unit"]);
    }
    let unit = |word: &str| {
        let text = format!(
            "[Service]\\nType=oneshot\\nRemainAfterExit=yes\\nExecStart=/bin/sh -c 'echo {word} > /run/said'\\n"
        );
        let path = "/etc/systemd/system/lk.service";
        format!(
            "host.file {{ path = \"{path}\", content = \"{text}\" }}\nhost.service {{ unit = \"lk.service\", reads = \"{path}\" }}"
        )
    };
    for word in ["one", "two"] {
        odd.run("unit", &unit(word)).ok();
        assert_eq!(odd.sh("cat /run/said; systemctl show -P NeedDaemonReload lk.service"), format!("{word}\nno\n"));
        assert!(odd.run("unit", &unit(word)).err.starts_with("nothing to do"));
    }
    odd.labkit(&["undo", "unit"]).ok();
    assert_eq!(odd.sh("systemctl show -P LoadState -P ActiveState lk.service"), "not-found\ninactive\n");
    // A service that says nothing of itself has to stay up.
    odd.sh("printf '[Service]\nExecStart=/bin/sh -c \"sleep 0.1; echo the reason; exit 3\"\n' > /run/systemd/system/short.service");
    odd.refused(
        &odd.run("short", "host.service { unit = \"short.service\" }"),
        &["it was started, and is failed", "the reason"],
    );
    // One that cannot be masked, since its file is where the mask would be.
    odd.sh("printf '[Service]\nExecStart=sleep infinity\n' > /etc/systemd/system/own.service; systemctl start own");
    let said = odd.run("mask", "host.service { unit = \"own.service\", masked = true }");
    odd.refused(&said, &["1 begun and not finished", "labkit undo mask"]);
    odd.labkit(&["undo", "mask"]).ok();
    assert_eq!(odd.sh("systemctl is-active own"), "active\n");
}

#[test]
fn what_is_left_running_keeps_nobody_waiting() {
    let Some(odd) = Odd::up() else { return };
    // A daemon with the pipes of the program that began it, and one with its lock alone.
    let calls = r#"host.run { argv = { "sh", "-c", "touch /run/one; sleep 1000 & echo $! > /run/pid" }, creates = "/run/one", undo = { "rm", "/run/one" } }
host.run { argv = { "sh", "-c", "touch /run/two; setsid sleep 1000 >/dev/null 2>&1 </dev/null & echo $! >> /run/pid; touch /run/two" }, creates = "/run/two", undo = { "rm", "/run/two" } }"#;
    let recipe = odd.recipe("daemon", calls);
    odd.sh(&format!("timeout 100 labkit run {recipe}; timeout 100 labkit undo daemon; kill $(cat /run/pid)"));
}

#[test]
fn a_full_disk_keeps_the_ledger_whole_and_undo_goes_on() {
    let Some(odd) = Odd::up() else { return };
    odd.sh("mount -t tmpfs -o size=256k tmpfs /srv");
    // The state is on the disk that the files fill.
    let calls = r#"for n = 1, 400 do host.file { path = "/srv/f" .. n, content = string.rep("x", 3000) } end"#;
    let recipe = odd.recipe("full", calls);
    let full = odd.0.sh("master", &format!("LABKIT_STATE=/srv/state labkit run {recipe}"));
    odd.refused(&full, &["No space left on device"]);
    let plan = odd.0.sh("master", &format!("LABKIT_STATE=/srv/state labkit plan {recipe}"));
    assert_eq!(plan.code, Some(3), "{}", plan.err);
    odd.sh("dd if=/dev/zero of=/srv/rest bs=1k 2>/dev/null || :");
    odd.sh("LABKIT_STATE=/srv/state labkit undo full && ! ls /srv/f* 2>/dev/null && rm /srv/rest");
    odd.sh("LABKIT_STATE=/srv/state labkit undo full | grep -q 'nothing to undo'; umount /srv");
}

#[test]
fn whose_change_it_is_is_not_mistaken() {
    let Some(odd) = Odd::up() else { return };
    odd.sh("mkdir /var/tmp/a /var/tmp/b");
    for dir in ["a", "b"] {
        odd.run(&format!("{dir}/same"), &format!("host.file {{ path = \"/srv/{dir}\", content = \"\" }}")).ok();
    }
    odd.refused(
        &odd.labkit(&["undo", "same"]),
        &["more than one recipe `same`", "/var/tmp/a/same.lua, /var/tmp/b/same.lua"],
    );
    odd.labkit(&["undo", "/var/tmp/b/same.lua"]).ok();
    odd.sh("test -e /srv/a && test ! -e /srv/b");
    odd.labkit(&["undo", "same"]).ok();
    // What one made and another relies on stays as long as either of them does.
    let calls = "host.packages { install = \"tree\" }\nhost.file { path = \"/srv/s\", content = \"\" }";
    odd.run("maker", calls).ok();
    assert!(odd.run("user", calls).err.starts_with("nothing to do"));
    odd.refused(&odd.labkit(&["undo", "maker"]), &["`user` changed it later, or relies on it", "comes first"]);
    odd.sh("test -e /srv/s; dpkg -s tree");
    odd.labkit(&["undo", "user"]).ok();
    odd.sh("test -e /srv/s; dpkg -s tree");
    odd.labkit(&["undo", "maker"]).ok();
    odd.sh("! test -e /srv/s; ! dpkg -s tree 2>/dev/null");
    // After a run with --force undo leads back to what somebody else had made of it.
    let file = "host.file { path = \"/srv/f\", content = \"ours\\n\" }";
    odd.run("force", file).ok();
    odd.sh("echo theirs > /srv/f");
    odd.labkit(&["run", "--force", &odd.recipe("force", file)]).ok();
    odd.labkit(&["undo", "force"]).ok();
    assert_eq!(odd.sh("cat /srv/f"), "theirs\n");
    // An ordinary user is told who could.
    odd.run("root", "host.file { path = \"/srv/r\", content = \"\" }").ok();
    let said = odd.0.sh("master", "runuser -u vagrant -- labkit undo root");
    odd.refused(&said, &["sudo labkit undo root"]);
    odd.labkit(&["undo", "root"]).ok();
    // A plan goes on where a thing is to come of what was planned before it.
    let calls = "host.user \"eve\"\nhost.file { path = \"/srv/eve\", content = \"\", owner = \"eve\" }";
    let plan = odd.labkit(&["plan", &odd.recipe("plan", calls)]);
    assert!(plan.code == Some(3) && plan.out.contains("not to be told before"), "{}{}", plan.out, plan.err);
    odd.run("plan", calls).ok();
    odd.labkit(&["undo", "plan"]).ok();
    odd.sh("! id eve 2>/dev/null && ! ls /srv/eve 2>/dev/null");
}

#[test]
fn recipes_that_meet_at_a_file_are_told_apart() {
    let Some(odd) = Odd::up() else { return };
    let file = "host.file { path = \"/srv/x\", content = \"file\\n\" }";
    let block = "host.block { path = \"/srv/x\", name = \"b\", content = \"block\\n\" }";
    odd.sh("echo original > /srv/x");
    odd.run("a", file).ok();
    odd.run("b", block).ok();
    odd.refused(&odd.run("a", file), &["`b` has lines in it", "labkit undo b comes first"]);
    odd.refused(&odd.labkit(&["undo", "a"]), &["`b` changed it later, or relies on it"]);
    odd.run("c", "host.line { path = \"/srv/x\", line = \"line\" }").ok();
    odd.refused(&odd.labkit(&["undo", "b"]), &["`c` changed it later"]);
    ["c", "b", "a"].iter().for_each(|name| drop(odd.labkit(&["undo", name]).ok()));
    assert_eq!(odd.sh("cat /srv/x"), "original\n");
    // One recipe that is edited from one to the other and back, also where the last line has no end.
    for calls in [file, block, file, "host.file { path = \"/srv/x\", content = \"no end\" }", block, file] {
        odd.run("edited", calls).ok();
    }
    odd.labkit(&["undo", "edited"]).ok();
    assert_eq!(odd.sh("cat /srv/x"), "original\n");
    // Lines of another recipe do not make the rest of a file its work.
    odd.run("b", block).ok();
    odd.run("c", "host.line { path = \"/srv/x\", line = \"original\" }").ok();
    odd.labkit(&["undo", "b"]).ok();
    odd.labkit(&["undo", "c"]).ok();
    // Twice the same is no contradiction.
    odd.run("same", &format!("{file}\n{file}\nhost.module \"overlay\"\nhost.module \"overlay\"")).ok();
    odd.labkit(&["undo", "same"]).ok();
}

#[test]
fn recipes_that_share_packages_or_a_name_are_undone_in_order() {
    let Some(odd) = Odd::up() else { return };
    let look = "dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\n'; ls /etc/apt/sources.list.d";
    let before = odd.sh(look);
    odd.run("a", "host.packages { install = \"tree\" }").ok();
    // Only a part of what it asks for is there already.
    odd.run("b", "host.packages { install = { \"tree\", \"jq\" } }").ok();
    odd.refused(&odd.labkit(&["undo", "a"]), &["`b` changed it later, or relies on it"]);
    odd.labkit(&["undo", "b"]).ok();
    odd.sh("dpkg -s tree; ! dpkg -s jq 2>/dev/null");
    odd.labkit(&["undo", "a"]).ok();
    // What was upgraded on the way goes at once, and not by way of a version that may be gone.
    let good =
        |version, needs| Package { name: "good", version, needs, postinst: "exit 0", file: ("usr/share/good", 1) };
    let new = Package { name: "new", version: "1", needs: "", postinst: "exit 0", file: ("usr/share/new", 1) };
    let archive = odd.0.archive("other", &[good("1", ""), good("2", "new"), new], &[]);
    for version in ["1", "2"] {
        odd.run("versions", &format!("{archive}host.packages {{ install = \"good={version}\" }}")).ok();
    }
    odd.sh("rm /var/cache/apt/archives/good_1*; true");
    std::fs::remove_dir_all(odd.0.home().join("mirror/other/pool")).unwrap();
    odd.labkit(&["undo", "versions"]).ok();
    assert_same(&before, &odd.sh(look), "after undo");
    // The recipe that is built in, and its source in a file.
    odd.sh("cd /var/tmp; labkit show node --source > node.lua; labkit run ./node.lua; labkit run node");
    odd.refused(&odd.labkit(&["undo", "/var/tmp/node.lua"]), &["`node` changed it later, or relies on it"]);
    odd.labkit(&["undo", "node"]).ok();
    odd.labkit(&["undo", "/var/tmp/node.lua"]).ok();
    assert_same(&before, &odd.sh(look), "after undo of both");
}

#[test]
fn a_lab_that_is_kept_keeps_nobody_from_the_machine() {
    let Some(odd) = Odd::up() else { return };
    let calls = "host.file { path = \"/srv/k\", content = \"\" }\nlocal a = net.ns \"a\"";
    let recipe = odd.recipe("kept", calls);
    odd.labkit(&["run", "--keep", &recipe]).ok();
    odd.sh("timeout 60 labkit undo kept; test ! -e /srv/k; labkit down");
}

#[test]
fn what_was_changed_again_and_again_comes_back_once() {
    let Some(odd) = Odd::up() else { return };
    let unit = "[Unit]\nStartLimitBurst=8\nStartLimitIntervalSec=1000\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n";
    odd.sh(&format!("printf '{unit}' > /etc/systemd/system/often.service; echo 0 > /srv/often; systemctl start often"));
    for n in 1..6 {
        let calls = format!(
            "host.file {{ path = \"/srv/often\", content = \"{n}\" }}\nhost.service {{ unit = \"often.service\", reads = \"/srv/often\" }}"
        );
        odd.run("often", &calls).ok();
    }
    odd.labkit(&["undo", "often"]).ok();
    assert_eq!(odd.sh("cat /srv/often; systemctl is-active often"), "0\nactive\n");
    // A setting that somebody else made another is told before it is lost.
    let set = "host.sysctl { values = { [\"net.ipv4.tcp_syncookies\"] = 0 } }";
    odd.run("my lab", set).ok();
    odd.sh("sysctl -qw net.ipv4.tcp_syncookies=2");
    odd.refused(&odd.run("my lab", set), &["somebody else set `net.ipv4.tcp_syncookies` to `2`", "--force"]);
    odd.sh("sysctl -qw net.ipv4.tcp_syncookies=0; test -e '/etc/sysctl.d/60-labkit-my-lab.conf'");
    odd.labkit(&["undo", "my lab"]).ok();
    assert_eq!(odd.sh("sysctl -n net.ipv4.tcp_syncookies"), "1\n");
    // A group that went is no reason to keep the user in the others.
    odd.sh("groupadd gone; useradd -m ann");
    odd.run("groups", "host.user { name = \"ann\", groups = { \"gone\", \"sudo\" } }").ok();
    odd.sh("groupdel gone");
    odd.labkit(&["undo", "groups"]).ok();
    assert_eq!(odd.sh("id -Gn ann"), "ann\n");
}
