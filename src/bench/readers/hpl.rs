//! HPL.out, or what xhpl printed: HPL 2.0 to 2.3.

use std::collections::BTreeMap;

use super::lines::number;
use crate::results::{Figure, Reading, Verdict};

/// `WR11C2R4  5000  300  1  3  1.18  7.041e+01`: one solved system.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Line {
    pub n: u64,
    pub nb: u64,
    pub p: u64,
    pub q: u64,
    pub seconds: f64,
    pub gflops: f64,
}

/// What HPL says of a solution, with its scaled residual; infinite where that is no number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Check {
    Passed(f64),
    Failed(f64),
}

/// One system with what was found out about its solution.
struct Test<'a> {
    at: usize,
    /// `WR11C2R4`: mapping, depth, broadcast and panel factorization.
    variant: &'a str,
    line: Line,
    checks: Vec<Check>,
}

/// The closing `Finished 4 tests with the following results:`.
#[derive(Default)]
struct Counts {
    at: usize,
    finished: u64,
    passed: u64,
    failed: u64,
    unchecked: u64,
    skipped: u64,
}

#[derive(Default)]
struct Text<'a> {
    tests: Vec<Test<'a>>,
    counts: Option<Counts>,
    ends: bool,
    lines: usize,
    /// What should stand in a line and does not.
    damage: Option<String>,
}

pub(super) fn line(text: &str) -> Option<Line> {
    let mut words = text.split_ascii_whitespace();
    words.next().filter(|variant| variant.starts_with("WR") || variant.starts_with("WC"))?;
    let mut count = || words.next()?.parse::<u64>().ok().filter(|count| *count > 0);
    let (n, nb, p, q) = (count()?, count()?, count()?, count()?);
    let seconds = number(words.next()?).filter(|seconds| *seconds >= 0.0)?;
    let gflops = number(words.next()?).filter(|gflops| *gflops >= 0.0)?;
    words.next().is_none().then_some(Line { n, nb, p, q, seconds, gflops })
}

pub(super) fn residual(text: &str) -> Option<Check> {
    let (value, verdict) = text.trim_ascii().strip_prefix("||Ax-b||")?.rsplit_once('=')?.1.split_once("...... ")?;
    let value = value.trim();
    match verdict {
        "PASSED" => number(value).filter(|value| *value >= 0.0).map(Check::Passed),
        // A solution full of NaN fails as well.
        "FAILED" => Some(Check::Failed(number(value).unwrap_or(f64::INFINITY))),
        _ => None,
    }
}

pub fn read(text: &str) -> Reading {
    let mut reading = Reading::of("hpl");
    let found = Text::of(text, &mut reading);
    found.figures(&mut reading);
    match found.doubt(&mut reading) {
        None => Reading { verdict: Verdict::Complete, ..reading },
        Some((verdict, why)) => reading.ended(verdict, why),
    }
}

impl<'a> Text<'a> {
    fn of(text: &'a str, reading: &mut Reading) -> Text<'a> {
        let mut found = Text { lines: text.lines().count(), ..Text::default() };
        let mut awaited = false;
        let mut lines = text.lines().zip(1..).peekable();
        while let Some((line, at)) = lines.next() {
            if awaited && !line.starts_with("---") {
                found.solved(line, at);
                awaited = false;
            } else if line.split_whitespace().eq(["T/V", "N", "NB", "P", "Q", "Time", "Gflops"]) {
                awaited = true;
            } else if line.starts_with("HPL WARNING") || line.starts_with("HPL ERROR") {
                let why = lines.peek().map_or("", |(line, _)| line.trim());
                reading.warnings.push(format!("line {at}: {} {why}", line.trim()));
            } else {
                found.other(line, at, reading);
            }
        }
        found
    }

    fn solved(&mut self, text: &'a str, at: usize) {
        let variant = text.split_whitespace().next().unwrap_or_default();
        match line(text) {
            Some(line) => self.tests.push(Test { at, variant, line, checks: Vec::new() }),
            None => self.broken(at, "it should be a result, `T/V N NB P Q Time Gflops`"),
        }
    }

    fn other(&mut self, line: &str, at: usize, reading: &mut Reading) {
        if line.starts_with("||Ax-b||") && line.contains("....") {
            match (residual(line), self.tests.last_mut()) {
                (Some(check), Some(test)) => test.checks.push(check),
                _ => self.broken(at, "it should be the residual of a result, `||Ax-b||…= … ...... PASSED`"),
            }
        } else if let Some(rest) = line.strip_prefix("HPLinpack ") {
            if reading.facts.contains_key("version") {
                self.broken(at, "a second run begins");
            }
            reading.fact("version", rest.split_whitespace().next().unwrap_or_default());
        } else if let Some(rest) =
            line.trim_start().strip_prefix("- Computational tests pass if scaled residuals are less than")
        {
            reading.fact("threshold", rest.trim());
        } else if line.starts_with("Finished ") && line.contains(" tests with the following results") {
            self.finished(line, at);
        } else if line.contains(" tests completed ") || line.contains(" tests skipped ") {
            self.counted(line, at);
        } else if line == "End of Tests." {
            self.ends = true;
        }
    }

    fn broken(&mut self, at: usize, what: &str) {
        self.damage.get_or_insert_with(|| format!("line {at}: {what}"));
    }

    fn finished(&mut self, line: &str, at: usize) {
        let Some(finished) = line.split_whitespace().nth(1).and_then(|word| word.parse().ok()) else {
            return self.broken(at, "it should be `Finished … tests`");
        };
        self.counts = Some(Counts { at, finished, ..Counts::default() });
    }

    fn counted(&mut self, line: &str, at: usize) {
        let count = line.split_whitespace().next().and_then(|word| word.parse::<u64>().ok());
        let (Some(count), Some(counts)) = (count, &mut self.counts) else {
            return self.broken(at, "it should be a count of tests below `Finished … tests`");
        };
        if line.contains("passed residual checks") {
            counts.passed = count;
        } else if line.contains("failed residual checks") {
            counts.failed = count;
        } else if line.contains("without checking") {
            counts.unchecked = count;
        } else if line.contains("skipped because of illegal input values") {
            counts.skipped = count;
        }
    }
}

impl Test<'_> {
    fn failed(&self) -> bool {
        self.checks.iter().any(|check| matches!(check, Check::Failed(_)))
    }

    /// The largest of its residuals: HPL 1.0 prints three.
    fn residual(&self) -> Option<f64> {
        let values = self.checks.iter().map(|(Check::Passed(value) | Check::Failed(value))| *value);
        values.reduce(f64::max).filter(|value| value.is_finite())
    }

    fn figures(&self, labels: &[(&'static str, String)]) -> Vec<Figure> {
        let Line { seconds, gflops, .. } = self.line;
        let values = [("hpl_gflops", Some(gflops)), ("hpl_s", Some(seconds)), ("hpl_residual", self.residual())];
        let figure =
            |(metric, value): (_, Option<f64>)| Some(Figure { metric, value: value?, labels: labels.to_vec() });
        values.into_iter().filter_map(figure).collect()
    }
}

impl Text<'_> {
    /// The fastest first, as the whole; then each with its size, so that no two are the same.
    fn figures(&self, reading: &mut Reading) {
        reading.fact("lines", self.tests.len());
        let fastest =
            self.tests.iter().reduce(|best, test| if test.line.gflops > best.line.gflops { test } else { best });
        if let Some(fastest) = fastest {
            let Line { n, nb, p, q, .. } = fastest.line;
            for (name, value) in [("HPL_N", n), ("HPL_NB", nb), ("HPL_nprow", p), ("HPL_npcol", q)] {
                reading.fact(name, value);
            }
            reading.figures.extend(fastest.figures(&[]));
        }
        let several = self.tests.windows(2).any(|pair| pair[0].variant != pair[1].variant);
        let mut seen: BTreeMap<Vec<(&'static str, String)>, u32> = BTreeMap::new();
        for test in &self.tests {
            let Line { n, nb, p, q, .. } = test.line;
            let mut labels: Vec<_> =
                [("n", n), ("nb", nb), ("p", p), ("q", q)].map(|(name, of)| (name, of.to_string())).into();
            labels.extend(several.then(|| ("variant", test.variant.to_owned())));
            let times = seen.entry(labels.clone()).or_default();
            *times += 1;
            labels.extend((*times > 1).then(|| ("repeat", times.to_string())));
            reading.figures.extend(test.figures(&labels));
        }
    }

    fn doubt(&self, reading: &mut Reading) -> Option<(Verdict, String)> {
        if let Some(test) = self.tests.iter().find(|test| test.failed()) {
            let why = format!("line {}: the residual of N = {} FAILED", test.at, test.line.n);
            return Some((Verdict::Failed, why));
        }
        let incomplete = |why: String| Some((Verdict::Incomplete, why));
        if let Some(damage) = &self.damage {
            return incomplete(damage.clone());
        }
        let Some(counts) = self.counts.as_ref().filter(|_| self.ends) else {
            return incomplete(format!("line {}: it ends before `End of Tests.`", self.lines));
        };
        let Counts { at, finished, skipped, .. } = *counts;
        if skipped > 0 {
            reading.warnings.push(format!("line {at}: {skipped} tests were skipped because of illegal input values"));
        }
        self.miscount(counts).or_else(|| {
            let unchecked = self.tests.iter().find(|test| test.checks.is_empty());
            let lines = self.tests.len() as u64;
            match unchecked {
                // A solver that gives up has printed its line already.
                _ if lines > finished || lines.saturating_add(skipped) < finished => incomplete(format!(
                    "line {at}: {finished} tests are counted, {skipped} of them skipped, and {lines} results are there"
                )),
                _ if lines == 0 => Some((Verdict::Failed, format!("line {at}: no system was solved"))),
                Some(test) => Some((Verdict::Unverified, format!("line {}: the solution was not checked", test.at))),
                None => None,
            }
        })
    }

    /// Counts that contradict each other or the lines.
    fn miscount(&self, counts: &Counts) -> Option<(Verdict, String)> {
        let Counts { at, finished, passed, failed, unchecked, skipped } = *counts;
        let failing = |why| Some((Verdict::Failed, format!("line {at}: {why}")));
        if failed > 0 {
            return failing(format!("{failed} tests failed their residual checks"));
        }
        let sum = [passed, unchecked, skipped].into_iter().try_fold(0u64, u64::checked_add);
        if sum != Some(finished) {
            return failing(format!(
                "{finished} tests are not {passed} passed, {unchecked} unchecked and {skipped} skipped"
            ));
        }
        let checked = self.tests.iter().filter(|test| !test.checks.is_empty()).count() as u64;
        (checked != passed).then_some(()).and_then(|()| {
            failing(format!("{passed} tests are said to have passed their residual checks, {checked} are shown to"))
        })
    }
}
