//! Whether a run is what its own raw texts and its list of hashes say.

use std::{env, fs, io::Read, path::Path};

use serde::Serialize;

use super::{
    finding::Finding,
    manifest::{self, Files, Manifest},
    pack,
    rederive::{Rederived, rederive},
    unpack::unpack,
};
use crate::{
    error::{Context, Error, Result},
    results::{Run, store},
    scratch::Scratch,
    volume::open_plain,
};

/// What was looked at, and everything that does not fit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verified {
    pub run: Run,
    /// Files and their bytes, without the list of hashes.
    pub files: usize,
    pub bytes: u64,
    /// True where there was a list of hashes to hold them against.
    pub hashed: bool,
    #[serde(flatten)]
    pub rederived: Rederived,
}

impl Verified {
    /// Findings about the hashes come first.
    pub fn findings(&self) -> &[Finding] {
        &self.rederived.findings
    }
}

/// Unpacks an archive into a private directory that is gone afterwards, and looks at everything in it.
pub fn archive(from: impl Read) -> Result<Verified> {
    let full = "free some space, or set TMPDIR to a directory on another disk";
    let looked = || -> Result<Verified> {
        let scratch = Scratch::create(&env::temp_dir(), "labkit-")?;
        let unpacked = unpack(from, scratch.path())?;
        look(&unpacked.dir, &unpacked.files, Some(&unpacked.manifest))
    };
    looked().map_err(|error| crate::disk::hint_where_full(error, full))
}

/// Looks at a run directory: one of labkit's own, or what tar made of an archive.
pub fn directory(dir: &Path) -> Result<Verified> {
    if store::is_in_use(dir) {
        return Err(Error::failed(format!("run `{}` is still in progress", dir.display()))
            .hint("wait until it has ended: `labkit results` shows how"));
    }
    let path = dir.join(manifest::NAME);
    let listed = match fs::symlink_metadata(&path).is_ok() {
        false => None,
        true => {
            let mut text = String::new();
            open_plain(&path)?.take(super::MOST_LIST).read_to_string(&mut text)?;
            Some(Manifest::parse(&text).context(|| format!("read `{}`", path.display()))?)
        }
    };
    look(dir, &pack::contents(dir)?, listed.as_ref())
}

/// Largest `run.json` that is read: it holds no results.
const MOST_FACTS: u64 = 16 << 20;

fn facts(dir: &Path, files: &Files) -> Result<Run> {
    match files.get("run.json") {
        None => Err(Error::proof("there is no `run.json`: it is no run")),
        Some(file) if file.bytes > MOST_FACTS => Err(Error::failed(format!("`run.json` has {} bytes", file.bytes))),
        Some(_) => store::facts(dir),
    }
}

fn look(dir: &Path, files: &Files, listed: Option<&Manifest>) -> Result<Verified> {
    let run = facts(dir, files)?;
    let mut findings: Vec<Finding> = Vec::new();
    if let Some(listed) = listed {
        findings.extend(listed.differences(files).into_iter().map(|why| Finding::Manifest { why }));
        if listed.run.as_str() != run.id {
            let why = format!("it is of run `{}`, and run.json of `{}`", listed.run, run.id);
            findings.push(Finding::Manifest { why });
        }
    }
    let mut rederived = rederive(dir)?;
    findings.append(&mut rederived.findings);
    rederived.findings = findings;
    let bytes = files.values().map(|file| file.bytes).sum();
    Ok(Verified { run, files: files.len(), bytes, hashed: listed.is_some(), rederived })
}
