//! An answer as it goes out: its head, and the part of its body that was asked for.

use std::{
    io::{self, ErrorKind, Write},
    net::TcpStream,
};

use nix::{errno::Errno, sys::sendfile::sendfile64};

use super::{Answer, Body, head::Refusal, range::Part, request::Request};
use crate::{clock, volume::Piece};

/// Head and body.
pub struct Reply {
    pub status: u16,
    head: String,
    body: Option<Body>,
    /// Of the body.
    first: u64,
    /// Bytes that follow the head.
    pub length: u64,
}

/// Bytes that one call hands to the kernel.
const AT_ONCE: u64 = 1 << 20;

impl Reply {
    /// To a request that can be answered.
    pub fn to(request: &Request, mut answer: Answer, is_last: bool) -> Reply {
        let whole = answer.body.length();
        let is_good = answer.status == 200;
        if is_good {
            answer.headers.push(("Accept-Ranges", "bytes".to_owned()));
        }
        let part = match request.header("range") {
            Some(range) if is_good && !request.is_head && is_of(request, &answer) => Part::parse(range, whole),
            _ => Part::Whole,
        };
        let (mut first, mut length) = (0, whole);
        match part {
            _ if is_good && is_known(request, &answer) => {
                answer.status = 304;
                length = 0;
            }
            Part::Whole => {}
            Part::Bytes(from, count) => {
                answer.headers.push(("Content-Range", format!("bytes {from}-{}/{whole}", from + count - 1)));
                answer.status = 206;
                (first, length) = (from, count);
            }
            Part::Beyond => {
                let Answer { status, content_type, body, .. } = Answer::text(416, "It is shorter than that.\n");
                answer = Answer { status, content_type, body, ..answer };
                answer.headers.push(("Content-Range", format!("bytes */{whole}")));
                length = answer.body.length();
            }
        }
        let head = head(&answer, length, is_last);
        let body = (!request.is_head && answer.status != 304).then_some(answer.body);
        Reply { status: answer.status, head, length: if body.is_some() { length } else { 0 }, body, first }
    }

    /// To a client that wants to write.
    pub fn read_only(mut answer: Answer, is_last: bool) -> Reply {
        answer.status = 405;
        answer.headers.push(("Allow", "GET, HEAD".to_owned()));
        Reply::whole(answer, is_last)
    }

    /// To what cannot be read.
    pub fn refusal(Refusal(status, why): &Refusal) -> Reply {
        Reply::whole(Answer::text(*status, why), true)
    }

    fn whole(answer: Answer, is_last: bool) -> Reply {
        let length = answer.body.length();
        Reply { status: answer.status, head: head(&answer, length, is_last), body: Some(answer.body), first: 0, length }
    }

    /// Sends all of it. A body that became shorter is an error: its length has been promised.
    pub fn send(&self, mut to: &TcpStream) -> io::Result<()> {
        match &self.body {
            None => to.write_all(self.head.as_bytes()),
            Some(Body::Text(text)) => {
                to.write_all(self.head.as_bytes())?;
                let from = text.get(at(self.first)..).unwrap_or_default();
                to.write_all(from.get(..at(self.length)).unwrap_or(from))
            }
            Some(Body::Stretch(stretch)) => {
                to.write_all(self.head.as_bytes())?;
                stretch.cut(self.first, self.length).pieces.iter().try_for_each(|piece| pass(to, piece))
            }
        }
    }
}

/// A length within a text, which lies in memory.
fn at(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// From the file to the network, without a copy in this process.
fn pass(to: &TcpStream, piece: &Piece) -> io::Result<()> {
    let too_far = |_| io::Error::from(ErrorKind::InvalidInput);
    let mut offset = i64::try_from(piece.offset).map_err(too_far)?;
    let mut left = piece.length;
    while left > 0 {
        match sendfile64(to, &*piece.file, Some(&mut offset), at(left.min(AT_ONCE))) {
            Ok(0) => return Err(io::Error::new(ErrorKind::UnexpectedEof, "the file became shorter while it was sent")),
            Ok(sent) => left = left.saturating_sub(sent as u64),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn head(answer: &Answer, length: u64, is_last: bool) -> String {
    let status = answer.status;
    let mut head = format!("HTTP/1.1 {status} {}\r\nDate: {}\r\n", phrase(status), clock::http_date());
    // What would be sent is not said where nothing of it is (RFC 9110, 15.4.5).
    if status != 304 {
        head += &format!("Content-Type: {}\r\nContent-Length: {length}\r\n", one_line(&answer.content_type));
    }
    if let Some(etag) = &answer.etag {
        head += &format!("ETag: \"{}\"\r\n", one_line(etag));
    }
    for (name, value) in &answer.headers {
        head += &format!("{name}: {}\r\n", one_line(value));
    }
    if is_last {
        head += "Connection: close\r\n";
    }
    head + "\r\n"
}

/// What a client wrote may stand in a header, and must not begin another.
fn one_line(value: &str) -> String {
    value.chars().filter(|c| !c.is_control()).collect()
}

fn phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        206 => "Partial Content",
        304 => "Not Modified",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        416 => "Range Not Satisfiable",
        431 => "Request Header Fields Too Large",
        505 => "HTTP Version Not Supported",
        _ => "Error",
    }
}

/// True where the client has this version already.
fn is_known(request: &Request, answer: &Answer) -> bool {
    let Some(etag) = &answer.etag else { return false };
    let tags = request.headers("if-none-match").flat_map(|value| value.split(',')).map(str::trim);
    let plain = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"').to_owned();
    tags.into_iter().any(|tag| tag == "*" || plain(tag) == *etag)
}

/// True where a part of this version is what the client lacks: one that has a part of another gets all of this.
fn is_of(request: &Request, answer: &Answer) -> bool {
    match (request.header("if-range"), &answer.etag) {
        (None, _) => true,
        (Some(wanted), Some(etag)) => wanted.trim() == format!("\"{etag}\""),
        (Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(headers: &[(&str, &str)], is_head: bool) -> Reply {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let answer = Answer { etag: Some("e1".to_owned()), ..Answer::text(200, "0123456789") };
        Reply::to(&Request::new(is_head, "/", headers).unwrap(), answer, false)
    }

    #[test]
    fn a_head_has_the_length_of_the_body_and_none_follows() {
        let head = reply(&[("Range", "bytes=1-2")], true);
        assert_eq!((head.status, head.length, head.body.is_none()), (200, 0, true));
        assert!(head.head.contains("\r\nContent-Length: 10\r\n"), "{}", head.head);
    }

    #[test]
    fn a_version_that_the_client_has_is_not_sent_again() {
        for tag in ["\"e1\"", "W/\"e1\"", "\"x\", \"e1\"", "*"] {
            let known = reply(&[("If-None-Match", tag), ("Range", "bytes=99-")], false);
            assert_eq!((known.status, known.length), (304, 0), "{tag}");
            assert!(!known.head.contains("Content-Length"), "{}", known.head);
        }
        assert_eq!(reply(&[("If-None-Match", "\"e\"")], false).status, 200);
    }

    #[test]
    fn a_part_is_sent_of_the_version_that_was_begun() {
        let part = reply(&[("Range", "bytes=4-"), ("If-Range", "\"e1\"")], false);
        assert_eq!((part.status, part.first, part.length), (206, 4, 6));
        assert!(part.head.contains("\r\nContent-Range: bytes 4-9/10\r\n"), "{}", part.head);
        assert_eq!(reply(&[("Range", "bytes=4-"), ("If-Range", "\"e0\"")], false).status, 200);
        let beyond = reply(&[("Range", "bytes=10-")], false);
        assert_eq!(beyond.status, 416);
        assert!(beyond.head.contains("\r\nContent-Range: bytes */10\r\n"), "{}", beyond.head);
    }

    #[test]
    fn a_value_begins_no_other_header() {
        let mut answer = Answer::text(200, "");
        answer.headers.push(("Link", "a\r\nX: y".to_owned()));
        assert!(head(&answer, 0, true).ends_with("\r\nLink: aX: y\r\nConnection: close\r\n\r\n"));
    }
}
