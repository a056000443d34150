//! What ails this machine as a node of the lab: each cause in words, with what to do about it.

mod certificate;
mod known;
mod machine;
mod runtime;
mod unit;

use std::{sync::atomic::AtomicBool, time::Duration};

use super::{
    identity::Identity,
    kubectl::Kubectl,
    network, server,
    state::{self, State as Membership},
};
use crate::{
    error::Result,
    exec::Program,
    finding::{Finding, State},
    nodes::{self, Node, Nodes, Role},
    secret::Secret,
};

const JOIN: &str = "`sudo labkit run ex2`";
/// Where what kubeadm made of the machine is lost.
const AGAIN: &str = "`sudo labkit undo ex2`, then `sudo labkit run ex2`";

/// What was found; nothing where this machine is in no lab.
pub fn examine() -> Vec<Finding> {
    if !nodes::etc_dir().join("lab.toml").exists() {
        return Vec::new();
    }
    let found = Nodes::read().and_then(|nodes| Ok((nodes.own()?.clone(), nodes)));
    match found {
        Ok((own, nodes)) => of_node(&nodes, &own),
        Err(error) => vec![Finding::of_error("lab", State::Bad, &error)],
    }
}

fn of_node(nodes: &Nodes, own: &Node) -> Vec<Finding> {
    let role = if own.role == Role::Master { "master" } else { "worker" };
    let lab = format!("{}: {} ({role}), {}", nodes.name, own.name, own.address);
    let mut findings = vec![Finding::good("lab", lab)];
    let membership = Secret::read().map(|secret| Identity::of(&secret)).and_then(|identity| {
        let membership = Membership::of(own.role, &identity)?;
        Ok((identity, membership))
    });
    // What a node lacks is what another machine does not need yet.
    let is_member = matches!(membership, Ok((_, Membership::Member)));
    findings.extend(machine::examine(own, if is_member { State::Bad } else { State::Note }));
    match membership {
        Ok((identity, Membership::Member)) => findings.extend(of_member(nodes, own, &identity)),
        Ok((_, other)) => findings.push(outside(&other)),
        Err(error) => {
            let error = error.hint("as root: `sudo labkit doctor`");
            findings.push(Finding::of_error("cluster", State::Note, &error));
        }
    }
    findings
}

fn outside(membership: &Membership) -> Finding {
    match membership {
        Membership::Foreign => Finding::bad("cluster", "it is one of another lab secret")
            .remedy("every node of a lab has the same /etc/labkit/secret"),
        Membership::Begun => {
            Finding::new("cluster", State::Note, "to make this machine a node was begun, and not finished")
                .remedy(format!("{JOIN} goes on with it"))
        }
        _ => Finding::new("cluster", State::Note, "this machine is in none").remedy(JOIN),
    }
}

fn of_member(nodes: &Nodes, own: &Node, identity: &Identity) -> Vec<Finding> {
    let mut findings = runtime::examine();
    findings.push(unit::kubelet());
    if network::has_unit() {
        findings.push(unit::examine(network::UNIT));
    }
    findings.push(match network::of_machine() {
        Some(network) => Finding::good("pod network", network),
        None => Finding::bad(
            "pod network",
            format!("{} has no configuration: no pod gets a network", network::CONFIGURATIONS),
        )
        .remedy(JOIN),
    });
    findings.push(certificate::examine(own.role));
    match server::ask(nodes, identity) {
        Err(error) => findings.push(Finding::of_error("API server", State::Bad, &error)),
        Ok(answer) => {
            findings.push(Finding::good("API server", format!("answers, {}", answer.version)));
            if own.role == Role::Worker {
                findings.extend(answer.ahead_ms().map(machine::clock));
            }
            findings.extend(known::examine(Kubectl::of(own.role), own));
        }
    }
    findings
}

/// What a program printed, that is not waited for where it does not end.
fn printed(argv: &[&str]) -> Result<String> {
    let output = Program { argv, limit: Duration::from_secs(10) }.run(&AtomicBool::new(false))?;
    output.require_success(argv)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
