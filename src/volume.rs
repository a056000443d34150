//! Bytes that lie in one file or go on in the next: a stretch of them, read by position.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::Path,
    sync::Arc,
};

use nix::fcntl::OFlag;

use crate::error::{Context, Error, Result};

/// A run of bytes within one file.
#[derive(Debug, Clone)]
pub struct Piece {
    pub file: Arc<File>,
    /// Where it begins in the file.
    pub offset: u64,
    /// Bytes.
    pub length: u64,
}

/// Pieces in their order, as if they were one file. Cheap to copy: the files stay open for all of them.
#[derive(Debug, Clone, Default)]
pub struct Stretch {
    pub pieces: Vec<Piece>,
}

/// Opens a plain file, and neither follows a link nor waits for a pipe.
pub fn open_plain(path: &Path) -> Result<File> {
    let how = (OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits();
    let opened = || -> Result<File> {
        let file = OpenOptions::new().read(true).custom_flags(how).open(path)?;
        match file.metadata()?.is_file() {
            true => Ok(file),
            false => Err(Error::failed("it is no file")),
        }
    };
    opened().context(|| format!("open `{}`", path.display()))
}

impl Stretch {
    /// All of a file.
    pub fn of_file(file: File) -> Result<Stretch> {
        let length = file.metadata()?.len();
        Ok(Stretch { pieces: vec![Piece { file: Arc::new(file), offset: 0, length }] })
    }

    /// Bytes.
    pub fn length(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.length).sum()
    }

    /// Adds what comes behind.
    pub fn push(&mut self, behind: Stretch) {
        self.pieces.extend(behind.pieces);
    }

    /// The bytes from `offset` on, at most `length` of them; none where that lies beyond the end.
    pub fn cut(&self, mut offset: u64, mut length: u64) -> Stretch {
        let mut pieces = Vec::new();
        for piece in &self.pieces {
            if offset >= piece.length {
                offset -= piece.length;
                continue;
            }
            let taken = (piece.length - offset).min(length);
            if taken > 0 {
                pieces.push(Piece { file: Arc::clone(&piece.file), offset: piece.offset + offset, length: taken });
            }
            length -= taken;
            offset = 0;
        }
        Stretch { pieces }
    }

    /// Reads from its beginning.
    pub fn reader(&self) -> Reader {
        Reader { of: self.clone(), at: 0 }
    }
}

/// A place in a stretch. Several read the same files without disturbing each other.
#[derive(Debug)]
pub struct Reader {
    of: Stretch,
    at: u64,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut before = 0;
        for piece in &self.of.pieces {
            let within = self.at - before;
            if within < piece.length {
                let most = buffer.len().min(usize::try_from(piece.length - within).unwrap_or(usize::MAX));
                let read = piece.file.read_at(&mut buffer[..most], piece.offset + within)?;
                if read == 0 && most > 0 {
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it became shorter while it was read"));
                }
                self.at += read as u64;
                return Ok(read);
            }
            before += piece.length;
        }
        Ok(0)
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.of.length().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        // Beyond the end there is nothing to read.
        let at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        self.at = at.min(self.of.length());
        Ok(at)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn stretch(dir: &Path) -> Stretch {
        let mut all = Stretch::default();
        for (name, text) in [("a", "0123"), ("b", ""), ("c", "4567890")] {
            fs::write(dir.join(name), text).unwrap();
            all.push(Stretch::of_file(open_plain(&dir.join(name)).unwrap()).unwrap());
        }
        all
    }

    #[test]
    fn a_stretch_goes_on_in_the_next_file() {
        let dir = tempfile::tempdir().unwrap();
        let all = stretch(dir.path());
        assert_eq!(all.length(), 11);
        let text = |stretch: Stretch| io::read_to_string(stretch.reader()).unwrap();
        assert_eq!(text(all.cut(2, 5)), "23456");
        assert_eq!(text(all.cut(2, 5).cut(1, 3)), "345");
        assert_eq!((text(all.cut(10, 5)), text(all.cut(11, 5))), ("0".to_owned(), String::new()));
        let mut reader = all.reader();
        reader.seek(SeekFrom::End(-3)).unwrap();
        assert_eq!(io::read_to_string(reader).unwrap(), "890");
    }

    #[test]
    fn a_file_that_became_shorter_is_no_end() {
        let dir = tempfile::tempdir().unwrap();
        let all = stretch(dir.path());
        fs::write(dir.path().join("c"), "45").unwrap();
        assert!(io::read_to_string(all.reader()).unwrap_err().to_string().contains("shorter"));
    }

    #[test]
    fn a_link_is_no_plain_file() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("l")).unwrap();
        assert!(open_plain(&dir.path().join("l")).is_err());
        assert!(open_plain(dir.path()).unwrap_err().to_string().contains("it is no file"));
    }
}
