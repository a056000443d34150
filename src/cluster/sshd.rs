//! Pods that mpirun reaches by ssh, as the report had it: root, sshd, and keys of the lab's own for nothing but this.

use serde_json::{Value, json};

use crate::{
    error::Result,
    secret::{Purpose, Secret},
    ssh_key::SshKey,
};

const KEYS: &str = "hpl-ssh";
/// Host keys are made in each container. Keys are copied, since sshd takes none from a directory that all may write to, as
/// that of a secret is.
const RUN: &str = "mkdir -p /run/sshd && install -d -m 700 /root/.ssh && install -m 600 /keys/* /root/.ssh && \
                   ssh-keygen -A && exec /usr/sbin/sshd -D -e";
/// What sshd needs: its port, to become another, and to do so in a root of its own; and echo packets, as the report wanted.
const RIGHTS: [&str; 9] =
    ["AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "NET_BIND_SERVICE", "NET_RAW", "SETGID", "SETUID", "SYS_CHROOT"];

/// The keys, as an object of the pods' namespace: other ones than those of the machines.
pub fn keys(namespace: &str) -> Result<Value> {
    let key = SshKey::from_seed(&Secret::read()?.derive(Purpose::SshUser, b"pods"));
    Ok(json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": { "name": KEYS, "namespace": namespace },
        "stringData": { "id_ed25519": key.private("labkit"), "authorized_keys": key.public("labkit") + "\n" },
    }))
}

/// Has a pod run sshd in place of what it runs.
pub fn patch(spec: &mut Value) {
    if let Some(security) = spec["securityContext"].as_object_mut() {
        security.retain(|name, _| name == "sysctls");
        security.insert("runAsUser".to_owned(), json!(0));
    }
    let volume = json!({ "name": KEYS, "secret": { "secretName": KEYS, "defaultMode": 0o600 } });
    if let Some(volumes) = spec["volumes"].as_array_mut() {
        volumes.push(volume);
    }
    let Some(container) = spec.pointer_mut("/containers/0") else { return };
    container["command"] = json!(["sh", "-c", RUN]);
    container["securityContext"] = json!({ "capabilities": { "drop": ["ALL"], "add": RIGHTS } });
    if let Some(mounts) = container["volumeMounts"].as_array_mut() {
        mounts.push(json!({ "name": KEYS, "mountPath": "/keys", "readOnly": true }));
    }
}
