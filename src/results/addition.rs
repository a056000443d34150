//! More for a run that is over: whole or not there, also after a sudden end.

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io,
    path::Path,
};

use serde::{Deserialize, Serialize};

use super::store::{LOCK, PROOFS, READINGS, RUN, SAMPLES};
use crate::{
    disk::{lock_if_free, replace},
    error::{Context, Result},
};

/// Stands in the run's directory while something is added: what was there before.
const MARK: &str = "adding.json";
const FILES: [&str; 3] = [SAMPLES, PROOFS, READINGS];

/// What was there before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addition {
    /// Bytes of the files of lines.
    lengths: [u64; 3],
    /// Names of the files under `raw/`.
    raw: BTreeSet<String>,
    /// The text of `run.json`.
    run: String,
}

impl Addition {
    /// Notes what is there. The caller holds the run's lock.
    pub fn begin(dir: &Path) -> Result<Addition> {
        take_back_unfinished(dir)?;
        let mut lengths = [0; 3];
        for (name, length) in FILES.iter().zip(&mut lengths) {
            *length = whole_lines(&dir.join(name))?;
        }
        let run = fs::read_to_string(dir.join(RUN)).context(|| "read `run.json`")?;
        let addition = Addition { lengths, raw: raw(dir)?, run };
        replace(&dir.join(MARK), &serde_json::to_vec(&addition)?)?;
        Ok(addition)
    }

    /// What was added stays.
    pub fn end(&self, dir: &Path) -> Result<()> {
        fs::remove_file(dir.join(MARK)).context(|| format!("remove `{MARK}`"))
    }

    /// What was added goes.
    pub fn take_back(&self, dir: &Path) -> Result<()> {
        let taken_back = || -> Result<()> {
            for (name, length) in FILES.iter().zip(self.lengths) {
                OpenOptions::new().write(true).open(dir.join(name))?.set_len(length)?;
            }
            for name in raw(dir)?.difference(&self.raw) {
                fs::remove_file(dir.join("raw").join(name))?;
            }
            replace(&dir.join(RUN), self.run.as_bytes())
        };
        taken_back().and_then(|()| self.end(dir)).context(|| format!("take back what was added to `{}`", dir.display()))
    }
}

/// Takes back what an addition that came to a sudden end left, unless it is still going on.
pub fn recover(dir: &Path) -> Result<()> {
    if !dir.join(MARK).exists() {
        return Ok(());
    }
    let lock = OpenOptions::new().append(true).open(dir.join(LOCK)).context(|| format!("open `{}`", dir.display()))?;
    if lock_if_free(&lock)? { take_back_unfinished(dir) } else { Ok(()) }
}

fn take_back_unfinished(dir: &Path) -> Result<()> {
    let path = dir.join(MARK);
    match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        text => {
            let text = text.context(|| format!("read `{}`", path.display()))?;
            let addition: Addition = serde_json::from_slice(&text).context(|| format!("read `{}`", path.display()))?;
            addition.take_back(dir)
        }
    }
}

/// The length up to the last whole line; the file is cut there, so that no new line is joined to a torn one.
fn whole_lines(path: &Path) -> Result<u64> {
    let text = fs::read(path).context(|| format!("read `{}`", path.display()))?;
    let length = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end as u64 + 1);
    let cut = || File::options().write(true).open(path)?.set_len(length);
    cut().context(|| format!("cut `{}` after its last line", path.display()))?;
    Ok(length)
}

fn raw(dir: &Path) -> Result<BTreeSet<String>> {
    let raw = dir.join("raw");
    let listed = || -> io::Result<BTreeSet<String>> {
        fs::read_dir(&raw)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    };
    listed().context(|| format!("list `{}`", raw.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{Record, Sample, Writer, store::tests::run};

    #[test]
    fn what_was_added_before_a_sudden_end_is_taken_back() {
        let state = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(state.path(), &run()).unwrap();
        let sample = Sample::new("ping", "veth", "ping_min_ms", 0.1).unwrap();
        writer.sample(&sample).unwrap();
        writer.raw("ping", "txt", b"one").unwrap();
        let dir = writer.dir().to_owned();
        drop(writer);
        let before = Record::read(&dir).unwrap();
        let mut writer = Writer::open(&dir).unwrap();
        writer.sample(&sample).unwrap();
        writer.raw("ping", "txt", b"two").unwrap();
        writer.run(&crate::results::Run { cases: vec!["other".into()], ..run() }).unwrap();
        drop(writer);
        assert_eq!(Record::find(state.path(), "latest").unwrap(), before);
        assert_eq!(fs::read_dir(dir.join("raw")).unwrap().count(), 1);
        let mut writer = Writer::open(&dir).unwrap();
        writer.sample(&sample).unwrap();
        writer.finish().unwrap();
        assert_eq!(Record::find(state.path(), "latest").unwrap().samples.len(), 2);
    }

    #[test]
    fn a_torn_line_is_cut_before_another_is_added() {
        let state = tempfile::tempdir().unwrap();
        let writer = Writer::create(state.path(), &run()).unwrap();
        let dir = writer.dir().to_owned();
        drop(writer);
        fs::write(dir.join(SAMPLES), "{\"bench\":\"pi").unwrap();
        let mut writer = Writer::open(&dir).unwrap();
        writer.sample(&Sample::new("ping", "veth", "ping_min_ms", 0.1).unwrap()).unwrap();
        writer.finish().unwrap();
        assert_eq!(Record::read(&dir).unwrap().samples.len(), 1);
    }
}
