//! From a Lua value to a Rust type: unknown keys refused with the nearest known one, whole floats taken for integers.

use std::fmt;

use mlua::{Table, Value};
use serde::{
    Deserialize, Deserializer,
    de::{self, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor, value::StringDeserializer},
    forward_to_deserialize_any,
};

use crate::error::{Error, nearest};

/// Reads a function's argument; the error names the key that is wrong.
pub fn read<'de, T: Deserialize<'de>>(value: Value) -> Result<T, Error> {
    T::deserialize(Source(value)).map_err(|bad| {
        let error = Error::usage(&bad);
        match bad.hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    })
}

/// What is wrong with an argument, and at which key.
#[derive(Debug, Default)]
struct Bad {
    /// Keys from the inside out.
    path: Vec<String>,
    what: String,
    hint: Option<String>,
}

impl Bad {
    fn inside(mut self, key: impl ToString) -> Bad {
        self.path.push(key.to_string());
        self
    }
}

impl fmt::Display for Bad {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        if !self.path.is_empty() {
            let path: Vec<&str> = self.path.iter().rev().map(String::as_str).collect();
            write!(out, "{}: ", path.join("."))?;
        }
        out.write_str(&self.what)
    }
}

impl std::error::Error for Bad {}

/// A value's type in Lua's words.
fn in_words(unexpected: Unexpected) -> String {
    match unexpected {
        Unexpected::Map => "a table with names".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Str(text) => format!("the text \"{text}\""),
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        Unexpected::Unsigned(number) => format!("the number {number}"),
        Unexpected::Signed(number) => format!("the number {number}"),
        Unexpected::Float(number) => format!("the number {number}"),
        other => other.to_string(),
    }
}

impl de::Error for Bad {
    fn custom<T: fmt::Display>(what: T) -> Bad {
        Bad { what: what.to_string(), ..Bad::default() }
    }

    fn invalid_type(unexpected: Unexpected, expected: &dyn Expected) -> Bad {
        let expected = match expected.to_string() {
            text if text.starts_with("struct ") => "a table".to_owned(),
            text => text,
        };
        Bad::custom(format!("{} where {expected} is expected", in_words(unexpected)))
    }

    fn invalid_value(unexpected: Unexpected, expected: &dyn Expected) -> Bad {
        Bad::custom(format!("{} is out of range for {expected}", in_words(unexpected)))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Bad {
        Bad { hint: Some(suggestion(field, expected)), ..Bad::custom(format!("there is no key `{field}`")) }
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Bad {
        Bad { hint: Some(suggestion(variant, expected)), ..Bad::custom(format!("`{variant}` is not possible")) }
    }

    fn missing_field(field: &'static str) -> Bad {
        Bad::custom(format!("`{field}` is missing"))
    }
}

fn suggestion(word: &str, expected: &[&str]) -> String {
    match nearest(word, expected.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("possible are: {}", expected.join(", ")),
    }
}

struct Source(Value);

/// Where a whole number is wanted a float that is whole will do: `/` gives floats in Lua, 4/2 is 2.0.
macro_rules! whole {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Bad> {
            match self.0 {
                Value::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => visitor.visit_i64(number as i64),
                other => Source(other).deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Source {
    type Error = Bad;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Bad> {
        match self.0 {
            Value::Nil => visitor.visit_unit(),
            Value::Boolean(yes) => visitor.visit_bool(yes),
            Value::Integer(number) => visitor.visit_i64(number),
            Value::Number(number) => visitor.visit_f64(number),
            Value::String(text) => match text.to_str() {
                Ok(text) => visitor.visit_str(&text),
                Err(_) => Err(de::Error::custom("a text that is not UTF-8")),
            },
            Value::Table(table) if table.raw_len() > 0 => visitor.visit_seq(List::new(table)),
            Value::Table(table) => visitor.visit_map(Named::new(table)?),
            other => Err(de::Error::custom(format!("a {} cannot be given here", other.type_name()))),
        }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Bad> {
        match self.0 {
            Value::Integer(number) => visitor.visit_f64(number as f64),
            Value::Number(number) => visitor.visit_f64(number),
            other => Source(other).deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Bad> {
        match self.0 {
            Value::Nil => visitor.visit_none(),
            other => visitor.visit_some(Source(other)),
        }
    }

    /// An empty table is an empty list where a list is wanted.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Bad> {
        match self.0 {
            Value::Table(table) if table.raw_len() > 0 || table.is_empty() => visitor.visit_seq(List::new(table)),
            other => Source(other).deserialize_any(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Bad> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Bad> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Bad> {
        match self.0 {
            Value::Table(table) => visitor.visit_map(Named::new(table)?),
            other => Source(other).deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Bad> {
        match self.0 {
            Value::String(text) => {
                let text: StringDeserializer<Bad> = text.to_string_lossy().into_deserializer();
                text.deserialize_enum(name, variants, visitor)
            }
            other => Source(other).deserialize_any(visitor),
        }
    }

    whole! { deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 }

    forward_to_deserialize_any! {
        bool i128 u128 f32 char str string bytes byte_buf unit unit_struct
        tuple_struct map identifier ignored_any
    }
}

struct List {
    table: Table,
    next: usize,
}

impl List {
    fn new(table: Table) -> List {
        List { table, next: 1 }
    }
}

impl<'de> SeqAccess<'de> for List {
    type Error = Bad;

    fn next_element_seed<T: de::DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Bad> {
        if self.next > self.table.raw_len() {
            return Ok(None);
        }
        let value = self.table.raw_get::<Value>(self.next).map_err(de::Error::custom)?;
        self.next += 1;
        seed.deserialize(Source(value)).map(Some).map_err(|bad| bad.inside(format!("[{}]", self.next - 1)))
    }
}

/// A table's pairs in the order of their names, so that the first error is always the same.
struct Named {
    pairs: std::vec::IntoIter<(String, Value)>,
    current: Option<(String, Value)>,
}

impl Named {
    fn new(table: Table) -> Result<Named, Bad> {
        let mut pairs = Vec::new();
        for pair in table.pairs::<Value, Value>() {
            let (key, value) = pair.map_err(de::Error::custom)?;
            match key {
                Value::String(key) => pairs.push((key.to_string_lossy(), value)),
                _ => return Err(de::Error::custom("values without a name where a table with names is expected")),
            }
        }
        pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(Named { pairs: pairs.into_iter(), current: None })
    }
}

impl<'de> MapAccess<'de> for Named {
    type Error = Bad;

    fn next_key_seed<K: de::DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Bad> {
        self.current = self.pairs.next();
        let Some((key, _)) = &self.current else { return Ok(None) };
        let key: StringDeserializer<Bad> = key.clone().into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: de::DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Bad> {
        match self.current.take() {
            Some((key, value)) => seed.deserialize(Source(value)).map_err(|bad| bad.inside(key)),
            None => Err(de::Error::custom("a value without a key")),
        }
    }
}
