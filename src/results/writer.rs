//! A run directory while it is written: a line at a time, each with the kernel before the call returns.

use std::{
    fs,
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{
    Proof, Reading, Run, Sample,
    addition::Addition,
    store::{LOCK, PROOFS, READINGS, RUN, SAMPLES, runs},
};
use crate::{
    disk::{out_of_space, replace},
    error::{Context, Error, Result},
};

/// The open run directory. Every line is with the kernel before the call returns.
#[derive(Debug)]
pub struct Writer {
    dir: PathBuf,
    samples: File,
    proofs: File,
    readings: File,
    /// What was there before, where the writer only adds.
    addition: Option<Addition>,
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
            let (samples, proofs, readings) = (append(SAMPLES)?, append(PROOFS)?, append(READINGS)?);
            let writer = Writer { samples, proofs, readings, dir: dir.clone(), addition: None, _lock: lock };
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

    /// Opens the directory of a run that is over, to add to it. Until `finish`, a sudden end leaves it as it was.
    pub fn open(dir: &Path) -> Result<Writer> {
        let opened = || -> Result<Writer> {
            let append = |name| OpenOptions::new().create(true).append(true).open(dir.join(name));
            let lock = append(LOCK)?;
            lock.lock()?;
            let (samples, proofs, readings) = (append(SAMPLES)?, append(PROOFS)?, append(READINGS)?);
            let addition = Some(Addition::begin(dir)?);
            Ok(Writer { samples, proofs, readings, dir: dir.to_owned(), addition, _lock: lock })
        };
        opened().context(|| format!("open the run directory `{}`", dir.display()))
    }

    /// Takes back everything that was written through this writer, so that nothing is half there.
    pub fn abandon(self) {
        match &self.addition {
            None => self.remove(),
            Some(addition) => {
                if let Err(error) = addition.take_back(&self.dir) {
                    log::warn!("{error}");
                }
            }
        }
    }

    /// From now on what was added is there to stay.
    pub fn finish(self) -> Result<()> {
        self.addition.map_or(Ok(()), |addition| addition.end(&self.dir))
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

    pub fn reading(&mut self, reading: &Reading) -> Result<()> {
        append(&mut self.readings, reading).context(|| format!("write `{}`", self.dir.join(READINGS).display()))
    }

    /// Keeps what a tool printed, untouched, under `raw/`; gives the name, with a number where that was taken.
    pub fn raw(&self, stem: &str, ending: &str, text: &[u8]) -> Result<String> {
        self.raw_from(stem, ending, &mut &text[..])
    }

    /// Keeps a file of another tool, of any size, under its own name.
    pub fn raw_file(&self, file: &Path) -> Result<String> {
        let part = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
        let mut from = File::open(file).context(|| format!("read `{}`", file.display()))?;
        let ending = plain(&part(file.extension()));
        let ending = if ending.is_empty() { "txt" } else { &ending };
        self.raw_from(&part(file.file_stem()), ending, &mut from)
    }

    fn raw_from(&self, stem: &str, ending: &str, from: &mut dyn Read) -> Result<String> {
        let stem = plain(stem);
        for number in 1.. {
            let name = if number == 1 { format!("{stem}.{ending}") } else { format!("{stem}-{number}.{ending}") };
            let path = self.dir.join("raw").join(&name);
            let made = OpenOptions::new().write(true).create_new(true).open(&path);
            match made.and_then(|mut file| io::copy(from, &mut file)) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => {
                    return Err(out_of_space(Error::from(error).context(format!("write `{}`", path.display()))));
                }
                Ok(_) => return Ok(name),
            }
        }
        Err(Error::failed("there are too many raw files"))
    }
}

/// Letters, digits and `-`; anything else becomes `_`.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() || c == '-' { c } else { '_' }).collect()
}

fn append(file: &mut File, line: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    file.write_all(&text).map_err(|error| out_of_space(Error::from(error)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{Record, store::tests::run};

    #[test]
    fn a_line_cut_short_by_a_sudden_end_is_left_out() {
        let state = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(state.path(), &run()).unwrap();
        writer.sample(&Sample::new("ping", "veth", "ping_min_ms", 0.1).unwrap()).unwrap();
        writer.samples.write_all(b"{\"bench\":\"pi").unwrap();
        assert_eq!(Record::find(state.path(), "latest").unwrap().samples.len(), 1);
    }
}
