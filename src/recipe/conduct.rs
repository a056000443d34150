//! One execution of a recipe, from an empty lab to the last word in `run.json`.

use std::{cell::RefCell, path::PathBuf, rc::Rc};

use super::{Recipe, library};
use crate::{
    api::{self, Param, Params, World},
    chance, clock,
    error::{Error, Kind, Result, both},
    journal::{Journal, Undo},
    lab::{Lab, Line, Mode, Place, Seat, Tag, Wants, Work, operation::Difference},
    lua::Engine,
    machine::Machine,
    net,
    progress::Progress,
    results::{Outcome, Run, Writer, store},
    rights, signal,
};

/// How a recipe is to be run.
pub struct Orders<'a> {
    pub mode: Mode,
    /// In named namespaces of the real host.
    pub on_host: bool,
    pub settings: &'a [String],
    /// Where runs are kept.
    pub state: PathBuf,
    pub progress: Progress,
    /// Overwrite what somebody else changed since.
    pub force: bool,
    /// The machine of the lab that this one is taken for, where it may be none.
    pub seat: Option<Seat>,
}

/// What a finished recipe leaves in memory.
pub struct Conducted {
    pub run: Run,
    /// The run's directory, where it has one.
    pub dir: Option<PathBuf>,
    /// A plan's or an explanation's lines.
    pub lines: Vec<Line>,
    /// What it did, or would do, to the machine.
    pub work: Work,
    pub params: std::collections::BTreeMap<String, Param>,
    pub outcome: Result<()>,
    /// The lab itself: its namespaces live as long as this does.
    pub lab: Lab,
}

/// Goes through a recipe without any effect: its plan, or the commands it stands for.
pub fn rehearse(recipe: &Recipe, mode: Mode, on_host: bool, settings: &[String]) -> Result<Conducted> {
    let mut rehearsed = attempt(recipe, mode, on_host, settings)?;
    std::mem::replace(&mut rehearsed.outcome, Ok(())).map(|()| rehearsed)
}

/// What must be at hand for a recipe to run on every machine of the lab. Nothing is looked at but the recipe, and the
/// lab's description where there is one.
pub fn gather(recipe: &Recipe, settings: &[String]) -> Result<Wants> {
    let mut wants = Wants::default();
    for seat in Seat::all()? {
        let (state, progress) = (store::state_dir()?, Progress::silent());
        let orders =
            Orders { mode: Mode::Gather, on_host: false, settings, state, progress, force: false, seat: Some(seat) };
        let conducted = conduct(recipe, orders)?;
        conducted.outcome?;
        wants.extend(conducted.lab.wants);
    }
    Ok(wants)
}

/// The same as far as it goes: what a recipe asks of a machine may not be there on this one.
pub fn attempt(recipe: &Recipe, mode: Mode, on_host: bool, settings: &[String]) -> Result<Conducted> {
    let (state, progress) = (store::state_dir()?, Progress::silent());
    conduct(recipe, Orders { mode, on_host, settings, state, progress, force: false, seat: None })
}

impl Conducted {
    /// True where it had to do with the machine itself.
    pub fn has_worked(&self) -> bool {
        self.work.has_begun
    }

    /// What of the machine would change: the thing, and what of it.
    pub fn differences(&self) -> impl Iterator<Item = (&str, &Difference)> {
        self.lines.iter().filter_map(|line| match line {
            Line::Change { title, difference } => Some((title.as_str(), difference)),
            _ => None,
        })
    }

    /// The steps of a plan, in words.
    pub fn steps(&self) -> Vec<&str> {
        let words = self.lines.iter().filter_map(|line| match line {
            Line::Plan(words) => Some(words.as_str()),
            _ => None,
        });
        words.collect()
    }
}

/// Runs a recipe as ordered. An error here means that it could not even begin.
pub fn conduct(recipe: &Recipe, orders: Orders) -> Result<Conducted> {
    let params = Params::from_settings(orders.settings)?;
    let acts = matches!(orders.mode, Mode::Run | Mode::Build);
    let run = new_run(recipe);
    let place = match (acts, orders.on_host) {
        (true, true) => {
            rights::need("build on the real host")?;
            rights::raise_open_files();
            Place::Host(Tag { alias: format!("labkit:{}", run.id), group: chance::number(1 << 16..1 << 31) })
        }
        _ => Place::Anonymous,
    };
    let writer = acts.then(|| Writer::create(&orders.state, &run)).transpose()?;
    let mut lab = Lab::new(orders.mode, place, run, orders.progress, writer, orders.state)?;
    lab.force = orders.force;
    lab.seat = orders.seat;
    lab.source = recipe.file();
    let world = Rc::new(RefCell::new(World::new(lab, params)));
    let outcome = perform(recipe, &world);
    let Some(world) = Rc::into_inner(world) else {
        return Err(Error::failed("the recipe's world is still in use"));
    };
    Ok(conclude(world.into_inner(), outcome))
}

fn perform(recipe: &Recipe, world: &Rc<RefCell<World>>) -> Result<()> {
    let beside = recipe.dir.clone();
    let find = Box::new(move |name: &str| library::library(beside.as_deref(), name));
    let engine = Engine::new(Rc::clone(world), api::namespaces(), find)?;
    engine.run(&recipe.chunk, &recipe.text)?;
    drop(engine);
    let World { lab, net, params, .. } = &mut *world.borrow_mut();
    params.refuse_unknown()?;
    // What was declared and never used is built all the same, so that it is checked.
    net.settle(lab)
}

fn new_run(recipe: &Recipe) -> Run {
    Run { recipe_sha256: recipe.sha256(), ..Run::begun(&recipe.name, recipe.question(), Machine::read()) }
}

/// Writes how it ended; on the host, takes a failed lab down again.
fn conclude(world: World, outcome: Result<()>) -> Conducted {
    let World { mut lab, params, net, .. } = world;
    drop(net);
    lab.end_work();
    let outcome = both(outcome, lab.end_phase());
    lab.progress.end();
    let outcome = match outcome {
        // A call that noticed Ctrl-C may have said so in its own words.
        Err(error) if signal::asked_to_stop() && error.kind() != Kind::Interrupted => Err(Error::interrupted()),
        Ok(()) if !lab.doubts.is_empty() => Err(Error::proof(lab.doubts.join("\n"))),
        other => other,
    };
    lab.run.end = Some(clock::now());
    lab.run.outcome = match outcome.as_ref().map_err(Error::kind) {
        Ok(()) => Outcome::Done,
        Err(Kind::Proof) => Outcome::Invalid,
        Err(Kind::Interrupted) => Outcome::Interrupted,
        Err(_) => Outcome::Failed,
    };
    if outcome.as_ref().is_err_and(|error| error.kind() == Kind::Usage) {
        lab.forget_if_untouched();
    }
    lab.run.why = outcome.as_ref().err().map(Error::to_string);
    let reverted = match (&lab.place, &outcome) {
        (Place::Host(_), Err(error)) if error.kind() != Kind::Proof => {
            lab.writer().map_or(Ok(()), |writer| revert(writer.dir()))
        }
        _ => Ok(()),
    };
    let written = lab.writer().map_or(Ok(()), |writer| writer.run(&lab.run));
    Conducted {
        run: lab.run.clone(),
        dir: lab.writer().map(|writer| writer.dir().to_owned()),
        lines: std::mem::take(&mut lab.lines),
        work: std::mem::take(&mut lab.work),
        params: params.declared,
        outcome: both(both(outcome, reverted), written),
        lab,
    }
}

/// Reverts everything that a run left on the machine, newest first; every error is told.
pub fn revert(dir: &std::path::Path) -> Result<()> {
    let pending = Journal::pending(dir)?;
    if pending.is_empty() {
        return Ok(());
    }
    let errors: Vec<String> =
        pending.iter().filter_map(|undo| net::undo::revert(undo).err()).map(|error| error.to_string()).collect();
    if !errors.is_empty() {
        return Err(Error::failed(errors.join("; ")).context("take the lab down").hint("`labkit clean` tries again"));
    }
    Journal::open(dir)?.write("", "everything is reverted", Some(Undo::Done))
}
