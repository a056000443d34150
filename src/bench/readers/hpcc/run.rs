//! One run of hpcc: its lines in, its reading out.

use std::collections::BTreeMap;

use super::{
    super::{
        hpl::{self, Check},
        lines::{behind, number},
    },
    keys::{KEYS, Place, SECTIONS, SUMMARY},
};
use crate::{
    diagnosis::Hpl,
    results::{Figure, Reading, Verdict},
};

/// The state between two lines.
pub struct Run {
    reading: Reading,
    /// The section that has begun and not ended.
    section: Option<String>,
    /// What to look for in it.
    wanted: Vec<&'static (&'static str, Place, &'static str, f64)>,
    last_section: String,
    seen: Vec<Seen>,
    /// Every line of HPL, with what its residual check said.
    hpl: Vec<(hpl::Line, Option<Check>)>,
    keys: usize,
    summary_ended: bool,
    unchecked: bool,
    last_line: usize,
}

/// A whole run has a few hundred; a file that repeats a section for ever must not fill the memory.
const MOST_SEEN: usize = 10_000;
const MOST_WARNINGS: usize = 20;

/// A figure of a section.
struct Seen {
    metric: &'static str,
    value: f64,
    /// Half a unit of its last digit.
    rounding: f64,
    line: usize,
}

impl Seen {
    fn is(&self, value: f64) -> bool {
        (self.value - value).abs() <= self.rounding + 1e-5 * value.abs()
    }
}

impl Run {
    pub fn new(part: u32, version: &str) -> Run {
        let mut reading = Reading { part, ..Reading::of("hpcc") };
        reading.fact("version", version.split_whitespace().next().unwrap_or_default());
        Run {
            reading,
            section: None,
            wanted: Vec::new(),
            last_section: String::new(),
            seen: Vec::new(),
            hpl: Vec::new(),
            keys: 0,
            summary_ended: false,
            unchecked: false,
            last_line: 0,
        }
    }

    pub fn line(&mut self, number: usize, line: &str) {
        self.last_line = number;
        if let Some(section) = between(line, "Begin of ") {
            self.wanted = SECTIONS.iter().filter(|(of, ..)| *of == section).collect();
            self.section = Some(section.to_owned());
            return;
        }
        if let Some(section) = between(line, "End of ") {
            self.summary_ended |= section == "Summary" && self.section.as_deref() == Some("Summary");
            self.last_section = section.to_owned();
            self.section = None;
            self.wanted.clear();
            return;
        }
        match self.section.as_deref() {
            None => self.head(line),
            Some("Summary") => self.summary(number, line),
            Some("HPL") => self.hpl(line),
            Some(_) => self.figures(number, line),
        }
    }

    /// Between the sections: who, when, where.
    fn head(&mut self, line: &str) {
        if let Some(host) = behind(line, "Hostname: ") {
            self.reading.fact("hostname", host.trim_matches('\''));
        } else if let Some(when) = behind(line, "Compiled on ") {
            self.reading.fact("compiled", when.split_whitespace().collect::<Vec<_>>().join(" "));
        } else if let Some(rest) = behind(line, "Current time (")
            && self.reading.at.is_none()
        {
            let seconds = rest.split(')').next().and_then(|seconds| seconds.parse().ok());
            self.reading.at = seconds.and_then(crate::clock::from_epoch);
        }
    }

    fn summary(&mut self, number: usize, line: &str) {
        match line.split_once('=') {
            Some((key, value)) if is_name(key) => {
                self.keys += 1;
                if self.keys < MOST_SEEN {
                    self.reading.fact(key, value.trim_ascii());
                }
            }
            _ if line.trim().is_empty() => {}
            _ if self.reading.warnings.len() > MOST_WARNINGS => {}
            _ => {
                let shown: String = line.chars().take(40).collect();
                self.reading.warnings.push(format!("line {number}: `{}` is no `key=value`", shown.escape_debug()));
            }
        }
    }

    fn hpl(&mut self, line: &str) {
        if let Some(found) = hpl::line(line) {
            self.hpl.truncate(MOST_SEEN - 1);
            self.hpl.push((found, None));
        } else if let Some(check) = hpl::residual(line) {
            if let Some((_, checked)) = self.hpl.last_mut() {
                checked.get_or_insert(check);
            }
        } else if line.contains("completed without checking") {
            self.unchecked |= line.split_ascii_whitespace().next() != Some("0");
        }
    }

    fn figures(&mut self, at: usize, line: &str) {
        for (_, place, metric, factor) in &self.wanted {
            let Some(text) = place.find(line) else { continue };
            let Some(value) = number(text) else { continue };
            let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len()) as i32;
            let seen =
                Seen { metric, value: value * factor, rounding: 0.51 * factor * 10f64.powi(-decimals), line: at };
            self.seen.truncate(MOST_SEEN - 1);
            self.seen.push(seen);
        }
    }

    /// The reading: figures of the summary where it has them, else of the sections; then the verdict.
    pub fn end(mut self) -> Reading {
        self.hpl_figures();
        let contradiction = self.summary_figures();
        self.shares();
        self.count_keys();
        let (verdict, why) = self.verdict(contradiction);
        Reading { verdict, why: why.into_iter().collect(), ..self.reading }
    }

    fn hpl_figures(&mut self) {
        let mut seen: BTreeMap<[u64; 4], u64> = BTreeMap::new();
        for (line, check) in &self.hpl {
            let sizes = [line.n, line.nb, line.p, line.q];
            let repeat = *seen.entry(sizes).and_modify(|count| *count += 1).or_insert(1);
            let names = ["n", "nb", "p", "q"].into_iter().zip(sizes);
            // Other variants of the factorization with the same sizes.
            let names = names.chain((repeat > 1).then_some(("repeat", repeat)));
            let labels: Vec<(&'static str, String)> = names.map(|(name, value)| (name, value.to_string())).collect();
            let residual = match check {
                Some(Check::Passed(value) | Check::Failed(value)) => Some(("hpl_residual", *value)),
                None => None,
            };
            // The time of a line has two decimals: 0.00 is no measurement.
            let seconds = (line.seconds > 0.0).then_some(("hpl_s", line.seconds));
            let values = [("hpl_gflops", line.gflops)].into_iter().chain(seconds).chain(residual);
            let figures = values.map(|(metric, value)| Figure { metric, value, labels: labels.clone() });
            self.reading.figures.extend(figures);
        }
    }

    /// Gives the first contradiction between the summary and a section.
    fn summary_figures(&mut self) -> Option<String> {
        let mut contradiction = None;
        let mut filled = Vec::new();
        for (key, metric, factor) in SUMMARY {
            let said = self.reading.facts.get(*key).map(String::as_str);
            // PTRANS shows each of its tests: one of them is the summary's.
            let of_metric = || self.seen.iter().filter(|seen| seen.metric == *metric);
            let seen = of_metric().next_back();
            match (said.and_then(number), seen) {
                // Not run, or not applicable: ping-pong on one rank.
                (Some(-1.0), _) => {}
                (Some(said), seen) => {
                    let value = said * factor;
                    let agrees = of_metric().any(|seen| seen.is(value));
                    if let Some(Seen { value: shown, line, .. }) = seen.filter(|_| !agrees) {
                        contradiction
                            .get_or_insert(format!("line {line}: {metric} is {shown}, the summary says {value}"));
                    }
                    self.reading.figure(metric, value);
                }
                (None, Some(seen)) => {
                    if self.summary_ended {
                        filled.push(format!("{key} is missing in the summary: taken from line {}", seen.line));
                    }
                    self.reading.figure(metric, seen.value);
                }
                (None, None) => {}
            }
        }
        self.reading.warnings.extend(filled);
        contradiction.or_else(|| self.best_line())
    }

    /// How much of what all ranks compute in DGEMM is left in HPL, and how much of its time the network takes.
    fn shares(&mut self) {
        let number = |fact: &str| self.reading.number(fact);
        let hpl = || {
            Some(Hpl {
                n: number("HPL_N")?,
                nb: number("HPL_NB")?,
                p: number("HPL_nprow")?,
                q: number("HPL_npcol")?,
                dgemm_gflops: self.reading.value("dgemm_star_gflops").filter(|dgemm| *dgemm > 0.0)?,
                bandwidth_gb_s: self.reading.value("mpi_bandwidth_avg_gb_s").unwrap_or(f64::INFINITY),
            })
        };
        let (Some(hpl), Some(gflops)) = (hpl(), self.reading.value("hpl_gflops")) else { return };
        let share =
            self.reading.value("hpl_s").filter(|seconds| *seconds > 0.0).map(|seconds| hpl.network_s() / seconds);
        self.reading.figure("hpl_efficiency_percent", 100.0 * gflops / (hpl.p * hpl.q * hpl.dgemm_gflops));
        if let Some(share) = share.filter(|_| hpl.p * hpl.q > 1.0) {
            self.reading.figure("hpl_network_percent", 100.0 * share.min(1.0));
        }
    }

    /// The summary has the best of HPL's lines.
    fn best_line(&self) -> Option<String> {
        let best = self.hpl.iter().map(|(line, _)| line.gflops).reduce(f64::max)?;
        let said = self.reading.value("hpl_gflops")?;
        // A line has four digits.
        let is_it = (said / best - 1.0).abs() < 0.001;
        (!is_it).then(|| format!("the best line of HPL has {best} GFLOPS, the summary {said}"))
    }

    fn count_keys(&mut self) {
        self.reading.fact("summary_keys", self.keys);
        let is_whole = self.keys >= KEYS || !self.reading.facts["version"].starts_with("1.5");
        if self.summary_ended && !is_whole {
            self.reading.warnings.push(format!("{} of {KEYS} keys are missing in the summary", KEYS - self.keys));
        }
    }

    fn verdict(&mut self, contradiction: Option<String>) -> (Verdict, Option<String>) {
        let failed = self.hpl.iter().find(|(_, check)| matches!(check, Some(Check::Failed(_))));
        let success = self.reading.facts.get("Success").map(String::as_str);
        if !self.summary_ended {
            let place = match &self.section {
                Some(section) => format!("at {section}"),
                None if self.last_section.is_empty() => "before the first section".to_owned(),
                None => format!("after {}", self.last_section),
            };
            self.reading.fact("stopped", &place);
            return (Verdict::Incomplete, Some(format!("it stops {place}, line {}", self.last_line)));
        }
        if let Some((line, Some(Check::Failed(residual)))) = failed {
            let why = format!("HPL's residual {residual} of N = {}, NB = {} failed its check", line.n, line.nb);
            return (Verdict::Failed, Some(why));
        }
        if let Some(contradiction) = contradiction {
            return (Verdict::Failed, Some(contradiction));
        }
        let bare = self.hpl.iter().find(|(_, check)| check.is_none()).map(|(line, _)| line.n);
        if let Some(n) = bare.filter(|_| !self.unchecked) {
            return (Verdict::Unverified, Some(format!("HPL's line of N = {n} has no residual check")));
        }
        if self.hpl.is_empty() && self.reading.value("hpl_gflops").is_some() {
            return (Verdict::Unverified, Some("the section of HPL has no line with a result".to_owned()));
        }
        if self.unchecked {
            return (Verdict::Unverified, Some("HPL ran without its check: its threshold is 0 or less".to_owned()));
        }
        match success {
            Some("1") => self.ranks_used(),
            Some(other) => {
                return (Verdict::Failed, Some(format!("hpcc says Success={other}: one of its checks failed")));
            }
            None => return (Verdict::Unverified, Some("the summary has no key Success".to_owned())),
        }
        (Verdict::Complete, None)
    }

    /// P × Q below the number of ranks is no error for hpcc.
    fn ranks_used(&mut self) {
        let (used, all) = (self.reading.number("HPLMaxProcs"), self.reading.number("CommWorldProcs"));
        if let (Some(used), Some(all)) = (used, all)
            && used < all
        {
            self.reading.warnings.push(format!("HPL used {used} of {all} ranks: P × Q is smaller than np"));
        }
    }
}

/// The name in `Begin of NAME section.`
fn between<'a>(line: &'a str, begin: &str) -> Option<&'a str> {
    behind(line, begin)?.trim_ascii_end().strip_suffix(" section.")
}

fn is_name(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
