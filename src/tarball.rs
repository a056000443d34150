//! Tar archives (POSIX ustar with GNU's long names): where each file lies in one, and entries that tell nothing of who
//! packed them.

use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
};

pub use tar::{Archive, Builder, Entry, EntryType, Header};

use crate::{
    error::{Error, Result},
    signal,
    volume::Stretch,
};

/// Everything in an archive is a multiple of it.
const BLOCK: u64 = 512;
/// Zeros behind the last entry.
const END: u64 = 2 * BLOCK;

/// The head of a file, by which two that pack the same get the same.
pub fn plain_header(bytes: u64, mode: u32) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_size(bytes);
    header.set_mode(mode);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header
}

/// What kind of entry it is, in words.
pub fn called(kind: EntryType) -> &'static str {
    match kind {
        EntryType::Link => "a hard link",
        EntryType::Symlink => "a symbolic link",
        EntryType::Char | EntryType::Block => "a device",
        EntryType::Fifo => "a named pipe",
        EntryType::GNUSparse => "a file with holes",
        EntryType::XHeader | EntryType::XGlobalHeader | EntryType::GNULongLink | EntryType::GNULongName => {
            "an extension that others write"
        }
        _ => "of an unknown kind",
    }
}

/// An error of reading one, in words.
pub fn damaged(error: io::Error) -> Error {
    // The crate's own words where it ends within a head.
    let is_short = error.kind() == io::ErrorKind::UnexpectedEof || error.to_string() == "failed to read entire block";
    let why = if is_short { "it ends early".to_owned() } else { error.to_string() };
    Error::failed(format!("the archive is damaged: {why}"))
}

/// Files of an archive by their names as they are written there, each as the stretch of bytes that it is. Nothing is
/// unpacked. Refuses everything that is no file or directory, names that come twice, and more than `most` entries.
pub fn files(of: &Stretch, most: usize) -> Result<BTreeMap<String, Stretch>> {
    let (mut files, mut end) = (BTreeMap::new(), 0);
    let mut archive = Archive::new(of.reader());
    for (count, entry) in archive.entries_with_seek().map_err(damaged)?.raw(true).enumerate() {
        signal::check()?;
        let entry = entry.map_err(damaged)?;
        let name = String::from_utf8(entry.path_bytes().into_owned()).map_err(|error| {
            Error::failed(format!("entry `{}`: the name is no UTF-8", error.as_bytes().escape_ascii()))
        })?;
        let refuse = |why: String| Err(Error::failed(format!("entry `{}`: {why}", name.escape_debug())));
        if count >= most {
            return refuse(format!("it is one more than {most}, the most that can be"));
        }
        match entry.header().entry_type() {
            EntryType::Directory => {
                end = entry.raw_file_position();
                continue;
            }
            EntryType::Regular => {}
            other => return refuse(format!("it is {}, and only files belong here", called(other))),
        }
        let (begin, length) = (entry.raw_file_position(), entry.size());
        end = begin.saturating_add(length);
        let lies = of.cut(begin, length);
        if lies.length() != length {
            return refuse(format!("{length} bytes belong to it, and only {} are there: it ends early", lies.length()));
        }
        if files.contains_key(&name) {
            return refuse("it comes twice".to_owned());
        }
        files.insert(name, lies);
    }
    // Where it is cut between two entries, what is left looks like a whole one.
    match of.length() >= end.div_ceil(BLOCK) * BLOCK + END {
        true => Ok(files),
        false => Err(damaged(io::ErrorKind::UnexpectedEof.into())),
    }
}

/// Adds a program that everybody may run.
pub fn add_program<W: Write>(to: &mut Builder<W>, name: &str, bytes: u64, from: impl Read) -> Result<()> {
    Ok(to.append_data(&mut plain_header(bytes, 0o755), name, from)?)
}

/// Adds a file.
pub fn add<W: Write>(to: &mut Builder<W>, name: &str, bytes: u64, from: impl Read) -> Result<()> {
    Ok(to.append_data(&mut plain_header(bytes, 0o644), name, from)?)
}
