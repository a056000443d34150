//! Kernel settings of a namespace, by the files under /proc/sys that follow the thread that opens them.

use std::{fs, path::PathBuf, sync::OnceLock};

use super::topology::{Space, Topology};
use crate::error::{Context, Result};

/// Dotted name to file: `net.ipv4.ip_forward`.
pub fn file(key: &str) -> PathBuf {
    PathBuf::from("/proc/sys").join(key.replace('.', "/"))
}

pub fn read(key: &str) -> Result<String> {
    let value = fs::read_to_string(file(key)).context(|| format!("read `{key}`"))?;
    Ok(value.trim().to_owned())
}

pub fn write(key: &str, value: &str) -> Result<()> {
    fs::write(file(key), value).context(|| format!("set `{key}` to `{value}`"))
}

/// No IPv6 on one device, whose name may hold dots.
pub fn silence(dev: &crate::names::IfName) -> Result<()> {
    let dir = PathBuf::from("/proc/sys/net/ipv6/conf").join(dev.as_str());
    match dir.exists() {
        true => fs::write(dir.join("disable_ipv6"), "1").context(|| format!("switch IPv6 off on `{dev}`")),
        false => Ok(()),
    }
}

/// Whether this kernel has IPv6; asked once, since looking a file up takes longer with every namespace there is.
fn has_ipv6() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    *FOUND.get_or_init(|| fs::exists("/proc/sys/net/ipv6").unwrap_or(false))
}

/// What every namespace is told, whatever the machine's defaults are: forward only where asked, no filtering
/// of asymmetric paths, and no IPv6 chatter in the counters.
pub fn wanted(space: &Space, topology: &Topology) -> Vec<(&'static str, &'static str)> {
    let on = |yes| if yes { "1" } else { "0" };
    let has_v6 = |topology: &Topology| {
        topology.addresses.iter().any(|address| address.hop.ns == space.name && address.cidr.addr.is_ipv6())
    };
    let ipv6 = space.ipv6 || has_v6(topology);
    let mut wanted = vec![
        ("net.ipv4.ip_forward", on(space.forward)),
        ("net.ipv4.conf.all.rp_filter", "0"),
        ("net.ipv4.conf.default.rp_filter", "0"),
    ];
    if has_ipv6() {
        // For the devices to come. Setting it for `all` would wait for the kernel's one lock of all networking.
        wanted.push(("net.ipv6.conf.default.disable_ipv6", on(!ipv6)));
        if ipv6 {
            wanted.push(("net.ipv6.conf.default.addr_gen_mode", "1"));
            wanted.push(("net.ipv6.conf.default.accept_ra", "0"));
            wanted.push(("net.ipv6.conf.all.forwarding", on(space.forward)));
        }
    }
    wanted
}

/// Where bridges are: no detour of bridged frames through the packet filter.
pub const AROUND_THE_FILTER: [&str; 3] = [
    "net.bridge.bridge-nf-call-iptables",
    "net.bridge.bridge-nf-call-ip6tables",
    "net.bridge.bridge-nf-call-arptables",
];

/// Gives the calling thread's namespace what it is to have, whatever it has.
pub fn furnish(space: &Space, topology: &Topology) -> Result<()> {
    wanted(space, topology).into_iter().try_for_each(|(key, value)| write(key, value))
}

/// Values that a new namespace is born with. All are born alike, so it is read once and spares a thousand writes.
#[derive(Default)]
pub struct Born {
    values: OnceLock<Vec<(&'static str, String)>>,
}

const ALIKE: [&str; 4] = [
    "net.ipv4.ip_forward",
    "net.ipv4.conf.all.rp_filter",
    "net.ipv4.conf.default.rp_filter",
    "net.ipv6.conf.default.disable_ipv6",
];

impl Born {
    /// Gives the calling thread's namespace, which must be new, what it is to have.
    pub fn furnish(&self, space: &Space, topology: &Topology) -> Result<()> {
        let wanted = wanted(space, topology).into_iter();
        wanted.filter(|(key, value)| !self.with(key, value)).try_for_each(|(key, value)| write(key, value))
    }

    /// Whether a new namespace has this value already.
    fn with(&self, key: &str, value: &str) -> bool {
        let values =
            self.values.get_or_init(|| ALIKE.into_iter().filter_map(|key| Some((key, read(key).ok()?))).collect());
        values.iter().any(|(known, born)| *known == key && born == value)
    }
}
