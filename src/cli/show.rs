//! `labkit show`

use argh::FromArgs;
use serde_json::json;

use super::output;
use crate::{
    columns::columns,
    error::Result,
    lab::Mode,
    recipe::{Recipe, rehearse},
};

/// What a recipe asks, what can be set, and what it does.
#[derive(FromArgs)]
#[argh(subcommand, name = "show")]
pub struct Show {
    /// a built-in recipe or the path of one
    #[argh(positional)]
    recipe: String,

    /// print the recipe's text instead
    #[argh(switch)]
    source: bool,

    /// for machines
    #[argh(switch)]
    json: bool,
}

impl Show {
    pub fn run(self) -> Result<()> {
        let recipe = Recipe::find(&self.recipe)?;
        if self.source {
            return output::print(&recipe.text);
        }
        let shown = rehearse(&recipe, Mode::Plan, false, &[])?;
        let steps = shown.steps();
        if self.json {
            return output::json(&json!({
                "name": recipe.name, "question": recipe.question(), "sha256": recipe.sha256(),
                "params": shown.params, "steps": steps,
            }));
        }
        let mut text = format!("{}: {}\n", recipe.name, recipe.question());
        if !shown.params.is_empty() {
            text += "\nparameters, changed by --set name=value:\n";
            let row = |(name, param): (&String, &crate::api::Param)| {
                vec![format!("  {name}"), param.default.to_string(), param.range(), param.help.clone()]
            };
            let rows: Vec<_> = shown.params.iter().map(row).collect();
            text += &columns(&["  name", "default", "range", "what"], &rows, &[], None);
        }
        text += "\nsteps:\n";
        for step in steps {
            text += &format!("  {step}\n");
        }
        output::print(&text)
    }
}
