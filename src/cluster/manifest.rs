//! Objects in a file of YAML, read by the parser that Kubernetes itself reads them with.

use std::{env, fs, path::Path};

use serde_json::{Deserializer, Value};

use crate::{
    command,
    error::{Context, Error, Result},
    scratch::Scratch,
};

/// kubectl, as it prints the objects of a file one after the other as JSON and asks no cluster: a patch that changes
/// nothing.
pub fn argv(file: &str) -> [&str; 9] {
    let nobody = "--kubeconfig=/dev/null";
    ["kubectl", nobody, "patch", "--local", "--type=merge", "--patch={}", "--output=json", "--filename", file]
}

/// The objects of a manifest, in its order.
pub fn objects(text: &str) -> Result<Vec<Value>> {
    let scratch = Scratch::create(&env::temp_dir(), "labkit-")?;
    let file = scratch.path().join("manifest.yaml");
    fs::write(&file, text).context(|| format!("write `{}`", file.display()))?;
    let printed = command::run(&argv(plain(&file)?))?;
    printed_objects(&printed)
}

/// What kubectl printed.
pub fn printed_objects(printed: &str) -> Result<Vec<Value>> {
    Ok(Deserializer::from_str(printed).into_iter().collect::<Result<Vec<Value>, _>>()?)
}

/// The path as a program takes it.
pub fn plain(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| Error::failed("the directory for temporary files has a name that is no text"))
}

/// `DaemonSet calico-node`, by which an object is known in its manifest.
pub fn is(object: &Value, kind: &str, name: &str) -> bool {
    object["kind"] == kind && object["metadata"]["name"] == name
}
