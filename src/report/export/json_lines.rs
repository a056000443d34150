//! Every sample as a line of JSON that stands alone: the run and its machine are in each.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    error::Result,
    machine::Machine,
    results::{Origins, Record, Sample},
};

#[derive(Serialize)]
struct Line<'a> {
    run: &'a str,
    recipe: &'a str,
    recipe_sha256: &'a str,
    labkit: &'a str,
    machine: &'a Machine,
    /// What was said of the place where other tools took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    provenance: Option<&'a BTreeMap<String, String>>,
    #[serde(flatten)]
    sample: &'a Sample,
}

pub fn text(records: &[Record]) -> Result<String> {
    let mut text = String::new();
    for record in records {
        let (run, origins) = (&record.run, Origins::of(record));
        for sample in &record.samples {
            let line = Line {
                run: &run.id,
                recipe: &run.recipe,
                recipe_sha256: &run.recipe_sha256,
                labkit: &run.labkit,
                machine: &run.machine,
                provenance: origins.provenance(sample),
                sample,
            };
            text += &serde_json::to_string(&line)?;
            text.push('\n');
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::store;

    #[test]
    fn a_line_is_the_sample_with_its_run_and_machine() {
        let record = store::tests::record(&[("veth", &[10.0, f64::NAN])]);
        let text = text(std::slice::from_ref(&record)).unwrap();
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[0]["run"].as_str(), lines[0]["case"].as_str()), (Some(record.run.id.as_str()), Some("veth")));
        assert_eq!((lines[0]["value"].as_f64(), lines[0]["machine"]["cpus"].as_u64()), (Some(10.0), Some(0)));
        assert!(lines[1]["value"].is_null());
        assert_eq!(serde_json::from_value::<Sample>(lines[0].clone()).unwrap(), record.samples[0]);
    }
}
