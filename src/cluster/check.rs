//! Whether this machine can become a node at all, before anything is done to it.

use std::path::Path;

use super::{identity::Identity, papers::PORT, state::State};
use crate::{
    columns, disk,
    error::{Error, Result},
    lab::Lab,
    listeners,
    machine::Machine,
    nodes::Role,
    secret::Secret,
};

/// What kubeadm wants of a master ("Before you begin").
const CPUS: usize = 2;
const MEMORY_MB: u64 = 1700;
/// Packages, images as they come and as they lie on the disk, and the gigabyte that the kubelet keeps free.
const DISK: u64 = 3_000_000_000;
const KUBELET: &str = "/usr/bin/kubelet";
const OF_A_NODE: &[u16] = &[10250];
const OF_A_MASTER: &[u16] = &[PORT, 2379, 2380, 10250, 10257, 10259];

/// All that is against it, in one error; nothing where it is a node already.
pub fn check(lab: &mut Lab) -> Result<()> {
    let (nodes, own) = (lab.nodes()?, lab.own_node()?);
    let state = State::of(own.role, &Identity::of(&Secret::read()?))?;
    if state != State::Free {
        return Ok(());
    }
    let mut faults = Vec::new();
    if own.role == Role::Master {
        let Machine { cpus, memory_mb, .. } = Machine::read();
        faults.extend(scarcity(cpus, memory_mb));
    }
    // What is installed has its room already.
    if !Path::new(KUBELET).exists() {
        faults.extend(disk(Path::new("/var/lib")));
    }
    faults.extend(ports(if own.role == Role::Master { OF_A_MASTER } else { OF_A_NODE }));
    match faults.is_empty() {
        true => Ok(()),
        false => Err(Error::failed(format!(
            "this machine cannot be {} of cluster {}:\n    {}",
            if own.role == Role::Master { "the master" } else { "a node" },
            nodes.name,
            faults.join("\n    ")
        ))
        .hint("nothing was done to it; mend that, and run the same again")),
    }
}

fn scarcity(cpus: usize, memory_mb: u64) -> Vec<String> {
    let mut faults = Vec::new();
    if cpus < CPUS {
        faults.push(format!("it has {cpus} CPU, and a master needs {CPUS}: give the machine more"));
    }
    if memory_mb < MEMORY_MB {
        faults.push(format!("it has {memory_mb} MB of memory, and a master needs {MEMORY_MB}: give the machine more"));
    }
    faults
}

fn disk(dir: &Path) -> Option<String> {
    let free = disk::left(dir)?;
    (free < DISK).then(|| {
        format!(
            "{} of the disk with {} are free, and packages and images need {}: make room, or give it a larger disk",
            columns::bytes(free),
            dir.display(),
            columns::bytes(DISK)
        )
    })
}

fn ports(wanted: &[u16]) -> Vec<String> {
    let listeners = listeners::read();
    let taken = wanted.iter().filter_map(|port| Some((port, listeners.get(port)?)));
    let told = taken.map(|(port, socket)| {
        let holder = listeners::holder(socket).unwrap_or_else(|| "another program".to_owned());
        format!("{holder} listens on port {port}, which is the cluster's: stop it")
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_machine_is_told_what_it_lacks() {
        assert_eq!(scarcity(2, 1700), [""; 0]);
        let told = scarcity(1, 1024).join("\n");
        assert_eq!(
            told,
            "it has 1 CPU, and a master needs 2: give the machine more\n\
             it has 1024 MB of memory, and a master needs 1700: give the machine more"
        );
    }
}
