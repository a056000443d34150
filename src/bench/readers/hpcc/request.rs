//! hpccinf.txt: what hpcc was asked to run, by the position of its lines.

use super::super::lines::number;
use crate::{
    error::{Error, Result},
    results::{Reading, Verdict},
};

/// The part of the input that decides what HPL computes.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Orders of the matrix.
    pub n: Vec<u64>,
    pub nb: Vec<u64>,
    /// Process grids, rows and columns.
    pub grids: Vec<(u64, u64)>,
    /// Of the scaled residual; 0 or less switches the check off.
    pub threshold: f64,
}

/// hpcc reads its own part of the file into a buffer of 82 bytes.
const LONGEST: usize = 80;
const MOST: u64 = 1000;

impl Request {
    /// Reads the file; an error names the line and what belongs there.
    pub fn parse(text: &str) -> Result<Request> {
        let lines: Vec<&str> = text.lines().collect();
        let long = lines.iter().zip(1..).find(|(line, _)| line.len() > LONGEST);
        if let Some((line, number)) = long {
            return Err(wrong(number, &format!("{} characters: hpcc reads only {LONGEST}", line.len())));
        }
        let numbers = |at: usize, count: u64, what: &str| numbers(&lines, at, count, what);
        let one = |at: usize, what: &str| Ok::<u64, Error>(numbers(at, 1, what)?[0]);
        let sizes = one(5, "number of problem sizes")?;
        let n = numbers(6, sizes, "problem sizes N")?;
        let blocks = one(7, "number of NBs")?;
        let nb = numbers(8, blocks, "block sizes NB")?;
        let count = one(10, "number of process grids")?;
        let (rows, columns) = (numbers(11, count, "process rows P")?, numbers(12, count, "process columns Q")?);
        let threshold = lines
            .get(12)
            .and_then(|line| number(line.split_whitespace().next()?))
            .ok_or_else(|| wrong(13, "the threshold is expected, such as 16.0"))?;
        Ok(Request { n, nb, grids: rows.into_iter().zip(columns).collect(), threshold })
    }

    /// Compares a run with what was asked for; what could be believed becomes valid, or a mismatch.
    pub fn judge(&self, reading: &mut Reading) {
        if !reading.verdict.is_trusted() {
            return;
        }
        let fact = |name: &str| reading.number(name).map(|value| value as u64);
        let differs = |what: &str, ran: Option<u64>, asked: &[u64]| {
            let ran = ran?;
            (!asked.contains(&ran)).then(|| format!("it ran {what} = {ran}, asked for was {}", list(asked)))
        };
        let grid = fact("HPL_nprow").zip(fact("HPL_npcol"));
        let lines = reading.figures.iter().filter(|f| f.metric == "hpl_gflops" && !f.labels.is_empty()).count();
        let asked = self.n.len() * self.nb.len() * self.grids.len();
        let wrong_grid = grid.filter(|grid| !self.grids.contains(grid)).map(|(p, q)| {
            let asked: Vec<String> = self.grids.iter().map(|(p, q)| format!("{p}×{q}")).collect();
            format!("it ran P×Q = {p}×{q}, asked for was {}", asked.join(" or "))
        });
        let why: Vec<String> = [
            differs("N", fact("HPL_N"), &self.n),
            differs("NB", fact("HPL_NB"), &self.nb),
            wrong_grid,
            (lines % asked != 0).then(|| format!("HPL printed {lines} lines, asked for were {asked}")),
        ]
        .into_iter()
        .flatten()
        .collect();
        let all_ranks = fact("HPLMaxProcs") == fact("CommWorldProcs");
        match why.is_empty() {
            true if all_ranks => reading.verdict = Verdict::Valid,
            true => {}
            false => {
                reading.verdict = Verdict::Mismatch;
                reading.why.extend(why);
            }
        }
    }
}

/// The first `count` numbers of line `at` (from 1); text behind them is comment.
fn numbers(lines: &[&str], at: usize, count: u64, what: &str) -> Result<Vec<u64>> {
    if !(1..=MOST).contains(&count) {
        return Err(wrong(at - 1, &format!("{count} {what} are asked for: 1 to {MOST} are possible")));
    }
    let line = lines.get(at - 1).ok_or_else(|| wrong(at, &format!("{what} are expected, the file ends before")))?;
    let found: Vec<u64> = line.split_whitespace().take(count as usize).map_while(|word| word.parse().ok()).collect();
    match found.len() as u64 == count && found.iter().all(|number| *number > 0) {
        true => Ok(found),
        false => Err(wrong(at, &format!("{count} {what} are expected, found `{}`", line.trim()))),
    }
}

fn wrong(line: usize, what: &str) -> Error {
    Error::usage(format!("line {line}: {what}")).hint("the lines of hpccinf.txt count by their position, 36 of them")
}

fn list(numbers: &[u64]) -> String {
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(" or ")
}
