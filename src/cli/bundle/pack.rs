//! `labkit bundle pack`

use std::path::Path;

use argh::FromArgs;

use crate::{
    bundle::{self, pack},
    cli::output,
    error::Result,
    progress::Progress,
    signal,
};

/// Write a bundle as one file, or as parts that fit on a FAT file system. The same bundle gives the same bytes.
#[derive(FromArgs)]
#[argh(subcommand, name = "pack")]
pub struct BundlePack {
    /// the bundle; the one that is found unless given
    #[argh(positional)]
    bundle: Option<String>,

    /// the file; lab.bundle.tar unless given
    #[argh(option, short = 'o', default = "String::from(\"lab.bundle.tar\")", arg_name = "FILE")]
    output: String,

    /// write FILE.001, FILE.002 … of at most this size: 4G, 700M
    #[argh(option, arg_name = "SIZE")]
    split: Option<String>,

    /// say nothing but the result
    #[argh(switch, short = 'q')]
    quiet: bool,
}

impl BundlePack {
    pub fn run(self) -> Result<()> {
        signal::listen()?;
        let split = self.split.as_deref().map(pack::size).transpose()?;
        let bundle = bundle::need(self.bundle.as_deref())?;
        let (file, progress) = (Path::new(&self.output), Progress::new(self.quiet));
        let written = match split {
            None => pack::to_file(&bundle.layout, file, &progress).map(|()| vec![file.to_owned()]),
            Some(most) => pack::to_parts(&bundle.layout, file, most, &progress),
        };
        progress.end();
        signal::check()?;
        let lines = written?.into_iter().map(|path| format!("{}\n", path.display()));
        output::print(&lines.collect::<String>())
    }
}
