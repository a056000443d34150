//! Runs in the formats of other programs: a spreadsheet, a notebook, a lab report, a monitoring system.

mod csv;
mod format;
mod json_lines;
mod latex;
mod markdown;
mod open_metrics;
mod svg;
mod tables;

pub use format::{FORMATS, Format};
pub use svg::{Drawn, figures};

use crate::{
    error::{Error, Result},
    results::{Record, Selection, proof},
};

/// The selected part of these runs as one text; an error where there is none.
pub fn text(records: &[Record], format: Format, selection: &Selection) -> Result<String> {
    let taken = || records.iter().map(|record| select(record, selection)).collect::<Vec<Record>>();
    let has_samples = records.iter().flat_map(|record| &record.samples).any(|sample| selection.takes(sample));
    if !has_samples {
        return Err(Error::failed("there is nothing to export: no sample was taken of it"));
    }
    match format {
        Format::Csv => Ok(csv::text(&taken())),
        Format::JsonLines => json_lines::text(&taken()),
        Format::Markdown => Ok(markdown::text(&tables::all(records, selection)?)),
        Format::Latex => Ok(latex::text(&tables::all(records, selection)?)),
        Format::OpenMetrics => Ok(open_metrics::text(&taken())),
        Format::Svg => Err(Error::usage("figures are several files").hint("name a directory: -o DIR")),
    }
}

/// The run with the selected samples only. Those of a case whose proof failed are invalid here even where they do not
/// say so themselves.
fn select(record: &Record, selection: &Selection) -> Record {
    let mut record = record.clone();
    record.samples.retain(|sample| selection.takes(sample));
    for case in record.cases().into_iter().map(str::to_owned).collect::<Vec<_>>() {
        let Some(proof) = proof::refutation(&record, &case) else { continue };
        let why = proof.reasons().join("; ");
        let samples = record.samples.iter_mut().filter(|sample| sample.case == case);
        samples.for_each(|sample| *sample = sample.clone().invalidate(&why));
    }
    record
}

/// Without what steers a terminal or turns the direction of writing; line feeds and tabs stay.
fn clean(text: &str) -> String {
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !super::wording::steers(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{Proof, store};

    #[test]
    fn samples_of_a_refuted_case_are_invalid_whatever_they_say() {
        let mut record = store::tests::record(&[("veth", &[10.0]), ("vxlan", &[5.0])]);
        record.proofs = vec![Proof { case: "vxlan".into(), why: vec!["routed".into()], ..Proof::default() }];
        let taken = select(&record, &Selection::default());
        assert!(taken.samples[0].valid && !taken.samples[1].valid);
        assert_eq!(taken.samples[1].why.as_deref(), Some("routed"));
    }

    #[test]
    fn nothing_is_said_to_be_nothing() {
        let record = store::tests::record(&[]);
        for format in [Format::Csv, Format::JsonLines, Format::Markdown, Format::Latex, Format::OpenMetrics] {
            let error = text(std::slice::from_ref(&record), format, &Selection::default()).unwrap_err();
            assert!(error.to_string().starts_with("there is nothing to export"), "{error}");
        }
    }
}
