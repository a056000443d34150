//! Control groups of pods, and processes in them that their runtime has forgotten: they go with the cluster.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

const CGROUPS: &str = "/sys/fs/cgroup";
/// What a kubelet calls the group of all pods, by each of its drivers.
const PODS: [&str; 2] = ["kubepods", "kubepods.slice"];
/// What containerd calls the parent of each container, and its own name for what the kubelet asked for.
const SHIM: (&str, &str) = ("containerd-shim", "k8s.io");
const LOOK: Duration = Duration::from_millis(50);
/// For the kernel to end a process that was killed.
const END: Duration = Duration::from_secs(10);

/// Ends what still runs in pods, and removes their groups. The kernel keeps one that something is left in.
pub fn remove() {
    let hierarchies = fs::read_dir(CGROUPS).into_iter().flatten().flatten().map(|entry| entry.path());
    let roots = hierarchies.chain([PathBuf::from(CGROUPS)]);
    let groups: Vec<PathBuf> = roots.flat_map(|root| PODS.map(|pods| root.join(pods))).collect();
    let deadline = Instant::now() + END;
    loop {
        let left: Vec<i32> = groups.iter().flat_map(|group| processes(group)).chain(shims()).collect();
        for pid in &left {
            // One that has ended by now is no error.
            let _ = kill(Pid::from_raw(*pid), Signal::SIGKILL);
        }
        if left.is_empty() || Instant::now() > deadline {
            break;
        }
        thread::sleep(LOOK);
    }
    groups.iter().for_each(|group| remove_group(group));
}

/// Of a group and all below it.
fn processes(group: &Path) -> Vec<i32> {
    let own = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    let own = own.lines().filter_map(|line| line.parse().ok()).filter(|pid| *pid > 1);
    own.chain(below(group).flat_map(|group| processes(&group))).collect()
}

fn shims() -> Vec<i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|argv| is_shim(&argv))).collect()
}

/// By its arguments, each of which ends with a zero byte.
fn is_shim(argv: &[u8]) -> bool {
    let mut words = argv.split(|byte| *byte == 0);
    let name = words.next().and_then(|path| path.rsplit(|byte| *byte == b'/').next()).unwrap_or_default();
    name.starts_with(SHIM.0.as_bytes()) && words.any(|word| word == SHIM.1.as_bytes())
}

fn remove_group(path: &Path) {
    below(path).for_each(|group| remove_group(&group));
    let _ = fs::remove_dir(path);
}

fn below(path: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shim_is_known_by_its_name_and_whose_containers_it_has() {
        assert!(is_shim(b"/usr/bin/containerd-shim-runc-v2\0-namespace\0k8s.io\0-id\x005e0c\0"));
        assert!(!is_shim(b"/usr/bin/containerd-shim-runc-v2\0-namespace\0moby\0-id\x005e0c\0"));
        assert!(!is_shim(b"vi\0containerd-shim\0k8s.io\0") && !is_shim(b""));
    }
}
