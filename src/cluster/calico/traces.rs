//! What Calico leaves on a node: devices, routes, sets of addresses.

use std::{fs, path::Path};

use crate::{
    cluster::leave::{empty, gone},
    command,
    error::{Context, Result},
    netlink::{Change, Connection},
};

/// Made for its pods and before they run: a sign that it was here.
const STATE: &str = "/var/lib/calico";
const FILES: [&str; 2] = ["/etc/cni/net.d/10-calico.conflist", "/etc/cni/net.d/calico-kubeconfig"];
const VXLAN: &str = "vxlan.calico";
/// The kernel's own, which goes with its module alone.
const IPIP: &str = "tunl0";
/// Who made a route, as rtnetlink(7) numbers it: BIRD, and Calico itself.
const MAKERS: [&str; 2] = ["12", "80"];

/// Where it was never here, nothing is touched.
pub fn remove() -> Result<()> {
    if !Path::new(STATE).exists() {
        return Ok(());
    }
    for file in FILES {
        gone(fs::remove_file(file)).context(|| format!("remove `{file}`"))?;
    }
    let mut connection = Connection::open()?;
    let devices = connection.devices()?;
    for (name, device) in devices.iter().filter(|(name, _)| *name == VXLAN || is_pod(name)) {
        // The other end may be in a namespace that goes at this moment, and this one with it.
        if let Err(refusal) = connection.transact(&[Change::Delete(device.index).request()]) {
            log::debug!("ip link del {name}: {}", refusal.error);
        }
    }
    if devices.contains_key(IPIP) {
        attempt(&["ip", "addr", "flush", "dev", IPIP]);
        attempt(&["ip", "link", "set", IPIP, "down"]);
    }
    MAKERS.iter().for_each(|maker| attempt(&["ip", "route", "flush", "proto", maker]));
    empty(Path::new(STATE))
}

/// Sets that its rules named, once the rules are gone. Without ipset(8) they stay until the next boot, in nobody's way.
pub fn remove_sets() {
    let Ok(names) = command::run(&["ipset", "list", "-name"]) else { return };
    names.lines().filter(|name| name.starts_with("cali")).for_each(|name| attempt(&["ipset", "destroy", name]));
}

/// The host's end of a pod's device: `cali` and eleven digits of a hash.
fn is_pod(name: &str) -> bool {
    name.strip_prefix("cali").is_some_and(|rest| rest.len() == 11 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn attempt(argv: &[&str]) {
    match command::attempt(argv).and_then(|output| output.require_success(argv)) {
        Ok(()) => {}
        Err(error) => log::debug!("{error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_of_somebody_else_is_no_pods() {
        assert!(is_pod("cali0123456789a"));
        assert!(!is_pod("cali0") && !is_pod("california01") && !is_pod("veth0123456789a"));
    }
}
