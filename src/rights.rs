//! The rights a lab needs: taken as they are, or from a user namespace of the lab's own.

use std::{fs, path::Path};

use nix::{
    mount::{MsFlags, mount},
    sched::{CloneFlags, unshare},
    sys::resource::{Resource, getrlimit, setrlimit},
    unistd::{getegid, geteuid},
};

use crate::error::{Context, Error, Result};

/// Bits of `CapEff` (linux/capability.h).
const CAPABILITIES: [(&str, u64); 3] =
    [("CAP_NET_ADMIN", 1 << 12), ("CAP_NET_RAW", 1 << 13), ("CAP_SYS_ADMIN", 1 << 21)];

/// The capabilities a lab needs and this process does not have.
pub fn missing() -> Vec<&'static str> {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let effective = line.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0);
    CAPABILITIES.iter().filter(|(_, bit)| effective & bit == 0).map(|(name, _)| *name).collect()
}

/// Moves the process into a mount and network namespace of its own, by way of a user namespace where it
/// lacks the rights (`unshare --map-root-user --net --mount`). It must still have only one thread.
pub fn enclose() -> Result<()> {
    let missing = missing();
    if !missing.is_empty() {
        enter_user_namespace(&missing)?;
    }
    unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS)
        .context(|| "make the lab's own mount and network namespace")
        .map_err(|error| error.hint(why_refused(Path::new("/proc/sys"))))?;
    // What is mounted or unmounted on the machine is so here too: a kept lab must not keep a disk busy.
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_SLAVE, None::<&str>)
        .context(|| "keep the lab's mounts to itself")?;
    raise_open_files();
    Ok(())
}

fn enter_user_namespace(missing: &[&str]) -> Result<()> {
    let (uid, gid) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER)
        .context(|| format!("make a user namespace, for want of {}", missing.join(", ")))
        .map_err(|error| error.hint(why_refused(Path::new("/proc/sys"))))?;
    // The kernel wants setgroups closed before an ordinary user may map a group (CVE-2014-8989).
    for (file, line) in
        [("setgroups", "deny".to_owned()), ("uid_map", format!("0 {uid} 1")), ("gid_map", format!("0 {gid} 1"))]
    {
        fs::write(format!("/proc/self/{file}"), line)
            .context(|| format!("map `{file}` of the user namespace"))
            .map_err(|error| error.hint(why_refused(Path::new("/proc/sys"))))?;
    }
    Ok(())
}

/// Which switch of this machine keeps an ordinary user from making namespaces, and how to turn it.
pub fn why_refused(sys: &Path) -> String {
    let value = |name: &str| fs::read_to_string(sys.join(name)).unwrap_or_default().trim().to_owned();
    if value("kernel/apparmor_restrict_unprivileged_userns") == "1" {
        return "AppArmor forbids it: run labkit as root, or `sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`".into();
    }
    if value("kernel/unprivileged_userns_clone") == "0" {
        return "this kernel forbids it: run labkit as root, or `sudo sysctl -w kernel.unprivileged_userns_clone=1`"
            .into();
    }
    if value("user/max_user_namespaces") == "0" {
        return "user namespaces are switched off: run labkit as root, or `sudo sysctl -w user.max_user_namespaces=15000`".into();
    }
    "run labkit as root; in a container, start that with `--cap-add SYS_ADMIN --cap-add NET_ADMIN --security-opt \
     seccomp=unconfined --security-opt apparmor=unconfined` or `--privileged`"
        .into()
}

/// A lab of a thousand hosts holds two descriptors for each; shells start with 1024.
pub fn raise_open_files() {
    if let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE)
        && let Err(error) = setrlimit(Resource::RLIMIT_NOFILE, most, most)
    {
        log::debug!("open files stay limited: {error}");
    }
}

/// An error of a lab that could not be had, for a caller that only wants to know whether it could.
pub fn need(what: &str) -> Result<()> {
    match missing().as_slice() {
        [] => Ok(()),
        missing => Err(Error::failed(format!("{what}: {} missing", missing.join(", "))).hint("run it as root")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused_with(file: &str, value: &str) -> String {
        let sys = tempfile::tempdir().unwrap();
        let path = sys.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, value).unwrap();
        why_refused(sys.path())
    }

    #[test]
    fn each_switch_is_named_with_its_remedy() {
        assert!(refused_with("kernel/apparmor_restrict_unprivileged_userns", "1\n").contains("AppArmor"));
        assert!(refused_with("kernel/unprivileged_userns_clone", "0\n").contains("unprivileged_userns_clone=1"));
        assert!(refused_with("user/max_user_namespaces", "0\n").contains("max_user_namespaces"));
        assert!(refused_with("kernel/other", "0\n").contains("--cap-add"));
    }
}
