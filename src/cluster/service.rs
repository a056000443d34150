//! Whether a service is found by its name, and answers: the cluster's own name service, and the way to a service.

use std::{
    net::IpAddr,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{
    dns::{self, Answer},
    hello,
    kubectl::Kubectl,
    pods::{NAMESPACE, SERVICE},
};
use crate::{error::Result, lab::Lab, netns::Netns, results::Proof, signal};

/// How kubeadm calls the name service; none where the cluster has none.
const DNS: &str = "kube-dns";
const LOOK: Duration = Duration::from_millis(200);

/// From a pod of this node, until it holds or patience ends; none where the cluster has no name service.
pub fn prove(
    case: &str,
    from: &str,
    netns: &Netns,
    kubectl: Kubectl,
    patience: Duration,
    lab: &Lab,
) -> Result<Option<Proof>> {
    let name = format!("{SERVICE}.{NAMESPACE}.svc.cluster.local");
    lab.progress.doing(&format!("asks the cluster's name service for {name}"));
    let deadline = Instant::now() + patience;
    loop {
        let services = kubectl.list(&["services", "--all-namespaces"])?;
        let Some(server) = address(&services, DNS, "kube-system") else { return Ok(None) };
        // The master may be about to make it.
        let verdict = match address(&services, SERVICE, NAMESPACE) {
            Some(service) => {
                let answer = netns.enter(|| dns::lookup(server, &name))?;
                let said = netns.enter(|| hello::hear(service))?;
                judge(&name, server, service, answer, said.as_deref())
            }
            None => Err(vec![format!("there is no service `{SERVICE}` in the namespace {NAMESPACE}")]),
        };
        if verdict.is_ok() || Instant::now() > deadline {
            let proof = Proof { case: format!("{case} service"), from: from.to_owned(), to: name, ..Proof::default() };
            return Ok(Some(match verdict {
                Ok(held) => Proof { valid: true, held, ..proof },
                Err(why) => Proof { why, ..proof },
            }));
        }
        signal::check()?;
        thread::sleep(LOOK);
    }
}

fn address(services: &[Value], name: &str, namespace: &str) -> Option<IpAddr> {
    let is_it =
        |service: &&Value| service["metadata"]["name"] == *name && service["metadata"]["namespace"] == *namespace;
    services.iter().find(is_it)?["spec"]["clusterIP"].as_str()?.parse().ok()
}

fn judge(
    name: &str,
    server: IpAddr,
    service: IpAddr,
    answer: Answer,
    said: Option<&str>,
) -> Result<Vec<String>, Vec<String>> {
    let mut why = Vec::new();
    match answer {
        Answer::Address(address) if IpAddr::V4(address) == service => {}
        Answer::Address(other) => why.push(format!("{name} is {other} to {server}, and its address is {service}")),
        Answer::Unknown => why.push(format!("the name service at {server} does not know {name}")),
        Answer::Silence => why.push(format!("no name service answers at {server}")),
    }
    match said {
        Some(said) if said.starts_with(&hello::greeting("pod ")) => {}
        Some(other) => why.push(format!("the service at {service} says `{}`", other.escape_debug())),
        None => why.push(format!("nobody answers at the service's address {service}, port {}", hello::PORT)),
    }
    match why.is_empty() {
        true => Ok(vec![format!("{name} is {service}"), format!("\u{201c}{}\u{201d}", said.unwrap_or_default())]),
        false => Err(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_leads_elsewhere_or_nowhere_is_told() {
        let (server, service) = ([10, 96, 0, 10].into(), [10, 96, 1, 2].into());
        let judged = |answer, said| judge("hello", server, service, answer, said);
        let right = Answer::Address([10, 96, 1, 2].into());
        assert_eq!(judged(right, Some("Hello from pod 2")).unwrap(), ["hello is 10.96.1.2", "“Hello from pod 2”"]);
        assert_eq!(
            judged(Answer::Silence, None).unwrap_err(),
            ["no name service answers at 10.96.0.10", "nobody answers at the service's address 10.96.1.2, port 8080"]
        );
        let other = Answer::Address([10, 96, 9, 9].into());
        assert_eq!(
            judged(other, Some("220 mail")).unwrap_err(),
            [
                "hello is 10.96.9.9 to 10.96.0.10, and its address is 10.96.1.2",
                "the service at 10.96.1.2 says `220 mail`"
            ]
        );
    }
}
