//! Booted Debian machines (tests/testbed): started once for a test, looked at from outside, taken down in any case.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, MutexGuard, PoisonError, TryLockError},
    thread,
    time::Duration,
};

use super::{LABKIT, Said, require};

/// Testbeds beside each other: in each, machines have the same names and addresses. While those of one wait, as machines
/// do most of the time, those of the other work.
static SEATS: [Mutex<()>; 2] = [Mutex::new(()), Mutex::new(())];

/// Machines that are up as long as this is.
pub struct Testbed {
    /// What its names end with; nothing for the first.
    number: &'static str,
    _seats: Vec<MutexGuard<'static, ()>>,
    /// Or on their way.
    are_up: bool,
}

fn setting(name: &str, usual: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| usual.to_owned())
}

impl Testbed {
    /// Boots fresh machines with this labkit on them, a description of the lab and a secret. None, loudly, where that
    /// cannot be; a failure where LABKIT_REQUIRE names `testbed`.
    pub fn up(count: usize) -> Option<Testbed> {
        Testbed::free().boot(count, &[])
    }

    /// The same with no other testbed beside it: the kernel, which is one for all, has one swap.
    pub fn up_alone(count: usize) -> Option<Testbed> {
        Testbed::only().boot(count, &[])
    }

    /// Fresh machines that know an archive of Kubernetes, and have a disk for a cluster.
    pub fn up_with_kubernetes(count: usize) -> Option<Testbed> {
        Testbed::free().boot(count, &["--kubernetes"])
    }

    fn boot(mut self, count: usize, more: &[&str]) -> Option<Testbed> {
        let said: Said = self.script("up").arg(count.to_string()).args(more).output().unwrap().into();
        // What cannot be had here is told before anything is made.
        let lacks = said.err.contains("it needs root") || said.err.contains("not installed: ");
        if !require("testbed", !lacks, &said.err) {
            return None;
        }
        self.are_up = true;
        said.ok();
        for name in NAMES.iter().take(count) {
            self.equip(name);
        }
        Some(self)
    }

    /// Waits until nobody uses one.
    fn free() -> Testbed {
        loop {
            for (seat, number) in SEATS.iter().zip(["", "-2"]) {
                let seat = match seat.try_lock() {
                    Ok(seat) => seat,
                    Err(TryLockError::Poisoned(seat)) => seat.into_inner(),
                    Err(TryLockError::WouldBlock) => continue,
                };
                return Testbed { number, _seats: vec![seat], are_up: false };
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits until nobody uses any.
    fn only() -> Testbed {
        let seats = SEATS.iter().map(|seat| seat.lock().unwrap_or_else(PoisonError::into_inner));
        Testbed { number: "", _seats: seats.collect(), are_up: false }
    }

    /// One of tests/testbed, for these machines.
    pub fn script(&self, name: &str) -> Command {
        let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testbed").join(name));
        command.env("LABKIT_TESTBED", self.home()).env("LABKIT_TESTBED_PREFIX", self.prefix());
        command
    }

    /// Where all is that belongs to it.
    pub fn home(&self) -> PathBuf {
        PathBuf::from(setting("LABKIT_TESTBED", "/var/tmp/labkit-testbed") + self.number)
    }

    fn prefix(&self) -> String {
        setting("LABKIT_TESTBED_PREFIX", "labkit") + self.number
    }

    /// The network namespace of a machine, by its name on this one.
    pub fn netns(&self, machine: &str) -> String {
        format!("{}-{machine}", self.prefix())
    }

    fn equip(&self, machine: &str) {
        let root = self.root(machine);
        fs::copy(LABKIT, root.join("usr/local/bin/labkit")).unwrap();
        fs::create_dir_all(root.join("etc/labkit")).unwrap();
        fs::write(root.join("etc/labkit/lab.toml"), LAB).unwrap();
        fs::write(root.join("etc/labkit/secret"), format!("{}\n", "5a".repeat(32))).unwrap();
        self.sh(machine, "chmod 0600 /etc/labkit/secret").ok();
    }

    /// The machine's files, as they are from outside.
    pub fn root(&self, machine: &str) -> PathBuf {
        self.home().join("machines").join(machine).join("root")
    }

    pub fn exec(&self, machine: &str, argv: &[&str]) -> Said {
        self.script("exec").arg(machine).args(argv).output().unwrap().into()
    }

    /// Switches it off and on again.
    pub fn reboot(&self, machine: &str) {
        Said::from(self.script("off").arg(machine).output().unwrap()).ok();
        self.switch_on(machine);
    }

    pub fn pull_plug(&self, machine: &str) {
        Said::from(self.script("off").args(["--plug", machine]).output().unwrap()).ok();
    }

    pub fn switch_on(&self, machine: &str) {
        Said::from(self.script("on").arg(machine).output().unwrap()).ok();
    }

    pub fn sh(&self, machine: &str, script: &str) -> Said {
        self.exec(machine, &["sh", "-ec", script])
    }

    /// Has the kernel kill the machine's hpcc for want of memory: the limit of its control group is lowered as far as it goes,
    /// and is as before once hpcc is dead. The first version of control groups lets it go on until it wants more.
    pub fn leave_no_memory(&self, machine: &str) {
        let script = r#"pid=$(pgrep -x hpcc)
            group=$(sed -n 's|^[0-9]*:memory:|/sys/fs/cgroup/memory|p' /proc/$pid/cgroup)
            limit=memory.limit_in_bytes usage=memory.usage_in_bytes
            if [ -z "$group" ]; then
                group=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/$pid/cgroup) limit=memory.max usage=memory.current
                while [ "$group" ] && ! [ -e "$group/$limit" ]; do group=${group%/*}; done
            fi
            is_alive() { grep -qs '^State:[^A-Z]*[^ZX[:space:]] ' /proc/$pid/status; }
            before=$(cat "$group/$limit") bytes=$(cat "$group/$usage")
            while is_alive && echo $bytes >"$group/$limit"; do bytes=$((bytes / 16 * 15)); done 2>/dev/null
            for n in $(seq 600); do is_alive || break; sleep 0.1; done
            echo "$before" >"$group/$limit"
            ! is_alive"#;
        self.sh(machine, script).ok();
    }

    pub fn labkit(&self, machine: &str, arguments: &[&str]) -> Said {
        self.exec(machine, &[&["labkit"], arguments].concat())
    }

    /// labkit, killed by SIGKILL as it enters its `n`th call of `call`; true where it came that far. Programs that it runs
    /// are not killed at calls of theirs.
    pub fn killed_at(&self, machine: &str, call: &str, n: usize, arguments: &[&str]) -> bool {
        let (trace, inject) = (format!("trace={call}"), format!("inject={call}:signal=SIGKILL:when={n}"));
        let argv = ["strace", "-qqq", "-o", "/dev/null", "-e", &trace, "-e", &inject, "labkit"];
        let said = self.exec(machine, &[&argv, arguments].concat());
        // strace ends itself by the signal that ended the program.
        said.code != Some(0)
    }

    /// All that a machine is: files, packages, kernel settings, units, names.
    pub fn state(&self, machine: &str) -> String {
        self.state_below(machine, "/")
    }

    /// The same with the files below these directories only, which takes a tenth of the time.
    pub fn state_below(&self, machine: &str, directories: &str) -> String {
        self.sh(machine, &STATE.replace("BELOW", directories)).ok()
    }

    /// Another archive on the mirror, of packages made here; gives its `host.archive` call.
    pub fn archive(&self, name: &str, packages: &[Package], more: &[&str]) -> String {
        let dir = tempfile::tempdir().unwrap();
        let debs: Vec<PathBuf> = packages.iter().map(|package| package.build(dir.path())).collect();
        let said: Said = self.script("archive").arg(name).args(more).args(debs).output().unwrap().into();
        format!(
            "host.archive {{ name = \"{name}\", uris = \"http://192.168.56.1:8080/{name}\", suites = \"lab\", \
             components = \"main\", key = [[{}]] }}\n",
            said.ok()
        )
    }

    /// A recipe where the machine's state does not count; gives its path.
    pub fn recipe(&self, machine: &str, name: &str, text: &str) -> String {
        let path = Path::new("var/tmp").join(name);
        fs::write(self.root(machine).join(&path), text).unwrap();
        format!("/{}", path.display())
    }
}

/// A package made for a test: a script that configures it, and a file of so many bytes.
pub struct Package {
    pub name: &'static str,
    pub version: &'static str,
    /// Another package; none where it is empty.
    pub needs: &'static str,
    pub postinst: &'static str,
    /// Path from the root, and bytes.
    pub file: (&'static str, usize),
}

impl Package {
    /// Makes it in a directory; gives its file.
    pub fn build(&self, dir: &Path) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let root = dir.join(self.name);
        let file = root.join(self.file.0);
        fs::create_dir_all(root.join("DEBIAN")).unwrap();
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        // What does not compress fills a disk.
        let mut noise = 1u32;
        let bytes = (0..self.file.1).map(|_| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (noise >> 24) as u8
        });
        fs::write(file, bytes.collect::<Vec<u8>>()).unwrap();
        let needs = if self.needs.is_empty() { String::new() } else { format!("Depends: {}\n", self.needs) };
        let control = format!(
            "Package: {}\nVersion: {}\n{needs}Architecture: all\nMaintainer: nobody <nobody@example.org>\nDescription: test\n",
            self.name, self.version
        );
        fs::write(root.join("DEBIAN/control"), control).unwrap();
        let postinst = root.join("DEBIAN/postinst");
        fs::write(&postinst, format!("#!/bin/sh\n{}\n", self.postinst)).unwrap();
        fs::set_permissions(&postinst, fs::Permissions::from_mode(0o755)).unwrap();
        let deb = dir.join(format!("{}_{}.deb", self.name, self.version));
        let built =
            Command::new("dpkg-deb").args(["--build", "--root-owner-group"]).arg(&root).arg(&deb).output().unwrap();
        Said::from(built).ok();
        deb
    }
}

impl Drop for Testbed {
    fn drop(&mut self) {
        if !self.are_up {
            return;
        }
        let said: Said = self.script("down").output().unwrap().into();
        if said.code != Some(0) && !std::thread::panicking() {
            unreachable!("tests/testbed/down: {}", said.err);
        }
    }
}

pub const NAMES: [&str; 3] = ["master", "node01", "node02"];

/// The lab that the machines are of.
pub const LAB: &str = include_str!("../testbed/lab.toml");

/// Left out is what a machine writes down by itself: logs, caches, lists of archives, random seeds and time stamps, the
/// drift of its clock, the copies that Debian's tools keep of the version before of passwd, of dpkg's account and of
/// ucf's, and where dpkg takes a package apart, which the next one clears; and the units that run at the first boot only.
const STATE: &str = r#"
files() {
    find BELOW -xdev \( -path /proc -o -path /sys -o -path /run -o -path /dev -o -path /tmp -o -path /var/tmp -o -path /var/log \
        -o -path /var/cache -o -path /var/lib/apt -o -path /var/lib/systemd -o -path /var/lib/labkit \
        -o -path /etc/passwd- -o -path /etc/group- -o -path /etc/shadow- -o -path /etc/gshadow- -o -path '/etc/sub?id-' \
        -o -path /var/lib/chrony/chrony.drift -o -path /var/lib/dpkg/tmp.ci -o -path /var/lib/dpkg/lock -o -path '/var/lib/dpkg/*-old' -o -path '/var/lib/ucf/*.[0-9]' \) -prune -o "$@"
}
files -printf '%p %y %m %U:%G %l\n' | sort
files -type f -exec b2sum {} + | sort
dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\n'
echo held; apt-mark showhold
echo auto; apt-mark showauto | sort
sysctl -a 2>/dev/null | grep -vE '^(kernel\.random|fs\.(dentry|inode|file)-|fs\.quota\.|kernel\.(pty\.nr|ns_last_pid)|net.*_count|net\.ipv4\.tcp_fastopen_key|net\.core\.flow_limit|net\.(ipv4|ipv6)\.(neigh|conf)\.)' | sort
systemctl list-unit-files --no-legend --no-pager | awk '{ print $1, $2 }'
systemctl list-units --no-legend --no-pager --plain --type=service,socket,timer | awk '{ print $1, $3, $4 }' |
    grep -vE '^(user|session|run-|ldconfig|systemd-(hostnamed|timedated|journal-catalog-update|sysusers|update-done))'
hostname
cat /proc/swaps
"#;

/// Fails with the lines that differ.
#[track_caller]
pub fn assert_same(before: &str, after: &str, when: &str) {
    let only = |one: &str, other: &str, mark: &str| -> String {
        let there: std::collections::HashSet<&str> = other.lines().collect();
        one.lines().filter(|line| !there.contains(line)).take(20).map(|line| format!("{mark} {line}\n")).collect()
    };
    let differs = before.lines().zip(after.lines()).find(|(one, other)| one != other);
    assert!(
        before == after,
        "{when}: the machine is another, first in {differs:?}\n{}{}",
        only(before, after, "-"),
        only(after, before, "+")
    );
}
