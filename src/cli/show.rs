//! `labkit show`

use argh::FromArgs;
use serde_json::json;

use super::output;
use crate::{
    columns::columns,
    error::Result,
    lab::Mode,
    recipe::{Recipe, attempt},
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
        let shown = attempt(&recipe, Mode::Plan, false, &[])?;
        // A recipe for nodes of a lab has parameters and a source on other machines as well.
        if let Err(error) = &shown.outcome
            && shown.params.is_empty()
        {
            return Err(error.clone());
        }
        let changes = shown.differences().map(|(title, difference)| format!("{title}: {}", difference.words));
        let steps: Vec<String> = shown.steps().into_iter().map(str::to_owned).chain(changes).collect();
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
        if let Err(error) = &shown.outcome {
            text += &format!("  not to be told on this machine: {error}\n");
        }
        output::print(&text)
    }
}
