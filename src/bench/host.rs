//! Hosts that are measured from here: machines of the lab, or pods.

use std::{env, net::IpAddr};

use serde::Deserialize;

use crate::{
    addresses,
    error::{Context, Result},
    reach::Reach,
};

const IN_POD: &str = "/labkit";

/// One of them, and a line of the hostfile.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// What figures are told of it under: `node01`.
    pub name: String,
    /// By which the others reach it.
    pub address: IpAddr,
    /// How many ranks it takes; one unless given.
    #[serde(default = "one")]
    pub slots: u32,
    /// `NAMESPACE/NAME` of a pod; a machine where there is none.
    #[serde(default)]
    pub pod: Option<String>,
}

fn one() -> u32 {
    1
}

impl Host {
    /// How a program is begun in this pod; none for a machine.
    pub fn pod(&self) -> Option<Reach> {
        let (namespace, name) = self.pod.as_deref()?.split_once('/')?;
        Some(Reach::Pod { namespace: namespace.to_owned(), name: name.to_owned() })
    }

    /// Where labkit is there: every node has it at the same path, and pods where the manifest mounts it.
    pub fn labkit(&self) -> Result<String> {
        match self.pod {
            Some(_) => Ok(IN_POD.to_owned()),
            None => Ok(env::current_exe().context(|| "find labkit itself")?.display().to_string()),
        }
    }

    /// How a program is begun there.
    pub fn reach(&self) -> Result<Reach> {
        Ok(match self.pod() {
            Some(pod) => pod,
            None if addresses::read()?.iter().any(|one| one.address == self.address) => Reach::Here,
            None => Reach::Ssh(self.address),
        })
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn host(name: &str, last: u8, slots: u32) -> Host {
        Host { name: name.to_owned(), address: [192, 168, 56, last].into(), slots, pod: None }
    }

    #[test]
    fn a_pod_is_known_by_its_namespace_and_name() {
        let pod = Host { pod: Some("labkit-hpl/hpl-pod1".into()), ..host("hpl-pod1", 1, 1) };
        let reach = Reach::Pod { namespace: "labkit-hpl".into(), name: "hpl-pod1".into() };
        assert_eq!((pod.pod(), pod.reach().unwrap()), (Some(reach.clone()), reach));
        assert_eq!(host("master", 10, 1).pod(), None);
    }

    #[test]
    fn this_machine_is_not_gone_to() {
        let own = Host { address: [127, 0, 0, 1].into(), ..host("here", 1, 1) };
        assert_eq!(own.reach().unwrap(), Reach::Here);
        let other = host("there", 1, 1);
        assert_eq!(
            Host { address: [203, 0, 113, 1].into(), ..other }.reach().unwrap(),
            Reach::Ssh([203, 0, 113, 1].into())
        );
    }
}
