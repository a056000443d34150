//! A bundle that another machine serves, asked over HTTP.

use crate::{
    error::{Error, Result},
    http::{Client, Failure, Response, Retry, Source},
    oci::Digest,
};

/// By the address that `labkit bundle serve` tells there.
#[derive(Debug, Clone)]
pub struct RemoteBundle {
    base: String,
}

/// A blob of it, to be downloaded.
pub struct RemoteBlob {
    url: String,
}

const LONGEST_DOCUMENT: u64 = 16 << 20;
const ATTEMPTS: u32 = 4;

impl RemoteBundle {
    /// `http://192.168.56.1:5000/`
    pub fn at(address: &str) -> RemoteBundle {
        RemoteBundle { base: format!("{}/bundle", address.trim_end_matches('/')) }
    }

    pub fn blob(&self, digest: &Digest) -> RemoteBlob {
        RemoteBlob { url: format!("{}/blobs/sha256/{}", self.base, digest.hex()) }
    }

    /// `index.json`, byte for byte.
    pub fn index_text(&self, client: &Client) -> Result<Vec<u8>> {
        text(client, &format!("{}/index.json", self.base)).map_err(|error| {
            error
                .hint("is it the address that `labkit bundle serve --address 0.0.0.0:5000` tells on the other machine?")
        })
    }

    /// The index's signature; none where nobody signed it.
    pub fn signature(&self, client: &Client) -> Option<Vec<u8>> {
        text(client, &format!("{}/{}", self.base, crate::oci::SIGNATURE)).ok()
    }

    /// A document, which is what its digest says.
    pub fn document(&self, client: &Client, digest: &Digest) -> Result<Vec<u8>> {
        let text = text(client, &self.blob(digest).url)?;
        match Digest::of(&text) == *digest {
            true => Ok(text),
            false => Err(Error::failed(format!("`{}` holds something else", self.blob(digest).url))),
        }
    }
}

fn text(client: &Client, url: &str) -> Result<Vec<u8>> {
    let mut retry = Retry::new(ATTEMPTS);
    loop {
        let asked = client.get(url, &[]).and_then(|response| match response.status {
            200 => response.bytes(LONGEST_DOCUMENT),
            status => Err(Failure::of_status(status, response.header("retry-after")).context(format!("`{url}`"))),
        });
        match asked {
            Ok(text) => return Ok(text),
            Err(failure) => retry.after(failure)?,
        }
    }
}

/// A file at an address.
pub struct FileAt<'a>(pub &'a str);

fn ask(client: &Client, url: &str, from: u64) -> Result<Response, Failure> {
    let range = format!("bytes={from}-");
    let headers: &[(&str, &str)] = if from > 0 { &[("range", &range)] } else { &[] };
    client.get(url, headers)
}

impl Source for RemoteBlob {
    fn ask(&self, client: &Client, from: u64) -> Result<Response, Failure> {
        ask(client, &self.url, from)
    }

    fn place(&self) -> String {
        self.url.clone()
    }
}

impl Source for FileAt<'_> {
    fn ask(&self, client: &Client, from: u64) -> Result<Response, Failure> {
        ask(client, self.0, from)
    }

    fn place(&self) -> String {
        self.0.to_owned()
    }
}
