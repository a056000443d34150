//! `MANIFEST`: the digest and size of every file of a run, as lines that a person can check with sha256sum.

use std::{collections::BTreeMap, fmt};

use super::{
    COLLECTED, MOST_FILES,
    name::{RunId, RunPath},
};
use crate::error::{Error, Result};

pub const NAME: &str = "MANIFEST";

/// Of one run; written in the order of the paths.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// Version of the labkit that wrote it.
    pub labkit: String,
    pub run: RunId,
    pub files: Files,
}

pub type Files = BTreeMap<RunPath, Content>;

/// What is in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// 64 hexadecimal digits.
    pub sha256: String,
    pub bytes: u64,
}

impl From<(String, u64)> for Content {
    fn from((sha256, bytes): (String, u64)) -> Content {
        Content { sha256, bytes }
    }
}

impl fmt::Display for Manifest {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        writeln!(out, "# labkit {}, run {}", self.labkit, self.run)?;
        self.files.iter().try_for_each(|(path, file)| writeln!(out, "{}  {}  {path}", file.sha256, file.bytes))
    }
}

impl Manifest {
    /// Reads one manifest.
    pub fn parse(text: &str) -> Result<Manifest> {
        let mut all = Manifest::parse_all(text)?;
        match (all.pop(), all.is_empty()) {
            (Some(one), true) => Ok(one),
            (Some(_), false) => Err(Error::failed("it is of several runs")),
            (None, _) => Err(Error::failed("it is empty")),
        }
    }

    /// Reads manifests that stand one behind the other, as `labkit archive --manifest` prints them.
    pub fn parse_all(text: &str) -> Result<Vec<Manifest>> {
        let mut all: Vec<Manifest> = Vec::new();
        for (line, number) in text.lines().zip(1..) {
            let at = |why: String| Error::failed(format!("line {number}: {why}"));
            if let Some(head) = line.strip_prefix('#') {
                all.push(Manifest::headed(head).map_err(at)?);
                continue;
            }
            let manifest =
                all.last_mut().ok_or_else(|| at("`# labkit VERSION, run ID` does not stand first".into()))?;
            let (path, content) = file(line).map_err(at)?;
            if manifest.files.insert(path, content).is_some() {
                return Err(at("this file was listed before".to_owned()));
            }
            if manifest.files.len() > MOST_FILES {
                return Err(at(format!("more than {MOST_FILES} files")));
            }
        }
        Ok(all)
    }

    fn headed(head: &str) -> Result<Manifest, String> {
        let words = head.trim().strip_prefix("labkit ").and_then(|head| head.split_once(", run "));
        let (labkit, run) = words.ok_or("`# labkit VERSION, run ID` was expected")?;
        Ok(Manifest { labkit: labkit.to_owned(), run: run.parse()?, files: Files::new() })
    }

    /// Everything in which `found` is not what is listed here, in words.
    pub fn differences(&self, found: &Files) -> Vec<String> {
        let mut all = Vec::new();
        for (path, listed) in &self.files {
            match found.get(path) {
                None => all.push(format!("`{path}` is listed and missing")),
                Some(there) if there.bytes != listed.bytes => {
                    all.push(format!("`{path}` has {} bytes, {} are listed", there.bytes, listed.bytes));
                }
                Some(there) if there.sha256 != listed.sha256 => {
                    all.push(format!("`{path}` is not what was packed: its SHA-256 is {}", there.sha256));
                }
                Some(_) => {}
            }
        }
        let unlisted = found.keys().filter(|path| !self.files.contains_key(*path));
        all.extend(unlisted.map(|path| format!("`{path}` is there and not listed")));
        all
    }

    /// What a run is told from another by: all but what may rightly change after its end.
    pub fn evidence(&self) -> Manifest {
        let mut evidence = self.clone();
        evidence.files.retain(|path, _| !is_made_again(path.as_str()));
        evidence
    }

    pub fn bytes(&self) -> u64 {
        self.files.values().map(|file| file.bytes).sum()
    }
}

fn file(line: &str) -> Result<(RunPath, Content), String> {
    let mut words = line.splitn(3, "  ");
    let mut next = || words.next().ok_or("`sha256  size  path` was expected");
    let (sha256, bytes, path) = (next()?, next()?, next()?);
    if sha256.len() != 64 || !sha256.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(format!("`{}` is no SHA-256", sha256.escape_debug()));
    }
    let bytes = bytes.parse().map_err(|_| format!("`{}` is no size", bytes.escape_debug()))?;
    Ok((path.parse()?, Content { sha256: sha256.to_ascii_lowercase(), bytes }))
}

/// Pages are rendered again, and the journal notes what is cleaned up later.
fn is_made_again(path: &str) -> bool {
    ["report.html", "journal.jsonl"].contains(&path) || path.starts_with("figures/")
}

/// Files of a run directory that belong to this copy or to this moment, not to the run.
pub fn is_left_out(path: &str) -> bool {
    ["lock", NAME, COLLECTED].contains(&path) || path.ends_with(".part")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let content = |bytes| Content { sha256: "ab".repeat(32), bytes };
        let files = [("raw/two  spaces.txt", 2), ("run.json", 1)];
        let files = files.map(|(path, bytes)| (path.parse().unwrap(), content(bytes))).into();
        Manifest { labkit: "0.1.0".into(), run: "20261122-140000-ex1-abcd".parse().unwrap(), files }
    }

    #[test]
    fn a_manifest_reads_back_as_it_was_written() {
        let text = manifest().to_string();
        assert!(text.starts_with("# labkit 0.1.0, run 20261122-140000-ex1-abcd\n"));
        assert_eq!(Manifest::parse(&text).unwrap(), manifest());
        assert_eq!(Manifest::parse_all(&text.repeat(2)).unwrap(), [manifest(), manifest()]);
    }

    #[test]
    fn a_damaged_line_is_named() {
        let text = manifest().to_string();
        let why = |text: &str| Manifest::parse(text).unwrap_err().to_string();
        assert_eq!(why(&text.replace("  2  ", "  two  ")), "line 2: `two` is no size");
        assert_eq!(why(&text.replacen("ab", "xy", 1)), "line 1: `# labkit VERSION, run ID` was expected");
        assert_eq!(
            why(&text.replace("run.json", "../run.json")),
            "line 3: `../run.json` leads out of the run with `..`"
        );
        assert_eq!(why(""), "it is empty");
    }

    #[test]
    fn every_kind_of_difference_is_told() {
        let mut found = manifest().files;
        found.get_mut("run.json").unwrap().bytes = 9;
        let (_, other) = found.pop_first().unwrap();
        found.insert("raw/new".parse().unwrap(), other);
        let told = [
            "`raw/two  spaces.txt` is listed and missing",
            "`run.json` has 9 bytes, 1 are listed",
            "`raw/new` is there and not listed",
        ];
        assert_eq!(manifest().differences(&found), told);
    }
}
