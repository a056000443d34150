//! The files of an import: what each of them is, and that no measurement in them is there twice.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufReader},
    path::{Path, PathBuf},
};

use crate::{
    bench::readers::{self, Beside, Tool},
    digest::sha256_hex,
    error::{Context, Error, Result},
    results::Reading,
    signal,
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
        // A pipe would be waited for.
        if !fs::metadata(file)?.is_file() {
            return Err(Error::usage("it is no file"));
        }
        readers::read(BufReader::with_capacity(256 * 1024, File::open(file)?), &mut |reading| {
            signal::check()?;
            each(reading)
        })
    };
    open().context(|| shown(file))
}

/// Measurements that were met, by what tells each from any other.
#[derive(Default)]
pub struct Met(BTreeMap<String, String>);

impl Met {
    /// Those among the raw texts of a run.
    pub fn of(run: &Path) -> Result<Met> {
        let raw = run.join("raw");
        let listed = || fs::read_dir(&raw)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>();
        let mut met = Met::default();
        for file in listed().context(|| format!("list `{}`", raw.display()))? {
            met.0.extend(keys(&file)?);
        }
        Ok(met)
    }

    /// An error where a measurement was met before: it would count as two rounds.
    pub fn add(&mut self, file: &Path) -> Result<()> {
        for (key, name) in keys(file)? {
            if let Some(other) = self.0.insert(key, name.clone()) {
                return Err(Error::usage(format!("{name} is the same measurement as {other}"))
                    .hint("leave it out: one measurement counts once, however often its text is given"));
            }
        }
        Ok(())
    }
}

/// What tells each measurement of a file from others, and its name.
fn keys(file: &Path) -> Result<Vec<(String, String)>> {
    let mut keys = Vec::new();
    each_reading(file, &mut |reading| {
        keys.extend(key(&reading)?.map(|key| (key, format!("run {} of `{}`", reading.part, file.display()))));
        Ok(())
    })?;
    Ok(keys)
}

/// What a measurement says, wherever it stands; nothing of a text without figures, which is like any other failure.
fn key(reading: &Reading) -> Result<Option<String>> {
    let figures: Vec<_> =
        reading.figures.iter().map(|figure| (figure.metric, figure.value.to_bits(), &figure.labels)).collect();
    let said = serde_json::to_vec(&(&reading.bench, &reading.facts, &figures))?;
    Ok((!figures.is_empty()).then(|| sha256_hex(&said)))
}

fn shown(file: &Path) -> String {
    format!("read `{}`", file.display())
}
