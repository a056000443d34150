//! `bench.hpcc`: HPC Challenge on the hosts of a job: looked at before, run, read, and held against what was asked.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    HPCC,
    crossing::{self, Through},
    input::Input,
    job::{Ended, Job, explained},
    preflight::{self, Blas},
    shape::Shape,
};
use crate::{
    args::Shortened,
    bench::readers::{self, Beside, Request},
    clock,
    error::{Context, Error, Kind, Result},
    lab::Lab,
    progress::Progress,
    results::{Reading, Verdict},
};

/// One run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hpcc {
    /// What its figures are told under: `cluster`, `node01`.
    pub case: String,
    pub job: Job,
    /// What HPL computes; the report's unless given.
    #[serde(default, deserialize_with = "input")]
    pub input: Input,
    /// `"optimised"` refuses the reference BLAS, and hosts that have different ones.
    #[serde(default)]
    pub blas: Blas,
    /// Seconds that HPL is expected to take, as `bench.advise` gives them: told beside what it took.
    #[serde(default)]
    pub expected_s: Option<f64>,
    /// Seconds after which it is ended, whatever it does; 3600 unless given.
    #[serde(default = "hour")]
    pub limit_s: u64,
    /// Devices of this machine that the ranks' packets must cross, or must not.
    #[serde(default)]
    pub through: Vec<Through>,
    /// Of a comparison.
    #[serde(default)]
    pub round: Option<u32>,
}

fn hour() -> u64 {
    3600
}

fn input<'de, D: serde::Deserializer<'de>>(source: D) -> Result<Input, D::Error> {
    Shortened::deserialize(source).map(|input| input.0)
}

/// What `bench.hpcc` gives.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct HpccReport {
    pub valid: bool,
    pub hpl_gflops: f64,
    pub hpl_s: f64,
    pub dgemm_star_gflops: f64,
    /// Of all ranks' DGEMM together.
    pub efficiency_percent: f64,
}

/// Begins the line of a section of hpccoutf.txt.
const SECTION: &str = "Begin of ";

impl Hpcc {
    pub fn run(&self, lab: &mut Lab) -> Result<HpccReport> {
        self.job.check()?;
        if self.case.is_empty() {
            return Err(Error::usage("`case` is empty"));
        }
        if !(1..=604_800).contains(&self.limit_s) {
            return Err(Error::usage(format!("limit_s {} is out of range: 1 to 604800", self.limit_s)));
        }
        let (text, request) = self.input.text(self.job.ranks())?;
        if !lab.measures() {
            return self.describe(lab, &text, &request).map(|()| HpccReport::default());
        }
        self.measure(lab, &text, &request).context(|| self.case.clone())
    }

    fn measure(&self, lab: &mut Lab, text: &str, request: &Request) -> Result<HpccReport> {
        lab.progress.doing(&format!("{}: asks every host what it has", self.case));
        let facts = self.job.facts()?;
        for warning in preflight::check(&self.job.hosts, &facts, self.blas, request)? {
            lab.progress.line(&format!("! {}: {warning}", self.case));
        }
        let shape = Shape::of(&self.job.hosts, &facts);
        let limit = Duration::from_secs(self.limit_s);
        let before = self.through.iter().map(Through::look).collect::<Result<Vec<_>>>()?;
        let ended = launch(&self.job, shape, text, limit, &self.case, &lab.progress)?;
        let stem = |what: &str| format!("{what}-{}-{}", self.case, self.round.unwrap_or(1));
        let raw = lab.raw(&stem("hpcc"), "txt", &ended.output.stdout)?;
        let beside = [("hpccinf", text.as_bytes()), ("mpirun", ended.output.stderr.as_slice())].into_iter();
        let beside = beside.filter(|(_, text)| !text.is_empty()).map(|(what, text)| lab.raw(&stem(what), "txt", text));
        let beside = beside.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
        let mut reading = read(&ended, request)?;
        let least = crossing::least_bytes(request.n.iter().copied().max().unwrap_or(0), u64::from(self.job.ranks()));
        for (through, before) in self.through.iter().zip(&before) {
            if let Some(fault) = through.fault(before, &through.look()?, least) {
                reading.verdict = Verdict::Mismatch;
                reading.why.insert(0, fault);
            }
        }
        let reading = Reading {
            case: self.case.clone(),
            round: self.round,
            raw,
            beside,
            at: Some(clock::now()),
            provenance: preflight::provenance(&facts),
            ..reading
        };
        lab.reading(&reading)?;
        reading.samples()?.into_iter().try_for_each(|sample| lab.sample(sample))?;
        self.tell(lab, &reading);
        if ended.cut.is_some_and(|cut| cut.kind() == Kind::Interrupted) {
            return Err(Error::interrupted());
        }
        if !reading.verdict.is_trusted() {
            lab.doubts.push(format!("{}: {}: {}", self.case, reading.verdict, reading.cause()));
        }
        Ok(report(&reading))
    }

    fn tell(&self, lab: &Lab, reading: &Reading) {
        let report = report(reading);
        if !report.valid {
            lab.progress.line(&format!("✗ {}: {}: {}", self.case, reading.verdict, reading.cause()));
            return;
        }
        let expected = self.expected_s.filter(|expected| *expected > 0.0);
        let expected = expected.map(|expected| format!(", {expected:.2} s were expected")).unwrap_or_default();
        lab.progress.line(&format!(
            "✓ {}: {:.2} GFLOPS in {:.2} s{expected}; {:.0} % of DGEMM",
            self.case, report.hpl_gflops, report.hpl_s, report.efficiency_percent
        ));
    }

    fn describe(&self, lab: &mut Lab, text: &str, request: &Request) -> Result<()> {
        let list = |all: &[u64]| all.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        lab.plan(format!(
            "measure {}: HPCC on {} ranks, N = {}, NB = {}",
            self.case,
            self.job.ranks(),
            list(&request.n),
            list(&request.nb)
        ));
        lab.comment(format!("measure {}", self.case));
        self.job.explain("hpcc", ("hpccinf.txt", text))?.into_iter().for_each(|line| lab.shell(line));
        Ok(())
    }
}

/// Runs it; the progress says which of its tests is under way.
pub fn launch(job: &Job, shape: Shape, input: &str, limit: Duration, what: &str, progress: &Progress) -> Result<Ended> {
    let order = job.order(HPCC, shape, input.to_owned())?;
    progress.doing(&format!("{what}: begins HPCC"));
    job.run(&order, limit, &mut |line| {
        let begun = line.strip_prefix(SECTION).and_then(|rest| rest.strip_suffix(" section."));
        if let Some(begun) = begun {
            progress.doing(&format!("{what}: {begun}"));
        }
    })
}

/// What came of it. Without a line of output there is only what mpirun said.
pub fn read(ended: &Ended, request: &Request) -> Result<Reading> {
    let found = readers::read_one(&ended.output.stdout);
    let Ok(mut reading) = found else {
        return Err(explained(&ended.output, ended.cut.clone(), "run hpcc"));
    };
    let mut beside = Beside::of(request.clone());
    if !ended.output.stderr.is_empty() {
        // Text that no tool is known for says nothing against it.
        let _ = beside.add(&ended.output.stderr);
    }
    beside.judge(&mut reading);
    if let Some(cut) = ended.cut.as_ref().filter(|_| !reading.verdict.is_trusted()) {
        reading.why.push(cut.to_string());
    }
    Ok(reading)
}

fn report(reading: &Reading) -> HpccReport {
    let value = |metric| reading.value(metric).unwrap_or(0.0);
    HpccReport {
        valid: reading.verdict.is_trusted(),
        hpl_gflops: value("hpl_gflops"),
        hpl_s: value("hpl_s"),
        dgemm_star_gflops: value("dgemm_star_gflops"),
        efficiency_percent: value("hpl_efficiency_percent"),
    }
}
