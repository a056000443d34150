//! The hostfile of an MPI job, and which rank is where by it.

use crate::bench::host::Host;

/// The hostfile, with `slots=` always: without it a host counts as many as it has cores, and the last may get no rank.
pub fn text(hosts: &[Host]) -> String {
    hosts.iter().map(|host| format!("{} slots={}\n", host.address, host.slots)).collect()
}

/// Ranks that all of them take.
pub fn ranks(hosts: &[Host]) -> u32 {
    hosts.iter().map(|host| host.slots).sum()
}

/// Which host each rank is on: ranks fill one host after the other.
pub fn of_ranks(hosts: &[Host]) -> Vec<&Host> {
    hosts.iter().flat_map(|host| (0..host.slots).map(move |_| host)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::host::tests::host;

    #[test]
    fn every_line_of_a_hostfile_says_how_many_ranks() {
        let hosts = [host("master", 10, 1), host("node01", 11, 2)];
        assert_eq!(text(&hosts), "192.168.56.10 slots=1\n192.168.56.11 slots=2\n");
        assert_eq!(ranks(&hosts), 3);
        let names: Vec<&str> = of_ranks(&hosts).iter().map(|host| host.name.as_str()).collect();
        assert_eq!(names, ["master", "node01", "node01"]);
    }
}
