//! Whether this machine is in a cluster, and in whose.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::identity::Identity;
use crate::{
    disk,
    error::{Context, Result},
    nodes::Role,
};

/// What a look at the machine gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// In none.
    Free,
    /// kubeadm began to make it a node of this lab's cluster, or is at it.
    Begun,
    Member,
    /// In a cluster of another secret.
    Foreign,
}

/// Where kubeadm has all that is the cluster's.
pub const HOME: &str = "/etc/kubernetes";
/// Written once kubeadm is done: it leaves the same files where it is cut short.
const MARK: &str = "labkit.json";
/// What it was told.
const PAPERS: &str = "labkit-kubeadm.yaml";
/// What kubeadm writes before it does anything that lasts.
const TRACES: [&str; 4] = ["admin.conf", "kubelet.conf", "bootstrap-kubelet.conf", "manifests/kube-apiserver.yaml"];

#[derive(PartialEq, Serialize, Deserialize)]
struct Mark {
    role: Role,
    /// Of the cluster's authority.
    pin: String,
}

impl State {
    pub fn of(role: Role, identity: &Identity) -> Result<State> {
        let authority = read("pki/ca.crt")?;
        if authority.as_ref().is_some_and(|text| !is_same(text, &certificate(identity).unwrap_or_default())) {
            return Ok(State::Foreign);
        }
        // On a master labkit writes it; where only kubeadm does, it may be all that is left of a join.
        let is_left = role == Role::Worker && authority.is_some();
        let mark = read(MARK)?.and_then(|text| serde_json::from_str::<Mark>(&text).ok());
        Ok(match mark {
            Some(mark) if mark == (Mark { role, pin: identity.pin()? }) && path("kubelet.conf").exists() => {
                State::Member
            }
            _ if is_left || TRACES.iter().any(|trace| path(trace).exists()) => State::Begun,
            _ => State::Free,
        })
    }
}

/// Notes that kubeadm is done.
pub fn mark(role: Role, identity: &Identity) -> Result<()> {
    let mark = Mark { role, pin: identity.pin()? };
    disk::replace(&path(MARK), &serde_json::to_vec(&mark)?)
}

/// What kubeadm calls the certificate authority of a cluster.
pub fn certificate(identity: &Identity) -> Result<String> {
    identity.authority.certificate("kubernetes")
}

pub fn papers() -> PathBuf {
    path(PAPERS)
}

pub fn path(below: &str) -> PathBuf {
    Path::new(HOME).join(below)
}

/// What labkit writes there.
pub fn own_files() -> [PathBuf; 2] {
    [path(MARK), papers()]
}

fn read(below: &str) -> Result<Option<String>> {
    match fs::read_to_string(path(below)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).context(|| format!("read `{}`", path(below).display())),
    }
}

/// Two certificates as PEM, wherever their lines end.
fn is_same(one: &str, other: &str) -> bool {
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    bare(one) == bare(other)
}
