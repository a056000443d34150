//! How far a machine is with what it was asked to become: `provision.jsonl`, a line for each recipe that ended.

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{Wish, Wishes};
use crate::{
    clock, disk,
    error::{Context, Result},
};

/// One recipe that ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The recipe and its settings.
    pub wish: String,
    /// RFC 3339, UTC.
    pub at: String,
    pub seconds: f64,
    /// Why it failed, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What is known of each.
#[derive(Debug)]
pub struct Progress {
    path: PathBuf,
    pub steps: Vec<Step>,
}

impl Progress {
    /// Reads it; a last line that a sudden end cut short never happened.
    pub fn read(state: &Path) -> Result<Progress> {
        let path = state.join("provision.jsonl");
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            text => text.context(|| format!("read `{}`", path.display()))?,
        };
        let steps = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        Ok(Progress { path, steps })
    }

    /// The last that was heard of a wish.
    pub fn of(&self, wish: &Wish) -> Option<&Step> {
        let wish = wish.to_string();
        self.steps.iter().rev().find(|step| step.wish == wish)
    }

    /// What is still to be run, in its order: what failed is tried again.
    pub fn rest<'a>(&self, wishes: &'a Wishes) -> Vec<&'a Wish> {
        let is_done = |wish: &Wish| self.of(wish).is_some_and(|step| step.why.is_none());
        wishes.recipes.iter().filter(|wish| !is_done(wish)).collect()
    }

    /// Notes how one ended; it is on the disk when this returns.
    pub fn note(&mut self, wish: &Wish, seconds: f64, why: Option<String>) -> Result<()> {
        let step = Step { wish: wish.to_string(), at: clock::now(), seconds, why };
        let mut line = serde_json::to_vec(&step)?;
        line.push(b'\n');
        let written = || -> Result<()> {
            let cut = fs::read(&self.path).is_ok_and(|text| text.last().is_some_and(|byte| *byte != b'\n'));
            let mut file = OpenOptions::new().create(true).append(true).open(&self.path)?;
            if cut {
                file.write_all(b"\n")?;
            }
            file.write_all(&line)?;
            Ok(file.sync_data()?)
        };
        written().map_err(disk::out_of_space).context(|| format!("write `{}`", self.path.display()))?;
        self.steps.push(step);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_or_was_cut_short_is_still_to_be_run() {
        let state = tempfile::tempdir().unwrap();
        let wishes = Wishes::parse("recipes = [\"node\", \"ex1 seconds=1\", \"base\"]").unwrap();
        let mut progress = Progress::read(state.path()).unwrap();
        progress.note(&wishes.recipes[0], 2.5, None).unwrap();
        progress.note(&wishes.recipes[1], 0.5, Some("no veth".to_owned())).unwrap();
        let path = state.path().join("provision.jsonl");
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"wish\":\"base\"").unwrap();
        let names = |progress: &Progress| {
            progress.rest(&wishes).into_iter().map(Wish::to_string).collect::<Vec<_>>().join(", ")
        };
        let mut progress = Progress::read(state.path()).unwrap();
        assert_eq!(names(&progress), "ex1 seconds=1, base");
        progress.note(&wishes.recipes[1], 0.5, None).unwrap();
        assert_eq!(names(&Progress::read(state.path()).unwrap()), "base");
    }
}
