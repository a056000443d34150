//! The tables of runs as GitHub prints them.

use super::tables::Table;
use crate::{
    report::{
        provenance::machine_in_a_line,
        table,
        wording::{plain, sentence_case},
    },
    results::comparison::Row,
};

/// A heading for each run, and under it its tables; ends with a line feed.
pub fn text(tables: &[Table]) -> String {
    let runs = tables.chunk_by(|one, other| std::ptr::eq(one.record, other.record));
    runs.map(|tables| run(tables)).collect::<Vec<_>>().join("\n")
}

fn run(tables: &[Table]) -> String {
    let Some(first) = tables.first() else { return String::new() };
    let run = &first.record.run;
    let mut facts = vec![run.start.clone(), machine_in_a_line(&run.machine), format!("labkit {}", run.labkit)];
    facts.retain(|fact| !fact.is_empty());
    let head = format!("## {}\n\n{}\n", escaped(&run.id), escaped(&facts.join(", ")));
    tables.iter().fold(head, |text, table| text + "\n" + &of(table))
}

fn of(of: &Table) -> String {
    let title = of.title.clone().unwrap_or_else(|| sentence_case(of.metric.title));
    let mut text = format!("### {}\n\n{}.\n\n", escaped(&title), escaped(&of.subtitle()));
    let (mut heads, mut marks) = (vec!["case", "n", "median", "[q1–q3]"], vec![":--", "--:", "--:", ":--"]);
    if of.has_ratios() {
        heads.extend(["ratio", "[95 % interval]"]);
        marks.extend(["--:", ":--"]);
    }
    if of.has_verdicts() {
        heads.push("verdict");
        marks.push(":--");
    }
    let rows = of.rows.iter().map(|row| line(&cells(of, row)));
    text += &[line(&heads), line(&marks)].into_iter().chain(rows).collect::<String>();
    of.notes().iter().fold(text, |text, note| text + &format!("\n{}\n", escaped(note)))
}

fn line<T: std::borrow::Borrow<str>>(cells: &[T]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

fn cells(of: &Table, row: &Row) -> Vec<String> {
    let (metric, median) = (of.metric, of.metric.print(row.median));
    let mut cells = vec![escaped(&row.case), row.n.to_string(), median, table::quartiles(metric, row)];
    if of.has_ratios() {
        let (ratio, interval) = table::ratio(row);
        cells.extend([ratio, interval.unwrap_or_default()]);
    }
    if of.has_verdicts() {
        cells.push(table::verdict(of.record, row));
    }
    cells
}

/// On one line, and nothing in it means anything to Markdown or HTML.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in plain(text).chars() {
        match c {
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '&' => escaped += "&amp;",
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '|' | '~' | '!' | '$' => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_end_its_cell_or_begin_a_tag() {
        assert_eq!(escaped("a|b_c\n<b>&"), r"a\|b\_c &lt;b&gt;&amp;");
        assert_eq!(escaped("[x](javascript:y)"), r"\[x\](javascript:y)");
    }
}
