//! kubectl, asked in JSON and by the rights of this machine.

use std::{env, fs, path::Path, sync::atomic::AtomicBool, time::Duration};

use serde_json::Value;

use crate::{
    error::{Error, Result},
    exec::Program,
    nodes::Role,
    scratch::Scratch,
};

/// By whose rights.
#[derive(Debug, Clone, Copy)]
pub struct Kubectl(&'static str);

const LIMIT: Duration = Duration::from_secs(60);
/// What it remembers of the API, elsewhere than in the user's own directory.
pub const MEMORY: &str = "/run/labkit/kubectl";
/// Of one request: an API server that is not there is asked again, not waited for.
const REQUEST: &str = "--request-timeout=10s";

impl Kubectl {
    /// The master may do everything, any other node what a kubelet may.
    pub fn of(role: Role) -> Kubectl {
        match role {
            Role::Master => Kubectl("/etc/kubernetes/admin.conf"),
            Role::Worker => Kubectl("/etc/kubernetes/kubelet.conf"),
        }
    }

    fn begin(self) -> [&'static str; 6] {
        ["kubectl", "--kubeconfig", self.0, "--cache-dir", MEMORY, REQUEST]
    }

    /// `kubectl get …`; none where it is not there.
    pub fn get(self, words: &[&str]) -> Result<Option<Value>> {
        get(&self.begin(), words)
    }

    /// The items of a list, none where it is empty.
    pub fn list(self, words: &[&str]) -> Result<Vec<Value>> {
        let list = self.get(words)?;
        Ok(list.and_then(|mut list| list["items"].as_array_mut().map(std::mem::take)).unwrap_or_default())
    }

    /// `kubectl delete …`, and waits until it is gone.
    pub fn delete(self, words: &[&str]) -> Result<()> {
        run(&[&self.begin()[..], &["delete", "--ignore-not-found"], words].concat()).map(|_| ())
    }

    /// `kubectl apply --server-side`: only the fields that are given become labkit's.
    pub fn apply(self, objects: &[Value]) -> Result<()> {
        let scratch = Scratch::create(&env::temp_dir(), "labkit-")?;
        let file = scratch.path().join("objects.json");
        let list = serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": objects });
        fs::write(&file, serde_json::to_vec(&list)?)?;
        let apply =
            ["apply", "--server-side", "--force-conflicts", "--field-manager=labkit", "--filename", text(&file)?];
        run(&[&self.begin()[..], &apply].concat()).map(|_| ())
    }
}

fn run(argv: &[&str]) -> Result<Vec<u8>> {
    let output = Program { argv, limit: LIMIT }.run(&AtomicBool::new(false))?;
    output.require_success(argv)?;
    Ok(output.stdout)
}

fn get(begin: &[&str], words: &[&str]) -> Result<Option<Value>> {
    let text = run(&[begin, &["get", "--output=json", "--ignore-not-found"], words].concat())?;
    match text.trim_ascii().is_empty() {
        true => Ok(None),
        false => Ok(Some(serde_json::from_slice(&text)?)),
    }
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| Error::failed("the directory for temporary files has a name that is no text"))
}
