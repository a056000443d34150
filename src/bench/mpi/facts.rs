//! What a rank finds where it was put: told before anything long is begun, by the same launch.

use std::{env, fs, net::IpAddr, path::Path};

use serde::{Deserialize, Serialize};

use super::{library::Library, memory};
use crate::{addresses, disk, machine::Machine};

/// Of one rank.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    pub rank: usize,
    /// Host name of the machine or pod.
    pub host: String,
    /// That its devices have.
    pub addresses: Vec<IpAddr>,
    /// Differs between kernels, and is one for all containers of a machine.
    pub boot: String,
    /// CPUs that this process may use: online, allowed, within the quota.
    pub cpus: usize,
    /// CPUs of the machine.
    pub online: usize,
    /// Memory that is to be had, within the limit of a control group.
    pub memory_mb: u64,
    /// Room for temporary files: mpirun keeps its session there, and rank 0 what hpcc writes.
    pub room_mb: u64,
    pub place: String,
    /// Which BLAS hpcc has; none where there is no hpcc.
    pub library: Option<Library>,
    /// The widest vectors of the CPU: 512, 256, 128 bits.
    pub vector_bits: u32,
}

/// Begins the line that a rank tells of itself.
const MARK: &str = "{\"labkit\":\"rank\"";

impl Facts {
    /// This process's own.
    pub fn read() -> Facts {
        let Machine { host, cpus, place, .. } = Machine::read();
        let rank = ["OMPI_COMM_WORLD_RANK", "PMIX_RANK"].iter().find_map(|name| env::var(name).ok()?.parse().ok());
        let all = addresses::read().unwrap_or_default();
        let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let vector_bits = vector_bits(&cpu);
        Facts {
            rank: rank.unwrap_or_default(),
            host,
            addresses: all.into_iter().map(|one| one.address).collect(),
            boot: fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned(),
            cpus,
            online: cpu.lines().filter(|line| line.starts_with("processor")).count().max(1),
            memory_mb: memory::left_mb(Path::new("/")),
            room_mb: disk::left(&env::temp_dir()).unwrap_or(u64::MAX) >> 20,
            place,
            library: Library::find(vector_bits),
            vector_bits,
        }
    }

    /// One line, without its end.
    ///
    /// # Errors
    /// None that is known: every field has a form in JSON.
    pub fn line(&self) -> serde_json::Result<String> {
        Ok(format!("{MARK},{}", &serde_json::to_string(self)?[1..]))
    }

    /// What a line tells of a rank; none where another program wrote it.
    pub fn parse(line: &str) -> Option<Facts> {
        serde_json::from_str(&line[line.find(MARK)?..]).ok()
    }
}

/// [`Facts::vector_bits`], from the text of /proc/cpuinfo.
pub fn vector_bits(cpu: &str) -> u32 {
    match cpu {
        _ if cpu.contains(" avx512f") => 512,
        _ if cpu.contains(" avx2") => 256,
        _ => 128,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rank_is_read_back_as_it_told() {
        let own =
            Facts { library: Some(Library::of("/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0")), ..Facts::read() };
        assert!(own.cpus > 0 && own.online > 0 && own.memory_mb > 0 && own.room_mb > 0);
        let line = own.line().unwrap();
        assert_eq!(Facts::parse(&line), Some(own.clone()));
        assert_eq!(Facts::parse(&format!("[1,0]<stdout>:{line}")), Some(own.clone()));
        assert_eq!(Facts::parse("node01"), None);
        let none = Facts { library: None, ..own };
        assert_eq!(Facts::parse(&none.line().unwrap()), Some(none));
    }
}
