//! The machine a run was taken on: what a reader needs to judge its figures.

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};

/// Facts that every run records.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    pub host: String,
    /// `bare`, `vm:kvm`, `container:docker`, `pod` …
    pub place: String,
    /// `uname -r`
    pub kernel: String,
    /// `uname -m`
    pub arch: String,
    pub cpu: String,
    /// CPUs this process may run on.
    pub cpus: usize,
    pub memory_mb: u64,
    /// Load average of the last minute when the run began.
    pub load: f64,
    /// Of the kernel: `tsc`, `kvm-clock` …
    pub clock_source: String,
}

impl Machine {
    /// Reads the facts of this machine; what cannot be read is left empty.
    pub fn read() -> Machine {
        let names = nix::sys::utsname::uname().ok();
        let name = |field: Option<&std::ffi::OsStr>| field.unwrap_or_default().to_string_lossy().into_owned();
        Machine {
            host: name(names.as_ref().map(|names| names.nodename())),
            place: place(Path::new("/")),
            kernel: name(names.as_ref().map(|names| names.release())),
            arch: name(names.as_ref().map(|names| names.machine())),
            cpu: field("/proc/cpuinfo", &["model name", "Model", "CPU part"]),
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
            memory_mb: first_number(&field("/proc/meminfo", &["MemTotal"])) / 1024,
            load: text("/proc/loadavg").split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(0.0),
            clock_source: text("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        }
    }
}

/// This machine's architecture, as Debian and OCI call it: `amd64`.
pub fn own_architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn text(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

/// The value of the first of these keys in a file of `key : value` lines.
fn field(path: &str, keys: &[&str]) -> String {
    let text = text(path);
    let lines = || text.lines().filter_map(|line| line.split_once(':'));
    keys.iter()
        .find_map(|key| lines().find(|(name, _)| name.trim() == *key))
        .map(|(_, value)| value.trim().to_owned())
        .unwrap_or_default()
}

fn first_number(text: &str) -> u64 {
    text.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Where this is, told from files under `root`: a pod and a container know themselves, a VM by its DMI
/// strings or the hypervisor flag.
fn place(root: &Path) -> String {
    let file = |path: &str| text(root.join(path));
    if root.join("var/run/secrets/kubernetes.io/serviceaccount").exists() {
        return "pod".to_owned();
    }
    for (mark, kind) in [(".dockerenv", "docker"), ("run/.containerenv", "podman"), ("dev/lxd", "lxd")] {
        if root.join(mark).exists() {
            return format!("container:{kind}");
        }
    }
    let container = file("run/systemd/container");
    if !container.is_empty() {
        return format!("container:{container}");
    }
    // A pod to which no account was given.
    if file("etc/hosts").starts_with("# Kubernetes-managed hosts file") {
        return "pod".to_owned();
    }
    let dmi = file("sys/class/dmi/id/sys_vendor") + " " + &file("sys/class/dmi/id/product_name");
    let kinds = [
        ("VirtualBox", "virtualbox"),
        ("VMware", "vmware"),
        ("QEMU", "qemu"),
        ("KVM", "kvm"),
        ("Microsoft", "hyperv"),
        ("Xen", "xen"),
        ("Amazon EC2", "ec2"),
        ("Google", "gce"),
        ("Parallels", "parallels"),
        ("Apple", "apple"),
    ];
    if let Some((_, kind)) = kinds.iter().find(|(mark, _)| dmi.contains(mark)) {
        return format!("vm:{kind}");
    }
    match file("proc/cpuinfo").contains(" hypervisor") {
        true => "vm:unknown".to_owned(),
        false => "bare".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place_with(files: &[(&str, &str)]) -> String {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        place(root.path())
    }

    #[test]
    fn a_place_is_known_by_its_marks() {
        assert_eq!(place_with(&[]), "bare");
        assert_eq!(place_with(&[(".dockerenv", "")]), "container:docker");
        assert_eq!(place_with(&[("sys/class/dmi/id/product_name", "VirtualBox\n")]), "vm:virtualbox");
        assert_eq!(place_with(&[("proc/cpuinfo", "flags : fpu hypervisor lahf")]), "vm:unknown");
        assert_eq!(place_with(&[("etc/hosts", "# Kubernetes-managed hosts file.\n127.0.0.1 localhost\n")]), "pod");
        assert_eq!(place_with(&[("var/run/secrets/kubernetes.io/serviceaccount/token", "")]), "pod");
    }

    #[test]
    fn this_machine_has_a_kernel_and_a_cpu() {
        let machine = Machine::read();
        assert!(!machine.kernel.is_empty() && machine.cpus > 0 && machine.memory_mb > 0);
    }
}
