//! `labkit types`

use std::{fs, path::PathBuf};

use argh::FromArgs;

use super::output;
use crate::{
    error::{Context, Result},
    recipe,
};

/// Signatures and help of all functions, for editors with a Lua language server.
#[derive(FromArgs)]
#[argh(subcommand, name = "types")]
pub struct Types {
    /// directory to write them to; printed unless given
    #[argh(positional)]
    dir: Option<PathBuf>,
}

impl Types {
    pub fn run(self) -> Result<()> {
        let Some(dir) = self.dir else {
            return output::print(&recipe::types().into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("\n"));
        };
        fs::create_dir_all(&dir).context(|| format!("create `{}`", dir.display()))?;
        for (name, text) in recipe::types() {
            let file = dir.join(name);
            crate::disk::replace(&file, text.as_bytes())?;
            output::note(&format!("wrote     {}", file.display()));
        }
        Ok(())
    }
}
