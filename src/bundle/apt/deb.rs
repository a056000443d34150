//! What a package file says of itself, read by dpkg.

use std::{
    io::{self, Read},
    path::{self, Path},
    sync::atomic::AtomicBool,
    time::Duration,
};

use super::control::Control;
use crate::{
    bundle::Deb,
    error::{Context, Error, Result},
    exec::{Program, is_missing},
    tarball::{Archive, EntryType, damaged},
};

/// Bytes of a control paragraph: real ones have some thousands.
const MOST_CONTROL: u64 = 1 << 20;
/// Bytes of all that is packed with it: scripts, and a line for each file of the package.
const MOST_PACKED: u64 = 64 << 20;
const LIMIT: Duration = Duration::from_secs(60);

/// The control paragraph of a package file.
///
/// `dpkg-deb --field` would unpack all that belongs to it on the disk before it prints a word, however much that is. So
/// it is asked for the archive as a stream, and what is too long is refused as it comes.
pub fn control_of_deb(deb: &Path) -> Result<String> {
    let attempt = || format!("read the control paragraph of `{}`", deb.display());
    let path = path::absolute(deb).context(attempt)?;
    let path = path.to_str().ok_or_else(|| Error::failed("its path is no UTF-8")).context(attempt)?;
    let argv = ["dpkg-deb", "--ctrl-tarfile", path];
    let program = Program { argv: &argv, limit: LIMIT };
    let (output, read) = program.pipe(&AtomicBool::new(false), control).map_err(without_dpkg).context(attempt)?;
    // What was refused as it came ended dpkg as well.
    let control = read.context(attempt)?;
    output.require_success(&argv).context(attempt)?;
    control.ok_or_else(|| Error::failed("there is none")).context(attempt)
}

/// Refuses a package that is another than it was fetched for.
pub fn require_same(control: &Control, deb: &Deb) -> Result<()> {
    let fields = [("Package", &deb.name), ("Version", &deb.version), ("Architecture", &deb.architecture)];
    for (name, expected) in fields {
        let found = control.required(name)?;
        if found != expected {
            return Err(Error::failed(format!(
                "it is another package: its {name} is `{}`, and `{}` is expected",
                found.escape_debug(),
                expected.escape_debug()
            )));
        }
    }
    Ok(())
}

fn without_dpkg(error: Error) -> Error {
    match is_missing(&error) {
        true => Error::failed("`dpkg-deb` is not installed")
            .hint("`apt-get install dpkg`, `dnf install dpkg` or `pacman -S dpkg` brings it"),
        false => error,
    }
}

/// Reads to the end, so that what is wrong behind the paragraph is found as well.
fn control(out: &mut dyn Read) -> Result<Option<String>> {
    let mut archive = Archive::new(out.take(MOST_PACKED + 1));
    let found = find(&mut archive);
    let mut behind = archive.into_inner();
    if found.is_ok() {
        io::copy(&mut behind, &mut io::sink())?;
    }
    match behind.limit() {
        0 => Err(Error::failed(format!("more than {MOST_PACKED} bytes are packed with it: no package has so many"))),
        _ => found,
    }
}

fn find(archive: &mut Archive<impl Read>) -> Result<Option<String>> {
    let mut found = None;
    for entry in archive.entries().map_err(damaged)?.raw(true) {
        let mut entry = entry.map_err(damaged)?;
        let is_it = matches!(entry.path_bytes().as_ref(), b"control" | b"./control");
        if !is_it || entry.header().entry_type() != EntryType::Regular {
            continue;
        }
        if entry.size() > MOST_CONTROL {
            return Err(Error::failed(format!("it has more than {MOST_CONTROL} bytes: no package has so many")));
        }
        let mut text = String::new();
        entry.read_to_string(&mut text).map_err(damaged)?;
        found = Some(text);
    }
    Ok(found)
}
