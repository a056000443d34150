//! `labkit provision`

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use argh::FromArgs;
use serde_json::json;

use super::{
    identity::{self, UNIT},
    output,
    run::Run,
};
use crate::{
    boot::{Handover, LabAddress, Progress, Wish, Wishes, make_host_key},
    command,
    error::{Context, Error, Kind, Result},
    exec::Program,
    recipe::Recipe,
    results::store,
    rights,
};

/// Make this machine the node of the lab that it was told to be: each recipe of provision.toml once, in order.
#[derive(FromArgs)]
#[argh(
    subcommand,
    name = "provision",
    note = "A machine that was told nothing runs `node`. What was done before, also before a power cut, is not done again; \
            what failed is. labkit-provision.service calls it at each boot.",
    error_code(1, "a recipe failed, or nobody told this machine its lab"),
    error_code(3, "with --status: it is not finished"),
    error_code(4, "a proof or check of a recipe did not hold")
)]
pub struct Provision {
    /// hand over lab.toml, secret and provision.toml of this directory first; they are moved
    #[argh(option, arg_name = "DIR")]
    from: Option<PathBuf>,

    /// only say how far it is
    #[argh(switch)]
    status: bool,

    /// with --status: for machines
    #[argh(switch)]
    json: bool,
}

impl Provision {
    pub fn run(self) -> Result<()> {
        if self.status {
            return self.tell();
        }
        rights::need("make this machine a node")?;
        match &self.from {
            Some(dir) => {
                hand_over(dir)?;
                if command::attempt(&["systemctl", "cat", UNIT])?.status.success() { by_unit() } else { act() }
            }
            None => act(),
        }
    }

    fn tell(&self) -> Result<()> {
        let wishes = Wishes::read()?;
        let progress = Progress::read(&store::machine_dir())?;
        let rest = progress.rest(&wishes);
        let failed = wishes.recipes.iter().find_map(|wish| progress.of(wish).filter(|step| step.why.is_some()));
        if self.json {
            let told = wishes.recipes.iter().map(|wish| match progress.of(wish) {
                Some(step) => serde_json::to_value(step),
                None => Ok(json!({ "wish": wish.to_string() })),
            });
            let told = told.collect::<std::result::Result<Vec<_>, _>>()?;
            output::json(
                &json!({ "has_identity": identity::is_known(), "finished": rest.is_empty(), "recipes": told }),
            )?;
        } else {
            output::print(&status(&wishes, &progress))?;
        }
        match (rest.is_empty(), failed) {
            (true, _) => Ok(()),
            (false, Some(step)) => Err(Error::failed(format!("`{}` failed", step.wish))
                .hint("`journalctl -u labkit-provision` has all of it; `labkit provision` tries it again")),
            (false, None) => Err(Error::changes()),
        }
    }
}

fn status(wishes: &Wishes, progress: &Progress) -> String {
    let mut text = String::new();
    if !identity::is_known() {
        text += "· identity   nobody told this machine its lab yet\n";
    }
    for wish in &wishes.recipes {
        text += &match progress.of(wish) {
            Some(step) => match &step.why {
                None => format!("✓ {wish}   {:.1} s\n", step.seconds),
                Some(why) => format!("✗ {wish}   {why}\n"),
            },
            None => format!("· {wish}   not yet\n"),
        };
    }
    text
}

/// Checks all that is handed over before anything is taken: recipes as well.
fn hand_over(dir: &Path) -> Result<()> {
    let handover = Handover::read(dir)?.ok_or_else(|| {
        Error::usage(format!("nothing is handed over in `{}`", dir.display()))
            .hint("put lab.toml, secret and, if you like, provision.toml there")
    })?;
    handover.wishes().recipes.iter().try_for_each(|wish| Recipe::find(&wish.recipe).map(drop))?;
    handover.take()?;
    handover.clear()
}

/// Has the unit do it, and shows what it says: a broken connection does not break it off.
fn by_unit() -> Result<()> {
    let is_over = AtomicBool::new(false);
    // What systemd says of the unit is for whoever reads the journal.
    let whose = ["--unit", UNIT, "--identifier", "labkit"];
    let argv = [&["journalctl"], &whose[..], &["--follow", "--output", "cat", "--since", "-1s"]].concat();
    let journal = Program { argv: &argv, limit: Duration::MAX };
    let outcome = thread::scope(|scope| {
        let unit = scope.spawn(|| {
            let outcome = command::attempt(&["systemctl", "restart", UNIT]);
            // All that it said is to be seen before nobody looks any more.
            let synced = command::attempt(&["journalctl", "--sync"]);
            is_over.store(true, Ordering::Release);
            outcome.and_then(|outcome| synced.map(|_| outcome))
        });
        journal.to_the_end_unless(&is_over, &mut |line| output::note(&output::plain(line)))?;
        unit.join().unwrap_or_else(|_| Err(Error::failed("a thread panicked")))
    })?;
    if outcome.status.success() {
        return Ok(());
    }
    let code = command::run(&["systemctl", "show", "--property", "ExecMainStatus", "--value", UNIT])?;
    let why = format!("`{UNIT}` ended with {}", code.trim());
    let error = if code.trim() == "4" { Error::proof(why) } else { Error::failed(why) };
    Err(error.hint("`labkit provision --status` says what failed; `sudo labkit provision` tries that again"))
}

/// All that is still to be done, until something fails.
fn act() -> Result<()> {
    let (node, sign, nodes) = identity::find()?;
    output::note(&format!("identity  {} of lab {}, told {sign}", node.name, nodes.name));
    make_host_key()?;
    identity::settle(&node, &nodes)?;
    LabAddress::of(&node, &nodes).wait()?;
    let wishes = Wishes::read()?;
    let state = store::machine_dir();
    // Everybody may ask how far it is.
    fs::create_dir_all(&state).context(|| format!("make `{}`", state.display()))?;
    let mut progress = Progress::read(&state)?;
    let rest: Vec<Wish> = progress.rest(&wishes).into_iter().cloned().collect();
    for wish in &rest {
        output::note(&format!("begins    {wish}"));
        let began = Instant::now();
        let outcome = Run::of(&wish.recipe, wish.settings.clone()).run();
        // What was interrupted is neither done nor failed.
        if let Err(error) = &outcome
            && error.kind() == Kind::Interrupted
        {
            return outcome;
        }
        let seconds = began.elapsed().as_secs_f64();
        progress.note(wish, seconds, outcome.as_ref().err().map(Error::to_string))?;
        outcome.context(|| format!("provision this machine by `{wish}`"))?;
        output::note(&format!("finished  {wish} in {seconds:.1} s"));
    }
    output::note(&format!(
        "ready     {}: {}",
        node.name,
        if rest.is_empty() { "nothing was left to do" } else { "all is done" }
    ));
    Ok(())
}
