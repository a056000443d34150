//! The container runtime: whether it runs and takes calls, and who moves processes into control groups.

use std::{fs, os::unix::net::UnixStream};

use super::{JOIN, printed, unit};
use crate::{
    cluster::runtime::{CgroupDriver, Runtime},
    finding::{Finding, State},
};

const KUBELET: &str = "/var/lib/kubelet/config.yaml";

pub fn examine() -> Vec<Finding> {
    let runtime = Runtime::of_machine();
    let mut findings = vec![unit::examine(runtime.unit())];
    let is_active = findings.iter().all(|finding| finding.state == State::Good);
    if let (true, Err(error)) = (is_active, UnixStream::connect(runtime.socket())) {
        findings = vec![
            Finding::bad(runtime.name(), format!("active, but `{}` does not answer: {error}", runtime.socket()))
                .remedy(format!("`systemctl restart {}`", runtime.unit())),
        ];
    }
    // The other one does not show its settings so.
    if runtime == Runtime::Containerd
        && let (Ok(kubelet), Ok(containerd)) = (fs::read_to_string(KUBELET), printed(&["containerd", "config", "dump"]))
    {
        findings.push(drivers(of_kubelet(&kubelet), of_containerd(&containerd)));
    }
    findings
}

/// By its configuration, which kubeadm writes.
fn of_kubelet(config: &str) -> CgroupDriver {
    let driver = config.lines().find_map(|line| line.strip_prefix("cgroupDriver:"));
    if driver.is_some_and(|driver| driver.trim() == "systemd") { CgroupDriver::Systemd } else { CgroupDriver::Cgroupfs }
}

/// By what it prints of its settings.
fn of_containerd(config: &str) -> CgroupDriver {
    let is_set = config.lines().any(|line| line.trim() == "SystemdCgroup = true");
    if is_set { CgroupDriver::Systemd } else { CgroupDriver::Cgroupfs }
}

fn drivers(kubelet: CgroupDriver, runtime: CgroupDriver) -> Finding {
    let word = |driver| if driver == CgroupDriver::Systemd { "systemd" } else { "cgroupfs" };
    match kubelet == runtime {
        true => Finding::good("control groups", word(kubelet)),
        false => Finding::bad(
            "control groups",
            format!("{} for the kubelet, {} for the runtime: pods do not last", word(kubelet), word(runtime)),
        )
        .remedy(format!("{JOIN} sets the runtime\'s; the kubelet\'s is `cgroupDriver` in {KUBELET}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubelet_and_runtime_must_agree() {
        let dump = |value: &str| {
            format!(
                "[cgroup]\n    disable_cgroup = false\n    systemd_cgroup = false\n            SystemdCgroup = {value}\n"
            )
        };
        assert_eq!(
            [of_containerd(&dump("true")), of_containerd(&dump("false"))],
            [CgroupDriver::Systemd, CgroupDriver::Cgroupfs]
        );
        assert_eq!(
            of_kubelet("apiVersion: kubelet.config.k8s.io/v1beta1\ncgroupDriver: systemd\n"),
            CgroupDriver::Systemd
        );
        assert_eq!(of_kubelet("kind: KubeletConfiguration\n"), CgroupDriver::Cgroupfs);
        assert_eq!(drivers(CgroupDriver::Systemd, CgroupDriver::Systemd).state, State::Good);
        let found = drivers(CgroupDriver::Systemd, CgroupDriver::Cgroupfs).found;
        assert_eq!(found, "systemd for the kubelet, cgroupfs for the runtime: pods do not last");
    }
}
