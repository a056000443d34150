//! `labkit archive`

use std::{
    fs,
    io::{self, IsTerminal},
    path::{Path, PathBuf},
};

use argh::FromArgs;

use super::output;
use crate::{
    archive::{manifest::Manifest, pack},
    error::{Error, Result},
    results::store,
    signal,
};

/// Pack a run into one file to hand in: everything it left, with a list of hashes. The same run gives the same bytes.
#[derive(FromArgs)]
#[argh(subcommand, name = "archive")]
pub struct Archive {
    /// runs: ids, beginnings of ids, directories, or `latest`
    #[argh(positional, arg_name = "run")]
    runs: Vec<String>,

    /// where to write it, `-` for standard output; ID.tar.gz here unless given
    #[argh(option, short = 'o', arg_name = "FILE")]
    output: Option<String>,

    /// print the list of hashes alone
    #[argh(switch)]
    manifest: bool,
}

const HINT_SPACE: &str = "free some space, or write it to another disk: -o FILE";

impl Archive {
    pub fn run(self) -> Result<()> {
        if self.runs.is_empty() {
            return Err(Error::usage("no run to pack").hint("labkit archive latest"));
        }
        if self.output.is_some() && (self.runs.len() > 1 || self.manifest) {
            return Err(Error::usage("-o takes one run, and no --manifest"));
        }
        signal::listen()?;
        let state = store::state_dir()?;
        for name in &self.runs {
            let dir = store::locate(&state, name)?;
            let manifest = pack::manifest(&dir)?;
            match self.output.as_deref() {
                _ if self.manifest => output::print(&manifest.to_string())?,
                Some("-") => to_standard_output(&dir, &manifest)?,
                Some(file) => to_file(&dir, &manifest, Path::new(file))?,
                None => to_file(&dir, &manifest, Path::new(&format!("{}.tar.gz", manifest.run)))?,
            }
        }
        Ok(())
    }
}

fn to_standard_output(dir: &Path, manifest: &Manifest) -> Result<()> {
    let out = io::stdout();
    match out.is_terminal() {
        true => Err(Error::usage("an archive is nothing for a terminal").hint("-o FILE writes it to a file")),
        false => pack::pack(dir, manifest, out.lock()),
    }
}

fn to_file(dir: &Path, manifest: &Manifest, file: &Path) -> Result<()> {
    // A device or a link would be replaced, not written to.
    if fs::symlink_metadata(file).is_ok_and(|there| !there.is_file()) {
        return Err(Error::usage(format!("`{}` is there and no plain file", file.display())).hint("-o FILE"));
    }
    let place =
        file.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(PathBuf::from("."), Path::to_owned);
    if let (Ok(place), Ok(dir)) = (place.canonicalize(), dir.canonicalize())
        && place.starts_with(dir)
    {
        return Err(Error::usage("the archive would lie in the run that it holds").hint("-o FILE"));
    }
    crate::disk::replace_with(file, |out| pack::pack(dir, manifest, out))
        .map_err(|error| crate::disk::hint_where_full(error, HINT_SPACE))?;
    output::print(&format!("{}\n", file.display()))
}
