//! What a rank finds where it was put: told before anything long is begun, by the same launch.

use std::{fs, net::IpAddr, path::Path, process::Command};

use serde_json::{Value, json};

use crate::{addresses, machine::Machine};

/// Of one rank.
#[derive(Debug, Clone, Default, PartialEq)]
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
    pub place: String,
    /// True where hpcc is to be found.
    pub has_hpcc: bool,
    /// The file that hpcc's BLAS is; none where hpcc is not there, or has it built in.
    pub blas: Option<String>,
    /// The widest vectors of the CPU: 512, 256, 128 bits.
    pub vector_bits: u32,
}

/// Begins the line that a rank tells of itself.
const MARK: &str = "{\"labkit\":\"rank\"";

impl Facts {
    /// This process's own.
    pub fn read() -> Facts {
        let Machine { host, cpus, place, .. } = Machine::read();
        let rank = ["OMPI_COMM_WORLD_RANK", "PMIX_RANK"].iter().find_map(|name| std::env::var(name).ok()?.parse().ok());
        let all = addresses::read().unwrap_or_default();
        let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let blas = blas();
        Facts {
            rank: rank.unwrap_or_default(),
            host,
            addresses: all.into_iter().map(|one| one.address).collect(),
            boot: fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned(),
            cpus,
            online: cpu.lines().filter(|line| line.starts_with("processor")).count().max(1),
            memory_mb: memory_mb(Path::new("/")),
            place,
            has_hpcc: blas.is_some(),
            blas: blas.flatten(),
            vector_bits: if cpu.contains(" avx512f") {
                512
            } else if cpu.contains(" avx2") {
                256
            } else {
                128
            },
        }
    }

    /// One line, without its end.
    pub fn line(&self) -> String {
        let Facts { rank, host, addresses, boot, cpus, online, memory_mb, place, has_hpcc, blas, vector_bits } = self;
        let text = json!({
            "addresses": addresses, "blas": blas, "boot": boot, "cpus": cpus, "has_hpcc": has_hpcc, "host": host,
            "memory_mb": memory_mb, "online": online, "place": place, "rank": rank, "vector_bits": vector_bits,
        })
        .to_string();
        format!("{MARK},{}", &text[1..])
    }

    /// What a line tells of a rank; none where another program wrote it.
    pub fn parse(line: &str) -> Option<Facts> {
        let told: Value = serde_json::from_str(&line[line.find(MARK)?..]).ok()?;
        let (number, text) = (|key: &str| told[key].as_u64(), |key: &str| told[key].as_str().map(str::to_owned));
        let addresses = told["addresses"].as_array()?.iter().filter_map(|one| one.as_str()?.parse().ok());
        Some(Facts {
            rank: number("rank")? as usize,
            host: text("host")?,
            addresses: addresses.collect(),
            boot: text("boot")?,
            cpus: number("cpus")? as usize,
            online: number("online")? as usize,
            memory_mb: number("memory_mb")?,
            place: text("place")?,
            has_hpcc: told["has_hpcc"].as_bool()?,
            blas: text("blas"),
            vector_bits: number("vector_bits")? as u32,
        })
    }

    /// True for the BLAS that computes an eighth of what others do, and is what Debian's hpcc brings along.
    pub fn has_reference_blas(&self) -> bool {
        self.blas.as_deref().is_some_and(|path| path.contains("/blas/libblas"))
    }

    /// The library by its file's name and directory: `openblas-serial/libblas.so.3`.
    pub fn blas_name(&self) -> String {
        let path = self.blas.as_deref().unwrap_or("built in");
        path.rsplitn(3, '/').take(2).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("/")
    }
}

/// The file behind `libblas.so.3` of hpcc, as it would be loaded now; none at all where there is no hpcc.
fn blas() -> Option<Option<String>> {
    let path = std::env::var_os("PATH")?;
    let hpcc = std::env::split_paths(&path).map(|dir| dir.join("hpcc")).find(|file| file.is_file())?;
    let printed = Command::new("ldd").arg(hpcc).output().map(|output| output.stdout).unwrap_or_default();
    let printed = String::from_utf8_lossy(&printed).into_owned();
    let line = printed.lines().find(|line| line.trim_start().starts_with("libblas"));
    let file = line.and_then(|line| line.split_once(" => ")).and_then(|(_, rest)| rest.split_whitespace().next());
    let file = file.map(|file| fs::canonicalize(file).unwrap_or_else(|_| file.into()).display().to_string());
    Some(file)
}

/// The least of what the machine has left and what the control group at its root has left.
fn memory_mb(root: &Path) -> u64 {
    let number = |path: &str| -> Option<u64> { fs::read_to_string(root.join(path)).ok()?.trim().parse().ok() };
    let left = |limit: &str, used: &str| Some(number(limit)?.saturating_sub(number(used)?) >> 20);
    let meminfo = fs::read_to_string(root.join("proc/meminfo")).unwrap_or_default();
    let available = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let available = available.and_then(|rest| rest.trim().split(' ').next()?.parse::<u64>().ok()).map(|kb| kb >> 10);
    let groups = [
        left("sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory.current"),
        left("sys/fs/cgroup/memory/memory.limit_in_bytes", "sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ];
    groups.into_iter().flatten().chain(available).min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rank_is_read_back_as_it_told() {
        let own = Facts { blas: Some("/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0".into()), ..Facts::read() };
        assert!(own.cpus > 0 && own.online > 0 && own.memory_mb > 0);
        assert_eq!(Facts::parse(&own.line()), Some(own.clone()));
        assert_eq!(Facts::parse(&format!("[1,0]<stdout>:{}", own.line())), Some(own.clone()));
        assert_eq!(Facts::parse("node01"), None);
        assert!(own.has_reference_blas());
        assert_eq!(own.blas_name(), "blas/libblas.so.3.11.0");
    }

    #[test]
    fn memory_is_what_the_narrowest_leaves() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("proc/meminfo", "MemTotal: 9000000 kB\nMemAvailable:    4194304 kB\n");
        assert_eq!(memory_mb(root.path()), 4096);
        write("sys/fs/cgroup/memory.max", "max\n");
        write("sys/fs/cgroup/memory.current", "1048576\n");
        assert_eq!(memory_mb(root.path()), 4096);
        write("sys/fs/cgroup/memory.max", "1073741824\n");
        assert_eq!(memory_mb(root.path()), 1023);
    }
}
