//! labkit in place of ssh: mpirun in a pod asks for a daemon in another by a line of its output, and the labkit that started
//! mpirun begins it there through the cluster. Pods need no sshd, no keys, no rights.

use std::{sync::atomic::AtomicBool, time::Duration};

use serde_json::{Value, json};

use crate::{
    bench::host::Host,
    error::{Context, Error, Result},
    exec::Program,
};

/// Begins the line that asks.
const MARK: &str = "{\"labkit\":\"daemon\"";

/// A daemon that is wanted on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// As the hostfile has it.
    pub host: String,
    /// For a shell there, as it would be for that of ssh.
    pub command: String,
}

/// What `labkit mpi agent HOST COMMAND…` prints: it is begun as ssh would be.
pub fn ask(words: &[String]) -> Result<String> {
    match words {
        [host, command @ ..] if !command.is_empty() => {
            let text = json!({ "command": command.join(" "), "host": host }).to_string();
            Ok(format!("{MARK},{}\n", &text[1..]))
        }
        _ => Err(Error::usage("mpirun begins this as it begins ssh: HOST COMMAND…")),
    }
}

/// What a line asks for; none where it is somebody else's.
pub fn parse(line: &str) -> Option<Request> {
    let asked: Value = serde_json::from_str(line.strip_prefix(MARK).map(|_| line)?).ok()?;
    Some(Request { host: asked["host"].as_str()?.to_owned(), command: asked["command"].as_str()?.to_owned() })
}

/// Runs the daemon to its end, which is that of the job.
pub fn begin(hosts: &[Host], request: &Request, limit: Duration, over: &AtomicBool) -> Result<()> {
    let host = hosts.iter().find(|host| host.address.to_string() == request.host);
    let (host, reach) = host.and_then(|host| Some((host, host.pod()?))).ok_or_else(|| {
        Error::failed(format!("mpirun wants a daemon on {}, which is no host of the job", request.host))
    })?;
    let argv = reach.argv(&["sh", "-c", &request.command]);
    let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
    let begun = || format!("begin Open MPI's daemon in pod {}", host.name);
    let (output, cut) = Program { argv: &argv, limit }.converse(b"", over, &mut |_| ()).context(begun)?;
    match cut {
        Some(_) => Ok(()),
        None => output.require_success(&argv).context(begun),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_mpirun_would_tell_ssh_arrives_whole() {
        let words = ["10.17.1.2", "orted", "-mca", "orte_hnp_uri", "\"1.0;tcp://10.17.0.2:1\""].map(str::to_owned);
        let line = ask(&words).unwrap();
        let request = parse(line.trim_end()).unwrap();
        assert_eq!(request.host, "10.17.1.2");
        assert_eq!(request.command, "orted -mca orte_hnp_uri \"1.0;tcp://10.17.0.2:1\"");
        assert_eq!(parse("HPLinpack benchmark"), None);
        assert!(ask(&words[..1]).is_err());
    }
}
