//! A value in TOML.

use toml_edit::{Array, DocumentMut, Item, Table, Value};

use super::{Scalar, no_table};
use crate::error::{Error, Result};

pub fn set(text: &str, tables: &[String], key: &str, value: &Scalar) -> Result<String> {
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        let line = error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
        Error::failed(format!("line {line}: {}", error.message()))
    })?;
    let mut table: &mut Item = document.as_item_mut();
    for name in tables {
        let like = table.as_table_like_mut().ok_or_else(|| no_table(name))?;
        table = like.entry(name).or_insert_with(|| Item::Table(Table::new()));
        if !table.is_table_like() {
            return Err(no_table(name));
        }
    }
    let like = table.as_table_like_mut().ok_or_else(|| no_table(key))?;
    let mut new = written(value);
    match like.get_mut(key) {
        // What stands behind it on its line stays.
        Some(Item::Value(old)) if !is_same(old, &new) => {
            *new.decor_mut() = old.decor().clone();
            *old = new;
        }
        Some(Item::Value(_)) => {}
        Some(Item::Table(_) | Item::ArrayOfTables(_)) => return Err(Error::failed(format!("`{key}` is a table"))),
        _ => {
            like.insert(key, Item::Value(new));
        }
    }
    Ok(document.to_string())
}

/// The same whatever stands around it.
fn is_same(one: &Value, other: &Value) -> bool {
    let bare = |value: &Value| {
        let mut value = value.clone();
        value.decor_mut().clear();
        value.to_string()
    };
    bare(one) == bare(other)
}

fn written(value: &Scalar) -> Value {
    match value {
        Scalar::Yes(yes) => Value::from(*yes),
        Scalar::Whole(number) => Value::from(*number),
        Scalar::Number(number) => Value::from(*number),
        Scalar::Text(text) => Value::from(text.as_str()),
        Scalar::List(all) => Value::Array(all.iter().map(written).collect::<Array>()),
    }
}
