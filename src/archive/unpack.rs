//! From an archive that somebody else made to files: nothing lands outside, nothing but files lands at all.

use std::{
    fs::{self, File},
    io::{BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use super::{
    MOST_BYTES, MOST_FILES, MOST_LIST,
    manifest::{self, Content, Files, Manifest},
    name::{RunId, RunPath},
};
use crate::{
    digest::Tally,
    error::{Context, Error, Result},
    gzip::{self, GzDecoder},
    signal,
    tarball::{Archive, Entry, EntryType, called, damaged},
};

/// A long name is an entry of its own.
const MOST_NAME: u64 = 4096;

/// What was in an archive.
#[derive(Debug)]
pub struct Unpacked {
    pub manifest: Manifest,
    /// What is there, whatever is listed.
    pub files: Files,
    /// The run directory.
    pub dir: PathBuf,
}

impl Unpacked {
    /// Everything that is not as the manifest has it, in words.
    pub fn differences(&self) -> Vec<String> {
        self.manifest.differences(&self.files)
    }
}

/// Unpacks below `into`, which must be empty and closed to others. Refuses links, devices, paths that lead elsewhere,
/// entries that come twice, and more than a run can have. Whether it is what was packed is for the caller to ask.
pub fn unpack(from: impl Read, into: &Path) -> Result<Unpacked> {
    let mut gzip = gzip::decompress(BufReader::new(from));
    let mut unpacking = Unpacking::new(into);
    {
        let mut tar = Archive::new(&mut gzip);
        // As they are: the extensions of others rename, resize and link what follows them.
        for entry in tar.entries().context(|| "read the archive")?.raw(true) {
            signal::check()?;
            unpacking.entry(entry.map_err(damaged)?)?;
        }
    }
    nothing_follows(&mut gzip)?;
    unpacking.end()
}

/// Reads to the end, which checks gzip's own sum. What hides behind the end other programs would unpack.
fn nothing_follows(gzip: &mut GzDecoder<BufReader<impl Read>>) -> Result<()> {
    let mut rest = [0; 8192];
    let mut left = MOST_BYTES;
    loop {
        let read = gzip.read(&mut rest).map_err(damaged)?;
        left = left.saturating_sub(read as u64);
        if left == 0 || rest[..read].iter().any(|byte| *byte != 0) {
            return Err(Error::failed("something follows the end of the archive"));
        }
        if read == 0 {
            break;
        }
    }
    match gzip.get_mut().read(&mut rest).map_err(damaged)? {
        0 => Ok(()),
        _ => Err(Error::failed("something follows the end of the archive")),
    }
}

struct Unpacking<'a> {
    into: &'a Path,
    id: Option<RunId>,
    manifest: Option<Manifest>,
    files: Files,
    /// Bytes that may still come.
    left: u64,
    entries: usize,
    /// Name of the next entry, where it is too long for its head.
    name: Option<String>,
}

impl Unpacking<'_> {
    fn new(into: &Path) -> Unpacking<'_> {
        Unpacking { into, id: None, manifest: None, files: Files::new(), left: MOST_BYTES, entries: 0, name: None }
    }

    fn entry(&mut self, mut entry: Entry<impl Read>) -> Result<()> {
        self.entries += 1;
        if self.entries > 2 * MOST_FILES {
            return Err(Error::failed(format!("the archive has more than {MOST_FILES} files: no run has")));
        }
        if entry.header().entry_type() == EntryType::GNULongName {
            self.name =
                Some(text(&mut entry, MOST_NAME).context(|| "read a long name")?.trim_end_matches('\0').to_owned());
            return Ok(());
        }
        let name = match self.name.take() {
            Some(name) => name,
            None => String::from_utf8(entry.path_bytes().into_owned()).map_err(|error| {
                Error::failed(format!("entry `{}`: the name is no UTF-8", error.as_bytes().escape_ascii()))
            })?,
        };
        self.place(&name, entry).map_err(|error| error.context(format!("entry `{}`", name.escape_debug())))
    }

    fn place(&mut self, name: &str, mut entry: Entry<impl Read>) -> Result<()> {
        let kind = entry.header().entry_type();
        // A directory's name ends in a slash; who packs anew with another tar has those.
        let plain = if kind == EntryType::Directory { name.trim_end_matches('/') } else { name };
        let path: RunPath = plain.parse().map_err(Error::failed)?;
        let (top, below) = path.as_str().split_once('/').unwrap_or((path.as_str(), ""));
        let id = self.id.get_or_insert(top.parse().map_err(Error::failed)?);
        if id.as_str() != top {
            return Err(Error::failed(format!("it is outside of `{id}`, the one directory of the archive")));
        }
        match (kind, below) {
            (EntryType::Directory, _) => Ok(()),
            (EntryType::Regular, "") => Err(Error::failed("it is in no directory")),
            (EntryType::Regular, manifest::NAME) => self.list(&mut entry),
            (EntryType::Regular, below) => self.file(path.as_str(), below.parse().map_err(Error::failed)?, entry),
            (other, _) => Err(Error::failed(format!("it is {}, and only files belong here", called(other)))),
        }
    }

    fn list(&mut self, entry: &mut Entry<impl Read>) -> Result<()> {
        if self.manifest.is_some() {
            return Err(Error::failed("it comes twice"));
        }
        self.manifest = Some(Manifest::parse(&text(entry, MOST_LIST)?)?);
        Ok(())
    }

    fn file(&mut self, path: &str, below: RunPath, entry: Entry<impl Read>) -> Result<()> {
        if manifest::is_left_out(below.as_str()) {
            return Err(Error::failed("it belongs to no archive"));
        }
        if self.files.contains_key(&below) {
            return Err(Error::failed("it comes twice"));
        }
        if self.files.len() >= MOST_FILES {
            return Err(Error::failed(format!("the archive has more than {MOST_FILES} files: no run has")));
        }
        let bytes = entry.size();
        self.left = self.left.checked_sub(bytes).ok_or_else(|| {
            Error::failed(format!("with its {bytes} bytes the archive unpacks to more than {MOST_BYTES}: no run does"))
        })?;
        let mut tally = Tally::new(entry);
        write(&self.into.join(path), &mut tally)?;
        let content = Content::from(tally.end());
        if content.bytes != bytes {
            return Err(Error::failed("the archive is damaged: it ends early"));
        }
        self.files.insert(below, content);
        Ok(())
    }

    fn end(self) -> Result<Unpacked> {
        let id = self.id.ok_or_else(|| Error::failed("the archive is empty"))?;
        let Some(manifest) = self.manifest else {
            return Err(Error::failed(format!("there is no `{id}/{}` in the archive", manifest::NAME))
                .hint("make it by `labkit archive`, not by tar alone"));
        };
        if manifest.run != id {
            return Err(Error::failed(format!("the directory `{id}` says that it is run `{}`", manifest.run)));
        }
        Ok(Unpacked { manifest, files: self.files, dir: self.into.join(&id) })
    }
}

/// A small entry as text.
fn text(entry: &mut Entry<impl Read>, most: u64) -> Result<String> {
    if entry.size() > most {
        return Err(Error::failed(format!("it has {} bytes, at most {most} can be", entry.size())));
    }
    let mut text = Vec::new();
    entry.read_to_end(&mut text).map_err(damaged)?;
    if text.len() as u64 != entry.size() {
        return Err(Error::failed("the archive is damaged: it ends early"));
    }
    String::from_utf8(text).map_err(|_| Error::failed("it is no UTF-8"))
}

/// Writes a file that was not there, only for its owner by the directory it is in.
fn write(path: &Path, from: &mut impl Read) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut to = BufWriter::with_capacity(64 * 1024, File::create_new(path)?);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        // Which side failed decides what to do about it.
        match from.read(&mut buffer).map_err(damaged)? {
            0 => return Ok(to.flush()?),
            read => to.write_all(&buffer[..read])?,
        }
        signal::check()?;
    }
}
