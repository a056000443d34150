//! The kubeadm of this machine: its version, and what it wants to be told how.

use std::{fmt, str::FromStr};

use serde_json::{Value, json};

use crate::{
    command,
    error::{Context, Error, Result},
};

/// A version of Kubernetes: `v1.32.8`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    text: String,
    minor: u32,
}

/// How its configuration is written (kubernetes.io: "kubeadm Configuration").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Api {
    /// Up to 1.21.
    V1beta2,
    /// Up to 1.30.
    V1beta3,
    V1beta4,
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Version, String> {
        let refuse = || format!("`{}` is no version of Kubernetes 1", text.escape_debug());
        let minor =
            text.strip_prefix("v1.").and_then(|rest| rest.split('.').next()?.parse().ok()).ok_or_else(refuse)?;
        match minor {
            OLDEST.. => Ok(Version { text: text.to_owned(), minor }),
            _ => Err(format!("Kubernetes {text} is too old: its kubeadm cannot be told by v1beta2")),
        }
    }
}

/// The first one with v1beta2.
const OLDEST: u32 = 15;

impl Version {
    /// `kubeadm version --output short`
    pub fn installed() -> Result<Version> {
        let read = || -> Result<Version> {
            let printed = command::run(&["kubeadm", "version", "--output", "short"])?;
            printed.trim().parse().map_err(Error::failed)
        };
        read().context(|| "ask kubeadm for its version")
    }

    pub fn api(&self) -> Api {
        match self.minor {
            ..=21 => Api::V1beta2,
            22..=30 => Api::V1beta3,
            _ => Api::V1beta4,
        }
    }

    /// True where the API server does not know `policy/v1` yet.
    pub fn is_before_policy(&self) -> bool {
        self.minor < 21
    }

    /// A socket with its scheme, which kubelets before 1.24 were told without.
    pub fn endpoint(&self, socket: &str) -> String {
        if self.minor < 24 { socket.to_owned() } else { format!("unix://{socket}") }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl Api {
    pub fn name(self) -> &'static str {
        match self {
            Api::V1beta2 => "kubeadm.k8s.io/v1beta2",
            Api::V1beta3 => "kubeadm.k8s.io/v1beta3",
            Api::V1beta4 => "kubeadm.k8s.io/v1beta4",
        }
    }

    /// Flags for a program: a table at first, a list since v1beta4.
    pub fn flags(self, flags: &[(&str, &str)]) -> Value {
        match self {
            Api::V1beta4 => flags.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect(),
            _ => flags.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect(),
        }
    }
}

/// The image whose process keeps a pod's namespaces, as the kubeadm of this machine names it.
pub fn pause_image() -> Result<String> {
    let version = Version::installed()?;
    // Told its own version it asks nobody on the internet.
    let wanted = format!("--kubernetes-version={version}");
    let printed = command::run(&["kubeadm", "config", "images", "list", &wanted])?;
    let image = printed.lines().find(|line| line.contains("/pause:"));
    image.map(|image| image.trim().to_owned()).ok_or_else(|| Error::failed("kubeadm names no pause image"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_is_told_in_its_own_way() {
        let api = |text: &str| text.parse::<Version>().unwrap().api();
        assert_eq!([api("v1.20.2"), api("v1.22.0"), api("v1.30.9")], [Api::V1beta2, Api::V1beta3, Api::V1beta3]);
        assert_eq!([api("v1.31.0"), api("v1.32.8-rc.1")], [Api::V1beta4, Api::V1beta4]);
        for bad in ["", "1.32.1", "v2.0.0", "v1.x", "v1.14.3"] {
            assert!(bad.parse::<Version>().is_err(), "{bad}");
        }
        assert_eq!(Api::V1beta3.flags(&[("node-ip", "::1")]).to_string(), r#"{"node-ip":"::1"}"#);
        assert_eq!(Api::V1beta4.flags(&[("node-ip", "::1")]).to_string(), r#"[{"name":"node-ip","value":"::1"}]"#);
    }
}
