//! Why kubeadm would not, in a line for each cause, and what to do about it.

use crate::error::Error;

/// What stands in its words, and the remedy. Its checks (`[ERROR NumCPU]: …`) come before anything is done.
const REMEDIES: [(&str, &str); 9] = [
    ("none of the public keys", "the master has another lab secret: every node has the same /etc/labkit/secret"),
    ("JWS signature", "the master does not know this lab's token: is /etc/labkit/secret the same on it?"),
    (
        "already exists in the cluster",
        "another machine has this name, or had it a minute ago: each has the same /etc/labkit/lab.toml and an address of \
         its own; on the master, `kubectl delete node` forgets one that is gone",
    ),
    ("[ERROR Swap]", "swap is on: `labkit run node` takes it off"),
    ("[ERROR NumCPU]", "a master needs two CPUs: give the machine more"),
    ("[ERROR Mem]", "a master needs 1700 MB of memory: give the machine more"),
    ("[ERROR Port-", "another program listens on a port of the cluster's: `ss -ltnp` shows which"),
    ("[ERROR ImagePull]", "an image is neither here nor in the bundle: `labkit bundle ls` shows what it has"),
    ("[ERROR CRI]", "the container runtime does not answer: `systemctl status containerd crio`"),
];
const CHECK: &str = "[ERROR ";
/// Behind it stands what another program printed, pages of it.
const OUTPUT: &str = ": output:";

/// The error of a kubeadm that failed, by what it printed to standard error; `whole` where its checks are not the cause.
pub fn explained(verb: &str, printed: &str, whole: Error) -> Error {
    let checks: Vec<&str> = printed.lines().filter_map(cause).collect();
    let error = match checks.is_empty() {
        true => whole,
        false => Error::failed(format!("kubeadm {verb} refuses:\n    {}", checks.join("\n    "))),
    };
    let remedy = REMEDIES.iter().find(|(sign, _)| printed.contains(sign)).map(|(_, remedy)| *remedy);
    error.hint(remedy.unwrap_or("`journalctl -u kubelet` may say more; the same command begins anew where it must"))
}

/// What a check found: `[ERROR ImagePull]: failed to pull image k8s.gcr.io/pause:3.2`.
fn cause(line: &str) -> Option<&str> {
    let (_, found) = line.trim().strip_prefix(CHECK)?.split_once("]: ")?;
    Some(found.split(OUTPUT).next().unwrap_or(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_is_a_line_and_the_first_that_has_one_gives_the_remedy() {
        let printed = "error execution phase preflight: [preflight] Some fatal errors occurred:\n\
             \t[ERROR NumCPU]: the number of available CPUs 1 is less than the required 2\n\
             \t[ERROR ImagePull]: failed to pull image k8s.gcr.io/pause:3.2: output: E1128 06:50:28 remote_image.go:113] \
             PullImage from image service failed\n\
             crictl: rpc error: code = Unknown\n, error: exit status 1\n\
             [preflight] If you know what you are doing, you can make a check non-fatal\n";
        let error = explained("init", printed, Error::failed("whole"));
        let expected = "kubeadm init refuses:\n    the number of available CPUs 1 is less than the required 2\n    \
                        failed to pull image k8s.gcr.io/pause:3.2";
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.what_to_try(), Some("a master needs two CPUs: give the machine more"));
    }

    #[test]
    fn what_is_no_check_is_told_whole() {
        let error =
            explained("join", "couldn't validate the identity: none of the public keys are pinned", Error::failed("x"));
        assert_eq!(error.to_string(), "x");
        assert!(error.what_to_try().is_some_and(|hint| hint.contains("another lab secret")));
    }
}
