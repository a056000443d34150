//! `labkit import`: raw files of other tools become a run, marked as imported, with what was said of their origin.

mod files;
mod origin;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use files::{Met, Sorted, each_reading};

use crate::{
    clock,
    error::{Error, Result, nearest},
    results::{Outcome, Reading, Record, Run, Sample, Verdict, Writer, section},
};

/// What is to be imported.
pub struct Import {
    pub files: Vec<PathBuf>,
    /// The name of the arrangement they were taken of.
    pub case: String,
    /// `vm`, `container`, `pod` …
    pub place: Option<String>,
    /// What else is known of the place: `blas`, `memory_mb`, `cpus` …
    pub settings: BTreeMap<String, String>,
    pub title: Option<String>,
}

/// Places that a reader knows what to make of.
pub const PLACES: [&str; 4] = ["bare", "vm", "container", "pod"];

/// Settings that are numbers, since they are computed with.
const NUMBERS: [&str; 5] = ["cpus", "host_cpus", "link_gbit_s", "memory_mb", "mtu"];

/// Settings that have a meaning; others are kept and shown.
const KNOWN: [&str; 10] =
    ["arch", "blas", "cpu", "cpus", "host", "host_cpus", "kernel", "link_gbit_s", "memory_mb", "mtu"];

/// As many as a person reads.
const MOST_DOUBTS: usize = 20;

/// What came of the files.
pub struct Imported {
    pub run: Run,
    pub dir: PathBuf,
    /// In the order of the files.
    pub readings: Vec<Reading>,
    /// Figures of texts that are trusted which a check objects to, each reason once.
    pub doubts: Vec<String>,
}

impl Import {
    /// Reads everything before anything is written: a file that cannot be read leaves no half run.
    pub fn run(&self, state: &Path, into: Option<Record>) -> Result<Imported> {
        self.check()?;
        let mut sorted = Sorted::of(&self.files)?;
        let run = match &into {
            Some(record) if record.dir.as_os_str().is_empty() => {
                return Err(Error::usage(format!("`{}` is built into labkit: nothing is added to it", record.run.id))
                    .hint("leave --into out: the files become a run of their own"));
            }
            Some(record) if !record.run.imported => {
                return Err(Error::usage(format!("`{}` was measured, not imported", record.run.id))
                    .hint("leave --into out: the files become a run of their own"));
            }
            Some(record) if !record.run.outcome.is_whole() => {
                return Err(Error::usage(format!("`{}` was cut off while it was imported", record.run.id))
                    .hint("leave --into out, and import its files again"));
            }
            Some(record) => record.run.clone(),
            None => self.new_run(),
        };
        let mut writer = match &into {
            Some(record) => Writer::open(&record.dir)?,
            None => Writer::create(state, &run)?,
        };
        // Another import may have added to it while this one waited for the lock.
        let now = || match &into {
            Some(record) => Record::read(&record.dir).map(|record| (record.run, record.readings)),
            None => Ok((run, Vec::new())),
        };
        let written = now().and_then(|(run, before)| {
            Met::of(writer.dir())?.add(std::mem::take(&mut sorted.met))?;
            self.write(&sorted, run, before, &mut writer)
        });
        match written {
            Ok(imported) => writer.finish().map(|()| imported),
            Err(error) => {
                writer.abandon();
                Err(error)
            }
        }
    }

    /// Reads the files and counts, by tool and verdict, without keeping anything.
    pub fn count(&self, into: Option<&Record>) -> Result<BTreeMap<(String, Verdict), usize>> {
        self.check()?;
        let sorted = Sorted::of(&self.files)?;
        into.map_or(Ok(Met::default()), |record| Met::of(&record.dir))?.add(sorted.met)?;
        Ok(sorted.counts)
    }

    fn check(&self) -> Result<()> {
        if self.case.trim().is_empty() {
            return Err(Error::usage("`--case` is empty").hint("name what was measured: --case cluster"));
        }
        if let Some(place) = self.place.as_deref().filter(|place| !PLACES.contains(place)) {
            return Err(
                Error::usage(format!("`{place}` is no place")).hint(format!("--where is one of {}", PLACES.join(", ")))
            );
        }
        for (name, value) in &self.settings {
            let near = nearest(name, KNOWN).filter(|near| near != name);
            if let Some(near) = near.filter(|_| !KNOWN.contains(&name.as_str())) {
                return Err(
                    Error::usage(format!("--set {name}: this means nothing")).hint(format!("did you mean `{near}`?"))
                );
            }
            let is_number = value.parse::<f64>().is_ok_and(|value| (0.001..=1e9).contains(&value));
            if NUMBERS.contains(&name.as_str()) && !is_number {
                return Err(Error::usage(format!(
                    "--set {name}={value}: a number from 0.001 to 1000000000 is expected"
                )));
            }
            if name == "where" {
                return Err(Error::usage(format!("--set where={value}: the place has an option of its own"))
                    .hint(format!("--where {value}")));
            }
        }
        Ok(())
    }

    fn write(&self, sorted: &Sorted, mut run: Run, before: Vec<Reading>, writer: &mut Writer) -> Result<Imported> {
        let mut rounds: BTreeMap<String, u32> = BTreeMap::new();
        for reading in before.iter().filter(|reading| reading.case == self.case) {
            *rounds.entry(reading.bench.clone()).or_default() += 1;
        }
        let (mut kept, mut metrics, mut doubts) = (Vec::new(), run.sections.clone(), Vec::new());
        let judges = sorted.judges.iter().map(|file| writer.raw_file(file)).collect::<Result<Vec<_>>>()?;
        for file in &sorted.results {
            let raw = writer.raw_file(file)?;
            each_reading(file, &mut |reading| {
                let round = rounds.entry(reading.bench.clone()).or_default();
                *round += 1;
                let mut reading = self.said_of(reading, &raw, *round, file);
                if reading.bench == "hpcc" {
                    sorted.beside.judge(&mut reading);
                    reading.beside.clone_from(&judges);
                }
                let samples = reading.samples()?;
                section::add_for(&mut metrics, &samples);
                for sample in samples.iter().filter(|sample| !sample.valid && reading.verdict.is_trusted()) {
                    let why = sample.why.as_deref().unwrap_or("no reason was recorded");
                    let doubt = format!("{}: {}: {why}", sample.case, sample.metric);
                    if !doubts.contains(&doubt) && doubts.len() < MOST_DOUBTS {
                        doubts.push(doubt);
                    }
                }
                samples.iter().try_for_each(|sample: &Sample| writer.sample(sample))?;
                writer.reading(&reading)?;
                kept.push(Reading { facts: BTreeMap::new(), ..reading });
                Ok(())
            })?;
        }
        if !run.cases.contains(&self.case) {
            run.cases.push(self.case.clone());
        }
        run.end = Some(clock::now());
        run.outcome = if run.outcome == Outcome::Invalid { Outcome::Invalid } else { Outcome::Done };
        run.baseline = run.cases.first().cloned();
        run.sections = metrics;
        run.machine = origin::machine(&origin::agreed(before.iter().chain(&kept)));
        if let Some(bad) = kept.iter().find(|reading| !reading.verdict.is_trusted()) {
            run.outcome = Outcome::Invalid;
            let why = format!("{}: {}: {}", bad.case, bad.verdict, bad.cause());
            run.why.get_or_insert(why);
        }
        if let Some(doubt) = doubts.first() {
            run.outcome = Outcome::Invalid;
            run.why.get_or_insert_with(|| doubt.clone());
        }
        writer.run(&run)?;
        Ok(Imported { run, dir: writer.dir().to_owned(), readings: kept, doubts })
    }

    /// The reading with its origin.
    fn said_of(&self, mut reading: Reading, raw: &str, round: u32, file: &Path) -> Reading {
        reading.case.clone_from(&self.case);
        reading.raw = Some(raw.to_owned());
        reading.round = Some(round);
        reading.provenance =
            self.settings.iter().map(|(name, value)| (name.clone(), plain_number(name, value))).collect();
        if let Some(place) = &self.place {
            reading.provenance.insert("where".to_owned(), place.clone());
        }
        let modified = || fs::metadata(file).and_then(|file| file.modified()).ok();
        reading.at = reading.at.or_else(|| modified().map(clock::at));
        reading
    }

    fn new_run(&self) -> Run {
        let title = self.title.clone().unwrap_or_else(|| "What do these files say?".to_owned());
        let run = Run::begun("import", title, origin::machine(&BTreeMap::new()));
        Run { imported: true, ..run }
    }
}

/// `2.0` is `2`: what means the same must not look like a difference.
fn plain_number(name: &str, value: &str) -> String {
    match value.parse::<f64>() {
        Ok(number) if NUMBERS.contains(&name) => number.to_string(),
        _ => value.to_owned(),
    }
}
