//! kubectl, asked in JSON and by the rights of this machine.

use std::{env, fs, path::PathBuf, sync::atomic::AtomicBool, time::Duration};

use serde_json::Value;

use super::manifest::plain;
use crate::{
    error::Result,
    exec::Program,
    nodes::Role,
    reach::{ADMIN, KUBECTL_MEMORY},
    scratch::Scratch,
};

/// By whose rights.
#[derive(Debug, Clone, Copy)]
pub struct Kubectl(&'static str);

const LIMIT: Duration = Duration::from_secs(60);
/// Of one request: an API server that is not there is asked again, not waited for.
const REQUEST: &str = "--request-timeout=10s";

impl Kubectl {
    /// The master may do everything, any other node what a kubelet may.
    pub fn of(role: Role) -> Kubectl {
        match role {
            Role::Master => Kubectl(ADMIN),
            Role::Worker => Kubectl("/etc/kubernetes/kubelet.conf"),
        }
    }

    fn begin(self) -> [&'static str; 6] {
        ["kubectl", "--kubeconfig", self.0, "--cache-dir", KUBECTL_MEMORY, REQUEST]
    }

    /// `kubectl get …`; none where it is not there.
    pub fn get(self, words: &[&str]) -> Result<Option<Value>> {
        get(&self.begin(), words)
    }

    /// The items of a list, none where it is empty.
    pub fn list(self, words: &[&str]) -> Result<Vec<Value>> {
        self.get(words).map(items)
    }

    /// `kubectl delete …`, and waits until it is gone.
    pub fn delete(self, words: &[&str]) -> Result<()> {
        run(&[&self.begin()[..], &["delete", "--ignore-not-found"], words].concat()).map(|_| ())
    }

    /// `kubectl apply --server-side`: only the fields that are given become labkit's.
    pub fn apply(self, objects: &[Value]) -> Result<()> {
        let (_scratch, file) = written(objects)?;
        run(&[&self.begin()[..], &["apply"], &SERVER_SIDE, &[plain(&file)?]].concat()).map(|_| ())
    }

    /// True where applying these, which are several, would change anything that somebody wants. `kubectl diff` of before
    /// 1.21 also tells who wanted it when.
    pub fn differs(self, objects: &[Value]) -> Result<bool> {
        let (_scratch, file) = written(objects)?;
        let file = plain(&file)?;
        let all = |list: Vec<Value>| list.into_iter().map(wanted).collect::<Vec<Value>>();
        let now = || self.list(&["--filename", file]).map(all);
        let before = now()?;
        if before.len() < objects.len() {
            return Ok(true);
        }
        let tried = ["apply", "--dry-run=server", "--output=json"];
        let printed = run(&[&self.begin()[..], &tried, &SERVER_SIDE, &[file]].concat())?;
        let then = all(items(Some(serde_json::from_slice(&printed)?)));
        // A controller may have given one of them something of its own meanwhile: an account its token.
        let after = now()?;
        let is_same = |object: &Value| before.contains(object) || after.contains(object);
        Ok(then.len() < objects.len() || !then.iter().all(is_same))
    }
}

const SERVER_SIDE: [&str; 4] = ["--server-side", "--force-conflicts", "--field-manager=labkit", "--filename"];

/// An object without what the API server keeps account of.
fn wanted(mut object: Value) -> Value {
    if let Value::Object(fields) = &mut object {
        fields.remove("status");
    }
    if let Value::Object(metadata) = &mut object["metadata"] {
        ["generation", "managedFields", "resourceVersion"].iter().for_each(|key| drop(metadata.remove(*key)));
    }
    object
}

/// Objects in a file that is there for as long as its directory.
fn written(objects: &[Value]) -> Result<(Scratch, PathBuf)> {
    let scratch = Scratch::create(&env::temp_dir(), "labkit-")?;
    let file = scratch.path().join("objects.json");
    let list = serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": objects });
    fs::write(&file, serde_json::to_vec(&list)?)?;
    Ok((scratch, file))
}

fn items(list: Option<Value>) -> Vec<Value> {
    list.and_then(|mut list| list["items"].as_array_mut().map(std::mem::take)).unwrap_or_default()
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
