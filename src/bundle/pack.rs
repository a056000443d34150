//! A bundle as one file, as parts of it, and behind a program.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Read, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use super::{
    Bundle,
    open::{MARK as TRAILER_MARK, MOST_PARTS, carried_by},
};
use crate::{
    disk,
    error::{Context, Error, Result},
    oci::{Layout, MARK, MARK_TEXT, SIGNATURE},
    progress::Progress,
    signal,
    tarball::{self, Builder},
};

/// Writes the tar archive of a bundle: what leads to the rest first, then the blobs in the order of their names. The same
/// bundle gives the same bytes.
pub fn pack(layout: &Layout, to: &mut dyn Write, progress: &Progress) -> Result<()> {
    let blobs = layout.contents()?.blobs;
    progress.begin_bytes("pack", blobs.values().sum());
    let mut tar = Builder::new(BufWriter::with_capacity(1 << 20, to));
    let index = layout.index_text()?;
    let signature = layout.signature();
    let heads = [
        (MARK, Some(MARK_TEXT.as_bytes())),
        ("index.json", Some(index.as_slice())),
        (SIGNATURE, signature.as_deref().map(str::as_bytes)),
    ];
    for (name, text) in heads {
        if let Some(text) = text {
            tarball::add(&mut tar, name, text.len() as u64, text)?;
        }
    }
    for (digest, bytes) in blobs {
        let from = Watched { from: layout.blob(&digest)?.reader(), progress };
        tarball::add(&mut tar, &format!("blobs/sha256/{}", digest.hex()), bytes, from)
            .context(|| format!("pack blob {digest}"))?;
    }
    tar.into_inner()?.into_inner().map_err(|error| error.into_error())?.flush()?;
    progress.end();
    Ok(())
}

/// Tells how far it is, and ends where the user asks to stop.
struct Watched<'a, R> {
    from: R,
    progress: &'a Progress,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if signal::asked_to_stop() {
            return Err(io::Error::other("interrupted"));
        }
        let read = self.from.read(buffer)?;
        self.progress.advance(read as i64);
        Ok(read)
    }
}

const HINT_SPACE: &str = "free some space, or write it to another disk: -o FILE";

/// Writes it to a file.
pub fn to_file(layout: &Layout, file: &Path, progress: &Progress) -> Result<()> {
    disk::replace_with(file, |out| pack(layout, out, progress))
        .map_err(|error| disk::hint_where_full(error, HINT_SPACE))
}

/// Writes it to `FILE.001`, `FILE.002` … of at most `most` bytes each, which file systems of USB sticks need. Gives them.
pub fn to_parts(layout: &Layout, file: &Path, most: u64, progress: &Progress) -> Result<Vec<PathBuf>> {
    let mut parts = Parts { file: file.to_owned(), most, left: 0, now: None, done: Vec::new() };
    let begun = parts.next().context(|| format!("write `{}.001`", file.display()));
    let packed = begun.and_then(|()| pack(layout, &mut parts, progress)).and_then(|()| parts.close());
    let place = || packed.and_then(|()| parts.place());
    place().map_err(|error| {
        for (begun, _) in &parts.done {
            let _ = fs::remove_file(begun);
        }
        disk::hint_where_full(error, HINT_SPACE)
    })
}

struct Parts {
    file: PathBuf,
    most: u64,
    left: u64,
    now: Option<File>,
    /// Where each is written, and what it will be called.
    done: Vec<(PathBuf, PathBuf)>,
}

impl Parts {
    fn named(&self, number: usize) -> PathBuf {
        let mut name = self.file.clone().into_os_string();
        name.push(format!(".{number:03}"));
        PathBuf::from(name)
    }

    fn close(&mut self) -> Result<()> {
        match self.now.take() {
            Some(file) => Ok(file.sync_data()?),
            None => Ok(()),
        }
    }

    fn next(&mut self) -> io::Result<()> {
        if let Some(file) = self.now.take() {
            file.sync_data()?;
        }
        if self.done.len() == MOST_PARTS {
            return Err(io::Error::other(format!("that would be more than {MOST_PARTS} parts: make them larger")));
        }
        let whole = self.named(self.done.len() + 1);
        let mut begun = whole.clone().into_os_string();
        begun.push(".part");
        let begun = PathBuf::from(begun);
        self.now = Some(OpenOptions::new().write(true).create(true).truncate(true).open(&begun)?);
        self.done.push((begun, whole));
        self.left = self.most;
        Ok(())
    }

    /// All are there: they get their names. Those of an earlier one that had more go.
    fn place(&self) -> Result<Vec<PathBuf>> {
        for (begun, whole) in &self.done {
            fs::rename(begun, whole).context(|| format!("rename `{}`", begun.display()))?;
        }
        for number in self.done.len() + 1.. {
            if fs::remove_file(self.named(number)).is_err() {
                break;
            }
        }
        Ok(self.done.iter().map(|(_, whole)| whole.clone()).collect())
    }
}

impl Write for Parts {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.left == 0 {
            self.next()?;
        }
        let most = bytes.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let written = match &mut self.now {
            Some(file) => file.write(&bytes[..most])?,
            None => 0,
        };
        self.left -= written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.now.as_mut().map_or(Ok(()), File::flush)
    }
}

/// Writes a program that carries the bundle: itself, the archive, and where that begins.
pub fn embed(program: &Path, bundle: &Bundle, file: &Path, progress: &Progress) -> Result<()> {
    let (own, _) = carried_by(program)?;
    disk::replace_with(file, |out| {
        let begin = io::copy(&mut own.reader(), out)?;
        pack(&bundle.layout, out, progress)?;
        out.write_all(&begin.to_be_bytes())?;
        out.write_all(TRAILER_MARK)?;
        Ok(out.set_permissions(fs::Permissions::from_mode(0o755))?)
    })
    .map_err(|error| disk::hint_where_full(error, HINT_SPACE))
}

/// A size as people write it: `4G`, `700M`, `100000`.
pub fn size(text: &str) -> Result<u64> {
    let (number, unit) = match text.trim_end_matches(['B', 'b']) {
        text if text.ends_with(['G', 'g']) => (&text[..text.len() - 1], 1_000_000_000),
        text if text.ends_with(['M', 'm']) => (&text[..text.len() - 1], 1_000_000),
        text if text.ends_with(['K', 'k']) => (&text[..text.len() - 1], 1_000),
        text => (text, 1),
    };
    match number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)) {
        Some(bytes) if bytes >= 1_000_000 => Ok(bytes),
        _ => Err(Error::usage(format!("`{text}` is no size of a part: 4G, 700M, at least 1M"))),
    }
}
