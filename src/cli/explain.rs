//! `labkit explain`

use argh::FromArgs;

use super::output;
use crate::{
    error::Result,
    lab::{Line, Mode},
    recipe::{Recipe, rehearse},
};

/// The shell script that a person would type for a recipe: `labkit explain ex1 > ex1.sh`.
#[derive(FromArgs)]
#[argh(subcommand, name = "explain")]
pub struct Explain {
    /// a built-in recipe or the path of one
    #[argh(positional)]
    recipe: String,

    /// set a parameter: name=value; may be repeated
    #[argh(option)]
    set: Vec<String>,
}

impl Explain {
    pub fn run(self) -> Result<()> {
        let recipe = Recipe::find(&self.recipe)?;
        let explained = rehearse(&recipe, Mode::Explain, false, &self.set)?;
        let head = format!("#!/bin/sh\n# {}: {}\n", recipe.name, recipe.question());
        let mut script = head
            + &match explained.work.changed.is_empty() {
                false => "#\n# It changes this machine: run it as root.\nset -e\n".to_owned(),
                true => format!(
                    "#\n# Run it where it cannot disturb anything, and is gone when it ends:\n#\n\
                 #   unshare --map-root-user --net --mount sh -c 'mount -t tmpfs tmpfs /run && sh -e {}.sh'\n\
                 #\n# As root it also runs as it is, in the host's own network, and leaves what it made.\nset -e\n",
                    recipe.name,
                ),
            };
        for line in explained.lines {
            script += &match line {
                Line::Shell(command) => format!("{command}\n"),
                Line::Comment(words) => format!("\n# {words}\n"),
                Line::Plan(_) | Line::Change { .. } => String::new(),
            };
        }
        output::print(&script)
    }
}
