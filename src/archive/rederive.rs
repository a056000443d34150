//! Every sample once more from the raw text it was read from.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{BufReader, Read},
    path::Path,
};

use serde::Serialize;

use super::{compare, finding::Finding, name::RunPath, records};
use crate::{
    bench::readers::{self, Beside},
    error::{Context, Error, Result},
    results::{
        Proof, Reading, Run, Sample,
        store::{self, PROOFS, READINGS, SAMPLES},
    },
    signal,
    volume::open_plain,
};

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Rederived {
    pub samples: usize,
    /// Samples with a counterpart in their raw text, the same or another.
    pub rederived: usize,
    /// Raw texts they came from.
    pub raw_texts: usize,
    /// How many samples of each metric have no raw text, such as what labkit's own clock took.
    pub without_raw: BTreeMap<String, usize>,
    /// Figures of raw texts that a run which broke off did not record.
    pub unrecorded: usize,
    pub findings: Vec<Finding>,
}

/// A line of `samples.jsonl`.
#[derive(Debug)]
pub struct Recorded {
    pub line: usize,
    pub sample: Sample,
}

/// Reads the raw texts of a run directory again and compares with what was recorded.
pub fn rederive(dir: &Path) -> Result<Rederived> {
    let mut done = Rederived::default();
    let samples: Vec<(usize, Sample)> = records::read(dir, SAMPLES, &mut done.findings)?;
    let readings: Vec<(usize, Reading)> = records::read(dir, READINGS, &mut done.findings)?;
    let proofs: Vec<(usize, Proof)> = records::read(dir, PROOFS, &mut done.findings)?;
    done.samples = samples.len();
    let samples: Vec<Recorded> = samples.into_iter().map(|(line, sample)| Recorded { line, sample }).collect();
    let facts = store::facts(dir)?;
    let refuted = refuted(&facts, &proofs);
    counted(&samples, &refuted, &mut done.findings);
    let mut texts = texts(dir)?;
    for recorded in samples {
        match recorded.sample.raw.clone() {
            Some(raw) => texts.entry(raw).or_default().push(recorded),
            None => {
                let sample = &recorded.sample;
                if sample.valid && !CLOCKED.contains(&sample.metric.as_str()) {
                    done.findings.push(Finding::WithoutRaw { line: recorded.line, figure: sample.into() });
                }
                *done.without_raw.entry(recorded.sample.metric).or_default() += 1;
            }
        }
    }
    // What a run that broke off left unrecorded is nobody's choice; an import is there as a whole, or not at all.
    let is_whole = facts.outcome.is_whole() || facts.imported;
    for (raw, recorded) in texts {
        let known: Vec<&Reading> = readings
            .iter()
            .map(|(_, reading)| reading)
            .filter(|reading| reading.raw.as_deref() == Some(&raw))
            .collect();
        match derive(dir, &raw, &known, &recorded, &mut done.findings) {
            Ok(derived) => {
                let compared = compare::compare(&raw, recorded, derived, &refuted, is_whole);
                done.rederived += compared.rederived;
                done.unrecorded += compared.unrecorded;
                done.raw_texts += usize::from(compared.rederived > 0);
                done.findings.extend(compared.findings);
            }
            // Not every text is one that samples come from.
            Err(_) if recorded.is_empty() && known.is_empty() => {}
            Err(error) => {
                done.findings.push(Finding::Unreadable {
                    file: format!("raw/{raw}"),
                    line: None,
                    why: error.to_string(),
                });
            }
        }
        signal::check()?;
    }
    Ok(done)
}

/// What labkit's own clock takes, and no text says.
const CLOCKED: [&str; 4] = ["build_cpu_ms", "build_ms", "down_ms", "reachable_percent"];

/// Cases whose proof failed; the control shares the proof of the baseline that it repeats.
fn refuted(run: &Run, proofs: &[(usize, Proof)]) -> BTreeSet<String> {
    let failed = proofs.iter().filter(|(_, proof)| !proof.valid).map(|(_, proof)| proof.case.clone());
    let mut refuted: BTreeSet<String> = failed.collect();
    if run.baseline.as_ref().is_some_and(|baseline| refuted.contains(baseline)) {
        refuted.extend(run.control.clone());
    }
    refuted
}

/// Samples that count although the proof of their case failed.
fn counted(samples: &[Recorded], refuted: &BTreeSet<String>, findings: &mut Vec<Finding>) {
    for Recorded { line, sample } in samples.iter().filter(|recorded| recorded.sample.valid) {
        if refuted.contains(&sample.case) {
            let why = "the proof of its case failed".to_owned();
            findings.push(Finding::NotValid { line: *line, figure: sample.into(), why });
        }
    }
}

/// Names of the files below `raw/`, also of those that no sample speaks of.
fn texts(dir: &Path) -> Result<BTreeMap<String, Vec<Recorded>>> {
    let raw = dir.join("raw");
    if !raw.exists() {
        return Ok(BTreeMap::new());
    }
    let mut names = BTreeMap::new();
    for entry in fs::read_dir(&raw).context(|| format!("list `{}`", raw.display()))? {
        let entry = entry.context(|| format!("list `{}`", raw.display()))?;
        let kind = entry.file_type().context(|| format!("look at `{}`", entry.path().display()))?;
        if kind.is_file() {
            names.insert(entry.file_name().to_string_lossy().into_owned(), Vec::new());
        }
    }
    Ok(names)
}

/// The samples that a raw text gives today.
fn derive(
    dir: &Path,
    raw: &str,
    known: &[&Reading],
    recorded: &[Recorded],
    findings: &mut Vec<Finding>,
) -> Result<Vec<Sample>> {
    // It comes from a file that somebody may have written by hand.
    let path: RunPath = raw.parse().map_err(Error::failed)?;
    let text = BufReader::new(open_plain(&dir.join("raw").join(path))?);
    let mut places = places(recorded).into_iter();
    let mut place = places.next().unwrap_or_default();
    let (mut derived, mut first) = (Vec::new(), true);
    readers::read(text, &mut |fresh| {
        signal::check()?;
        let mut of_part = known.iter().filter(|reading| reading.part == fresh.part).peekable();
        if of_part.peek().is_some() {
            for reading in of_part {
                let judged = judged(dir, &fresh, reading)?;
                findings.extend(other_reading(raw, reading, &judged));
                derived.extend(samples_as(&judged, reading)?);
            }
            return Ok(());
        }
        // The runs of a text were recorded in their order.
        if !std::mem::take(&mut first)
            && let Some(next) = places.next()
        {
            place = next;
        }
        let (case, round) = place.clone();
        derived.extend(samples_as(&fresh, &Reading { case, round, ..Reading::default() })?);
        Ok(())
    })?;
    Ok(derived)
}

/// The reading judged once more by the files that the recorded one names.
fn judged(dir: &Path, fresh: &Reading, recorded: &Reading) -> Result<Reading> {
    let (mut beside, mut judged) = (Beside::default(), fresh.clone());
    for name in &recorded.beside {
        let path: RunPath = name.parse().map_err(Error::failed)?;
        let mut text = Vec::new();
        open_plain(&dir.join("raw").join(path))?.take(MOST_BESIDE).read_to_end(&mut text)?;
        beside.add(&text)?;
    }
    beside.judge(&mut judged);
    Ok(judged)
}

/// An input file has 36 lines, and what goes to standard error is no result.
const MOST_BESIDE: u64 = 16 << 20;

/// A verdict or a setting that somebody wrote over.
fn other_reading(raw: &str, recorded: &Reading, derived: &Reading) -> Option<Finding> {
    let finding = |recorded: String, derived: String| Finding::Reading { raw: raw.to_owned(), recorded, derived };
    if recorded.verdict != derived.verdict {
        return Some(finding(recorded.verdict.to_string(), derived.verdict.to_string()));
    }
    let names: BTreeSet<&String> = recorded.facts.keys().chain(derived.facts.keys()).collect();
    let said = |facts: &BTreeMap<String, String>, name: &String| {
        format!("{name} {}", facts.get(name).map_or("unknown", String::as_str))
    };
    let other = names.into_iter().find(|name| recorded.facts.get(*name) != derived.facts.get(*name))?;
    Some(finding(said(&recorded.facts, other), said(&derived.facts, other)))
}

/// Where the samples of a text belong, in the order in which they were recorded.
fn places(recorded: &[Recorded]) -> Vec<(String, Option<u32>)> {
    let mut places = Vec::new();
    for Recorded { sample, .. } in recorded {
        let place = (sample.case.clone(), sample.round);
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

/// The samples of a fresh reading in the place of a recorded one, as they would be read back from disk.
fn samples_as(fresh: &Reading, recorded: &Reading) -> Result<Vec<Sample>> {
    let placed = Reading {
        case: recorded.case.clone(),
        round: recorded.round,
        provenance: recorded.provenance.clone(),
        ..fresh.clone()
    };
    let through_disk = |sample: &Sample| Ok(serde_json::from_slice(&serde_json::to_vec(sample)?)?);
    placed.samples()?.iter().map(through_disk).collect()
}
