//! `labkit list`

use argh::FromArgs;
use serde_json::json;

use super::output;
use crate::{columns::columns, error::Result, recipe};

/// The exercises that are built in, with the question each answers.
#[derive(FromArgs)]
#[argh(subcommand, name = "list")]
pub struct List {
    /// for machines
    #[argh(switch)]
    json: bool,
}

impl List {
    pub fn run(self) -> Result<()> {
        let recipes = recipe::embedded();
        if self.json {
            let list: Vec<_> =
                recipes.iter().map(|recipe| json!({ "name": recipe.name, "question": recipe.question() })).collect();
            return output::json(&list);
        }
        let rows: Vec<_> = recipes.iter().map(|recipe| vec![recipe.name.clone(), recipe.question()]).collect();
        output::print(&columns(&["recipe", "question"], &rows, &[], None))
    }
}
