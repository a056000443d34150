//! `labkit run`

use argh::FromArgs;
use serde_json::json;

use super::output;
use crate::{
    error::{Result, both},
    kept,
    lab::{Mode, Place},
    progress::Progress,
    recipe::{Conducted, Orders, Recipe, conduct, revert},
    report,
    results::{Metric, Outcome, Record, Section, comparison, store},
    signal,
};

/// Build the lab of a recipe, prove its paths, measure, report.
#[derive(FromArgs)]
#[argh(subcommand, name = "run")]
pub struct Run {
    /// a built-in recipe or the path of one
    #[argh(positional)]
    recipe: String,

    /// set a parameter: name=value; may be repeated
    #[argh(option)]
    set: Vec<String>,

    /// leave the lab up, to be explored by `labkit exec` and `labkit shell`
    #[argh(switch)]
    keep: bool,

    /// only build: neither prove nor measure
    #[argh(switch)]
    build_only: bool,

    /// build in named namespaces of the real host, visible to `ip netns`; needs root
    #[argh(switch)]
    on_host: bool,

    /// overwrite what somebody else changed since labkit made it
    #[argh(switch)]
    force: bool,

    /// say nothing but errors
    #[argh(switch)]
    quiet: bool,

    /// print the run and its figures for machines
    #[argh(switch)]
    json: bool,
}

impl Run {
    /// `labkit run RECIPE --set …`
    pub fn of(recipe: &str, settings: Vec<String>) -> Run {
        let (recipe, set) = (recipe.to_owned(), settings);
        Run { recipe, set, keep: false, build_only: false, on_host: false, force: false, quiet: false, json: false }
    }

    pub fn run(self) -> Result<()> {
        let recipe = Recipe::find(&self.recipe)?;
        signal::listen()?;
        let state = store::state_dir()?;
        let mode = if self.build_only { Mode::Build } else { Mode::Run };
        let progress = Progress::new(self.quiet);
        let orders = Orders {
            mode,
            on_host: self.on_host,
            settings: &self.set,
            state: state.clone(),
            progress,
            force: self.force,
            seat: None,
        };
        let conducted = conduct(&recipe, orders)?;
        let shown = self.show(&conducted);
        let usable = matches!(conducted.run.outcome, Outcome::Done | Outcome::Invalid);
        let ended = self.end(&conducted, &state, usable);
        // Why the run failed is nearer the cause than what came after it.
        both(both(conducted.outcome, ended), shown)
    }

    fn show(&self, conducted: &Conducted) -> Result<()> {
        let Some(dir) = &conducted.dir else { return Ok(()) };
        let record = Record::read(dir)?;
        if self.json {
            let tables = record.run.sections.iter().filter_map(|section| match section {
                Section::Table(table) => Some(table),
                _ => None,
            });
            let figures = tables
                .map(|table| {
                    let metric = Metric::named(&table.metric)?;
                    Ok((table.metric.clone(), serde_json::to_value(comparison::rows(&record, metric))?))
                })
                .collect::<Result<serde_json::Map<_, _>>>()?;
            output::json(&json!({ "run": record.run, "proofs": record.proofs, "figures": figures, "dir": dir }))?;
        }
        if record.run.outcome == Outcome::Interrupted && conducted.lab.is_enclosed() {
            let (taken, cases) = (record.samples.len(), record.proofs.len());
            output::note(&format!(
                "stopped   {cases} paths were examined and {taken} samples taken, all kept in {}; the lab is gone",
                dir.display()
            ));
        }
        self.tell_work(conducted);
        if self.build_only || record.run.outcome == Outcome::Interrupted {
            return Ok(());
        }
        // Of a run that only brought the machine into a state there is nothing to report.
        let is_measured = !(record.samples.is_empty() && record.proofs.is_empty() && record.run.sections.is_empty());
        if !is_measured && conducted.has_worked() {
            return Ok(());
        }
        report::render(&record)?;
        match self.quiet || self.json {
            true => Ok(()),
            false => output::print(&report::text::summary(&record)),
        }
    }

    /// What was done to the machine, and that it stays.
    fn tell_work(&self, conducted: &Conducted) {
        if self.quiet || self.json || !conducted.has_worked() {
            return;
        }
        let (changed, same, unfinished) =
            (conducted.work.changed.len(), conducted.work.same, conducted.work.unfinished);
        let recipe = &conducted.run.recipe;
        output::note(&match (changed, &conducted.outcome) {
            (0, Ok(())) => format!("nothing to do: all {same} things are as they should be"),
            (_, Ok(())) => format!("{changed} changed, {same} were so already; `labkit undo {recipe}` takes it back"),
            (0, Err(_)) if unfinished == 0 => format!("nothing was changed, {same} things were so already"),
            (_, Err(_)) => {
                let begun =
                    if unfinished == 0 { String::new() } else { format!("{unfinished} begun and not finished, ") };
                format!(
                    "{changed} changed, {begun}{same} were so already, and it stays so: `labkit run {recipe}` goes on \
                     from here, `labkit undo {recipe}` takes it back"
                )
            }
        });
    }

    /// Keeps the lab if asked; on the host, takes it down if not.
    fn end(&self, conducted: &Conducted, state: &std::path::Path, usable: bool) -> Result<()> {
        let on_host = matches!(conducted.lab.place, Place::Host(_));
        match (self.keep && usable, on_host, &conducted.dir) {
            (true, false, _) => self.kept(kept::keep(&conducted.lab, state)?),
            (true, true, _) => self.kept(kept::keep_on_host(&conducted.lab, state)?),
            (false, true, Some(dir)) => revert(dir),
            _ => Ok(()),
        }
    }

    fn kept(&self, lab: kept::Kept) -> Result<()> {
        if !self.quiet {
            let names: Vec<&str> = lab.namespaces.keys().map(|name| name.as_str()).collect();
            let last = names.iter().rev().find(|name| **name != "host").copied().unwrap_or("host");
            output::note(&format!(
                "kept      {} with {}\n          labkit shell {last}     labkit exec {last} -- ip addr     labkit down",
                lab.id,
                names.join(", ")
            ));
        }
        Ok(())
    }
}
