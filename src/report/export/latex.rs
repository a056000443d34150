//! The tables of runs for a LaTeX document, in the style of the booktabs package; pdfLaTeX, XeLaTeX and LuaLaTeX
//! take them alike.

use super::tables::Table;
use crate::{
    report::{
        table,
        wording::{plain, sentence_case, slug},
    },
    results::comparison::Row,
};

/// A `table` environment for each; ends with a line feed.
pub fn text(tables: &[Table]) -> String {
    let mut labels: Vec<String> = Vec::new();
    let environments = tables.iter().map(|table| {
        let label = unlike(&labels, format!("tab:{}-{}", slug(&table.record.run.id), slug(table.metric.name)));
        labels.push(label.clone());
        environment(table, &label)
    });
    environments.collect::<Vec<_>>().join("\n")
}

fn unlike(taken: &[String], label: String) -> String {
    let numbered = (2..).map(|number| format!("{label}-{number}"));
    std::iter::once(label.clone()).chain(numbered).find(|label| !taken.contains(label)).unwrap_or(label)
}

fn environment(table: &Table, label: &str) -> String {
    let run = &table.record.run;
    let (columns, heads) = head(table);
    let rows: String = table.rows.iter().map(|row| format!("    {} \\\\\n", cells(table, row))).collect();
    let notes = table.notes();
    let notes = notes.iter().map(|note| format!("  \\par\\smallskip{{\\footnotesize {}\\par}}\n", escaped(note)));
    format!(
        "% run {}, labkit {}, {}\n% needs \\usepackage{{booktabs}}; before 2020 also \\usepackage{{textcomp}}\n\
         \\begin{{table}}[tbp]\n  \\centering\n  \\caption{{{}}}\n  \\label{{{label}}}\n  \\smallskip\n  \\small\n  \
         \\begin{{tabular}}{{{columns}}}\n    \\toprule\n    {heads} \\\\\n    \\midrule\n{rows}    \\bottomrule\n  \
         \\end{{tabular}}\n{}\\end{{table}}\n",
        plain(&run.id),
        plain(&run.labkit),
        plain(&run.start),
        caption(table),
        notes.collect::<String>(),
    )
}

/// Columns and their headings. Numbers stand on their points: what is before one in a column that ends right, the
/// rest in one that begins left.
fn head(table: &Table) -> (String, String) {
    let mut columns = "@{}lrr@{}ll".to_owned();
    let mut heads = r"Case & $n$ & \multicolumn{2}{c}{Median} & [$q_1$--$q_3$]".to_owned();
    if table.has_ratios() {
        columns += "r@{}ll";
        heads += r" & \multicolumn{2}{c}{Ratio} & [95\,\% interval]";
    }
    if table.has_verdicts() {
        columns += "l";
        heads += " & Verdict";
    }
    (columns + "@{}", heads)
}

fn cells(of: &Table, row: &Row) -> String {
    let (case, quartiles) = (escaped(&row.case), escaped(&table::quartiles(of.metric, row)));
    // After the end of a row these would be taken for its options.
    let case = if case.starts_with(['[', '*']) { "{}".to_owned() + &case } else { case };
    let mut cells = vec![case, row.n.to_string(), on_the_point(&of.metric.print(row.median)), quartiles];
    if of.has_ratios() {
        let (ratio, interval) = table::ratio(row);
        cells.extend([on_the_point(&ratio), escaped(&interval.unwrap_or_default())]);
    }
    if of.has_verdicts() {
        cells.push(escaped(&table::verdict(of.record, row)));
    }
    cells.join(" & ")
}

/// Two cells.
fn on_the_point(number: &str) -> String {
    match number.split_once('.') {
        Some((whole, rest)) => format!("{} & .{rest}", escaped(whole)),
        None if number.parse::<f64>().is_ok() => format!("{number} &"),
        None => format!(r"\multicolumn{{2}}{{c}}{{{}}}", escaped(number)),
    }
}

/// Metric and unit, and what the numbers are.
fn caption(table: &Table) -> String {
    let is_news = |title: &&str| title.to_lowercase() != table.metric.title.to_lowercase();
    let title = table.title.as_deref().filter(is_news).map(sentence).unwrap_or_default();
    let ratio = match (table.has_ratios(), table.record.run.imported) {
        (false, _) => "",
        (true, false) => r"; median of the ratios round by round, with its 95\,\% bootstrap interval",
        (true, true) => r"; ratio of the medians, with its 95\,\% bootstrap interval",
    };
    let made = format!("Median and quartiles of $n$ measurements{ratio}.");
    let sentences = [escaped(&title), escaped(&table.subtitle()) + ".", made];
    sentences.iter().filter(|sentence| !sentence.is_empty()).cloned().collect::<Vec<_>>().join(" ")
}

/// With an end, if it has none of its own.
fn sentence(text: &str) -> String {
    let ends = text.is_empty() || text.ends_with(['.', '?', '!', ':']);
    sentence_case(text) + if ends { "" } else { "." }
}

/// On one line, and every character printed as itself by every engine with its default fonts. Those that no default
/// font has are named by their number.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in plain(text).chars() {
        match command(c) {
            Some(command) => escaped += command,
            None if c == '-' && escaped.ends_with('-') => escaped += "{}-",
            None if c.is_ascii() || is_accented(c) => escaped.push(c),
            None => escaped += &format!("U+{:04X}", u32::from(c)),
        }
    }
    escaped
}

/// Latin letters that are put together from what the oldest fonts have.
fn is_accented(c: char) -> bool {
    ('\u{c0}'..='\u{ff}').contains(&c) && !"ÐÞðþ×÷".contains(c)
}

fn command(c: char) -> Option<&'static str> {
    Some(match c {
        '\\' => r"\textbackslash{}",
        '{' => r"\{",
        '}' => r"\}",
        '_' => r"\_",
        '%' => r"\%",
        '&' => r"\&",
        '#' => r"\#",
        '$' => r"\$",
        '~' => r"\textasciitilde{}",
        '^' => r"\textasciicircum{}",
        '<' => r"\textless{}",
        '>' => r"\textgreater{}",
        '|' => r"\textbar{}",
        '"' => "''",
        '`' => r"\textasciigrave{}",
        '\u{a0}' | '\u{202f}' => "~",
        '–' => "--",
        '—' => "---",
        '…' => r"\ldots{}",
        '‘' => "`",
        '’' => "'",
        '“' => "``",
        '”' => "''",
        'µ' | 'μ' => r"\textmu{}",
        '×' => r"$\times$",
        '±' => r"$\pm$",
        '·' => r"$\cdot$",
        '≤' => r"$\le$",
        '≥' => r"$\ge$",
        '→' => r"$\to$",
        '←' => r"$\gets$",
        '↔' => r"$\leftrightarrow$",
        '°' => r"$^\circ$",
        '²' => "$^2$",
        '³' => "$^3$",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_special_character_is_printed_as_itself() {
        assert_eq!(escaped("_%&#${}"), r"\_\%\&\#\$\{\}");
        assert_eq!(escaped(r"~^\"), r"\textasciitilde{}\textasciicircum{}\textbackslash{}");
        assert_eq!(escaped("µs × 2"), r"\textmu{}s $\times$ 2");
        assert_eq!(escaped("a--b é 中"), "a-{}-b é U+4E2D");
    }

    #[test]
    fn numbers_of_all_lengths_stand_on_their_points() {
        assert_eq!(on_the_point("17.25"), "17 & .25");
        assert_eq!(on_the_point("1967"), "1967 &");
        assert_eq!(on_the_point("–"), r"\multicolumn{2}{c}{--}");
    }

    #[test]
    fn a_label_is_never_used_twice() {
        assert_eq!(unlike(&["tab:a".into(), "tab:a-2".into()], "tab:a".into()), "tab:a-3");
    }

    proptest! {
        #[test]
        fn no_text_opens_what_it_does_not_close(text in ".{0,60}") {
            let escaped = escaped(&text);
            let bare = escaped.replace(r"\{", "").replace(r"\}", "").replace(r"\$", "");
            prop_assert_eq!(bare.matches('{').count(), bare.matches('}').count());
            prop_assert_eq!(bare.matches('$').count() % 2, 0);
            let comment = escaped.replace(r"\%", "");
            prop_assert!(!comment.contains(['%', '\n']));
        }
    }
}
