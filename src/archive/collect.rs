//! Runs of other nodes, brought here and checked before they stand among our own.

use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, File},
    io::Read,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    COLLECTED,
    manifest::Manifest,
    name::RunId,
    pack,
    ssh::Ssh,
    unpack::{Unpacked, unpack},
};
use crate::{
    clock,
    error::{Context, Error, Kind, Result},
    progress::Progress,
    results::store,
    scratch::Scratch,
};

/// Begins the name of a directory that runs arrive in.
const ARRIVING: &str = "collecting-";
/// Largest list of runs or hashes that a node may answer with.
const MOST_ANSWER: u64 = 64 << 20;
/// Ids on one command line.
const AT_ONCE: usize = 500;

/// What became of one run of a host.
#[derive(Debug)]
pub enum Outcome {
    Fetched {
        files: usize,
        bytes: u64,
    },
    /// It was here, the same.
    Present,
    InProgress,
    Failed(Error),
}

/// `collected.json`: where this copy of a run came from.
#[derive(Debug, Serialize)]
struct Origin<'a> {
    /// The host as it was named on the command line.
    from: &'a str,
    /// RFC 3339, UTC.
    at: String,
}

/// A run as another node lists it; what else it says of it is not needed.
#[derive(Debug, Deserialize)]
struct Listed {
    id: String,
    outcome: String,
}

/// Brings runs into one state directory. There is only one at a time.
pub struct Collector<'a> {
    ssh: &'a Ssh,
    state: PathBuf,
    progress: &'a Progress,
    /// Held as long as runs arrive.
    _lock: File,
}

impl Collector<'_> {
    pub fn open<'a>(ssh: &'a Ssh, state: &Path, progress: &'a Progress) -> Result<Collector<'a>> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(store::runs(state))
            .context(|| format!("make the directory `{}`", state.display()))
            .map_err(|error| error.hint("set LABKIT_STATE to a directory you may write to"))?;
        let lock = File::create(state.join("collect.lock")).context(|| "open the lock of `labkit collect`")?;
        if lock.try_lock().is_err() {
            return Err(Error::failed("another `labkit collect` is at work here").hint("wait until it has ended"));
        }
        Scratch::sweep(state, ARRIVING)?;
        Ok(Collector { ssh, state: state.to_owned(), progress, _lock: lock })
    }

    /// Brings every run of a host that is not here. An error is that the host did not answer, or Ctrl-C.
    pub fn from_host(&self, host: &str) -> Result<Vec<(String, Outcome)>> {
        self.progress.begin(host, 0);
        self.progress.doing("which runs are there");
        let listed: Vec<Listed> = serde_json::from_str(&self.answer(host, &["results", "--json"])?)
            .context(|| "read the list of runs")
            .map_err(|error| error.hint(format!("see what it says: ssh {host} {} results --json", self.ssh.labkit)))?;
        self.progress.begin(host, listed.len() as u64);
        let (mut outcomes, mut present) = (Vec::new(), Vec::new());
        for Listed { id, outcome } in listed {
            match id.parse::<RunId>() {
                Err(why) => outcomes.push((id.escape_debug().to_string(), Outcome::Failed(Error::failed(why)))),
                Ok(_) if outcome == "running" => outcomes.push((id, Outcome::InProgress)),
                Ok(run) if fs::symlink_metadata(store::runs(&self.state).join(&run)).is_ok() => present.push(run),
                Ok(run) => outcomes.push((id, settled(self.fetch(host, &run))?)),
            }
            self.progress.step();
        }
        outcomes.extend(self.compare(host, &present)?);
        outcomes.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(outcomes)
    }

    fn answer(&self, host: &str, words: &[&str]) -> Result<String> {
        self.ssh.ask(host, words, |out| {
            let mut text = String::new();
            out.take(MOST_ANSWER + 1).read_to_string(&mut text).context(|| "read the answer")?;
            match text.len() as u64 > MOST_ANSWER {
                true => Err(Error::failed(format!("the answer is larger than {} MB", MOST_ANSWER >> 20))),
                false => Ok(text),
            }
        })
    }

    /// Unpacks a run beside the others while it comes, and puts it among them once all of it is there and right.
    fn fetch(&self, host: &str, run: &RunId) -> Result<Outcome> {
        self.progress.doing(run.as_str());
        let fetched = || -> Result<Outcome> {
            let scratch = Scratch::create(&self.state, ARRIVING)?;
            let words = ["archive", run.as_str(), "-o", "-"];
            let unpacked = self.ssh.ask(host, &words, |out| unpack(out, scratch.path()))?;
            require_whole(&unpacked, run)?;
            let origin = serde_json::to_vec_pretty(&Origin { from: host, at: clock::now() })?;
            crate::disk::replace(&unpacked.dir.join(COLLECTED), &origin)?;
            let place = store::runs(&self.state).join(run);
            fs::rename(&unpacked.dir, &place).context(|| format!("move the run to `{}`", place.display()))?;
            Ok(Outcome::Fetched { files: unpacked.files.len(), bytes: unpacked.manifest.bytes() })
        };
        let full = "free some space, or set LABKIT_STATE to a directory on another disk";
        fetched().map_err(|error| crate::disk::hint_where_full(error, full))
    }

    /// Runs that are here and there must be the same, but for what is made again later.
    fn compare(&self, host: &str, present: &[RunId]) -> Result<Vec<(String, Outcome)>> {
        let mut outcomes = Vec::new();
        for runs in present.chunks(AT_ONCE) {
            let mut words = vec!["archive", "--manifest"];
            words.extend(runs.iter().map(RunId::as_str));
            self.progress.doing("whether what is here is the same");
            let theirs = Manifest::parse_all(&self.answer(host, &words)?).context(|| "read the hashes of its runs")?;
            let theirs: BTreeMap<RunId, Manifest> = theirs.into_iter().map(|one| (one.run.clone(), one)).collect();
            for run in runs {
                let same = theirs
                    .get(run)
                    .ok_or_else(|| Error::failed("it does not say what is in it"))
                    .and_then(|theirs| self.require_same(theirs));
                outcomes.push((run.to_string(), settled(same.map(|()| Outcome::Present))?));
            }
        }
        Ok(outcomes)
    }

    fn require_same(&self, theirs: &Manifest) -> Result<()> {
        let ours = pack::manifest(&store::runs(&self.state).join(&theirs.run))?;
        match theirs.evidence().differences(&ours.evidence().files).as_slice() {
            [] => Ok(()),
            [first, rest @ ..] => {
                let more = if rest.is_empty() { String::new() } else { format!(", and {} more", rest.len()) };
                Err(Error::failed(format!("a run of this id is here with other content: {first}{more}")).hint(
                    "the one that is here stays; move it away to have the other: labkit verify tells which is right",
                ))
            }
        }
    }
}

/// A run that failed does not keep the others from coming; Ctrl-C does.
fn settled(outcome: Result<Outcome>) -> Result<Outcome> {
    match outcome {
        Err(error) if error.kind() == Kind::Interrupted => Err(error),
        Err(error) => Ok(Outcome::Failed(error)),
        outcome => outcome,
    }
}

fn require_whole(unpacked: &Unpacked, run: &RunId) -> Result<()> {
    if unpacked.manifest.run != *run {
        return Err(Error::failed(format!("run `{}` came in its place", unpacked.manifest.run)));
    }
    match unpacked.differences().as_slice() {
        [] => {}
        [first, ..] => return Err(Error::proof(format!("it is not what its MANIFEST says: {first}"))),
    }
    match store::facts(&unpacked.dir)?.id == run.as_str() {
        true => Ok(()),
        false => Err(Error::failed("its `run.json` is of another run")),
    }
}
