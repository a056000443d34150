//! `labkit bundle build`

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use argh::FromArgs;

use crate::{
    bundle::{self, Built, Lock, Orders, Origin},
    cli::output,
    error::{Error, Result},
    progress::Progress,
    signal,
};

/// Fetch everything that a lock pins, check it, and make a bundle of it. Goes on where an earlier build ended; the same lock gives the same bytes.
#[derive(FromArgs)]
#[argh(subcommand, name = "build")]
pub struct BundleBuild {
    /// the lock; lab.lock unless given
    #[argh(positional, default = "String::from(\"lab.lock\")")]
    lock: String,

    /// the directory that becomes the bundle; lab.bundle unless given
    #[argh(option, short = 'o', default = "String::from(\"lab.bundle\")", arg_name = "DIR")]
    output: String,

    /// take from here what it has: another bundle, a directory of files such as /var/cache/apt/archives, or the address of a machine that serves a bundle; may be repeated
    #[argh(option)]
    from: Vec<String>,

    /// the labkit that images for another architecture get: arm64=FILE; may be repeated
    #[argh(option, arg_name = "ARCH=FILE")]
    labkit: Vec<String>,

    /// downloads at once
    #[argh(option, default = "4")]
    parallel: usize,

    /// seconds for which a connection may be silent
    #[argh(option, default = "30")]
    patience: u64,

    /// say nothing but the result
    #[argh(switch, short = 'q')]
    quiet: bool,

    /// for machines
    #[argh(switch)]
    json: bool,
}

/// `arm64=FILE` in two.
pub fn labkits(words: &[String]) -> Result<Vec<(String, PathBuf)>> {
    let pair = |word: &String| match word.split_once('=') {
        Some((architecture, file)) if Path::new(file).is_file() => Ok((architecture.to_owned(), PathBuf::from(file))),
        Some((_, file)) => Err(Error::usage(format!("`{file}` is no file"))),
        None => Err(Error::usage(format!("`{word}` is no labkit: arm64=FILE"))),
    };
    words.iter().map(pair).collect()
}

/// What was built, for people.
pub fn told(built: &Built, dir: &str) -> String {
    format!(
        "built     {dir}: {} items, {} blobs, {}, of which {} came now\ndigest    {}\n",
        built.items,
        built.blobs,
        crate::columns::bytes(built.bytes),
        crate::columns::bytes(built.fetched),
        built.digest
    )
}

impl BundleBuild {
    pub fn run(self) -> Result<()> {
        signal::listen()?;
        let lock = Lock::read(Path::new(&self.lock))?;
        let from = self.from.iter().map(|place| Origin::open(place)).collect::<Result<Vec<_>>>()?;
        let labkits = labkits(&self.labkit)?;
        let progress = Progress::new(self.quiet || self.json);
        let orders = Orders {
            lock: &lock,
            dir: Path::new(&self.output),
            from: &from,
            labkits: &labkits,
            patience: Duration::from_secs(self.patience.max(1)),
            parallel: self.parallel,
            progress: &progress,
        };
        let built = bundle::build(&orders);
        progress.end();
        let built = built?;
        match self.json {
            true => output::json(&built),
            false => output::print(&told(&built, &self.output)),
        }
    }
}
