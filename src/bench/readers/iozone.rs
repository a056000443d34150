//! The table of `iozone -a`. Its kilobytes are of 1024 bytes; a figure's megabytes are of a million.
//!
//! A row's figures are labelled with its sizes. What stands for the whole is of the largest file, which caches help
//! least: the median over its record sizes.

use std::collections::{BTreeMap, BTreeSet};

use super::lines::number;
use crate::{
    results::{Figure, Metric, Reading, Verdict},
    stats,
};

/// The columns in their order, by the heading in the line of `kB` and `reclen`.
const COLUMNS: &[(&str, &str)] = &[
    ("write", "disk_write_mb_s"),
    ("rewrite", "disk_rewrite_mb_s"),
    ("read", "disk_read_mb_s"),
    ("reread", "disk_reread_mb_s"),
    ("read", "disk_random_read_mb_s"),
    ("write", "disk_random_write_mb_s"),
    ("read", "disk_backward_read_mb_s"),
    ("rewrite", "disk_record_rewrite_mb_s"),
    ("read", "disk_stride_read_mb_s"),
    ("fwrite", "disk_fwrite_mb_s"),
    ("frewrite", "disk_frewrite_mb_s"),
    ("fread", "disk_fread_mb_s"),
    ("freread", "disk_freread_mb_s"),
];
/// Headings and numbers end in the same place, give or take this: the headings are not quite as wide as the numbers.
const APART: usize = 2;
/// Labels of a row.
const FILE: &str = "file_kb";
const RECORD: &str = "record_kb";
/// A petabyte, more than which no file has.
const MOST_KB: u64 = 1_000_000_000_000;
/// What fits under its heading.
const MOST_RECORD_KB: u64 = 9_999_999;
/// How a line begins that says why it stopped.
const FAILURES: &[&str] = &["Error", "Can not ", "Can't ", "I/O error ", "open: ", "write: ", "read: ", "fsync: "];
/// How a line begins that doubts the figures.
const DOUBTS: &[&str] = &["Timer resolution is poor", "The test completed too quickly"];
/// Settings, by what the line begins with.
const SETTINGS: &[(&str, &str)] = &[
    ("Command line used: ", "command"),
    ("Version $Revision: ", "version"),
    ("Run began: ", "began"),
    ("O_DIRECT feature ", "direct"),
    ("Include fsync in ", "fsync"),
];

/// One word of a line and the column it ends in.
type Word<'a> = (usize, &'a str);
type Doubt = (Verdict, String);

/// The table as far as it is read.
#[derive(Default)]
struct Table {
    /// Where each heading ends, `kB` and `reclen` first.
    ends: Vec<usize>,
    /// Which tests were asked for, as the first row shows.
    tests: Vec<usize>,
    sizes: BTreeSet<(u64, u64)>,
}

pub fn read(text: &str) -> Reading {
    let mut reading = Reading::of("iozone");
    for line in text.lines().map(str::trim) {
        for (mark, fact) in SETTINGS {
            // The first of its kind counts, as it does where the options are looked at.
            if let Some(value) = line.strip_prefix(mark).filter(|_| !reading.facts.contains_key(*fact)) {
                reading.fact(fact, value.trim_end_matches(" $"));
            }
        }
    }
    let read = rows(text, &mut reading);
    // Why it stopped explains a row that is cut.
    match stopped(text).map_or(read, Err) {
        Ok(()) => {
            of_largest_file(&mut reading);
            Reading { verdict: Verdict::Complete, ..reading }
        }
        Err((verdict, why)) => reading.ended(verdict, why),
    }
}

/// Puts one figure of each test before those of the rows; none of a test with a rate that no disk has.
fn of_largest_file(reading: &mut Reading) {
    let size =
        |figure: &Figure| figure.labels.iter().find(|(name, _)| *name == FILE).and_then(|(_, kb)| kb.parse().ok());
    let largest: Option<u64> = reading.figures.iter().filter_map(size).max();
    let mut rates: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
    for figure in reading.figures.iter().filter(|figure| size(figure) == largest) {
        rates.entry(figure.metric).or_default().push(figure.value);
    }
    let possible = |metric: &str, rates: &[f64]| {
        Metric::named(metric).is_ok_and(|metric| rates.iter().all(|rate| metric.objection(*rate).is_none()))
    };
    let tests = COLUMNS.iter().filter_map(|(_, metric)| Some((*metric, rates.get(metric)?)));
    let whole: Vec<Figure> = tests
        .filter(|(metric, rates)| possible(metric, rates))
        .map(|(metric, rates)| Figure { metric, value: stats::median(rates), labels: Vec::new() })
        .collect();
    reading.figures.splice(0..0, whole);
}

/// What iozone says of a failure, the first line of it.
fn stopped(text: &str) -> Option<Doubt> {
    text.lines().map(str::trim).zip(1..).find_map(|(said, at)| match said {
        "iozone: interrupted" => Some((Verdict::Incomplete, format!("line {at}: it was interrupted"))),
        said if FAILURES.iter().any(|mark| said.starts_with(mark)) => {
            Some((Verdict::Failed, format!("line {at}: {said}")))
        }
        _ => None,
    })
}

fn rows(text: &str, reading: &mut Reading) -> Result<(), Doubt> {
    let mut table = Table::default();
    let mut complete = false;
    for (line, at) in text.lines().zip(1..) {
        let said = line.trim();
        if DOUBTS.iter().any(|mark| said.starts_with(mark)) {
            reading.warnings.push(format!("line {at}: {said}"));
        } else if said == "iozone test complete." {
            complete = true;
        } else if let Some(ends) = header(line) {
            if !table.ends.is_empty() {
                return Err((Verdict::Failed, format!("line {at}: a second table begins: it holds several runs")));
            }
            table.ends = ends;
        } else if !complete && !table.ends.is_empty() && said.starts_with(|c: char| c.is_ascii_digit()) {
            table.row(line, reading).map_err(|why| (Verdict::Incomplete, format!("line {at}: {why}")))?;
        }
    }
    whole(text, &table, complete)
}

/// Everything is there, and in the unit that is read.
fn whole(text: &str, table: &Table, complete: bool) -> Result<(), Doubt> {
    let lines = text.lines().count();
    let unit = text.lines().zip(1..).find_map(|(line, at)| Some((line.trim().strip_prefix("Output is in ")?, at)));
    let missing = |what: &str| Err((Verdict::Incomplete, format!("line {lines}: it ends before {what}")));
    if let Some((unit, at)) = unit.filter(|(unit, _)| !unit.eq_ignore_ascii_case("kBytes/sec")) {
        return Err((Verdict::Unverified, format!("line {at}: only kBytes/sec are read, not {unit}")));
    }
    if !complete {
        return missing("`iozone test complete.`");
    }
    if unit.is_none() {
        return Err((Verdict::Unverified, format!("line {lines}: there is no `Output is in kBytes/sec`")));
    }
    if text.contains("Throughput test with ") {
        return Err((Verdict::Unverified, "of several processes (`-t`) there is no table to read".to_owned()));
    }
    if table.sizes.is_empty() {
        return Err((Verdict::Incomplete, format!("line {lines}: there is no row of the table `kB reclen write …`")));
    }
    let command = text.lines().find_map(|line| line.trim().strip_prefix("Command line used: "));
    if table.tests.len() < table.ends.len() - 2 && !command.is_some_and(chooses_tests) {
        let (found, of) = (table.tests.len(), table.ends.len() - 2);
        return Err((
            Verdict::Incomplete,
            format!("the rows have {found} of {of} columns, and no `-i` asked for that"),
        ));
    }
    Ok(())
}

/// Where the headings end, if it is the line of headings; old versions write `KB`.
fn header(line: &str) -> Option<Vec<usize>> {
    let found = words(line);
    let (first, rest) = found.split_at_checked(2)?;
    let begins = first[0].1.eq_ignore_ascii_case("kB") && first[1].1 == "reclen";
    let known = rest.len() <= COLUMNS.len() && rest.iter().zip(COLUMNS).all(|(word, column)| word.1 == column.0);
    (begins && known && !rest.is_empty()).then(|| found.iter().map(|(end, _)| *end).collect())
}

fn words(line: &str) -> Vec<Word<'_>> {
    line.split_whitespace().map(|word| (word.as_ptr() as usize - line.as_ptr() as usize + word.len(), word)).collect()
}

/// `-i` in any of the option words: `-i`, `-i0`, `-ai`.
fn chooses_tests(command: &str) -> bool {
    command.split(' ').any(|word| word.starts_with('-') && !word.starts_with("-+") && word.contains('i'))
}

impl Table {
    fn row(&mut self, line: &str, reading: &mut Reading) -> Result<(), String> {
        let found = words(line);
        let (size, rates) = found.split_at_checked(2).ok_or("there is no record size")?;
        let [file, record] = [size[0].1, size[1].1].map(|word| word.parse::<u64>().ok());
        let (file, record) = file.zip(record).ok_or_else(|| format!("`{}` is no row of the table", line.trim()))?;
        if record > file || file > MOST_KB || record > MOST_RECORD_KB || !self.sizes.insert((file, record)) {
            return Err(format!("{record} kB of {file} kB is no new pair of record and file"));
        }
        let tests = self.below_headings(size, rates)?;
        for (test, (_, word)) in tests.iter().zip(rates) {
            // iozone prints whole numbers, none above what fits under its heading.
            let whole = word.bytes().all(|byte| byte.is_ascii_digit()) && word.len() < 12;
            let rate =
                number(word).filter(|rate| whole && *rate > 0.0).ok_or_else(|| format!("`{word}` is no rate"))?;
            let labels = vec![(FILE, file.to_string()), (RECORD, record.to_string())];
            reading.figures.push(Figure { metric: COLUMNS[*test].1, value: rate * 1024.0 / 1e6, labels });
        }
        if self.tests.is_empty() {
            self.tests.clone_from(&tests);
        }
        let same = !tests.is_empty() && tests == self.tests;
        let (found, first) = (tests.len(), self.tests.len());
        same.then_some(()).ok_or_else(|| format!("{found} rates are not below the {first} headings of the first row"))
    }

    /// A test that was not asked for leaves its column blank, so that place decides, not order.
    fn below_headings(&self, size: &[Word], rates: &[Word]) -> Result<Vec<usize>, String> {
        if rates.len() + 2 == self.ends.len() {
            return Ok((0..rates.len()).collect());
        }
        let shifted = size.iter().zip(&self.ends).any(|((end, _), heading)| heading.abs_diff(*end) > APART);
        let mut tests = Vec::new();
        for word in rates {
            let test = self.column(*word).filter(|test| !shifted && tests.last().is_none_or(|last| last < test));
            tests.push(test.ok_or_else(|| format!("`{}` is below no heading", word.1))?);
        }
        Ok(tests)
    }

    fn column(&self, (end, _): Word) -> Option<usize> {
        let apart = |heading: &usize| heading.abs_diff(end);
        let (test, heading) = self.ends[2..].iter().enumerate().min_by_key(|(_, heading)| apart(heading))?;
        (apart(heading) <= APART).then_some(test)
    }
}
