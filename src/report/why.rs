//! Causes that the diagnosis found, for the page.

use maud::{Markup, html};

use super::wording::{plain, sentence_case};
use crate::{diagnosis::Finding, results::metric::significant};

/// What was found of one run; those of proofs stand with the proofs.
pub fn of_run<'a>(findings: &'a [Finding], run: &str) -> Vec<&'a Finding> {
    findings.iter().filter(|finding| finding.run == run && finding.cause != "path").collect()
}

pub fn html(findings: &[&Finding]) -> Markup {
    html! {
        ol.findings {
            @for finding in findings {
                li {
                    b { (sentence_case(&plain(&finding.title))) }
                    span.of { " " (plain(&finding.cases.join(", "))) }
                    @if let Some(factor) = finding.factor.filter(|factor| *factor > 1.0) {
                        span.cost { "costs a factor of " (significant(factor, 2)) }
                    }
                    p { (sentence_case(&plain(&finding.evidence))) "." }
                    @if let Some(remedy) = &finding.remedy { p.remedy { "Try: " (plain(remedy)) "." } }
                }
            }
        }
    }
}
