//! What runs containers.

use serde::{Deserialize, Serialize};

/// A runtime that speaks CRI.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Runtime {
    #[default]
    Containerd,
    CriO,
}

/// Who moves processes into their control groups. Kubelet and runtime must agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CgroupDriver {
    Systemd,
    Cgroupfs,
}

impl Runtime {
    /// Where it listens.
    pub fn socket(self) -> &'static str {
        match self {
            Runtime::Containerd => "/run/containerd/containerd.sock",
            Runtime::CriO => "/var/run/crio/crio.sock",
        }
    }

    /// How a node says which it has (`status.nodeInfo.containerRuntimeVersion`).
    pub fn scheme(self) -> &'static str {
        match self {
            Runtime::Containerd => "containerd://",
            Runtime::CriO => "cri-o://",
        }
    }
}
