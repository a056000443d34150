//! Several runs side by side for the terminal: what was not alike, then one table for each metric. Plain text.

use super::{
    provenance::machine_in_a_line,
    text::{WIDTH, folded},
    wording::{direction, metric_in_unit, plain},
};
use crate::{
    columns::columns,
    results::{
        Metric, Record,
        beside::{Beside, Measured},
        comparison::Verdict,
        likeness::Unlike,
    },
};

/// `unlike` has an entry for each run after the first. Ends with a line feed.
pub fn text(records: &[Record], rows: &[Beside], unlike: &[Vec<Unlike>]) -> String {
    let mut parts = vec![records.iter().enumerate().map(|(at, record)| run(at, record)).collect()];
    parts.extend((1..).zip(unlike).filter(|(_, found)| !found.is_empty()).map(|(at, found)| warning(at, found)));
    parts.extend(rows.chunk_by(|one, other| one.metric == other.metric).map(table));
    parts.push(doubts(rows));
    parts.retain(|part: &String| !part.is_empty());
    parts.join("\n")
}

/// How a run is called in the tables: A, B … Z, 27 …
fn letter(at: usize) -> String {
    (b'A'..=b'Z').nth(at).map_or_else(|| (at + 1).to_string(), |letter| char::from(letter).to_string())
}

fn run(at: usize, record: &Record) -> String {
    folded(
        &format!("{}  ", letter(at)),
        &format!("{}: {}", plain(&record.run.id), machine_in_a_line(&record.run.machine)),
    )
}

fn warning(at: usize, found: &[Unlike]) -> String {
    let mut rows: Vec<(&Unlike, Vec<String>)> = Vec::new();
    for one in found {
        let same = |(other, _): &&mut (&Unlike, Vec<String>)| {
            (&one.what, &one.first, &one.other) == (&other.what, &other.first, &other.other)
        };
        let cases = one.case.iter().map(|case| plain(case));
        match rows.iter_mut().find(same) {
            Some((_, known)) => known.extend(cases),
            None => rows.push((one, cases.collect())),
        }
    }
    let cells = |(one, cases): &(&Unlike, Vec<String>)| {
        let of = if cases.is_empty() { String::new() } else { format!(" of {}", cases.join(", ")) };
        vec![plain(&one.what) + &of, abbreviated(one, &one.first), abbreviated(one, &one.other)]
    };
    let rows: Vec<_> = rows.iter().map(cells).collect();
    let head = format!("! {} and {} are not like for like\n", letter(0), letter(at));
    head + &columns(&["", &letter(0), &letter(at)], &rows, &[], Some(WIDTH as u16))
}

/// A hash is told from another by its beginning.
fn abbreviated(unlike: &Unlike, value: &str) -> String {
    match unlike.what.ends_with("sha256") {
        true => plain(value).chars().take(12).collect(),
        false => plain(value),
    }
}

fn table(rows: &[Beside]) -> String {
    let Some(metric) = rows.first().and_then(|row| Metric::named(row.metric).ok()) else { return String::new() };
    let head =
        format!("{}; {}; ratios to {} with 95 % intervals", metric_in_unit(metric), direction(metric), letter(0));
    let lines: Vec<_> = rows
        .iter()
        .flat_map(|row| row.runs.iter().enumerate().map(|(at, measured)| line(metric, row, at, measured.as_ref())))
        .collect();
    let headings = ["case", "run", "n", "median [q1–q3]", "ratio [low–high]", "verdict"];
    folded("", &head) + &columns(&headings, &lines, &[2], Some(WIDTH as u16))
}

/// The case stands in the first line of its runs.
fn line(metric: &Metric, row: &Beside, at: usize, measured: Option<&Measured>) -> Vec<String> {
    let case = if at == 0 { plain(&row.case) } else { String::new() };
    let Some(measured) = measured else {
        return vec![case, letter(at), "0".to_owned(), "–".to_owned(), "–".to_owned(), "not measured".to_owned()];
    };
    let [median, q1, q3] = [measured.median, measured.q1, measured.q3].map(|value| metric.print(value));
    let verdict = measured.verdict.to_string();
    vec![case, letter(at), measured.n.to_string(), format!("{median} [{q1}–{q3}]"), ratio(measured), verdict]
}

fn ratio(measured: &Measured) -> String {
    match (measured.verdict, measured.ratio) {
        (Verdict::Baseline, _) => "1".to_owned(),
        (_, None) => "–".to_owned(),
        (Verdict::TooFewRounds, Some(ratio)) => format!("{:.2}", ratio.median),
        (_, Some(ratio)) => format!("{:.2} [{:.2}–{:.2}]", ratio.median, ratio.low, ratio.high),
    }
}

/// Why what is invalid is so, each reason once for a run and case.
fn doubts(rows: &[Beside]) -> String {
    let mut told: Vec<String> = Vec::new();
    for row in rows {
        for (at, measured) in row.runs.iter().enumerate() {
            let Some(why) = measured.as_ref().and_then(|measured| measured.why.as_deref()) else { continue };
            let line = folded("✗ ", &format!("{} in {}: {}", plain(&row.case), letter(at), plain(why)));
            if !told.contains(&line) {
                told.push(line);
            }
        }
    }
    told.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_called_by_letters_as_long_as_there_are_some() {
        assert_eq!([letter(0), letter(25), letter(26)], ["A", "Z", "27"]);
    }

    #[test]
    fn equal_differences_of_several_cases_are_one_line() {
        let mtu = |case: &str| Unlike {
            what: "mtu".into(),
            case: Some(case.into()),
            first: "1500".into(),
            other: "9000".into(),
        };
        let text = warning(1, &[mtu("veth"), mtu("bridge")]);
        assert_eq!(
            text.lines().nth(2).unwrap().split_whitespace().collect::<Vec<_>>().join(" "),
            "mtu of veth, bridge 1500 9000"
        );
    }
}
