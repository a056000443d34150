//! Shapes that recipe arguments come in: one or many, a name alone or a table with more.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{
        Error, MapAccess, SeqAccess, Unexpected, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer, StrDeserializer},
    },
};

/// `addr = "10.0.0.1/24"` or `addr = { "10.0.0.1/24", "10.0.1.1/24" }`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        OneOrMany(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = OneOrMany<T>;
            fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
                out.write_str("one text or a list of them")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(OneOrMany(vec![T::deserialize(StrDeserializer::new(text))?]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
                Ok(OneOrMany(Vec::deserialize(SeqAccessDeserializer::new(list))?))
            }
        }
        source.deserialize_any(Either(PhantomData))
    }
}

/// No arguments at all.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Arguments that may be given by their most important one alone: `net.ns "ns1"`, `net.star(10)`.
pub trait Short: Sized {
    const EXPECTED: &'static str;

    fn from_text(_: &str) -> Option<Result<Self, String>> {
        None
    }

    fn from_number(_: u64) -> Option<Self> {
        None
    }
}

/// Takes a `Short` in its short or its long form; for `#[serde(deserialize_with)]` and the API's bindings.
#[derive(Debug, Clone)]
pub struct Shortened<T>(pub T);

impl<'de, T: Short + Deserialize<'de>> Deserialize<'de> for Shortened<T> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: Short + Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = Shortened<T>;
            fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
                out.write_str(T::EXPECTED)
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                match T::from_text(text) {
                    Some(parsed) => parsed.map(Shortened).map_err(E::custom),
                    None => Err(E::invalid_type(Unexpected::Str(text), &self)),
                }
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
                let value = T::from_number(number).map(Shortened);
                value.ok_or_else(|| E::invalid_type(Unexpected::Unsigned(number), &self))
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
                match number.fract() == 0.0 && (0.0..9e15).contains(&number) {
                    true => self.visit_u64(number as u64),
                    false => Err(E::invalid_type(Unexpected::Float(number), &self)),
                }
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
                match u64::try_from(number) {
                    Ok(number) => self.visit_u64(number),
                    Err(_) => Err(E::custom(format!("{number} is less than zero"))),
                }
            }
            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(table)).map(Shortened)
            }
        }
        source.deserialize_any(Either(PhantomData))
    }
}
