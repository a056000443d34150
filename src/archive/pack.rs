//! From a run directory to an archive: the same run gives the same bytes.

use std::{
    fs,
    io::{self, BufWriter, Read, Write},
    path::Path,
};

use super::{
    MOST_BYTES, MOST_FILES,
    manifest::{self, Content, Files, Manifest},
    name::RunPath,
};
use crate::{
    digest::Tally,
    error::{Context, Error, Result},
    gzip::{self, GzEncoder},
    results::store,
    signal,
    tarball::{self, Builder},
    volume::open_plain,
};

/// Hashes every file of a run that is over.
pub fn manifest(dir: &Path) -> Result<Manifest> {
    if store::is_in_use(dir) {
        return Err(Error::failed(format!("run `{}` is still in progress", dir.display()))
            .hint("wait until it has ended: `labkit results` shows how"));
    }
    let run = store::facts(dir)?;
    let run = run.id.parse().map_err(|why: String| Error::failed(why).context("read `run.json`"))?;
    let manifest = Manifest { labkit: env!("CARGO_PKG_VERSION").to_owned(), run, files: contents(dir)? };
    if manifest.bytes() > MOST_BYTES || manifest.files.len() > MOST_FILES {
        let (files, bytes) = (manifest.files.len(), manifest.bytes());
        return Err(Error::failed(format!(
            "run `{}` has {files} files and {bytes} bytes: at most {MOST_FILES} and {MOST_BYTES} are taken back",
            manifest.run
        )));
    }
    Ok(manifest)
}

/// The content of every file that belongs to the run.
pub fn contents(dir: &Path) -> Result<Files> {
    let mut paths = Vec::new();
    list(dir, "", &mut paths)?;
    let mut files = Files::new();
    for path in paths {
        let mut tally = Tally::new(open_plain(&dir.join(&path))?);
        io::copy(&mut tally, &mut io::sink()).context(|| format!("read `{path}`"))?;
        files.insert(path, Content::from(tally.end()));
        signal::check()?;
    }
    Ok(files)
}

/// Files below `prefix` (which is empty or ends in `/`), in no order.
fn list(dir: &Path, prefix: &str, found: &mut Vec<RunPath>) -> Result<()> {
    let place = dir.join(prefix);
    for entry in fs::read_dir(&place).context(|| format!("list `{}`", place.display()))? {
        let entry = entry.context(|| format!("list `{}`", place.display()))?;
        let name = entry.file_name();
        let path = format!("{prefix}{}", name.to_string_lossy());
        let kind = entry.file_type().context(|| format!("look at `{path}`"))?;
        match () {
            () if name.to_str().is_none() => return Err(Error::failed(format!("the name of `{path}` is no UTF-8"))),
            () if kind.is_dir() => list(dir, &format!("{path}/"), found)?,
            () if manifest::is_left_out(&path) => {}
            () if kind.is_file() => found.push(path.parse().map_err(Error::failed)?),
            () => return Err(Error::failed(format!("`{path}` is no file: an archive holds nothing else"))),
        }
    }
    Ok(())
}

/// Writes the archive of a run directory whose manifest was made just now.
pub fn pack(dir: &Path, manifest: &Manifest, out: impl Write) -> Result<()> {
    let mut tar = Builder::new(gzip::compress(BufWriter::new(out)));
    let text = manifest.to_string();
    add(&mut tar, manifest, manifest::NAME, text.len() as u64, &mut text.as_bytes())?;
    for (path, listed) in &manifest.files {
        signal::check()?;
        let mut tally = Tally::new(open_plain(&dir.join(path))?.take(listed.bytes));
        add(&mut tar, manifest, path.as_str(), listed.bytes, &mut tally)?;
        if Content::from(tally.end()) != *listed {
            return Err(Error::failed(format!("`{path}` changed while it was packed")).hint("try again"));
        }
    }
    let end =
        || -> io::Result<()> { tar.into_inner()?.finish()?.into_inner().map_err(|error| error.into_error())?.flush() };
    end().context(|| "write the archive")
}

type Tar<W> = Builder<GzEncoder<BufWriter<W>>>;

fn add<W: Write>(tar: &mut Tar<W>, of: &Manifest, path: &str, bytes: u64, from: &mut impl Read) -> Result<()> {
    tarball::add(tar, &format!("{}/{path}", of.run), bytes, from).context(|| format!("pack `{path}`"))
}
