//! What tests of imported files share: the captures, as they are and changed, and the runs made of them.

use std::{fs, path::Path};

use super::{Bench, Said};

pub fn capture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(name).display().to_string()
}

pub fn import(bench: &Bench, files: &[&str], more: &[&str]) -> Said {
    let files: Vec<String> = files.iter().map(|name| capture(name)).collect();
    let mut words = vec!["import"];
    words.extend(files.iter().map(String::as_str));
    words.extend(more);
    bench.labkit(&words)
}

pub fn json(said: Said) -> serde_json::Value {
    serde_json::from_str(&said.ok()).unwrap()
}

/// Run directories.
pub fn runs(bench: &Bench) -> Vec<std::path::PathBuf> {
    let Ok(entries) = fs::read_dir(bench.state.path().join("runs")) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// A capture with one place changed, under its own name in a directory of its own.
pub fn other(bench: &Bench, name: &str, from: &str, to: &str) -> String {
    let dir = bench.state.path().join(format!("other-{}", from.len() + to.len()));
    fs::create_dir_all(&dir).unwrap();
    let text = fs::read_to_string(capture(name)).unwrap();
    assert!(text.contains(from), "{name} has no {from}");
    let file = dir.join(name);
    fs::write(&file, text.replace(from, to)).unwrap();
    file.display().to_string()
}
