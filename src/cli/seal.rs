//! `labkit seal`

use std::path::{Path, PathBuf};

use argh::FromArgs;

use super::output;
use crate::{
    boot::traces,
    error::{Error, Result},
    journal::Ledger,
    results::store,
    rights,
};

/// Take from a machine what must not be on two, before it is copied: machine-id, host keys, leases, logs, secrets.
#[derive(FromArgs)]
#[argh(
    subcommand,
    name = "seal",
    note = "A machine that was sealed is switched off by `systemctl poweroff --force`, and not started before it was copied: a \
            clone draws all of it anew at its first boot.",
    example = "labkit seal --check\n  sudo labkit seal --root / && sudo systemctl poweroff --force\n  labkit seal --root /mnt/image",
    error_code(3, "with --check: there is something to be taken away")
)]
pub struct Seal {
    /// the root of the machine: `/` for this one, or the directory of an image
    #[argh(option, arg_name = "DIR")]
    root: Option<PathBuf>,

    /// only tell what would go; of this machine unless a root is given
    #[argh(switch)]
    check: bool,

    /// also where recipes stand, which know the machine's name and keys
    #[argh(switch)]
    force: bool,
}

impl Seal {
    pub fn run(self) -> Result<()> {
        let root = match (&self.root, self.check) {
            (Some(root), _) if root.is_dir() => root.as_path(),
            (Some(root), _) => return Err(Error::usage(format!("`{}` is no directory", root.display()))),
            (None, true) => Path::new("/"),
            (None, false) => {
                return Err(Error::usage("which machine is to be sealed is not said").hint(
                    "`labkit seal --check` shows what would go from this one, `sudo labkit seal --root /` does it",
                ));
            }
        };
        let is_own = root.canonicalize()? == Path::new("/");
        if is_own && !self.check {
            rights::need("seal this machine")?;
        }
        let standing = recipes(root, is_own)?;
        if !standing.is_empty() && !self.force && !self.check {
            let error = format!("what `{}` made of this machine knows its name and keys", standing.join("`, `"));
            let undo: Vec<String> = standing.iter().rev().map(|name| format!("`labkit undo {name}`")).collect();
            return Err(Error::failed(error).hint(format!("{} first, or --force", undo.join(", "))));
        }
        let traces = traces(root)?;
        for trace in &traces {
            output::print(&format!("{}\n", trace.path.display()))?;
        }
        if self.check {
            return if traces.is_empty() { Ok(()) } else { Err(Error::changes()) };
        }
        traces.iter().try_for_each(|trace| trace.remove())?;
        output::note(&match (traces.len(), is_own) {
            (0, _) => "nothing to do: it is sealed already".to_owned(),
            (count, true) => {
                format!("sealed    {count} things are gone; now `systemctl poweroff --force`, and copy it")
            }
            (count, false) => format!("sealed    {count} things are gone"),
        });
        Ok(())
    }
}

/// What stands on the machine, in the order in which it came.
fn recipes(root: &Path, is_own: bool) -> Result<Vec<String>> {
    let state = if is_own { store::machine_dir() } else { root.join("var/lib/labkit") };
    let mut names: Vec<String> = Vec::new();
    for change in Ledger::pending_in(&state)? {
        if !names.contains(&change.recipe) {
            names.push(change.recipe);
        }
    }
    Ok(names)
}
