//! `labkit undo`

use argh::FromArgs;
use serde_json::json;

use super::output;
use crate::{
    error::{Error, Result, nearest},
    recipe::undo,
    results::store,
    signal,
};

/// Give the machine back as it was before a recipe changed it, the newest change first.
#[derive(FromArgs)]
#[argh(subcommand, name = "undo")]
pub struct Undo {
    /// the recipe's name or path, as in `labkit run node`
    #[argh(positional)]
    recipe: String,

    /// only say what would be taken back; exits 3 if there is anything
    #[argh(switch)]
    dry_run: bool,

    /// lose what somebody else changed since
    #[argh(switch)]
    force: bool,

    /// for machines
    #[argh(switch)]
    json: bool,
}

impl Undo {
    pub fn run(self) -> Result<()> {
        signal::listen()?;
        let state = store::state_dir()?;
        let whose = undo::Whose::named(&self.recipe);
        let name = whose.name.as_str();
        let pending = undo::pending(&state, &whose)?;
        let effects: Vec<_> = pending.iter().filter(|change| undo::is_effect(change)).collect();
        if self.dry_run {
            let pending = effects;
            match self.json {
                true => output::json(&pending)?,
                false => output::print(&pending.iter().map(|change| format!("{}\n", change.what)).collect::<String>())?,
            }
            return if pending.is_empty() { Ok(()) } else { Err(Error::changes()) };
        }
        if pending.is_empty() {
            if !nix::unistd::geteuid().is_root() && std::env::var_os("LABKIT_STATE").is_none() {
                return Err(Error::usage(format!("`{name}` left no change that you made"))
                    .hint(format!("what was done as root is taken back as root: sudo labkit undo {}", self.recipe)));
            }
            let others = undo::recipes(&state)?;
            if let Some(near) = nearest(name, others.iter().map(String::as_str)) {
                return Err(Error::usage(format!("`{name}` left no change on this machine"))
                    .hint(format!("did you mean `labkit undo {near}`?")));
            }
            return match self.json {
                true => output::json(&json!({ "reverted": 0 })),
                false => output::print(&format!("nothing to undo: `{name}` left no change on this machine\n")),
            };
        }
        let quiet = self.json;
        let reverted = undo::undo(&state, &whose, self.force, &mut |change| {
            if !quiet {
                output::note(&format!("reverted  {}", change.what));
            }
        })?;
        match self.json {
            true => output::json(&json!({ "reverted": reverted })),
            false if effects.is_empty() && reverted == 0 => output::print(&format!(
                "nothing to undo: `{name}` changed nothing itself, and relies on no other recipe from now on\n"
            )),
            false => output::print(&format!("{reverted} changes of `{name}` are taken back\n")),
        }
    }
}
