//! A small HTTP/1.1 server from which files and texts are read, whole or in part (RFC 9110, RFC 9112).

mod connection;
mod hall;
mod head;
mod percent;
mod range;
mod reply;
mod request;
mod server;

use std::sync::Arc;

pub use request::Request;
pub use server::{Running, Server};

use crate::volume::Stretch;

/// What is sent. Neither is copied for it: a text is shared, and pieces of files go from the kernel's cache.
#[derive(Debug, Clone)]
pub enum Body {
    Text(Arc<[u8]>),
    Stretch(Stretch),
}

/// What a site says to a request. Length, date and ranges are the server's.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub content_type: String,
    /// Besides those of the server.
    pub headers: Vec<(&'static str, String)>,
    /// What this version of the body is called, without quotation marks.
    pub etag: Option<String>,
    pub body: Body,
}

/// What is behind the server.
pub trait Site: Send + Sync {
    fn answer(&self, request: &Request) -> Answer;

    /// What a client hears that wants to write. The status is 405 whatever it says.
    fn refuse(&self, _path: &str) -> Answer {
        Answer::text(405, "This can only be read.\n")
    }
}

impl Body {
    pub fn text(text: impl Into<Vec<u8>>) -> Body {
        Body::Text(text.into().into())
    }

    /// Bytes.
    pub fn length(&self) -> u64 {
        match self {
            Body::Text(text) => text.len() as u64,
            Body::Stretch(stretch) => stretch.length(),
        }
    }
}

impl Answer {
    pub fn new(status: u16, content_type: &str, body: Body) -> Answer {
        Answer { status, content_type: content_type.to_owned(), headers: Vec::new(), etag: None, body }
    }

    /// A text for people.
    pub fn text(status: u16, text: &str) -> Answer {
        Answer::new(status, "text/plain; charset=utf-8", Body::text(text))
    }
}
