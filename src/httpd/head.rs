//! The head of a request: read from what has come so far, and refused in words.

use httparse::{EMPTY_HEADER, Error, Status};

use super::request::Request;

/// What the bytes at hand come to.
#[derive(Debug, PartialEq, Eq)]
pub enum Head {
    /// More must come.
    Begun,
    Whole(Asked),
    Refused(Refusal),
}

#[derive(Debug, PartialEq, Eq)]
pub struct Asked {
    /// As the client wrote it.
    pub line: String,
    pub what: What,
    /// Bytes of the head.
    pub length: usize,
    /// The connection ends with this answer: the client wants that, or sends a body that nobody here reads.
    pub is_last: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub enum What {
    Read(Request),
    /// Any other method, with the path as it was written.
    Write(String),
}

/// A status and why.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal(pub u16, pub &'static str);

/// Bytes of the longest head.
pub const LONGEST: usize = 16 << 10;
const MOST_HEADERS: usize = 100;
const NO_REQUEST: Refusal = Refusal(400, "This is no HTTP request.\n");

impl Head {
    pub fn parse(bytes: &[u8]) -> Head {
        let mut headers = [EMPTY_HEADER; MOST_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(bytes) {
            Ok(Status::Complete(length)) if length <= LONGEST => {
                asked(&request, length).map_or_else(Head::Refused, Head::Whole)
            }
            Ok(Status::Partial) if bytes.len() < LONGEST => Head::Begun,
            Ok(_) => Head::Refused(Refusal(431, "The head of the request is too long.\n")),
            Err(Error::TooManyHeaders) => Head::Refused(Refusal(431, "The request has too many headers.\n")),
            Err(Error::Version) => Head::Refused(Refusal(505, "This server speaks HTTP/1.1.\n")),
            Err(_) => Head::Refused(NO_REQUEST),
        }
    }
}

fn asked(parsed: &httparse::Request, length: usize) -> Result<Asked, Refusal> {
    let (method, target) = (parsed.method.unwrap_or_default(), parsed.path.unwrap_or_default());
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers: Vec<(String, String)> =
        parsed.headers.iter().map(|header| (header.name.to_owned(), text(header.value))).collect();
    let values = |name: &'static str| headers.iter().filter(move |(other, _)| other.eq_ignore_ascii_case(name));
    let is_new = parsed.version == Some(1);
    if is_new && values("host").count() != 1 {
        return Err(Refusal(400, "A request names one host.\n"));
    }
    let has_body = values("content-length").any(|(_, value)| value != "0") || values("transfer-encoding").count() > 0;
    let ends = values("connection")
        .flat_map(|(_, value)| value.split(','))
        .any(|word| word.trim().eq_ignore_ascii_case("close"));
    let (is_last, line) = (!is_new || ends || has_body, format!("{method} {target}"));
    let what = match method {
        "GET" | "HEAD" => Request::new(method == "HEAD", target, headers).map(What::Read).ok_or(NO_REQUEST)?,
        _ => What::Write(target.to_owned()),
    };
    Ok(Asked { line, what, length, is_last })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(text: &str) -> Asked {
        match Head::parse(text.as_bytes()) {
            Head::Whole(asked) => asked,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_head_ends_with_an_empty_line() {
        let text = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
        for end in 0..text.len() {
            assert_eq!(Head::parse(&text.as_bytes()[..end]), Head::Begun, "{end}");
        }
        let asked = whole(&format!("{text}GET"));
        assert_eq!((asked.length, asked.is_last, asked.line.as_str()), (text.len(), false, "GET /a"));
    }

    #[test]
    fn a_connection_ends_where_the_client_says_so_or_sends_a_body() {
        for headers in ["Connection: close", "connection: x, Close", "Content-Length: 5", "Transfer-Encoding: chunked"]
        {
            assert!(whole(&format!("GET / HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n")).is_last, "{headers}");
        }
        assert!(!whole("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").is_last);
        assert!(whole("GET / HTTP/1.0\r\n\r\n").is_last);
    }

    #[test]
    fn what_is_no_request_is_refused_in_words() {
        let long = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}", "y".repeat(LONGEST));
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(MOST_HEADERS + 1));
        for (text, status) in [
            ("\x16\x03\x01\x02\0\x01", 400),
            ("GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            ("GET a HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
            ("GET / HTTP/2.0\r\n\r\n", 505),
            (&long, 431),
            (&format!("{long}\r\n\r\n"), 431),
            (&many, 431),
        ] {
            match Head::parse(text.as_bytes()) {
                Head::Refused(Refusal(found, _)) => assert_eq!(found, status, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(method in "(GET|HEAD|[A-Z]{0,4})", target in ".{0,40}", rest in any::<Vec<u8>>()) {
            let mut bytes = format!("{method} {target} HTTP/1.1\r\nHost: x\r\n").into_bytes();
            bytes.extend(rest);
            Head::parse(&bytes);
            bytes.extend(b"\r\n\r\n");
            if let Head::Whole(asked) = Head::parse(&bytes) {
                prop_assert!(asked.length <= bytes.len());
            }
        }
    }
}
