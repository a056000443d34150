//! `labkit bundle extract`

use std::path::Path;

use argh::FromArgs;

use crate::{bundle, cli::output, error::Result, signal};

/// Write what a bundle holds as files: packages, charts, manifests. Nothing that is there is replaced.
#[derive(FromArgs)]
#[argh(subcommand, name = "extract")]
pub struct BundleExtract {
    /// names of items, as `labkit bundle ls --json` has them, or of packages; everything but images unless given
    #[argh(positional)]
    names: Vec<String>,

    /// the bundle; the one that is found unless given
    #[argh(option)]
    bundle: Option<String>,

    /// the directory to write to
    #[argh(option, short = 'o', default = "String::from(\".\")", arg_name = "DIR")]
    output: String,
}

impl BundleExtract {
    pub fn run(self) -> Result<()> {
        signal::listen()?;
        let bundle = bundle::need(self.bundle.as_deref())?;
        let extracted = bundle::extract(&bundle, &self.names, Path::new(&self.output))?;
        let lines = extracted.iter().map(|one| format!("{}\n", one.path.display()));
        output::print(&output::plain(&lines.collect::<String>()))
    }
}
