//! A value in YAML.

use std::{collections::BTreeMap, str::FromStr};

use yaml_edit::{Document, Mapping, YamlValue};

use super::{Scalar, no_table};
use crate::error::{Error, Result};

pub fn set(text: &str, tables: &[String], key: &str, value: &Scalar) -> Result<String> {
    refuse_what_is_no_single_document(text)?;
    let document = Document::from_str(text).map_err(|error| Error::failed(error.to_string()))?;
    let mut mapping: Mapping =
        document.as_mapping().ok_or_else(|| Error::failed("it holds something else than keys"))?;
    for (at, name) in tables.iter().enumerate() {
        match mapping.get_mapping(name.as_str()) {
            Some(inner) => mapping = inner,
            None if mapping.contains_key(name.as_str()) => return Err(no_table(name)),
            None => {
                // From here on nothing is there: all of it at once.
                let leaf = BTreeMap::from([(key.to_owned(), written(value))]);
                let inner = tables[at + 1..]
                    .iter()
                    .rev()
                    .fold(leaf, |inner, name| BTreeMap::from([(name.clone(), YamlValue::Mapping(inner))]));
                mapping.set(name.as_str(), inner);
                return Ok(document.to_string());
            }
        }
    }
    if mapping.get_mapping(key).is_some() {
        return Err(Error::failed(format!("`{key}` has keys of its own")));
    }
    mapping.set(key, written(value));
    Ok(document.to_string())
}

/// The editor knows one document, and would say so in its own words.
fn refuse_what_is_no_single_document(text: &str) -> Result<()> {
    let is_content =
        |line: &str| !line.trim_start().starts_with('#') && !line.trim().is_empty() && line.trim_end() != "---";
    if !text.lines().any(is_content) {
        return Err(Error::failed("it holds no keys yet").hint("host.file writes the first ones"));
    }
    let lines = || text.lines().zip(1..);
    if let Some((_, at)) = lines().find(|(line, _)| line.starts_with('%')) {
        return Err(Error::failed(format!("line {at}: a directive, which is not understood"))
            .hint("host.file writes the whole file"));
    }
    let begun =
        lines().skip_while(|(line, _)| !is_content(line)).find(|(line, _)| *line == "---" || line.starts_with("--- "));
    match begun {
        Some((_, at)) => Err(Error::failed(format!("line {at}: another document begins, and only one can be edited"))
            .hint("host.file writes the whole file")),
        None => Ok(()),
    }
}

fn written(value: &Scalar) -> YamlValue {
    match value {
        Scalar::Yes(yes) => YamlValue::from(*yes),
        Scalar::Whole(number) => YamlValue::from(*number),
        Scalar::Number(number) => YamlValue::from(*number),
        Scalar::Text(text) => YamlValue::from(text.as_str()),
        Scalar::List(all) => YamlValue::Sequence(all.iter().map(written).collect()),
    }
}
