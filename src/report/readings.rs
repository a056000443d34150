//! What the tools' texts were read as, where there is something to say of it.

use maud::{Markup, html};

use super::wording::plain;
use crate::results::{Reading, Record};

/// The readings that a person should see: all of an import, and any that is odd.
pub fn shown(record: &Record) -> Vec<&Reading> {
    let is_odd = |reading: &&Reading| !reading.verdict.is_trusted() || !reading.warnings.is_empty();
    record.readings.iter().filter(|reading| record.run.imported || is_odd(reading)).collect()
}

pub fn html(readings: &[&Reading]) -> Markup {
    html! {
        div.wide tabindex="0" role="group" aria-label="Texts" {
            table.doubts {
                thead { tr {
                    th scope="col" { "case" } th scope="col" { "tool" } th scope="col" { "read as" } th scope="col" { "remarks" }
                } }
                tbody { @for reading in readings {
                    tr {
                        th scope="row" { (plain(&reading.case)) }
                        td { (plain(&reading.bench)) @if let Some(raw) = &reading.raw { " " code { (plain(raw)) } } }
                        td { span class=(if reading.verdict.is_trusted() { "verdict better" } else { "verdict wrong" }) {
                            (reading.verdict)
                        } }
                        td { (remarks(reading)) }
                    }
                } }
            }
        }
    }
}

fn remarks(reading: &Reading) -> String {
    let place = reading.provenance.iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ");
    let said = reading.why.iter().chain(&reading.warnings).map(|words| plain(words));
    std::iter::once(plain(&place)).chain(said).filter(|words| !words.is_empty()).collect::<Vec<_>>().join("; ")
}
