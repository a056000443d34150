//! `labkit bundle embed`

use std::{env, path::Path};

use argh::FromArgs;

use crate::{
    bundle::{self, pack},
    cli::output,
    error::{Context, Result},
    progress::Progress,
    signal,
};

/// Write a labkit that carries a bundle: one file, and nothing beside it.
#[derive(FromArgs)]
#[argh(subcommand, name = "embed")]
pub struct BundleEmbed {
    /// the bundle; the one that is found unless given
    #[argh(positional)]
    bundle: Option<String>,

    /// the program; labkit-lab unless given
    #[argh(option, short = 'o', default = "String::from(\"labkit-lab\")", arg_name = "FILE")]
    output: String,

    /// the labkit that is to carry it; this one unless given
    #[argh(option, arg_name = "FILE")]
    labkit: Option<String>,

    /// say nothing but the result
    #[argh(switch, short = 'q')]
    quiet: bool,
}

impl BundleEmbed {
    pub fn run(self) -> Result<()> {
        signal::listen()?;
        let bundle = bundle::need(self.bundle.as_deref())?;
        let program = match &self.labkit {
            Some(path) => path.into(),
            None => env::current_exe().context(|| "find this program")?,
        };
        let progress = Progress::new(self.quiet);
        let written = pack::embed(&program, &bundle, Path::new(&self.output), &progress);
        progress.end();
        signal::check()?;
        written?;
        output::print(&format!("{}\n", self.output))
    }
}
