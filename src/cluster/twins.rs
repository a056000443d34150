//! Machines that were cloned with what must be each one's own.

use std::collections::BTreeMap;

use serde_json::Value;

/// A sentence for each machine-id that several nodes have; leases of DHCP, logs and pod networks go by it.
pub fn told(nodes: &[Value]) -> Vec<String> {
    let mut by_id: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for node in nodes {
        let (id, name) = (&node["status"]["nodeInfo"]["machineID"], &node["metadata"]["name"]);
        if let (Some(id), Some(name)) = (id.as_str().filter(|id| !id.is_empty()), name.as_str()) {
            by_id.entry(id).or_default().push(name);
        }
    }
    let twins = by_id.into_iter().filter(|(_, names)| names.len() > 1);
    let tell = |(id, names): (&str, Vec<&str>)| {
        format!(
            "{} have the same machine-id, {id}: they are clones; on all but one: rm /etc/machine-id \
             /var/lib/dbus/machine-id; systemd-machine-id-setup; reboot",
            names.join(" and ")
        )
    };
    twins.map(tell).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn clones_are_named_and_others_are_not() {
        let node = |name: &str, id: &str| json!({ "metadata": { "name": name }, "status": { "nodeInfo": { "machineID": id } } });
        let [told] = &told(&[node("a", "77"), node("b", "78"), node("c", "77"), node("d", ""), node("e", "")])[..]
        else {
            panic!()
        };
        assert!(told.starts_with("a and c have the same machine-id, 77: they are clones"), "{told}");
    }
}
