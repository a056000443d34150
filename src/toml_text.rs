//! TOML: from text to what it says, and back.

use serde::{Serialize, de::DeserializeOwned};

use crate::error::{Error, Result};

/// An error names the line.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let line = error
            .span()
            .map_or(String::new(), |span| format!("line {}: ", 1 + text[..span.start].matches('\n').count()));
        Error::usage(format!("{line}{}", error.message()))
    })
}

/// Arrays of more than one value have a line for each of them.
pub fn write(value: &impl Serialize) -> Result<String> {
    toml::to_string_pretty(value).map_err(Error::failed)
}
