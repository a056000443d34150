//! What kubeadm is told: documents for a node that begins a cluster, and for one that joins it.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::{
    identity::Identity,
    kubeadm::{Api, Version},
    runtime::{CgroupDriver, Runtime},
};
use crate::{
    error::Result,
    nodes::{Node, Nodes, Role},
};

/// A node with less than that has DiskPressure: the kubelet takes no pod, and ends those that are there.
const SPARE_DISK: &str = "1Gi";

/// Everything they are made from.
pub struct Papers<'a> {
    pub nodes: &'a Nodes,
    pub own: &'a Node,
    pub version: &'a Version,
    pub runtime: Runtime,
    pub cgroups: CgroupDriver,
    pub identity: &'a Identity,
}

/// Of the API server.
pub const PORT: u16 = 6443;
/// Whoever has the token by then is in; a later run of the master makes it good for as long again.
const TOKEN_LIFE: &str = "2h0m0s";
/// The API server, the kubelet and the discovery on slow laptops.
const PATIENCE: &str = "10m0s";

impl Papers<'_> {
    /// For kubeadm of this machine, whatever its role. The text holds the token.
    pub fn text(&self) -> Result<String> {
        let documents = match self.own.role {
            Role::Master => self.init(),
            Role::Worker => self.join()?,
        };
        // JSON is YAML, and kubeadm takes several documents from one file.
        let pages = documents.iter().map(serde_json::to_string_pretty).collect::<Result<Vec<String>, _>>()?;
        Ok(pages.join("\n---\n") + "\n")
    }

    fn api(&self) -> Api {
        self.version.api()
    }

    fn of(&self, kind: &str, fields: Value) -> Value {
        let mut document = json!({ "apiVersion": self.api().name(), "kind": kind });
        if let (Value::Object(all), Value::Object(fields)) = (&mut document, fields) {
            all.extend(fields);
        }
        document
    }

    fn registration(&self) -> Value {
        json!({
            "name": self.own.name,
            "criSocket": self.version.endpoint(self.runtime.socket()),
            // The master takes pods as any other node.
            "taints": [],
            // Of several devices the kubelet would take the one with the default route, which is alike on all machines.
            "kubeletExtraArgs": self.api().flags(&[("node-ip", &self.own.address.to_string())]),
        })
    }

    fn init(&self) -> Vec<Value> {
        let mut init = json!({
            "bootstrapTokens": [{
                "token": self.identity.token,
                "ttl": TOKEN_LIFE,
                "usages": ["signing", "authentication"],
                "groups": ["system:bootstrappers:kubeadm:default-node-token"],
                "description": "of the lab secret",
            }],
            "localAPIEndpoint": { "advertiseAddress": self.own.address, "bindPort": PORT },
            "nodeRegistration": self.registration(),
        });
        let mut cluster = json!({
            "kubernetesVersion": self.version.to_string(),
            "clusterName": self.nodes.name,
            "networking": {
                "podSubnet": self.nodes.pod_cidr,
                "serviceSubnet": self.nodes.service_cidr,
                "dnsDomain": "cluster.local",
            },
            // Each node has its part of the pods' addresses by its place in lab.toml.
            "controllerManager": { "extraArgs": self.api().flags(&[("allocate-node-cidrs", "false")]) },
        });
        match self.api() {
            Api::V1beta4 => {
                init["timeouts"] =
                    json!({ "controlPlaneComponentHealthCheck": PATIENCE, "kubeletHealthCheck": PATIENCE });
            }
            _ => cluster["apiServer"] = json!({ "timeoutForControlPlane": PATIENCE }),
        }
        let kubelet = json!({
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "cgroupDriver": self.cgroups,
            // Images come from the bundle: a full disk is told, and not made room on by throwing them away.
            "imageGCHighThresholdPercent": 100,
            // A node is ready when it next says how it is: in ten seconds, unless told. Each answer may take as long.
            "nodeStatusUpdateFrequency": "4s",
            // Where nothing changed; else it would be as often.
            "nodeStatusReportFrequency": "5m0s",
            // A share of the disk, which is the usual threshold, keeps gigabytes of a large one from pods, and the
            // kubelet drops to nothing what is not named.
            "evictionHard": {
                "memory.available": "100Mi",
                "nodefs.available": SPARE_DISK,
                "nodefs.inodesFree": "5%",
                "imagefs.available": SPARE_DISK,
            },
        });
        vec![self.of("InitConfiguration", init), self.of("ClusterConfiguration", cluster), kubelet]
    }

    fn join(&self) -> Result<Vec<Value>> {
        let mut discovery = json!({
            "bootstrapToken": {
                "token": self.identity.token,
                "apiServerEndpoint": SocketAddr::new(self.nodes.master()?.address, PORT).to_string(),
                "caCertHashes": [self.identity.pin()?],
            },
            "tlsBootstrapToken": self.identity.token,
        });
        let mut join = json!({ "nodeRegistration": self.registration() });
        match self.api() {
            Api::V1beta4 => join["timeouts"] = json!({ "discovery": PATIENCE, "tlsBootstrap": PATIENCE }),
            _ => discovery["timeout"] = json!(PATIENCE),
        }
        join["discovery"] = discovery;
        Ok(vec![self.of("JoinConfiguration", join)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn nodes() -> Nodes {
        let text = r#"{ "name": "lab", "network": "192.168.56.0/24", "pod_cidr": "10.17.0.0/16",
            "service_cidr": "10.96.0.0/12",
            "node": [{ "name": "master", "address": "192.168.56.10", "role": "master" },
                     { "name": "node01", "address": "192.168.56.11", "role": "worker" }] }"#;
        serde_json::from_str(text).unwrap()
    }

    fn documents(version: &str, own: usize) -> Vec<Value> {
        let (nodes, version) = (nodes(), version.parse().unwrap());
        let identity = Identity::of(&Secret::new().unwrap());
        let papers = Papers {
            nodes: &nodes,
            own: &nodes.nodes[own],
            version: &version,
            runtime: Runtime::Containerd,
            cgroups: CgroupDriver::Systemd,
            identity: &identity,
        };
        let text = papers.text().unwrap();
        text.split("\n---\n").map(|page| serde_json::from_str(page).unwrap()).collect()
    }

    #[test]
    fn a_master_is_told_its_address_and_flags_in_the_way_of_its_version() {
        let all = documents("v1.20.2", 0);
        assert_eq!(all[0]["apiVersion"], "kubeadm.k8s.io/v1beta2");
        assert_eq!(all[0]["localAPIEndpoint"]["advertiseAddress"], "192.168.56.10");
        assert_eq!(all[0]["nodeRegistration"]["criSocket"], "/run/containerd/containerd.sock");
        assert_eq!(all[0]["nodeRegistration"]["kubeletExtraArgs"], json!({ "node-ip": "192.168.56.10" }));
        assert_eq!(all[1]["apiServer"]["timeoutForControlPlane"], "10m0s");
        assert_eq!(all[2]["cgroupDriver"], "systemd");
        let all = documents("v1.32.8", 0);
        assert_eq!(all[0]["apiVersion"], "kubeadm.k8s.io/v1beta4");
        assert_eq!(all[0]["nodeRegistration"]["criSocket"], "unix:///run/containerd/containerd.sock");
        let flags = json!([{ "name": "node-ip", "value": "192.168.56.10" }]);
        assert_eq!(all[0]["nodeRegistration"]["kubeletExtraArgs"], flags);
        assert_eq!(all[0]["timeouts"]["kubeletHealthCheck"], "10m0s");
        assert_eq!(all[1]["apiServer"], Value::Null);
    }

    #[test]
    fn a_worker_knows_the_master_by_its_address_and_pin() {
        for (version, place) in [("v1.20.2", "/discovery/timeout"), ("v1.32.8", "/timeouts/discovery")] {
            let all = documents(version, 1);
            let [join] = all.as_slice() else { panic!("{all:?}") };
            let token = &join["discovery"]["bootstrapToken"];
            assert_eq!(token["apiServerEndpoint"], "192.168.56.10:6443");
            assert!(token["caCertHashes"][0].as_str().unwrap().starts_with("sha256:"));
            assert_eq!(token["token"], join["discovery"]["tlsBootstrapToken"]);
            assert_eq!(join.pointer(place).unwrap(), "10m0s", "{version}");
        }
    }
}
