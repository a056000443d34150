//! Figures as somebody printed them, beside what was measured.

use maud::{Markup, html};

use super::wording::{metric_in_unit, plain, sentence_case};
use crate::{
    diagnosis::{Checked, check_figure},
    results::{Metric, Record, section::Printed},
};

/// Case, the printed figure, and what it was found to be.
type Line<'a> = (&'a str, &'a str, Option<Checked>);

fn lines<'a>(record: &Record, metric: &Metric, printed: &'a Printed) -> Vec<Line<'a>> {
    let line = |(case, figure): &'a (String, String)| {
        (case.as_str(), figure.as_str(), check_figure(record, metric, Some(case), figure))
    };
    printed.figures.iter().map(line).collect()
}

fn said(checked: Option<&Checked>) -> String {
    checked.map_or_else(|| "nothing was measured".to_owned(), |checked| plain(&checked.said))
}

/// For the terminal: case, figure, verdict in words.
pub fn rows(record: &Record, metric: &Metric, printed: &Printed) -> Vec<Vec<String>> {
    let row = |(case, figure, checked): Line| vec![plain(case), plain(figure), said(checked.as_ref())];
    lines(record, metric, printed).into_iter().map(row).collect()
}

/// For the page.
pub fn html(record: &Record, metric: &Metric, printed: &Printed, number: usize) -> Markup {
    html! {
        figure {
            figcaption.above {
                b { "Table " (number) ". " } (sentence_case(&metric_in_unit(metric))) " as it was printed, and as it was measured."
            }
            div.wide tabindex="0" role="group" aria-label=(format!("Table {number}")) {
                table.doubts {
                    thead { tr {
                        th scope="col" { "case" } th.number scope="col" { "printed" }
                        th.number scope="col" { "measured" } th scope="col" { "verdict" }
                    } }
                    tbody { @for (case, figure, checked) in lines(record, metric, printed) {
                        @let agrees = checked.as_ref().is_some_and(|checked| checked.agrees);
                        tr {
                            th scope="row" { (plain(case)) }
                            td.number { (plain(figure)) }
                            td.number { (checked.as_ref().map_or("–".to_owned(), |checked| metric.print(checked.measured))) }
                            td { span class=(if agrees { "verdict better" } else { "verdict wrong" }) {
                                @if !agrees { "✗ " } (said(checked.as_ref()))
                            } }
                        }
                    } }
                }
            }
        }
    }
}
