//! How ranks are put on CPUs, from what each of them found.

use std::collections::BTreeMap;

use super::{facts::Facts, hostfile::of_ranks};
use crate::bench::host::Host;
use crate::error::{Error, Result};

/// What mpirun is told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    pub is_unbound: bool,
    pub yields: bool,
    pub shares_memory: bool,
    pub threads: u32,
}

impl Shape {
    /// Each host sees all CPUs of its machine: those that share one are counted together.
    pub fn of(hosts: &[Host], facts: &[Facts]) -> Shape {
        let placed = of_ranks(hosts);
        let mut machines: BTreeMap<&str, Vec<(&str, &Facts)>> = BTreeMap::new();
        for (host, fact) in placed.iter().zip(facts) {
            machines.entry(&fact.boot).or_default().push((&host.name, fact));
        }
        let shared = machines.values().any(|ranks| ranks.iter().any(|(host, _)| *host != ranks[0].0));
        let is_crowded = |ranks: &Vec<(&str, &Facts)>| ranks.len() > ranks[0].1.online;
        let of_rank = |(host, fact): (&&Host, &Facts)| {
            let beside = machines.get(fact.boot.as_str()).map_or(1, Vec::len);
            (fact.cpus / host.slots.max(1) as usize).min(fact.online / beside)
        };
        let threads = placed.iter().zip(facts).map(of_rank).min().unwrap_or(1).max(1);
        let is_contained = facts.iter().any(|fact| fact.place == "pod" || fact.place.starts_with("container:"));
        Shape {
            // A rank that is bound to a core has its threads there as well.
            is_unbound: shared || is_contained || threads > 1,
            yields: machines.values().any(is_crowded),
            shares_memory: hosts.iter().any(|host| host.slots > 1),
            threads: threads as u32,
        }
    }
}

/// Each rank is where it was to be: with another hostfile, or another machine of that address, figures would be of that.
pub fn check_places(hosts: &[Host], facts: &[Facts]) -> Result<()> {
    let placed = of_ranks(hosts);
    for (rank, host) in placed.iter().enumerate() {
        let Some(fact) = facts.iter().find(|fact| fact.rank == rank) else {
            return Err(Error::failed(format!("rank {rank}, which is for {}, told nothing", host.name)));
        };
        if !fact.addresses.contains(&host.address) {
            let has: Vec<String> = fact.addresses.iter().map(ToString::to_string).collect();
            return Err(Error::failed(format!(
                "rank {rank} is for {} at {}, and runs on {}, which has {}",
                host.name,
                host.address,
                fact.host,
                has.join(", ")
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::host::tests::host;

    fn fact(rank: usize, boot: &str, cpus: usize, online: usize) -> Facts {
        let addresses = vec![[192, 168, 56, 10 + rank as u8].into()];
        Facts { rank, boot: boot.into(), cpus, online, place: "vm:kvm".into(), addresses, ..Facts::default() }
    }

    #[test]
    fn machines_of_their_own_are_left_to_mpirun() {
        let hosts = [host("master", 10, 1), host("node01", 11, 1)];
        let own = Shape::of(&hosts, &[fact(0, "a", 1, 1), fact(1, "b", 1, 1)]);
        assert_eq!(own, Shape { is_unbound: false, yields: false, shares_memory: false, threads: 1 });
        // With two CPUs for one rank, its BLAS may use both, and must not be bound to one.
        let wide = Shape::of(&hosts, &[fact(0, "a", 3, 3), fact(1, "b", 2, 2)]);
        assert_eq!((wide.threads, wide.is_unbound), (2, true));
    }

    #[test]
    fn containers_of_one_machine_share_its_cpus() {
        let hosts = [host("a", 10, 1), host("b", 11, 1), host("c", 12, 1)];
        let all = [fact(0, "a", 2, 2), fact(1, "a", 2, 2), fact(2, "a", 2, 2)];
        assert_eq!(Shape::of(&hosts, &all), Shape { is_unbound: true, yields: true, shares_memory: false, threads: 1 });
        // A quota counts as well.
        let limited = [fact(0, "a", 1, 16), fact(1, "a", 1, 16), fact(2, "a", 1, 16)];
        assert_eq!(Shape::of(&hosts, &limited).threads, 1);
        let two = Shape::of(&[host("a", 10, 2)], &[fact(0, "a", 4, 4), fact(1, "a", 4, 4)]);
        assert_eq!((two.threads, two.shares_memory), (2, true));
    }

    #[test]
    fn a_rank_on_another_machine_is_told() {
        let hosts = [host("master", 10, 1), host("node01", 11, 1)];
        assert!(check_places(&hosts, &[fact(0, "a", 1, 1), fact(1, "b", 1, 1)]).is_ok());
        let swapped = [fact(0, "a", 1, 1), Facts { addresses: vec![[10, 0, 2, 15].into()], ..fact(1, "b", 1, 1) }];
        let error = check_places(&hosts, &swapped).unwrap_err().to_string();
        assert_eq!(error, "rank 1 is for node01 at 192.168.56.11, and runs on , which has 10.0.2.15");
        assert!(check_places(&hosts, &[fact(0, "a", 1, 1)]).is_err());
    }
}
