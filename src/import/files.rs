//! The files of an import: what each of them is, and that no measurement in them is there twice.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, BufReader},
    path::{Path, PathBuf},
};

use crate::{
    bench::readers::{self, Beside, Tool},
    error::{Context, Error, Result},
    results::{Reading, Verdict},
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
    /// How many runs of a tool ended how.
    pub counts: BTreeMap<(String, Verdict), usize>,
    /// The measurements in them.
    pub met: Met,
}

impl Sorted {
    /// Reads every file once; an error where one cannot be read, where none holds a result, or where one measurement
    /// is there twice.
    pub fn of(files: &[PathBuf]) -> Result<Sorted> {
        let mut sorted = Sorted::default();
        for file in files {
            let mut met = Met::default();
            let tool = each_reading(file, &mut |reading| {
                met.note(&reading, file);
                *sorted.counts.entry((reading.bench, reading.verdict)).or_default() += 1;
                Ok(())
            })?;
            if Beside::takes(tool) {
                let text = fs::read(file).context(|| shown(file))?;
                sorted.beside.add(&text).map_err(|error| error.context(shown(file)))?;
                sorted.judges.push(file.clone());
            } else {
                sorted.met.add(met)?;
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

/// Measurements that were met, by what tells each from any other, and where each stands.
#[derive(Default)]
pub struct Met {
    names: BTreeMap<u64, String>,
    /// The first that was met twice, and where it was met before.
    twice: Option<[String; 2]>,
}

impl Met {
    /// Those among the raw texts of a run.
    pub fn of(run: &Path) -> Result<Met> {
        let raw = run.join("raw");
        let listed = || fs::read_dir(&raw)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>();
        let mut met = Met::default();
        for file in listed().context(|| format!("list `{}`", raw.display()))? {
            each_reading(&file, &mut |reading| {
                met.note(&reading, &file);
                Ok(())
            })?;
        }
        // What is there is there.
        Ok(Met { twice: None, ..met })
    }

    /// A text without figures is no measurement, and like any other failure.
    fn note(&mut self, reading: &Reading, file: &Path) {
        if !reading.figures.is_empty() {
            self.insert(key(reading), format!("run {} of `{}`", reading.part, file.display()));
        }
    }

    fn insert(&mut self, key: u64, name: String) {
        if let Some(before) = self.names.insert(key, name.clone()) {
            self.twice.get_or_insert([name, before]);
        }
    }

    /// Adds those of others; an error where one was met before: it would count as two rounds.
    pub fn add(&mut self, others: Met) -> Result<()> {
        others.names.into_iter().for_each(|(key, name)| self.insert(key, name));
        match others.twice.or(self.twice.take()) {
            None => Ok(()),
            Some([name, before]) => Err(Error::usage(format!("{name} is the same measurement as {before}"))
                .hint("leave it out: one measurement counts once, however often its text is given")),
        }
    }
}

/// What a measurement says, wherever it stands.
fn key(reading: &Reading) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&reading.bench, &reading.facts).hash(&mut hasher);
    for figure in &reading.figures {
        (figure.metric, figure.value.to_bits(), &figure.labels).hash(&mut hasher);
    }
    hasher.finish()
}

fn shown(file: &Path) -> String {
    format!("read `{}`", file.display())
}
