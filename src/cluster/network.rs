//! Which network the pods of this node have, by what is on the machine.

use std::{fs, path::Path};

/// Where runtimes look for it.
pub const CONFIGURATIONS: &str = "/etc/cni/net.d";
/// The unit that holds the way to pods of other nodes, of the networks that labkit makes itself.
pub const UNIT: &str = "labkit-pods.service";
const UNITS: &str = "/etc/systemd/system";
/// Endings of what a runtime reads there.
const READ: [&str; 3] = ["conf", "conflist", "json"];

/// `routed`, `vxlan`, `calico`, or what another one's configuration is called; nothing where there is none.
pub fn of_machine() -> Option<String> {
    let unit = fs::read_to_string(Path::new(UNITS).join(UNIT)).ok();
    of(&configurations(), unit.as_deref())
}

/// True where the unit is to hold it.
pub fn has_unit() -> bool {
    Path::new(UNITS).join(UNIT).exists()
}

/// Names of the files that a runtime would read, the one that it takes first.
pub fn configurations() -> Vec<String> {
    let entries = fs::read_dir(CONFIGURATIONS).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> =
        names.filter(|name| name.rsplit_once('.').is_some_and(|(_, end)| READ.contains(&end))).collect();
    names.sort();
    names
}

fn of(configurations: &[String], unit: Option<&str>) -> Option<String> {
    let first = configurations.first()?;
    Some(match unit {
        _ if first.contains("calico") => "calico".to_owned(),
        Some(unit) if unit.contains("vxlan") => "vxlan".to_owned(),
        _ if first.contains("labkit") => "routed".to_owned(),
        _ => first.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_known_by_its_files() {
        let of = |names: &[&str], unit| of(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(), unit);
        let (routes, vxlan) = ("ExecStart=ip route replace 10.17.1.0/24 via 192.168.56.11", "ip link add vxlan.labkit");
        assert_eq!(of(&["10-labkit.conflist"], Some(routes)).as_deref(), Some("routed"));
        assert_eq!(of(&["10-labkit.conflist"], Some(vxlan)).as_deref(), Some("vxlan"));
        // A lab of one machine has no way to another.
        assert_eq!(of(&["10-labkit.conflist"], None).as_deref(), Some("routed"));
        assert_eq!(of(&["10-calico.conflist", "10-labkit.conflist"], None).as_deref(), Some("calico"));
        assert_eq!(of(&["05-cilium.conflist"], None).as_deref(), Some("05-cilium.conflist"));
        assert_eq!(of(&[], Some(vxlan)), None);
    }
}
