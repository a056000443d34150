//! What a program writes, read as far as it has come and without waiting.

use std::{
    fs::File,
    io::{ErrorKind, Read},
    os::fd::{AsFd, OwnedFd},
    time::Duration,
};

use nix::{
    errno::Errno,
    fcntl::{FcntlArg, OFlag, fcntl},
    poll::{PollFd, PollFlags, PollTimeout, poll},
};

use crate::error::{Context, Result};

/// The end of a pipe that is read, and all that came so far.
pub struct Pipe {
    end: Option<File>,
    pub text: Vec<u8>,
}

impl Pipe {
    /// One without an end is over.
    pub fn of<T: Into<OwnedFd>>(end: Option<T>) -> Result<Pipe> {
        let end = end.map(|end| File::from(end.into()));
        if let Some(end) = &end {
            fcntl(end, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).context(|| "read without waiting")?;
        }
        Ok(Pipe { end, text: Vec::new() })
    }

    /// True while anybody may still write to it.
    pub fn is_open(&self) -> bool {
        self.end.is_some()
    }

    /// Reads what there is.
    pub fn read(&mut self) -> Result<()> {
        let Some(end) = &mut self.end else { return Ok(()) };
        match end.read_to_end(&mut self.text) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error).context(|| "read what it writes"),
            Ok(_) => {
                self.end = None;
                Ok(())
            }
        }
    }
}

/// Waits until one of them has something, is over, or the time is.
pub fn wait(pipes: &[&Pipe], limit: Duration) -> Result<()> {
    let open = pipes.iter().filter_map(|pipe| pipe.end.as_ref());
    let mut ends: Vec<PollFd> = open.map(|end| PollFd::new(end.as_fd(), PollFlags::POLLIN)).collect();
    match poll(&mut ends, PollTimeout::try_from(limit).unwrap_or(PollTimeout::NONE)) {
        // Ctrl-C, which another place deals with.
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(error) => Err(error).context(|| "wait for what it writes"),
    }
}
