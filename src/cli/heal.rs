//! `labkit heal`

use std::{path::Path, time::Instant};

use argh::FromArgs;

use super::{identity, output};
use crate::{
    error::{Context, Result, both},
    journal::{Change, Ledger},
    lab::Mode,
    progress::Progress,
    recipe::{Orders, Recipe, conduct},
    results::store,
    rights, signal,
};

/// Bring about again what recipes made of this machine, after a boot: services, settings, files, its place in the cluster.
#[derive(FromArgs)]
#[argh(
    subcommand,
    name = "heal",
    note = "Each recipe that stands (`labkit run node`, `labkit run ex2`) is gone through with the settings that it was last \
            run with, and nothing is measured. labkit-heal.service calls it at each boot."
)]
pub struct Heal {
    /// say nothing but errors
    #[argh(switch)]
    quiet: bool,
}

/// A recipe that changed the machine and was not taken back.
struct Standing {
    change: Change,
}

impl Heal {
    pub fn run(self) -> Result<()> {
        rights::need("heal this machine")?;
        signal::listen()?;
        if identity::is_known() {
            let (node, _, nodes) = identity::find()?;
            identity::settle(&node, &nodes)?;
        }
        let state = store::machine_dir();
        let standing = standing(Ledger::pending_in(&state)?);
        if standing.is_empty() && !self.quiet {
            output::note("nothing   was made of this machine yet");
        }
        // What one recipe needs another may have; each is tried.
        let mut outcome = Ok(());
        for one in &standing {
            outcome = both(outcome, self.heal(one, &state));
        }
        outcome
    }

    fn heal(&self, standing: &Standing, state: &Path) -> Result<()> {
        let began = Instant::now();
        let name = standing.name();
        let attempt = || format!("heal what `{name}` made of this machine");
        let recipe = Recipe::find(&name).context(attempt)?;
        let settings = standing.settings(state);
        let orders = Orders {
            mode: Mode::Build,
            on_host: false,
            settings: &settings,
            state: state.to_owned(),
            progress: Progress::new(self.quiet),
            force: false,
            seat: None,
        };
        let conducted = conduct(&recipe, orders).context(attempt)?;
        let seconds = began.elapsed().as_secs_f64();
        let changed = conducted.work.changed.len();
        if let (0, Ok(()), Some(dir)) = (changed, &conducted.outcome, &conducted.dir) {
            // There is nothing in it that anybody would look for.
            std::fs::remove_dir_all(dir).context(|| format!("remove `{}`", dir.display()))?;
        }
        if !self.quiet && conducted.outcome.is_ok() {
            output::note(&match changed {
                0 => format!(
                    "healed    {name}: all {} things are as they should be, {seconds:.2} s",
                    conducted.work.same
                ),
                _ => format!("healed    {name}: {changed} changed, {seconds:.2} s"),
            });
        }
        conducted.outcome.context(attempt)
    }
}

/// Recipes in the order in which they first changed the machine, each with its newest change.
fn standing(pending: Vec<Change>) -> Vec<Standing> {
    let mut all: Vec<Standing> = Vec::new();
    for change in pending {
        match all.iter_mut().find(|one| one.change.is_of_the_recipe_of(&change)) {
            Some(one) => one.change = change,
            None => all.push(Standing { change }),
        }
    }
    all
}

impl Standing {
    /// As `labkit run` takes it.
    fn name(&self) -> String {
        match &self.change.file {
            Some(file) => file.display().to_string(),
            None => self.change.recipe.clone(),
        }
    }

    /// What it was last run with; its defaults where that run was deleted since.
    fn settings(&self, state: &Path) -> Vec<String> {
        let run = store::facts(&store::runs(state).join(&self.change.run));
        let params = run.map(|run| run.params).unwrap_or_default();
        let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        params.iter().map(|(name, value)| format!("{name}={}", text(value))).collect()
    }
}
