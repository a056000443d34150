//! `labkit plan`

use argh::FromArgs;
use serde_json::json;

use super::output;
use crate::{
    error::{Error, Result},
    lab::{Line, Mode},
    recipe::{Conducted, Recipe, rehearse},
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
        let in_lab = self.on_host && steps.iter().any(|step| step.starts_with("create"));
        let changes = in_lab || !planned.work.changed.is_empty();
        if self.json {
            let machine: Vec<_> = planned.differences().collect();
            output::json(&json!({ "recipe": recipe.name, "steps": steps, "machine": machine, "changes": changes }))?;
        } else {
            output::print(&(told(&planned) + "\n" + &summary(&planned, in_lab) + "\n"))?;
        }
        if changes { Err(Error::changes()) } else { Ok(()) }
    }
}

fn told(planned: &Conducted) -> String {
    let lines = planned.lines.iter().map(|line| match line {
        Line::Plan(words) => format!("{words}\n"),
        Line::Change { title, difference } => {
            let lines = difference.lines.iter().map(|line| format!("    {line}\n"));
            format!("{title}: {}\n{}", difference.words, lines.collect::<String>())
        }
        Line::Shell(_) | Line::Comment(_) => String::new(),
    });
    output::plain(&lines.collect::<String>())
}

fn summary(planned: &Conducted, in_lab: bool) -> String {
    let (changed, same) = (planned.work.changed.len(), planned.work.same);
    match (changed, same) {
        (0, 0) if in_lab => "this machine would have these devices and namespaces until `labkit down`".to_owned(),
        (0, 0) => "nothing on this machine would change: all of it lives in namespaces of the lab's own".to_owned(),
        (0, same) => format!("nothing on this machine would change: all {same} things are as they should be"),
        (changed, same) => {
            format!(
                "{changed} of {} things on this machine would change; `labkit undo` takes them back",
                changed + same
            )
        }
    }
}
