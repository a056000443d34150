//! The text of one file in a bundle, for a recipe.

use serde::Deserialize;

use super::{Bundle, extract::chosen, items};
use crate::{
    args::Short,
    error::{Context, Error, Result},
};

/// `bundle.file "calico.yaml"`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileName {
    /// As the lock has it.
    pub name: String,
}

impl Short for FileName {
    const EXPECTED: &'static str = "a name";

    fn from_text(text: &str) -> Option<Result<FileName, String>> {
        Some(Ok(FileName { name: text.to_owned() }))
    }
}

impl FileName {
    /// What the file holds.
    pub fn read(&self, bundle: &Bundle) -> Result<String> {
        let all = items(&bundle.layout)?;
        let attempt = || format!("bundle `{}`", bundle.place.display());
        let found = chosen(&all, std::slice::from_ref(&self.name)).context(attempt)?;
        let layer = found.iter().find_map(|item| item.layers.last().filter(|layer| !layer.title.is_empty()));
        let layer = layer.ok_or_else(|| Error::usage(format!("`{}` is an image, and no file", self.name)))?;
        let text = String::from_utf8(bundle.layout.text_of(&layer.digest)?);
        text.map_err(|_| Error::failed(format!("`{}` is no UTF-8 text", self.name))).context(attempt)
    }
}
