//! mpirun's command line.

use super::order::{Agent, Order};

/// Pods have keys of the moment, which nobody vouches for.
const SSH_TO_PODS: &str = "-o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ConnectTimeout=10";
/// Never asks, and gives up soon. A key that nobody vouches for is neither trusted nor kept: a machine that is still on its way
/// to be a node has no certificate yet.
const SSH: &str = "-o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=10";
/// What numbers of threads are called by OpenBLAS, OpenMP and BLIS.
const THREADS: [&str; 3] = ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "BLIS_NUM_THREADS"];

/// Has glibc ask for pages of 2 MiB for what is large, where the kernel gives them to who asks (`madvise`, Debian's and
/// Ubuntu's usual): RandomAccess takes a third less time, and HPL is a few per cent faster.
const LARGE_PAGES: &str = "GLIBC_TUNABLES=glibc.malloc.hugetlb=1";

/// `mpirun (Open MPI) 4.1.4`
pub fn is_open_mpi(version: &str) -> bool {
    version.lines().next().is_some_and(|line| line.contains("(Open MPI) "))
}

impl Order {
    /// The MCA parameters: these names are those of Open MPI 4, and 5 takes them for its own.
    fn parameters(&self, agent: &str) -> Vec<(&str, String)> {
        let networks = self.networks.join(",");
        let mut all = Vec::new();
        if !self.shares_memory {
            all.push(("btl", "self,tcp".to_owned()));
        }
        if !networks.is_empty() {
            all.extend([("btl_tcp_if_include", networks.clone()), ("oob_tcp_if_include", networks)]);
        }
        all.push(("plm_rsh_no_tree_spawn", "1".to_owned()));
        all.push(match self.agent {
            Agent::Ssh => ("plm_rsh_args", if self.is_of_pods { SSH_TO_PODS } else { SSH }.to_owned()),
            Agent::Labkit => ("plm_rsh_agent", agent.to_owned()),
        });
        if self.yields {
            all.push(("mpi_yield_when_idle", "1".to_owned()));
        }
        all.extend(self.mca.iter().map(|(name, value)| (name.as_str(), value.clone())));
        all
    }

    /// All words; `agent` is the command that stands for ssh where there is none.
    pub fn argv(&self, hostfile: &str, agent: &str) -> Vec<String> {
        let ranks = self.ranks.to_string();
        let mut argv: Vec<String> = Vec::new();
        let mut add = |words: &[&str]| argv.extend(words.iter().map(|word| (*word).to_owned()));
        add(&["mpirun", "--allow-run-as-root", "--hostfile", hostfile, "-np", &ranks]);
        if self.agent == Agent::Labkit {
            // The daemon ends with what began it, and not in the background.
            add(&["--leave-session-attached"]);
        }
        if self.is_unbound {
            add(&["--bind-to", "none"]);
        }
        for (name, value) in self.parameters(agent) {
            add(&["--mca", name, &value]);
        }
        for name in THREADS {
            add(&["-x", &format!("{name}={}", self.threads.max(1))]);
        }
        add(&["-x", LARGE_PAGES]);
        argv.extend(self.program.iter().cloned());
        argv
    }
}

/// Parameters of the launcher, which the ompi_info of Open MPI 5 does not know.
const OF_LAUNCHER: [&str; 6] = ["ess_", "oob_", "plm_", "prte_", "ras_", "rmaps_"];

/// The first of these names that `ompi_info --all --parsable` does not list, with what it may have been meant to be: Open MPI
/// takes a misspelt one in silence.
pub fn unknown<'a>(names: impl IntoIterator<Item = &'a str>, listed: &str) -> Option<(&'a str, Option<String>)> {
    let is_of_launcher = |name: &str| OF_LAUNCHER.iter().any(|begin| name.starts_with(begin));
    // mca:btl:tcp:param:btl_tcp_if_include:value:…
    let known: Vec<&str> =
        listed.lines().filter_map(|line| line.split(':').skip_while(|word| *word != "param").nth(1)).collect();
    // One that lists nothing knows nothing.
    let unknown = names.into_iter().find(|name| !known.is_empty() && !known.contains(name) && !is_of_launcher(name))?;
    Some((unknown, crate::error::nearest(unknown, known).map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> Order {
        Order {
            ranks: 3,
            networks: vec!["192.168.56.0/24".into()],
            is_unbound: true,
            threads: 2,
            program: vec!["hpcc".into()],
            ..Order::default()
        }
    }

    #[test]
    fn every_rank_is_told_which_network_and_how_many_threads() {
        let line = order().argv("hosts", "").join(" ");
        assert!(
            line.starts_with("mpirun --allow-run-as-root --hostfile hosts -np 3 --bind-to none --mca btl self,tcp ")
        );
        assert!(line.contains(" --mca btl_tcp_if_include 192.168.56.0/24 --mca oob_tcp_if_include 192.168.56.0/24 "));
        assert!(line.contains(" --mca plm_rsh_args -o BatchMode=yes "), "{line}");
        let end =
            format!(" -x OPENBLAS_NUM_THREADS=2 -x OMP_NUM_THREADS=2 -x BLIS_NUM_THREADS=2 -x {LARGE_PAGES} hpcc");
        assert!(line.ends_with(&end), "{line}");
        let pods = Order { agent: Agent::Labkit, yields: true, shares_memory: true, ..order() };
        let line = pods.argv("hosts", "/labkit mpi agent").join(" ");
        assert!(line.contains(" --mca plm_rsh_agent /labkit mpi agent --mca mpi_yield_when_idle 1 "), "{line}");
        assert!(!line.contains("btl self") && line.contains(" --leave-session-attached "), "{line}");
    }

    #[test]
    fn another_mpi_is_told_from_open_mpi() {
        assert!(
            is_open_mpi("mpirun (Open MPI) 4.1.4\n\nReport bugs to …\n") && is_open_mpi("mpirun (Open MPI) 5.0.7\n")
        );
        assert!(!is_open_mpi("HYDRA build details:\n    Version: 4.0.2\n"));
    }

    #[test]
    fn a_misspelt_parameter_is_told_its_neighbour() {
        let listed = "mca:btl:tcp:param:btl_tcp_if_include:value:\"\"\nmca:btl:tcp:param:btl_tcp_links:value:1\n";
        assert_eq!(unknown(["btl_tcp_links", "plm_rsh_args"], listed), None);
        assert_eq!(
            unknown(["btl_tcp_if_incude"], listed),
            Some(("btl_tcp_if_incude", Some("btl_tcp_if_include".to_owned())))
        );
    }
}
