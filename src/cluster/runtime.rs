//! What runs containers.

use std::fs;

use serde::{Deserialize, Serialize};

use super::state;

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
    /// The one that kubeadm of this machine was told.
    pub fn of_machine() -> Runtime {
        let papers = fs::read_to_string(state::papers()).unwrap_or_default();
        if papers.contains(Runtime::CriO.socket()) { Runtime::CriO } else { Runtime::Containerd }
    }

    pub fn name(self) -> &'static str {
        match self {
            Runtime::Containerd => "containerd",
            Runtime::CriO => "crio",
        }
    }

    /// Of systemd.
    pub fn unit(self) -> &'static str {
        match self {
            Runtime::Containerd => "containerd.service",
            Runtime::CriO => "crio.service",
        }
    }

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
