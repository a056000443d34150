//! The way out for what has no noun: a program, run where its effect is not there yet.

use serde::Deserialize;

use super::{place::FilePath, shell};
use crate::{
    command,
    error::{Error, Result},
    journal::Before,
    lab::{
        Lab,
        operation::{Difference, Operation},
    },
};

/// `test -e CREATES || ARGV`, or `UNLESS || ARGV`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunProgram {
    /// The program and its arguments; no shell comes between.
    pub argv: Vec<String>,
    /// Ends with 0 where the effect is there already.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Is there where the effect is.
    #[serde(default)]
    pub creates: Option<FilePath>,
    /// Takes the effect back; empty where nothing has to be.
    pub undo: Vec<String>,
}

fn words(argv: &[String]) -> Vec<&str> {
    argv.iter().map(String::as_str).collect()
}

/// Whether an effect is there, by a program that says so or by a file.
fn is_there(unless: &[String], creates: Option<&FilePath>) -> Result<bool> {
    if let Some(path) = creates {
        return Ok(path.as_path().symlink_metadata().is_ok());
    }
    Ok(command::attempt(&words(unless))?.status.success())
}

impl RunProgram {
    /// An error where there would be no telling whether it has run.
    pub fn check(&self) -> Result<()> {
        if self.argv.is_empty() {
            return Err(Error::usage("`argv` is empty"));
        }
        match (self.unless.is_empty(), &self.creates) {
            (true, None) => {
                Err(Error::usage("neither `unless` nor `creates` is given: a second run would do it again")
                    .hint("unless = { \"test\", \"-e\", … }, or creates = \"/the/file\""))
            }
            (false, Some(_)) => Err(Error::usage("`unless` and `creates` are given: one of them decides")),
            _ => Ok(()),
        }
    }
}

impl Operation for RunProgram {
    /// Whether the effect is there.
    type Seen = bool;

    fn title(&self) -> String {
        format!("run {}", shell::command(&self.argv))
    }

    fn look(&self, _: &Lab) -> Result<bool> {
        is_there(&self.unless, self.creates.as_ref())
    }

    fn difference(&self, is_there: &bool) -> Option<Difference> {
        (!is_there).then(|| Difference::of("its effect is not there"))
    }

    fn before(&self, _: &bool, _: &mut Lab) -> Result<Before> {
        Ok(Before::Program {
            undo: self.undo.clone(),
            unless: self.unless.clone(),
            creates: self.creates.as_ref().map(|path| path.as_path().to_owned()),
        })
    }

    fn apply(&self, _: &bool, _: &Lab) -> Result<()> {
        command::run(&words(&self.argv)).map(|_| ())
    }

    fn may_leave_programs(&self) -> bool {
        true
    }

    fn explain(&self) -> Vec<String> {
        let test = match &self.creates {
            Some(path) => shell::command(&["test", "-e", &path.to_string()]),
            None => shell::command(&self.unless),
        };
        vec![format!("{test} || {}", shell::command(&self.argv))]
    }
}

/// Runs what takes the effect back, where it is there.
pub fn revert(undo: &[String], unless: &[String], creates: Option<&std::path::Path>) -> Result<()> {
    let creates = creates.map(|path| path.display().to_string().parse()).transpose().map_err(Error::failed)?;
    if undo.is_empty() || !is_there(unless, creates.as_ref())? {
        return Ok(());
    }
    command::run(&words(undo)).map(|_| ())
}
