//! Run directories: where they are, which is meant by a name, and what is in them.

use std::{
    env, fs,
    fs::File,
    io,
    path::{Path, PathBuf},
};

use serde::de::DeserializeOwned;

use super::{Outcome, Proof, Reading, Run, Sample, addition, reference};
use crate::error::{Context, Error, Result, nearest};

pub const RUN: &str = "run.json";
pub const SAMPLES: &str = "samples.jsonl";
pub const PROOFS: &str = "proofs.jsonl";
pub const READINGS: &str = "readings.jsonl";
pub const LOCK: &str = "lock";

/// Where labkit keeps its state: `$LABKIT_STATE`, `/var/lib/labkit` as root, else `$XDG_STATE_HOME/labkit`.
///
/// Ask before entering a user namespace, in which everybody is root.
pub fn state_dir() -> Result<PathBuf> {
    if variable("LABKIT_STATE").is_some() || nix::unistd::geteuid().is_root() {
        return Ok(machine_dir());
    }
    match (variable("XDG_STATE_HOME"), variable("HOME")) {
        (Some(state), _) => Ok(state.join("labkit")),
        (None, Some(home)) => Ok(home.join(".local/state/labkit")),
        (None, None) => Err(Error::failed("find a place for the results: neither XDG_STATE_HOME nor HOME is set")
            .hint("set LABKIT_STATE to a directory you may write to")),
    }
}

/// Where root has it, whoever asks: `$LABKIT_STATE`, or `/var/lib/labkit`.
pub fn machine_dir() -> PathBuf {
    variable("LABKIT_STATE").unwrap_or_else(|| PathBuf::from("/var/lib/labkit"))
}

fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// A run as it was read back from its directory.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub run: Run,
    pub samples: Vec<Sample>,
    pub proofs: Vec<Proof>,
    pub readings: Vec<Reading>,
    pub dir: PathBuf,
}

impl Record {
    /// The cases as declared, and after them any that only samples know.
    pub fn cases(&self) -> Vec<&str> {
        let mut cases: Vec<&str> = self.run.cases.iter().map(String::as_str).collect();
        for sample in &self.samples {
            if !cases.contains(&sample.case.as_str()) {
                cases.push(&sample.case);
            }
        }
        cases
    }

    /// Reads a run directory; a last line that a sudden end cut short is left out.
    pub fn read(dir: &Path) -> Result<Record> {
        Ok(Record {
            run: facts(dir)?,
            samples: lines(&dir.join(SAMPLES))?,
            proofs: lines(&dir.join(PROOFS))?,
            readings: lines(&dir.join(READINGS))?,
            dir: dir.to_owned(),
        })
    }

    /// Finds runs as `find` does; `reference` stands for all of the reference report's.
    pub fn find_all(state: &Path, names: &[String]) -> Result<Vec<Record>> {
        let expanded = names.iter().flat_map(|name| match name.as_str() {
            reference::NAME => reference::names().collect(),
            name => vec![name],
        });
        expanded.map(|name| Record::find(state, name)).collect()
    }

    /// Finds a run by its directory, its id, an unambiguous beginning of the id, or `latest`; or one of the
    /// reference report's.
    pub fn find(state: &Path, name: &str) -> Result<Record> {
        match reference::named(name) {
            Some(record) => record,
            None => Record::read(&locate(state, name)?),
        }
    }
}

/// Reads `run.json` alone.
pub fn facts(dir: &Path) -> Result<Run> {
    let path = dir.join(RUN);
    let text = fs::read_to_string(&path).context(|| format!("read `{}`", path.display()))?;
    let mut run: Run = serde_json::from_str(&text).context(|| format!("read `{}`", path.display()))?;
    // It never came to write how it ended.
    if run.outcome == Outcome::Running && !is_in_use(dir) {
        run.outcome = Outcome::Killed;
    }
    Ok(run)
}

/// The directory of a run that is called by its directory, its id, an unambiguous beginning of the id, or `latest`.
pub fn locate(state: &Path, name: &str) -> Result<PathBuf> {
    let dir = meant(state, name)?;
    addition::recover(&dir)?;
    Ok(dir)
}

fn meant(state: &Path, name: &str) -> Result<PathBuf> {
    // A whole id needs no list of all, which takes long where there are thousands.
    for dir in [PathBuf::from(name), runs(state).join(name)] {
        if !name.is_empty() && dir.join(RUN).exists() {
            return Ok(dir);
        }
    }
    if reference::names().any(|known| known == name) {
        return Err(Error::usage(format!("`{name}` is built into labkit and has no files"))
            .hint(format!("its figures: labkit export {name}")));
    }
    let ids = ids(state)?;
    let wanted: Vec<&String> = match name {
        "latest" => latest(state, &ids).into_iter().collect(),
        _ => ids.iter().filter(|id| id.starts_with(name)).collect(),
    };
    match wanted.as_slice() {
        [id] => Ok(runs(state).join(id)),
        [] if ids.is_empty() => Err(Error::usage("there are no runs yet").hint("start one: labkit run ex1")),
        [] => Err(Error::usage(format!("no run is called `{name}`")).hint(
            match nearest(name, ids.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`labkit results` lists them; `latest` is the newest".to_owned(),
            },
        )),
        several => Err(Error::usage(format!("`{name}` begins {} runs", several.len()))
            .hint("give more of the id: `labkit results` lists them")),
    }
}

/// An id has the second it began in; of those of one second, the lock was made when the run began.
fn latest<'a>(state: &Path, ids: &'a [String]) -> Option<&'a String> {
    let last = ids.last()?;
    let second = last.get(..SECOND).unwrap_or(last);
    let began = |id: &&String| fs::metadata(runs(state).join(id).join(LOCK)).and_then(|lock| lock.modified()).ok();
    ids.iter().filter(|id| id.starts_with(second)).max_by_key(began)
}

/// Length of `20261122-140000`.
const SECOND: usize = 15;

/// The directory that holds the run directories.
pub fn runs(state: &Path) -> PathBuf {
    state.join("runs")
}

/// Ids of all runs, oldest first.
pub fn ids(state: &Path) -> Result<Vec<String>> {
    let dir = runs(state);
    if !dir.exists() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(&dir).context(|| format!("list `{}`", dir.display()))? {
        let entry = entry.context(|| format!("list `{}`", dir.display()))?;
        if entry.path().join(RUN).exists() {
            found.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    found.sort();
    Ok(found)
}

fn lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.context(|| format!("read `{}`", path.display()))?,
    };
    let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
    whole
        .lines()
        .zip(1..)
        .map(|(line, number)| serde_json::from_str(line).context(|| format!("read `{}` line {number}", path.display())))
        .collect()
}

/// True while the process that writes this run is alive: it holds a lock that the kernel drops with it.
pub fn is_in_use(dir: &Path) -> bool {
    File::open(dir.join(LOCK)).is_ok_and(|lock| lock.try_lock_shared().is_err())
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::results::Writer;

    pub fn run() -> Run {
        Run {
            id: "20261122-140000-ex1-abcd".into(),
            labkit: "0.1.0".into(),
            recipe: "ex1".into(),
            question: "What does each way cost?".into(),
            recipe_sha256: "00".into(),
            params: Default::default(),
            machine: Default::default(),
            start: "2026-11-22T14:00:00Z".into(),
            end: None,
            outcome: Outcome::Done,
            why: None,
            baseline: None,
            control: None,
            cases: vec![],
            seed: 1,
            sections: vec![],
            bundle: None,
            imported: false,
        }
    }

    /// A run of these cases and values, a round each.
    pub fn record(cases: &[(&str, &[f64])]) -> Record {
        let mut run = run();
        run.cases = cases.iter().map(|(case, _)| case.to_string()).collect();
        let samples = cases.iter().flat_map(|(case, values)| {
            values
                .iter()
                .zip(1..)
                .map(|(value, round)| Sample::new("tcp", case, "throughput_gbit_s", *value).unwrap().round(Some(round)))
        });
        Record { run, samples: samples.collect(), proofs: vec![], readings: vec![], dir: "".into() }
    }

    #[test]
    fn of_two_runs_of_one_second_the_later_is_the_latest() {
        let state = tempfile::tempdir().unwrap();
        let second = Run { id: "20261122-140000-ex1-aaaa".into(), ..run() };
        let first = Writer::create(state.path(), &run()).unwrap();
        let made = |writer: &Writer| fs::metadata(writer.dir().join(LOCK)).unwrap().modified().unwrap();
        let mut later = Writer::create(state.path(), &second).unwrap();
        // The file system's clock may be coarse.
        while made(&later) <= made(&first) {
            later.remove();
            later = Writer::create(state.path(), &second).unwrap();
        }
        assert_eq!(Record::find(state.path(), "latest").unwrap().run.id, second.id);
    }

    #[test]
    fn a_run_is_found_by_the_beginning_of_its_id() {
        let state = tempfile::tempdir().unwrap();
        Writer::create(state.path(), &run()).unwrap();
        assert_eq!(Record::find(state.path(), "20261122").unwrap().run, run());
        let error = Record::find(state.path(), "20261122-140000-ex1-abce").unwrap_err();
        assert_eq!(error.what_to_try(), Some("did you mean `20261122-140000-ex1-abcd`?"));
    }
}
