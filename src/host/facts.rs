//! What this machine is: system, processor, memory, addresses.

use std::{collections::BTreeMap, fs, path::Path};

use serde::Serialize;

use crate::{
    addresses::{self, DeviceAddress},
    error::Result,
    machine::Machine,
    names::Cidr,
};

/// Read when it is asked for; nothing is changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Facts {
    /// `debian`, `ubuntu` (os-release(5), ID).
    pub os: String,
    /// `12`, `24.04`; empty where the system has none.
    pub version: String,
    /// `bookworm`, `noble`; empty where it has none.
    pub codename: String,
    pub host: String,
    pub kernel: String,
    /// As Debian calls it: `amd64`, `arm64`.
    pub arch: String,
    /// `bare`, `vm:kvm`, `container:docker` …
    pub place: String,
    pub cpus: usize,
    pub memory_mb: u64,
    /// Devices and their addresses.
    pub addresses: Vec<DeviceAddress>,
    /// The device of the default route; none where there is no such route.
    pub default_dev: Option<String>,
    /// Devices that a virtual machine's monitor hides behind its own address: the same on every machine, and no good
    /// for a cluster.
    pub nat_devs: Vec<String>,
    /// 2 where there is one hierarchy of control groups, 1 where there are several.
    pub cgroup: u8,
}

/// What VirtualBox and QEMU give, and what Vagrant's libvirt does.
const NAT: [&str; 2] = ["10.0.2.0/24", "192.168.121.0/24"];

impl Facts {
    pub fn read() -> Result<Facts> {
        let machine = Machine::read();
        let text = fs::read_to_string("/etc/os-release").unwrap_or_default();
        let release = os_release(&text);
        let of_system = |name: &str| release.get(name).cloned().unwrap_or_default();
        let addresses = addresses::read()?;
        let hidden: Vec<Cidr> = NAT.iter().filter_map(|cidr| cidr.parse().ok()).collect();
        let is_hidden = |one: &&DeviceAddress| hidden.iter().any(|cidr| cidr.contains(one.address));
        let routes = fs::read_to_string("/proc/net/route").unwrap_or_default();
        Ok(Facts {
            os: of_system("ID"),
            version: of_system("VERSION_ID"),
            codename: of_system("VERSION_CODENAME"),
            host: machine.host,
            kernel: machine.kernel,
            arch: match machine.arch.as_str() {
                "x86_64" => "amd64".to_owned(),
                "aarch64" => "arm64".to_owned(),
                other => other.to_owned(),
            },
            place: machine.place,
            cpus: machine.cpus,
            memory_mb: machine.memory_mb,
            nat_devs: addresses.iter().filter(is_hidden).map(|one| one.dev.clone()).collect(),
            addresses,
            default_dev: default_dev(&routes),
            cgroup: if Path::new("/sys/fs/cgroup/cgroup.controllers").exists() { 2 } else { 1 },
        })
    }
}

/// os-release(5): NAME=value, with quotes where they are needed.
fn os_release(text: &str) -> BTreeMap<String, String> {
    let fields = text.lines().filter_map(|line| line.split_once('='));
    fields.map(|(name, value)| (name.to_owned(), value.trim_matches(['"', '\'']).to_owned())).collect()
}

/// The first route to everywhere: destination and mask are 0.
fn default_dev(routes: &str) -> Option<String> {
    let columns = routes.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let default = |columns: &Vec<&str>| columns.get(1) == Some(&"00000000") && columns.get(7) == Some(&"00000000");
    columns.into_iter().find(default).and_then(|columns| columns.first().map(|dev| (*dev).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_own_account_is_read_without_its_quotes() {
        let release = os_release("PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\n");
        assert_eq!((release["ID"].as_str(), release["VERSION_ID"].as_str()), ("debian", "12"));
    }

    #[test]
    fn the_default_route_is_the_one_to_everywhere() {
        let head = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n";
        let lan = "eth1\t0038A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";
        let all = "eth0\t00000000\t0202000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n";
        assert_eq!(default_dev(&format!("{head}{lan}{all}")).as_deref(), Some("eth0"));
        assert_eq!(default_dev(&format!("{head}{lan}")), None);
    }
}
