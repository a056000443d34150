//! `labkit plan`

use argh::FromArgs;
use serde_json::json;

use super::output;
use crate::{
    error::{Error, Result},
    lab::Mode,
    recipe::{Recipe, rehearse},
};

/// What a run would do. Touches nothing; exits 3 if something on this machine would change.
#[derive(FromArgs)]
#[argh(subcommand, name = "plan")]
pub struct Plan {
    /// a built-in recipe or the path of one
    #[argh(positional)]
    recipe: String,

    /// set a parameter: name=value; may be repeated
    #[argh(option)]
    set: Vec<String>,

    /// as `run --on-host` would do it
    #[argh(switch)]
    on_host: bool,

    /// for machines
    #[argh(switch)]
    json: bool,
}

impl Plan {
    pub fn run(self) -> Result<()> {
        let recipe = Recipe::find(&self.recipe)?;
        let planned = rehearse(&recipe, Mode::Plan, self.on_host, &self.set)?;
        let steps = planned.steps();
        let changes = self.on_host && steps.iter().any(|step| step.starts_with("create"));
        if self.json {
            output::json(&json!({ "recipe": recipe.name, "steps": steps, "changes": changes }))?;
        } else {
            let last = match changes {
                true => "this machine would have these devices and namespaces until `labkit down`",
                false => "nothing on this machine would change: all of it lives in namespaces of the lab's own",
            };
            output::print(&(steps.join("\n") + "\n\n" + last + "\n"))?;
        }
        if changes { Err(Error::changes()) } else { Ok(()) }
    }
}
