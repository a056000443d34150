//! hpccinf.txt, as it is handed to rank 0.

use std::fs;

use serde::Deserialize;

use crate::{
    args::Short,
    bench::readers::Request,
    error::{Context, Error, Result},
};

/// The report's, which is what is shipped.
const USUAL: &str = include_str!("../../../lua/manifests/hpccinf.txt");

/// What HPL is to compute; what is not given is as in the report whose exercise it is.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Input {
    /// A file of the user's, which the rest changes.
    pub file: Option<String>,
    /// Order of the matrix.
    pub n: Option<u64>,
    /// Block size.
    pub nb: Option<u64>,
    /// Rows of the grid of ranks.
    pub p: Option<u64>,
    /// Columns.
    pub q: Option<u64>,
}

impl Short for Input {
    const EXPECTED: &'static str = "the path of an input file, or a table with `n`, `nb`, `p`, `q`";

    fn from_text(path: &str) -> Option<Result<Input, String>> {
        Some(Ok(Input { file: Some(path.to_owned()), ..Input::default() }))
    }
}

impl Input {
    /// The text for so many ranks, checked: hpcc itself takes other parameters in silence where one is wrong.
    pub fn text(&self, ranks: u32) -> Result<(String, Request)> {
        let (text, name) = match &self.file {
            Some(path) => (fs::read_to_string(path).context(|| format!("read `{path}`"))?, path.as_str()),
            None => (USUAL.to_owned(), "hpccinf.txt"),
        };
        let (rows, columns) = grid(ranks);
        let of_ranks = self.file.is_none().then_some((rows, columns));
        let values = [
            (6, self.n),
            (8, self.nb),
            (11, self.p.or(of_ranks.map(|grid| grid.0))),
            (12, self.q.or(of_ranks.map(|grid| grid.1))),
        ];
        let text = values
            .into_iter()
            .fold(text, |text, (line, value)| value.map_or(text.clone(), |value| with(&text, line, value)));
        let request = Request::parse(&text).context(|| format!("read `{name}`"))?;
        if let Some((p, q)) = request.grids.iter().find(|(p, q)| p * q != u64::from(ranks)) {
            return Err(Error::usage(format!("a grid of {p} × {q} ranks is asked for, and {ranks} are started"))
                .hint(format!("hpcc would take other parameters, or leave ranks idle: {rows} × {columns} fits")));
        }
        Ok((text, request))
    }
}

/// Rows and columns for so many ranks: a row for few, since a panel then goes one way only.
pub fn grid(ranks: u32) -> (u64, u64) {
    let ranks = u64::from(ranks.max(1));
    if ranks <= 4 {
        return (1, ranks);
    }
    let rows = (1..=ranks.isqrt()).rev().find(|rows| ranks.is_multiple_of(*rows)).unwrap_or(1);
    (rows, ranks / rows)
}

/// The text with one value in place of those of a line (from 1), and with one of its kind asked for.
fn with(text: &str, line: usize, value: u64) -> String {
    let put = |(at, old): (usize, &str)| {
        let words = old.trim_start_matches(|c: char| c.is_ascii_digit() || c.is_ascii_whitespace());
        match at + 1 {
            at if at == line => format!("{value:<12} {words}\n"),
            // How many there are stands before them; rows and columns share one.
            at if at + 1 == line && line != 12 => format!("{:<12} {words}\n", 1),
            _ => format!("{old}\n"),
        }
    };
    text.lines().enumerate().map(put).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shipped_is_the_reports() {
        let (text, request) = Input::default().text(3).unwrap();
        assert_eq!((request.n, request.nb, request.grids), (vec![5000], vec![300], vec![(1, 3)]));
        assert_eq!(text.lines().count(), 36);
        let (_, alone) = Input::default().text(1).unwrap();
        assert_eq!(alone.grids, [(1, 1)]);
    }

    #[test]
    fn what_is_given_stands_in_its_line() {
        let input = Input { n: Some(16704), nb: Some(192), ..Input::default() };
        let (text, request) = input.text(6).unwrap();
        assert_eq!((request.n, request.nb, request.grids), (vec![16704], vec![192], vec![(2, 3)]));
        assert!(text.contains("\n16704        Ns\n1            number of block sizes\n192          NBs\n"), "{text}");
        let error = Input { p: Some(2), q: Some(2), ..Input::default() }.text(3).unwrap_err();
        assert_eq!(error.to_string(), "a grid of 2 × 2 ranks is asked for, and 3 are started");
    }

    #[test]
    fn a_file_with_several_sizes_may_be_told_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("own.txt");
        let several =
            USUAL.replace("1            number of problem sizes", "2   sizes").replace("5000  ", "1000 2000 ");
        fs::write(&path, several).unwrap();
        let file = Some(path.display().to_string());
        let (_, request) = Input { file: file.clone(), ..Input::default() }.text(3).unwrap();
        assert_eq!(request.n, [1000, 2000]);
        let (_, request) = Input { file: file.clone(), n: Some(3000), ..Input::default() }.text(3).unwrap();
        assert_eq!(request.n, [3000]);
        let error = Input { file, ..Input::default() }.text(2).unwrap_err().to_string();
        assert!(error.starts_with("a grid of 1 × 3 ranks is asked for, and 2 are started"), "{error}");
    }

    #[test]
    fn ranks_are_dealt_into_the_squarest_grid() {
        let grids: Vec<(u64, u64)> = [1, 3, 4, 5, 6, 8, 12, 16].into_iter().map(grid).collect();
        assert_eq!(grids, [(1, 1), (1, 3), (1, 4), (1, 5), (2, 3), (2, 4), (3, 4), (4, 4)]);
    }
}
