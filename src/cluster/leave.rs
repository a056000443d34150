//! Out of a cluster: `kubeadm reset`, and everything that it leaves.

use std::{env, fs, io::ErrorKind, path::Path};

use nix::mount::{MntFlags, umount2};

use super::{calico, orphans, state};
use crate::{
    command,
    error::{Context, Error, Result},
    netlink::{Change, Connection},
    reach::KUBECTL_MEMORY,
    scratch::Scratch,
};

/// What a node fills besides.
const FILLED: [&str; 5] = ["/var/lib/kubelet", "/var/lib/etcd", "/var/lib/cni", "/var/log/pods", "/var/log/containers"];
/// Files of a node that are no directory's.
const FILES: [&str; 6] = [
    "admin.conf",
    "kubelet.conf",
    "bootstrap-kubelet.conf",
    "controller-manager.conf",
    "scheduler.conf",
    "super-admin.conf",
];
/// Where runtimes keep the network namespaces of pods.
pub const NAMESPACES: &str = "/run/netns";
/// Begins the names that containerd gives them; CRI-O gives them nothing but a UUID.
const POD: &str = "cni-";
/// Characters of one.
const UUID: usize = 36;
/// The bridge that pods of a node are on.
const BRIDGE: &str = "cni0";
/// Begin the names of chains that kube-proxy, the kubelet, CNI's plugins and Calico make, and the comments by which Calico
/// knows the rules that it has in chains of others.
const CHAINS: [&str; 4] = ["KUBE-", "CNI-", "cali-", "cali:"];

/// Takes the machine out of whatever cluster it is in. What is gone already is no error: it can be done twice.
pub fn reset(socket: &str) -> Result<()> {
    let argv = ["kubeadm", "reset", "--force", "--cri-socket", socket];
    // It complains about parts of a node that were never made.
    match command::attempt(&argv).and_then(|output| output.require_success(&argv)) {
        Ok(()) => {}
        Err(error) => log::debug!("{error}"),
    }
    for dir in ["manifests", "pki"] {
        empty(&state::path(dir))?;
    }
    for file in FILES.iter().map(|file| state::path(file)).chain(state::own_files()) {
        gone(fs::remove_file(&file)).context(|| format!("remove `{}`", file.display()))?;
    }
    for dir in FILLED {
        empty(Path::new(dir))?;
    }
    gone(fs::remove_dir_all(KUBECTL_MEMORY)).context(|| format!("remove `{KUBECTL_MEMORY}`"))?;
    remove_bridge()?;
    calico::remove()?;
    orphans::remove();
    remove_namespaces()?;
    ["iptables", "ip6tables"].iter().try_for_each(|program| remove_chains(program))?;
    calico::remove_sets();
    Ok(())
}

/// What is gone already is no error.
pub fn gone(result: std::io::Result<()>) -> std::io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Removes what is in a directory, and leaves the directory.
pub fn empty(dir: &Path) -> Result<()> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries.context(|| format!("read `{}`", dir.display()))?,
    };
    for entry in entries {
        let path = entry?.path();
        let removed = match path.symlink_metadata()?.is_dir() {
            true => fs::remove_dir_all(&path),
            false => fs::remove_file(&path),
        };
        gone(removed).context(|| format!("remove `{}`", path.display()))?;
    }
    Ok(())
}

/// The plugin makes it with the first pod, and leaves it after the last.
fn remove_bridge() -> Result<()> {
    let mut connection = Connection::open()?;
    let Some(bridge) = connection.devices()?.get(BRIDGE).map(|bridge| bridge.index) else { return Ok(()) };
    connection
        .transact(&[Change::Delete(bridge).request()])
        .map_err(|refusal| refusal.error)
        .context(|| format!("ip link del {BRIDGE}"))
}

/// Network namespaces of pods that nobody took down; where a process is still in one, it goes with that.
fn remove_namespaces() -> Result<()> {
    for entry in fs::read_dir(NAMESPACES).into_iter().flatten().flatten() {
        if is_of_pod(&entry.file_name().to_string_lossy()) {
            let path = entry.path();
            // It may be a file that nothing is mounted on any more.
            let _ = umount2(&path, MntFlags::MNT_DETACH);
            gone(fs::remove_file(&path)).context(|| format!("remove `{}`", path.display()))?;
        }
    }
    Ok(())
}

fn is_of_pod(name: &str) -> bool {
    let is_of_uuid = |c: char| c == '-' || c.is_ascii_hexdigit();
    name.starts_with(POD) || name.len() == UUID && name.matches('-').count() == 4 && name.chars().all(is_of_uuid)
}

/// Rules and chains of the cluster's go, all others stay as they are and where they are.
fn remove_chains(program: &str) -> Result<()> {
    let attempt = || format!("take the cluster's rules out of {program}");
    let Ok(rules) = command::run(&[&format!("{program}-save")]) else { return Ok(()) };
    let kept = without_chains(&rules);
    if kept == rules {
        return Ok(());
    }
    let scratch = Scratch::create(&env::temp_dir(), "labkit-")?;
    let file = scratch.path().join("rules");
    fs::write(&file, kept).context(attempt)?;
    let file = file.to_str().ok_or_else(|| Error::failed("the directory for temporary files has no plain name"))?;
    command::run(&[&format!("{program}-restore"), file]).map(|_| ()).context(attempt)
}

/// Lines of iptables-save(8) without those that make, fill or jump to a chain of the cluster's.
fn without_chains(rules: &str) -> String {
    let is_of = |word: &str| CHAINS.iter().any(|begin| word.trim_start_matches([':', '"']).starts_with(begin));
    let lines = rules.lines().filter(|line| !line.split(' ').any(is_of));
    lines.flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_others_stay_where_they_are() {
        let rules = "*nat\n:PREROUTING ACCEPT [0:0]\n:KUBE-SERVICES - [0:0]\n:MINE - [0:0]\n\
                     -A PREROUTING -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES\n\
                     -A PREROUTING -j MINE\n-A KUBE-SERVICES -d 10.96.0.1/32 -j KUBE-SVC-X\n-A MINE -j RETURN\nCOMMIT\n";
        let kept = "*nat\n:PREROUTING ACCEPT [0:0]\n:MINE - [0:0]\n-A PREROUTING -j MINE\n-A MINE -j RETURN\nCOMMIT\n";
        assert_eq!(without_chains(rules), kept);
        assert_eq!(without_chains(kept), kept);
        // As Calico leaves a packet that it let through to nobody else.
        let accepted = "-A FORWARD -m comment --comment \"cali:S93hcgKJrXEqnTfs\" -m mark --mark 0x10000/0x10000 -j ACCEPT\n\
                        -A FORWARD -m comment --comment \"cali:wUHhoiAYhphO9Mso\" -j cali-FORWARD\n";
        assert_eq!(without_chains(accepted), "");
    }

    #[test]
    fn a_namespace_is_known_as_a_pods_by_its_name() {
        assert!(is_of_pod("cni-5e0c0b0f") && is_of_pod("6f1ab0b8-9d0e-4c55-8d3a-0c6f3f6f1c11"));
        assert!(!is_of_pod("blue") && !is_of_pod("6f1ab0b8-9d0e"));
    }
}
