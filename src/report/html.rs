//! The page: one HTML file without scripts or outside parts, for a screen by day and night and for paper.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{
    figure::{self, Figure},
    invalid, overview, printed, proof, provenance, readings, table, why,
    wording::{count, plain, printable, slug},
};
use crate::{
    clock,
    diagnosis::{self, Finding},
    results::{Metric, Outcome, Record, Section, section},
};

const STYLE: &str = include_str!("style.css");

/// Tables and figures are numbered through the whole page, so that a text can refer to them.
#[derive(Default)]
struct Numbers {
    tables: usize,
    figures: usize,
}

/// With more runs than this the page has what they have in common, and not each of them.
pub const MOST_RUNS: usize = 20;

/// The page of these runs; several get a table of contents, and stand side by side first.
pub fn page(records: &[Record]) -> String {
    let mut numbers = Numbers::default();
    let detailed = if records.len() > MOST_RUNS { &[] } else { records };
    let findings = diagnosis::of(&detailed.iter().collect::<Vec<_>>());
    let title = match records {
        [record] => question(record),
        several => format!("labkit: {}", count(several.len(), "run")),
    };
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    @if let [record] = records {
                        (of_record(record, &findings, 1, &mut numbers))
                    } @else {
                        (contents(&title, records, detailed.len()))
                        (side_by_side(records, &mut numbers))
                        @for record in detailed { (of_record(record, &findings, 2, &mut numbers)) }
                    }
                }
            }
        }
    };
    printable(&markup.into_string())
}

/// A heading of this level, 1 to 6.
pub fn heading(level: usize, id: Option<&str>, words: Markup) -> Markup {
    html! {
        @match level {
            1 => h1 id=[id] { (words) },
            2 => h2 id=[id] { (words) },
            3 => h3 id=[id] { (words) },
            4 => h4 id=[id] { (words) },
            5 => h5 id=[id] { (words) },
            _ => h6 id=[id] { (words) },
        }
    }
}

fn question(record: &Record) -> String {
    match plain(&record.run.question) {
        question if question.is_empty() => plain(&record.run.recipe),
        question => question,
    }
}

fn anchor(record: &Record) -> String {
    format!("run-{}", slug(&record.run.id))
}

/// `detailed` says whether the runs follow on the page.
fn contents(title: &str, records: &[Record], detailed: usize) -> Markup {
    html! {
        header.page {
            h1 { (title) }
            @if records.is_empty() { p { "There are no runs to report." } }
            @if detailed < records.len() {
                p {
                    "So many runs are shown by their medians. `labkit report` with a run's name shows all of it."
                }
            }
            nav aria-label="Contents" {
                ol.contents {
                    @for record in records {
                        li {
                            @if detailed > 0 {
                                a href=(format!("#{}", anchor(record))) { (question(record)) } " "
                            } @else { code { (plain(&record.run.id)) } " " }
                            (badge(record.run.outcome))
                            span.when {
                                (plain(&record.run.recipe)) " · " (clock::for_people(&record.run.start)) " · "
                                (provenance::host_and_place(&record.run.machine))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn side_by_side(records: &[Record], numbers: &mut Numbers) -> Markup {
    let (tables, names) = (overview::all(records), overview::names(records));
    let first = numbers.tables + 1;
    numbers.tables += tables.len();
    html! {
        @if !tables.is_empty() {
            section.record aria-labelledby="side-by-side" {
                h2 id="side-by-side" { "Side by side" }
                @for (table, number) in tables.iter().zip(first..) { (overview::html(table, &names, number)) }
            }
        }
    }
}

fn of_record(record: &Record, findings: &[Finding], level: usize, numbers: &mut Numbers) -> Markup {
    html! {
        section.record aria-labelledby=(anchor(record)) {
            (header(record, level))
            @if !record.run.sections.is_empty() {
                (heading(level + 1, None, html! { "Results" }))
                (results(record, level + 2, numbers))
            }
            @let found = why::of_run(findings, &record.run.id);
            @if !found.is_empty() {
                (heading(level + 1, None, html! { "Why" }))
                (why::html(&found))
            }
            @let texts = readings::shown(record);
            @if !texts.is_empty() {
                (heading(level + 1, None, html! { "Texts" }))
                (readings::html(&texts))
            }
            @if !record.proofs.is_empty() { (proofs(record, level + 1)) }
            @if record.samples.iter().any(|sample| !sample.valid) {
                (heading(level + 1, None, html! { "Invalid samples" }))
                p { "These were measured and kept, and are compared with nothing." }
                (invalid::html(record))
            }
            (heading(level + 1, None, html! { "Provenance" }))
            (provenance::html(record))
        }
    }
}

fn header(record: &Record, level: usize) -> Markup {
    let run = &record.run;
    let machine = provenance::machine_in_a_line(&run.machine);
    html! {
        header {
            p.kicker { "labkit" span.dot { " · " } (plain(&run.recipe)) }
            (heading(level, Some(&anchor(record)), html! { (question(record)) }))
            p.byline {
                (badge(run.outcome)) " "
                time datetime=(plain(&run.start)) { (clock::for_people(&plain(&run.start))) }
                @if !machine.is_empty() { span.dot { " · " } (machine) }
            }
            @if let Some(why) = &run.why {
                p class=(if run.outcome == Outcome::Done { "why" } else { "why bad" }) { (plain(why)) }
            }
        }
    }
}

/// How the run ended, as a sign and a word.
fn badge(outcome: Outcome) -> Markup {
    let (class, words) = match outcome {
        Outcome::Done => ("badge good", "✓ complete"),
        Outcome::Invalid => ("badge bad", "✗ invalid"),
        Outcome::Failed => ("badge bad", "✗ failed"),
        Outcome::Interrupted => ("badge doubtful", "! interrupted"),
        Outcome::Running => ("badge doubtful", "! not finished"),
        Outcome::Killed => ("badge doubtful", "! killed"),
    };
    html! { span class=(class) { (words) } }
}

fn results(record: &Record, level: usize, numbers: &mut Numbers) -> Markup {
    let mut figures = figure::all(record).into_iter();
    html! {
        @for section in &record.run.sections {
            @match section {
                Section::Table(wanted) => (of_table(record, wanted, level, numbers)),
                Section::Chart(chart) => {
                    @if let Some(figure) = figures.next() { (of_figure(&chart.title, &figure, level, numbers)) }
                },
                Section::Note(note) => p.note { (plain(&note.text)) },
                Section::Printed(figures) => (of_printed(record, figures, level, numbers)),
            }
        }
    }
}

fn of_table(record: &Record, wanted: &section::Table, level: usize, numbers: &mut Numbers) -> Markup {
    numbers.tables += 1;
    html! {
        (heading(level, None, html! { (plain(&wanted.title)) }))
        @match Metric::named(&wanted.metric) {
            Ok(metric) => (table::html(record, metric, numbers.tables)),
            Err(_) => p.note { "No metric is called " code { (plain(&wanted.metric)) } "." },
        }
    }
}

fn of_printed(record: &Record, figures: &section::Printed, level: usize, numbers: &mut Numbers) -> Markup {
    numbers.tables += 1;
    html! {
        (heading(level, None, html! { (plain(&figures.title)) }))
        @if let Ok(metric) = Metric::named(&figures.metric) { (printed::html(record, metric, figures, numbers.tables)) }
    }
}

fn of_figure(title: &str, figure: &Figure, level: usize, numbers: &mut Numbers) -> Markup {
    numbers.figures += 1;
    html! {
        (heading(level, None, html! { (plain(title)) }))
        figure {
            div.wide.plot tabindex="0" role="group" aria-label=(format!("Figure {}", numbers.figures)) {
                (PreEscaped(&figure.svg))
            }
            figcaption { b { "Figure " (numbers.figures) ". " } (figure.caption) }
        }
    }
}

fn proofs(record: &Record, level: usize) -> Markup {
    let unproved: Vec<String> = proof::unproved(record).into_iter().map(plain).collect();
    html! {
        (heading(level, None, html! { "Proof of path" }))
        p {
            "A case counts only where its traffic was seen to take the declared path: echo requests were sent, and \
             every device on the way had to count them."
        }
        @for proof in &record.proofs { (proof::html(proof, level + 1)) }
        @if !unproved.is_empty() { p.note { "No proof was taken of " (unproved.join(", ")) "." } }
    }
}
