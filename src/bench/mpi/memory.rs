//! The memory that a rank may use, and what the kernel does for want of it.

use std::{fs, path::Path};

/// The least of what the machine has left and what the control group at its root has left, in MiB.
pub fn left_mb(root: &Path) -> u64 {
    let number = |path: &str| -> Option<u64> { fs::read_to_string(root.join(path)).ok()?.trim().parse().ok() };
    let left = |limit: &str, used: &str| Some(number(limit)?.saturating_sub(number(used)?) >> 20);
    let meminfo = fs::read_to_string(root.join("proc/meminfo")).unwrap_or_default();
    let available = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let available = available.and_then(|rest| rest.trim().split(' ').next()?.parse::<u64>().ok()).map(|kb| kb >> 10);
    let groups = [
        left("sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory.current"),
        left("sys/fs/cgroup/memory/memory.limit_in_bytes", "sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ];
    groups.into_iter().flatten().chain(available).min().unwrap_or(0)
}

/// Processes that the kernel has killed for want of memory: those of this one's control group, or of the next one above it
/// whose memory is counted, or of the whole machine. The kernel counts one before it kills it.
pub fn killed(root: &Path) -> u64 {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let of_group = |line: &str| {
        // `0::/path` of the second version of control groups, `4:memory:/path` of the first.
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        let (top, file) = match controllers {
            "" => ("sys/fs/cgroup", "memory.events"),
            "memory" => ("sys/fs/cgroup/memory", "memory.oom_control"),
            _ => return None,
        };
        let above = Path::new(path.trim_start_matches('/')).ancestors();
        above.into_iter().find_map(|group| counted(&root.join(top).join(group).join(file)))
    };
    let of_group = groups.lines().find_map(of_group);
    of_group.or_else(|| counted(&root.join("proc/vmstat"))).unwrap_or(0)
}

fn counted(file: &Path) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| line.strip_prefix("oom_kill "))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn memory_is_what_the_narrowest_leaves() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        write(root, "proc/meminfo", "MemTotal: 9000000 kB\nMemAvailable:    4194304 kB\n");
        assert_eq!(left_mb(root), 4096);
        write(root, "sys/fs/cgroup/memory.max", "max\n");
        write(root, "sys/fs/cgroup/memory.current", "1048576\n");
        assert_eq!(left_mb(root), 4096);
        write(root, "sys/fs/cgroup/memory.max", "1073741824\n");
        assert_eq!(left_mb(root), 1023);
    }

    #[test]
    fn who_is_killed_for_want_of_memory_is_counted_where_the_process_is() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        assert_eq!(killed(root), 0);
        write(root, "proc/vmstat", "oom_kill_disable 9\noom_kill 7\n");
        assert_eq!(killed(root), 7);
        write(root, "proc/self/cgroup", "4:memory:/pods/one\n0::/user/session\n");
        write(root, "sys/fs/cgroup/user/memory.events", "oom 5\noom_kill 3\noom_group_kill 1\n");
        assert_eq!(killed(root), 3);
        write(root, "sys/fs/cgroup/user/session/memory.events", "oom_kill 2\n");
        assert_eq!(killed(root), 2);
        // A pod of the first version sees its own group as the root.
        write(root, "sys/fs/cgroup/memory/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n");
        assert_eq!(killed(root), 1);
    }
}
