//! A value in YAML.

use std::{collections::BTreeMap, str::FromStr};

use yaml_edit::{Document, Mapping, YamlValue};

use super::{Scalar, no_table};
use crate::error::{Error, Result};

pub fn set(text: &str, tables: &[String], key: &str, value: &Scalar) -> Result<String> {
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

fn written(value: &Scalar) -> YamlValue {
    match value {
        Scalar::Yes(yes) => YamlValue::from(*yes),
        Scalar::Whole(number) => YamlValue::from(*number),
        Scalar::Number(number) => YamlValue::from(*number),
        Scalar::Text(text) => YamlValue::from(text.as_str()),
        Scalar::List(all) => YamlValue::Sequence(all.iter().map(written).collect()),
    }
}
