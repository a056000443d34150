//! One file, known by its digest before it comes: fetched in pieces if need be, and never there half.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Seek, SeekFrom, Write},
    path::Path,
};

use super::{
    client::{Client, Response},
    retry::{Failure, Retry},
};
use crate::{
    digest::Tally,
    error::{Context, Error, Result},
    signal,
};

/// How a file is asked for.
pub trait Source: Sync {
    /// Asks for the bytes from `from` on.
    fn ask(&self, client: &Client, from: u64) -> Result<Response, Failure>;

    /// What is asked, for messages.
    fn place(&self) -> String;
}

/// A file at an address.
pub struct FileAt(pub String);

impl Source for FileAt {
    fn ask(&self, client: &Client, from: u64) -> Result<Response, Failure> {
        let range = format!("bytes={from}-");
        let headers: &[(&str, &str)] = if from > 0 { &[("range", &range)] } else { &[] };
        client.get(&self.0, headers)
    }

    fn place(&self) -> String {
        self.0.clone()
    }
}

/// What is wanted.
pub struct Download<'a> {
    pub source: &'a dyn Source,
    /// 64 hexadecimal digits.
    pub sha256: &'a str,
    /// Bytes.
    pub size: u64,
}

/// Attempts in a row that bring nothing.
const ATTEMPTS: u32 = 6;
const PIECE: usize = 256 << 10;

impl Download<'_> {
    /// Fetches into `part`, going on where an earlier attempt ended, and renames it to `to` once it is what was wanted
    /// and on the disk. `passed` is told the bytes of each piece; those taken from an earlier attempt as well.
    pub fn fetch(&self, client: &Client, part: &Path, to: &Path, passed: &dyn Fn(i64)) -> Result<()> {
        let (mut retry, mut farthest, mut is_anew) = (Retry::new(ATTEMPTS), 0, false);
        loop {
            let mut file = OpenOptions::new().read(true).append(true).create(true).open(part)?;
            farthest = file.metadata()?.len().max(farthest);
            let Err(setback) = self.attempt(client, &mut file, passed) else { break };
            signal::check()?;
            let failure = match setback {
                Setback::Wrong(error) => {
                    self.forget(&file, passed)?;
                    if !is_anew {
                        // What an earlier attempt left may be what is wrong: once from the beginning.
                        is_anew = true;
                        continue;
                    }
                    Failure::lasting(error)
                }
                Setback::Failed(failure) => {
                    // A server that always ends at the same place is not to be asked for ever.
                    if file.metadata()?.len() > farthest {
                        retry.progressed();
                    }
                    failure
                }
            };
            retry.after(failure).context(|| format!("fetch `{}`", self.source.place()))?;
        }
        fs::rename(part, to).context(|| format!("rename `{}`", part.display()))
    }

    fn forget(&self, file: &File, passed: &dyn Fn(i64)) -> std::io::Result<()> {
        passed(-(file.metadata()?.len().min(self.size) as i64));
        file.set_len(0)
    }

    /// What is there is hashed, what lacks is asked for.
    fn attempt(&self, client: &Client, file: &mut File, passed: &dyn Fn(i64)) -> Result<(), Setback> {
        let there = file.metadata()?.len();
        file.seek(SeekFrom::Start(0))?;
        let mut piece = vec![0; PIECE];
        let mut tally = Tally::new(Incoming { own: file.try_clone()?, more: None });
        copy(&mut tally, None, &mut piece, there, &|_| ()).map_err(|(_, error)| Failure::lasting(error))?;
        if there < self.size {
            let response = self.source.ask(client, there)?;
            let begins = self.begins(&response, there)?;
            if begins == 0 && there > 0 {
                self.forget(file, passed)?;
                tally = Tally::new(Incoming { own: file.try_clone()?, more: None });
            }
            tally.inner().more = Some(Box::new(response.reader()));
            // One byte more than it has shows that it has more.
            let left = (self.size - begins).saturating_add(1);
            copy(&mut tally, Some(file), &mut piece, left, passed).map_err(|(is_ours, error)| match is_ours {
                true => Failure::lasting(error),
                false => Failure::passing(error),
            })?;
        }
        let (sha256, bytes) = tally.end();
        match bytes {
            bytes if bytes < self.size => {
                Err(Failure::passing(Error::failed(format!("it ended after {bytes} of {} bytes", self.size))).into())
            }
            bytes if bytes > self.size => Err(wrong(format!("it has more than {} bytes", self.size))),
            _ if sha256 != self.sha256 => {
                Err(wrong(format!("it is not what was wanted: sha256 {sha256}, and not {}", self.sha256)))
            }
            _ => Ok(file.sync_data()?),
        }
    }

    /// Where the answer begins in the file.
    fn begins(&self, response: &Response, asked: u64) -> Result<u64, Setback> {
        match response.status {
            200 => Ok(0),
            206 => {
                let range = response.header("content-range").unwrap_or_default();
                let first = range.strip_prefix("bytes ").and_then(|range| range.split('-').next()?.parse::<u64>().ok());
                match first == Some(asked) {
                    true => Ok(asked),
                    false => Err(wrong(format!("asked from byte {asked}, the answer is `{}`", range.escape_debug()))),
                }
            }
            // The server has a shorter file than was begun.
            416 => Err(wrong("the server's file is shorter".to_owned())),
            status => Err(Failure::of_status(status, response.header("retry-after")).into()),
        }
    }
}

/// Why an attempt came to nothing.
enum Setback {
    Failed(Failure),
    /// What came so far is of no use.
    Wrong(Error),
}

impl From<Failure> for Setback {
    fn from(failure: Failure) -> Setback {
        Setback::Failed(failure)
    }
}

/// Of this machine, which no other attempt mends.
impl From<std::io::Error> for Setback {
    fn from(error: std::io::Error) -> Setback {
        Setback::Failed(Failure::lasting(error.into()))
    }
}

fn wrong(why: String) -> Setback {
    let hint = "it was changed since it was locked, or on its way: `labkit bundle lock --check` tells which";
    Setback::Wrong(Error::failed(why).context("wrong bytes").hint(hint))
}

/// First the file's own bytes, then what comes behind them.
struct Incoming {
    own: File,
    more: Option<Box<dyn Read>>,
}

impl Read for Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match &mut self.more {
            Some(more) => more.read(buffer),
            None => self.own.read(buffer),
        }
    }
}

/// Moves at most `most` bytes, and writes them where there is a file; an error says whether it is of this machine.
fn copy(
    from: &mut impl Read,
    mut to: Option<&mut File>,
    piece: &mut [u8],
    most: u64,
    passed: &dyn Fn(i64),
) -> Result<(), (bool, Error)> {
    let mut left = most;
    while left > 0 {
        signal::check().map_err(|error| (true, error))?;
        let wanted = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let read = from.read(&mut piece[..wanted]).map_err(|error| (false, error.into()))?;
        if read == 0 {
            break;
        }
        if let Some(to) = &mut to {
            to.write_all(&piece[..read]).map_err(|error| (true, error.into()))?;
        }
        left -= read as u64;
        passed(read as i64);
    }
    Ok(())
}
