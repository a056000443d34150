//! What `labkit mpi start` is told: an MPI job in words that are not yet those of mpirun.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One line of JSON on standard input, which then stays open for as long as the job may run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Order {
    pub ranks: u32,
    pub hostfile: String,
    /// Networks that ranks, and what starts them, talk over: `192.168.56.0/24`.
    pub networks: Vec<String>,
    pub agent: Agent,
    /// They have no host keys that anybody knows.
    pub is_of_pods: bool,
    /// Ranks of one host talk through its memory, not by TCP.
    pub shares_memory: bool,
    /// `--bind-to none`: where hosts are containers of one machine, each would bind its first rank to the same core.
    pub is_unbound: bool,
    /// A rank that waits lets others run: there are more of them than CPUs.
    pub yields: bool,
    /// Threads that the BLAS of each rank may start.
    pub threads: u32,
    /// MCA parameters besides.
    pub mca: BTreeMap<String, String>,
    pub program: Vec<String>,
    /// What rank 0 reads from its standard input.
    pub input: String,
}

/// What begins the daemons of Open MPI on the other hosts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Agent {
    /// sshd runs there.
    #[default]
    Ssh,
    /// labkit, which started this one as well.
    Labkit,
}
