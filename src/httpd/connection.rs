//! One connection: requests and their answers, one after the other.

use std::{
    io::{self, ErrorKind, Read},
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

use nix::sys::socket::{setsockopt, sockopt::TcpUserTimeout};

use super::{
    Site,
    hall::Seat,
    head::{Asked, Head, LONGEST, What},
    reply::Reply,
    server::Limits,
};

/// A client, and what it sent that nobody has read yet.
pub struct Connection<'a> {
    pub stream: &'a TcpStream,
    pub seat: Seat<'a>,
    pub limits: Limits,
    pub site: &'a dyn Site,
    come: Vec<u8>,
}

/// What is left to come from a client that has been answered for the last time is read for so long at most.
const FAREWELL: Duration = Duration::from_secs(2);
const FAREWELL_BYTES: usize = 1 << 20;

impl<'a> Connection<'a> {
    pub fn new(stream: &'a TcpStream, seat: Seat<'a>, limits: Limits, site: &'a dyn Site) -> Connection<'a> {
        Connection { stream, seat, limits, site, come: Vec::new() }
    }

    /// Until the client has enough, or fails.
    pub fn serve(mut self) -> io::Result<()> {
        self.stream.set_nodelay(true)?;
        // The kernel ends the connection when so long nothing of what was sent is taken; a slow client takes something.
        let stalled_ms = u32::try_from(self.limits.stalled.as_millis()).unwrap_or(u32::MAX);
        setsockopt(self.stream, TcpUserTimeout, &stalled_ms)?;
        loop {
            self.seat.is_idle(true);
            let head = self.head()?;
            self.seat.is_idle(false);
            let is_last = match head {
                Head::Begun => return Ok(()),
                Head::Refused(refusal) => {
                    self.send("what is no request", &Reply::refusal(&refusal))?;
                    true
                }
                Head::Whole(asked) => self.answer(asked)?,
            };
            if is_last {
                return self.part();
            }
        }
    }

    /// The next head; begun and no more where the client ended or let time pass.
    fn head(&mut self) -> io::Result<Head> {
        let until = Instant::now() + self.limits.idle;
        let mut piece = [0; 4096];
        loop {
            let head = Head::parse(&self.come);
            if head != Head::Begun || self.come.len() >= LONGEST {
                return Ok(head);
            }
            match read_until(self.stream, &mut piece, until) {
                Ok(0) => return Ok(Head::Begun),
                Ok(read) => self.come.extend_from_slice(&piece[..read]),
                Err(error) if is_late(&error) => return Ok(Head::Begun),
                Err(error) => return Err(error),
            }
        }
    }

    /// True where it was the last.
    fn answer(&mut self, asked: Asked) -> io::Result<bool> {
        self.come.drain(..asked.length);
        let is_last = asked.is_last || self.seat.is_wanted();
        let reply = match &asked.what {
            What::Read(request) => Reply::to(request, self.site.answer(request), is_last),
            What::Write(path) => Reply::read_only(self.site.refuse(path), is_last),
        };
        self.send(&asked.line, &reply)?;
        Ok(is_last)
    }

    fn send(&self, line: &str, reply: &Reply) -> io::Result<()> {
        let sent = reply.send(self.stream);
        let who = self.stream.peer_addr().map_or("a client".to_owned(), |peer| peer.to_string());
        let end = sent.as_ref().err().map(|error| format!(": {error}")).unwrap_or_default();
        log::debug!("{who}: {}: {}, {} bytes{end}", line.escape_debug(), reply.status, reply.length);
        sent
    }

    /// Ends it. To close while something lies unread would take the answer away from the client.
    fn part(&self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)?;
        let until = Instant::now() + FAREWELL;
        let (mut piece, mut left) = ([0; 4096], FAREWELL_BYTES);
        while left > 0 {
            match read_until(self.stream, &mut piece, until)? {
                0 => break,
                read => left = left.saturating_sub(read),
            }
        }
        Ok(())
    }
}

fn read_until(mut stream: &TcpStream, piece: &mut [u8], until: Instant) -> io::Result<usize> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(ErrorKind::TimedOut.into());
    }
    stream.set_read_timeout(Some(left))?;
    stream.read(piece)
}

fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
