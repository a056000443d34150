//! The files of an import: what each of them is, and that none of them is there twice.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufReader},
    path::{Path, PathBuf},
};

use crate::{
    bench::readers::{self, Beside, Tool},
    digest::Tally,
    error::{Context, Error, Result},
    results::Reading,
};

/// The files by what they are.
#[derive(Default)]
pub struct Sorted {
    /// Files that hold figures.
    pub results: Vec<PathBuf>,
    /// Files that those are judged by, and what is in them.
    pub judges: Vec<PathBuf>,
    pub beside: Beside,
}

impl Sorted {
    /// Reads every file once; an error where one cannot be read, or none holds a result.
    pub fn of(files: &[PathBuf]) -> Result<Sorted> {
        let mut sorted = Sorted::default();
        for file in files {
            let tool = each_reading(file, &mut |_| Ok(()))?;
            if Beside::takes(tool) {
                let text = fs::read(file).context(|| shown(file))?;
                sorted.beside.add(&text).map_err(|error| error.context(shown(file)))?;
                sorted.judges.push(file.clone());
            } else {
                sorted.results.push(file.clone());
            }
        }
        if sorted.results.is_empty() {
            let what = sorted.beside.cause();
            return Err(Error::usage(format!("there is no result among the files: {what}")));
        }
        Ok(sorted)
    }
}

/// Calls `each` for every run of a tool in the file.
pub fn each_reading(file: &Path, each: &mut dyn FnMut(Reading) -> Result<()>) -> Result<Tool> {
    let mut open = || -> Result<Tool> {
        let text = File::open(file)?;
        if !text.metadata()?.is_file() {
            return Err(Error::usage("it is no file"));
        }
        readers::read(BufReader::with_capacity(256 * 1024, text), each)
    };
    open().context(|| shown(file))
}

/// An error where two of the files are the same: one measurement would count as two rounds.
pub fn differ(files: &[PathBuf]) -> Result<()> {
    let mut of_length: BTreeMap<u64, Vec<&Path>> = BTreeMap::new();
    for file in files {
        // What is empty or no file is refused when it is read.
        let Some(length) = length(file) else { continue };
        let others = of_length.entry(length).or_default();
        for other in others.iter() {
            if are_same(file, other)? {
                return Err(twice(format!("`{}` and `{}` are the same", other.display(), file.display())));
            }
        }
        others.push(file);
    }
    Ok(())
}

/// An error where one of the files is among the raw texts of the run already.
pub fn new(files: &[PathBuf], run: &Path) -> Result<()> {
    let raw = run.join("raw");
    let listed = || fs::read_dir(&raw)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>();
    for known in listed().context(|| format!("list `{}`", raw.display()))? {
        for file in files.iter().filter(|file| length(file).is_some() && length(file) == length(&known)) {
            if are_same(file, &known)? {
                return Err(twice(format!("`{}` is in the run already, as `{}`", file.display(), known.display())));
            }
        }
    }
    Ok(())
}

fn twice(said: String) -> Error {
    Error::usage(said).hint("leave it out: one measurement counts once, however often its file is given")
}

fn length(file: &Path) -> Option<u64> {
    fs::metadata(file).ok().filter(|facts| facts.is_file()).map(|facts| facts.len()).filter(|bytes| *bytes > 0)
}

fn are_same(one: &Path, other: &Path) -> Result<bool> {
    Ok(digest(one)? == digest(other)?)
}

fn digest(file: &Path) -> Result<String> {
    let digest = || -> io::Result<String> {
        let mut text = Tally::new(File::open(file)?);
        io::copy(&mut text, &mut io::sink())?;
        Ok(text.end().0)
    };
    digest().context(|| shown(file))
}

fn shown(file: &Path) -> String {
    format!("read `{}`", file.display())
}
