//! Run directories: written a line at a time while a run goes on, read back whole.

use std::{
    env, fs,
    fs::{File, OpenOptions},
    io::Write,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};

use super::{Outcome, Proof, Run, Sample};
use crate::error::{Context, Error, Result, nearest};

const RUN: &str = "run.json";
const SAMPLES: &str = "samples.jsonl";
const PROOFS: &str = "proofs.jsonl";
const LOCK: &str = "lock";
const HINT_SPACE: &str = "free some space, or set LABKIT_STATE to a directory on another disk";

/// Where labkit keeps its state: `$LABKIT_STATE`, `/var/lib/labkit` as root, else `$XDG_STATE_HOME/labkit`.
///
/// Ask before entering a user namespace, in which everybody is root.
pub fn state_dir() -> Result<PathBuf> {
    let variable = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(dir) = variable("LABKIT_STATE") {
        return Ok(dir);
    }
    if nix::unistd::geteuid().is_root() {
        return Ok(PathBuf::from("/var/lib/labkit"));
    }
    match (variable("XDG_STATE_HOME"), variable("HOME")) {
        (Some(state), _) => Ok(state.join("labkit")),
        (None, Some(home)) => Ok(home.join(".local/state/labkit")),
        (None, None) => Err(Error::failed("find a place for the results: neither XDG_STATE_HOME nor HOME is set")
            .hint("set LABKIT_STATE to a directory you may write to")),
    }
}

/// A run as it was read back from its directory.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub run: Run,
    pub samples: Vec<Sample>,
    pub proofs: Vec<Proof>,
    pub dir: PathBuf,
}

impl Record {
    /// Reads a run directory; a last line that a sudden end cut short is left out.
    pub fn read(dir: &Path) -> Result<Record> {
        let path = dir.join(RUN);
        let text = fs::read_to_string(&path).context(|| format!("read `{}`", path.display()))?;
        let mut run: Run = serde_json::from_str(&text).context(|| format!("read `{}`", path.display()))?;
        // It never came to write how it ended.
        if run.outcome == Outcome::Running && !is_in_use(dir) {
            run.outcome = Outcome::Killed;
        }
        Ok(Record { run, samples: lines(&dir.join(SAMPLES))?, proofs: lines(&dir.join(PROOFS))?, dir: dir.to_owned() })
    }

    /// Finds a run by its directory, its id, an unambiguous beginning of the id, or `latest`.
    pub fn find(state: &Path, name: &str) -> Result<Record> {
        if Path::new(name).join(RUN).exists() {
            return Record::read(Path::new(name));
        }
        let ids = ids(state)?;
        let wanted: Vec<&String> = match name {
            "latest" => ids.last().into_iter().collect(),
            _ => ids.iter().filter(|id| id.starts_with(name)).collect(),
        };
        match wanted.as_slice() {
            [id] => Record::read(&runs(state).join(id)),
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
}

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
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
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

/// The open run directory. Every line is with the kernel before the call returns.
#[derive(Debug)]
pub struct Writer {
    dir: PathBuf,
    samples: File,
    proofs: File,
    /// Held as long as the run goes on.
    _lock: File,
}

impl Writer {
    /// Makes the run's directory, only for its owner, and writes the first `run.json`.
    pub fn create(state: &Path, run: &Run) -> Result<Writer> {
        let dir = runs(state).join(&run.id);
        let made = || -> Result<Writer> {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(dir.join("raw"))?;
            let append = |name| OpenOptions::new().create(true).append(true).open(dir.join(name));
            let lock = append(LOCK)?;
            lock.lock()?;
            let writer = Writer { samples: append(SAMPLES)?, proofs: append(PROOFS)?, dir: dir.clone(), _lock: lock };
            // Nothing is replaced yet, so nothing can be lost.
            fs::write(dir.join(RUN), serde_json::to_string_pretty(run)?)?;
            Ok(writer)
        };
        made().map_err(|error| {
            out_of_space(error.context(format!("make the run directory `{}`", dir.display())))
                .hint("set LABKIT_STATE to a directory you may write to")
        })
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Takes the directory away again, for a run that did not come to do anything.
    pub fn remove(self) {
        if let Err(error) = fs::remove_dir_all(&self.dir) {
            log::warn!("remove `{}`: {error}", self.dir.display());
        }
    }

    /// Replaces `run.json` at once: a reader sees the old or the new one, never half of it.
    pub fn run(&self, run: &Run) -> Result<()> {
        replace(&self.dir.join(RUN), serde_json::to_string_pretty(run)?.as_bytes())
    }

    pub fn sample(&mut self, sample: &Sample) -> Result<()> {
        append(&mut self.samples, sample).context(|| format!("write `{}`", self.dir.join(SAMPLES).display()))
    }

    pub fn proof(&mut self, proof: &Proof) -> Result<()> {
        append(&mut self.proofs, proof).context(|| format!("write `{}`", self.dir.join(PROOFS).display()))
    }

    /// Keeps what a tool printed, untouched, under `raw/`; gives the name, with a number where that was taken.
    pub fn raw(&self, stem: &str, ending: &str, text: &[u8]) -> Result<String> {
        let plain: String = stem.chars().map(|c| if c.is_alphanumeric() || c == '-' { c } else { '_' }).collect();
        for number in 1.. {
            let name = if number == 1 { format!("{plain}.{ending}") } else { format!("{plain}-{number}.{ending}") };
            let path = self.dir.join("raw").join(&name);
            match OpenOptions::new().write(true).create_new(true).open(&path).and_then(|mut file| file.write_all(text))
            {
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => continue,
                Err(error) => {
                    return Err(out_of_space(Error::from(error).context(format!("write `{}`", path.display()))));
                }
                Ok(()) => return Ok(name),
            }
        }
        Err(Error::failed("there are too many raw files"))
    }
}

fn append(file: &mut File, line: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    file.write_all(&text).map_err(|error| out_of_space(Error::from(error)))
}

/// Says what to do where the disk is full.
fn out_of_space(error: Error) -> Error {
    match error.to_string().contains("os error 28") {
        true => error.hint(HINT_SPACE),
        false => error,
    }
}

/// Writes a file beside its place and renames it there; what was there stays whole if anything fails.
pub fn replace(path: &Path, text: &[u8]) -> Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
    let written = || -> Result<()> {
        // New and ours: in a directory that others write to, a link of that name would lead elsewhere.
        let mut file = OpenOptions::new().write(true).create_new(true).open(&beside)?;
        file.write_all(text)?;
        file.sync_data()?;
        Ok(fs::rename(&beside, path)?)
    };
    written().map_err(|error| {
        let _ = fs::remove_file(&beside);
        out_of_space(error.context(format!("write `{}`", path.display())))
    })
}

#[cfg(test)]
pub mod tests {
    use super::*;

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
        }
    }

    #[test]
    fn a_line_cut_short_by_a_sudden_end_is_left_out() {
        let state = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(state.path(), &run()).unwrap();
        writer.sample(&Sample::new("ping", "veth", "ping_min_ms", 0.1).unwrap()).unwrap();
        writer.samples.write_all(b"{\"bench\":\"pi").unwrap();
        assert_eq!(Record::find(state.path(), "latest").unwrap().samples.len(), 1);
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
