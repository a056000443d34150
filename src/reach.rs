//! Where a program is to run: on this machine, on another node of the lab, or in a pod.

use std::net::IpAddr;

use crate::quote;

/// kubectl with the rights of the cluster's administrator, as kubeadm leaves them on the master.
pub const ADMIN: &str = "/etc/kubernetes/admin.conf";
/// What kubectl remembers of the API, elsewhere than in the user's own directory.
pub const KUBECTL_MEMORY: &str = "/run/labkit/kubectl";

/// How a program is begun there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    Here,
    /// By the keys that the nodes of a lab derive.
    Ssh(IpAddr),
    Pod {
        namespace: String,
        name: String,
    },
}

impl Reach {
    /// The words that run these words there, with standard input, output and error those of here.
    pub fn argv<T: AsRef<str>>(&self, words: &[T]) -> Vec<String> {
        let plain = words.iter().map(|word| word.as_ref().to_owned());
        match self {
            Reach::Here => plain.collect(),
            Reach::Ssh(address) => {
                let begin = ["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", &address.to_string(), "--"];
                begin.into_iter().map(str::to_owned).chain([quote::line(words)]).collect()
            }
            Reach::Pod { namespace, name } => {
                let begin = ["kubectl", "--kubeconfig", ADMIN, "--cache-dir", KUBECTL_MEMORY];
                let exec = ["exec", "--stdin", "--namespace", namespace, name, "--"];
                begin.into_iter().chain(exec).map(str::to_owned).chain(plain).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_words_wherever_they_go() {
        let words = ["echo", "a b"];
        assert_eq!(Reach::Here.argv(&words), words);
        let ssh = Reach::Ssh("192.168.56.11".parse().unwrap()).argv(&words);
        assert_eq!(ssh[5..], ["192.168.56.11", "--", "echo 'a b'"]);
        let pod = Reach::Pod { namespace: "labkit-hpl".into(), name: "hpl-pod1".into() }.argv(&words);
        assert_eq!(pod[5..], ["exec", "--stdin", "--namespace", "labkit-hpl", "hpl-pod1", "--", "echo", "a b"]);
    }
}
