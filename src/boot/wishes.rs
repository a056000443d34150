//! `/etc/labkit/provision.toml`: what a machine is to become at its first boot.

use std::{fs, io::ErrorKind, path::PathBuf};

use serde::Deserialize;

use crate::{
    error::{Context, Error, Result},
    names::HostName,
    nodes::etc_dir,
    toml_text,
};

/// `provision.toml`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wishes {
    /// Which node of the lab it is, where its network device does not say so.
    pub node: Option<HostName>,
    /// What is run once, in this order.
    #[serde(default = "Wishes::usual")]
    pub recipes: Vec<Wish>,
}

/// A recipe with its settings behind it: `ex1 seconds=1 rounds=1`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Wish {
    pub recipe: String,
    /// Each `name=value`, as `labkit run --set` takes it.
    pub settings: Vec<String>,
}

impl TryFrom<String> for Wish {
    type Error = String;

    fn try_from(text: String) -> Result<Wish, String> {
        let mut words = text.split_whitespace().map(str::to_owned);
        let recipe = words.next().ok_or("an empty text is no recipe: \"ex1\", or \"ex1 seconds=1\"")?;
        let settings: Vec<String> = words.collect();
        match settings.iter().find(|word| !word.contains('=')) {
            Some(word) => Err(format!("`{word}` behind recipe `{recipe}` is no setting: name=value")),
            None => Ok(Wish { recipe, settings }),
        }
    }
}

impl std::fmt::Display for Wish {
    fn fmt(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        out.write_str(&self.recipe)?;
        self.settings.iter().try_for_each(|setting| write!(out, " {setting}"))
    }
}

/// A machine that was told nothing becomes a node.
impl Default for Wishes {
    fn default() -> Wishes {
        Wishes { node: None, recipes: Wishes::usual() }
    }
}

impl Wishes {
    /// Its name, here and where it is handed over.
    pub const NAME: &str = "provision.toml";

    fn usual() -> Vec<Wish> {
        vec![Wish { recipe: "node".to_owned(), settings: Vec::new() }]
    }

    /// Reads it, or the usual ones where there is none.
    pub fn read() -> Result<Wishes> {
        let path = Wishes::path();
        match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Wishes::default()),
            text => {
                let attempt = || format!("read `{}`", path.display());
                Wishes::parse(&text.context(attempt)?).context(attempt)
            }
        }
    }

    pub fn path() -> PathBuf {
        etc_dir().join(Wishes::NAME)
    }

    /// An error names the line.
    pub fn parse(text: &str) -> Result<Wishes> {
        toml_text::parse(text).map_err(|error: Error| {
            error.hint("node = \"node01\" says which it is, recipes = [\"node\", \"ex1 seconds=1\"] what it runs")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipes_have_their_settings_behind_them() {
        let wishes = Wishes::parse("node = \"node01\"\nrecipes = [\"node\", \"ex1 seconds=1  rounds=2\"]\n").unwrap();
        assert_eq!(wishes.node.unwrap().as_str(), "node01");
        assert_eq!(wishes.recipes[1].settings, ["seconds=1", "rounds=2"]);
        assert_eq!(wishes.recipes[1].to_string(), "ex1 seconds=1 rounds=2");
        assert_eq!(Wishes::parse("").unwrap().recipes[0].recipe, "node");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let said = |text: &str| Wishes::parse(text).unwrap_err().to_string();
        assert!(said("\nrecipes = [\"ex1 seconds\"]").contains("line 2: `seconds` behind recipe `ex1` is no setting"));
        assert!(said("recipes = [\" \"]").contains("an empty text is no recipe"));
        assert!(said("recipe = [\"ex1\"]").starts_with("line 1: unknown field `recipe`"));
        assert!(said("node = \"Node_1\"").contains("`Node_1` is no host name"));
    }
}
