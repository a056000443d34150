//! A value in JSON, with or without comments.

use jsonc_parser::{
    ParseOptions,
    cst::{CstInputValue, CstObject, CstRootNode},
};

use super::{Scalar, no_table};
use crate::error::{Error, Result};

pub fn set(text: &str, tables: &[String], key: &str, value: &Scalar) -> Result<String> {
    let root = CstRootNode::parse(text, &ParseOptions::default()).map_err(|error| Error::failed(error.to_string()))?;
    let mut object: CstObject =
        root.object_value_or_create().ok_or_else(|| Error::failed("it holds something else than an object"))?;
    for name in tables {
        object = object.object_value_or_create(name).ok_or_else(|| no_table(name))?;
    }
    match object.get(key) {
        Some(property) if property.object_value().is_some() => {
            return Err(Error::failed(format!("`{key}` is an object")));
        }
        Some(property) => {
            let wanted = plain(value).to_string();
            if property.value().is_none_or(|old| old.to_string() != wanted) {
                property.set_value(written(value));
            }
        }
        None => {
            object.append(key, written(value));
        }
    }
    Ok(root.to_string())
}

fn written(value: &Scalar) -> CstInputValue {
    match value {
        Scalar::Yes(yes) => CstInputValue::Bool(*yes),
        Scalar::Whole(number) => CstInputValue::Number(number.to_string()),
        Scalar::Number(number) => CstInputValue::Number(serde_json::Value::from(*number).to_string()),
        Scalar::Text(text) => CstInputValue::String(text.clone()),
        Scalar::List(all) => CstInputValue::Array(all.iter().map(written).collect()),
    }
}

fn plain(value: &Scalar) -> serde_json::Value {
    match value {
        Scalar::Yes(yes) => (*yes).into(),
        Scalar::Whole(number) => (*number).into(),
        Scalar::Number(number) => (*number).into(),
        Scalar::Text(text) => text.as_str().into(),
        Scalar::List(all) => all.iter().map(plain).collect(),
    }
}
