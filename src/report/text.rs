//! What the terminal shows at the end of a run: proofs, tables, notes, and where the files are. Plain text.

use super::{
    invalid, printed, proof, table,
    wording::{count, plain},
};
use crate::{
    columns::columns,
    results::{Metric, Record, Section, comparison::Row, section::Printed},
};

/// Terminals are at least this wide.
pub(super) const WIDTH: usize = 80;

/// The run in a screenful of text, without colours; ends with a line feed.
pub fn summary(record: &Record) -> String {
    let mut parts = vec![ending(record), proofs(record)];
    parts.extend(record.run.sections.iter().map(|section| match section {
        Section::Table(wanted) => table_of(record, &wanted.title, &wanted.metric),
        Section::Note(note) => folded("", &plain(&note.text)),
        Section::Chart(_) => String::new(),
        Section::Printed(figures) => printed_of(record, figures),
    }));
    parts.push(doubts(record));
    let place = match record.dir.as_os_str().is_empty() {
        true => "built into labkit\n".to_owned(),
        false => format!("results in {}\n", plain(&record.dir.display().to_string())),
    };
    parts.push(place);
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

/// A run that did not end as it should says so first; what its proofs say comes after anyway.
fn ending(record: &Record) -> String {
    let how = record.run.outcome;
    if how.is_whole() {
        return String::new();
    }
    let why = record.run.why.as_deref().map(|why| format!(": {}", plain(why))).unwrap_or_default();
    folded("✗ ", &format!("{how}{why}"))
}

fn proofs(record: &Record) -> String {
    let names: Vec<String> = record.proofs.iter().map(|proof| proof_name(record, &proof.case, &proof.to)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).min(24);
    let mut lines: String = record
        .proofs
        .iter()
        .zip(names)
        .map(|(proof, name)| {
            let mark = if proof.valid { '✓' } else { '✗' };
            folded(&format!("{mark} {name:width$}  "), &proof::sentence(proof))
        })
        .collect();
    for case in proof::unproved(record) {
        lines += &format!("· {:width$}  not proved: no proof was taken\n", plain(case));
    }
    lines
}

/// The case, and where it was proved several times, to which address.
fn proof_name(record: &Record, case: &str, to: &str) -> String {
    match record.proofs.iter().filter(|proof| proof.case == case).count() {
        1 => plain(case),
        _ => format!("{} → {}", plain(case), plain(to)),
    }
}

fn table_of(record: &Record, title: &str, metric: &str) -> String {
    let title = plain(title);
    let Ok(metric) = Metric::named(metric) else {
        return format!("{title}\nno metric is called `{}`\n", plain(metric));
    };
    let head = folded("", &title) + &folded("", &table::subtitle(record, metric));
    let rows = table::rows(record, metric);
    if rows.is_empty() {
        return head + "no samples were taken\n";
    }
    head + &aligned(record, metric, &rows)
}

fn printed_of(record: &Record, figures: &Printed) -> String {
    let head = folded("", &plain(&figures.title));
    let Ok(metric) = Metric::named(&figures.metric) else { return head };
    head + &columns(
        &["case", "printed", metric.unit],
        &printed::rows(record, metric, figures),
        &[1],
        Some(WIDTH as u16),
    )
}

fn aligned(record: &Record, metric: &Metric, rows: &[Row]) -> String {
    // Of one value each, compared with nothing, there is no more to tell.
    if record.run.baseline.is_none() && rows.iter().all(|row| row.n == 1 && row.valid) {
        let rows: Vec<_> = rows.iter().map(|row| vec![plain(&row.case), metric.print(row.median)]).collect();
        return columns(&["case", metric.unit], &rows, &[1], Some(WIDTH as u16));
    }
    let cells = |row: &Row| {
        let (ratio, interval) = table::ratio(row);
        vec![
            plain(&row.case),
            row.n.to_string(),
            format!("{} {}", metric.print(row.median), table::quartiles(metric, row)),
            [Some(ratio), interval].into_iter().flatten().collect::<Vec<_>>().join(" "),
            table::verdict(record, row),
        ]
    };
    let rows: Vec<_> = rows.iter().map(cells).collect();
    let headings = ["case", "n", "median [q1–q3]", "ratio [95 % low–high]", "verdict"];
    columns(&headings, &rows, &[1], Some(WIDTH as u16))
}

/// Samples that are no measurement although the path of their case was as declared.
fn doubts(record: &Record) -> String {
    invalid::groups(record)
        .iter()
        .filter(|group| !proof::is_refuted(record, group.case))
        .map(|group| {
            let of = format!("{} of {}, {}", count(group.values.len(), "sample"), plain(group.case), group.metric);
            folded("! ", &format!("{of}: {}", plain(group.why)))
        })
        .collect()
}

/// Words filled into lines of the terminal's width; the lines after the first stand under the first's text.
pub fn folded(lead: &str, text: &str) -> String {
    let indent = lead.chars().count();
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().filter(|line| !line.is_empty());
        match line {
            Some(line) if indent + line.chars().count() + 1 + word.chars().count() > WIDTH => {
                lines.push(word.to_owned());
            }
            Some(line) => *line += &format!(" {word}"),
            None => lines = vec![word.to_owned()],
        }
    }
    lead.to_owned() + &lines.join(&format!("\n{:indent$}", "")) + "\n"
}
