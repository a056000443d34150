//! A bundle that another machine serves, asked over HTTP.

use crate::{
    error::{Error, Result},
    http::{Client, Failure, FileAt, persist},
    oci::{Digest, SIGNATURE},
};

/// By the address that `labkit bundle serve` tells there.
#[derive(Debug, Clone)]
pub struct RemoteBundle {
    base: String,
}

const LONGEST_DOCUMENT: u64 = 16 << 20;
const ATTEMPTS: u32 = 4;

impl RemoteBundle {
    /// `http://192.168.56.1:5000/`
    pub fn at(address: &str) -> RemoteBundle {
        RemoteBundle { base: format!("{}/bundle", address.trim_end_matches('/')) }
    }

    /// Where a blob of it is downloaded.
    pub fn blob(&self, digest: &Digest) -> FileAt {
        FileAt(format!("{}/blobs/sha256/{}", self.base, digest.hex()))
    }

    /// `index.json`, byte for byte.
    pub fn index_text(&self, client: &Client) -> Result<Vec<u8>> {
        let url = format!("{}/index.json", self.base);
        let text = text(client, &url);
        let text =
            text.and_then(|text| text.ok_or_else(|| Failure::of_status(404, None).error.context(format!("`{url}`"))));
        text.map_err(|error| {
            error
                .hint("is it the address that `labkit bundle serve --address 0.0.0.0:5000` tells on the other machine?")
        })
    }

    /// The index's signature; none where nobody signed it.
    pub fn signature(&self, client: &Client) -> Result<Option<Vec<u8>>> {
        text(client, &format!("{}/{SIGNATURE}", self.base))
    }

    /// A document, which is what its digest says; none where it is not there.
    pub fn document(&self, client: &Client, digest: &Digest) -> Result<Option<Vec<u8>>> {
        let FileAt(url) = self.blob(digest);
        match text(client, &url)? {
            Some(text) if Digest::of(&text) != *digest => Err(Error::failed(format!("`{url}` holds something else"))),
            text => Ok(text),
        }
    }
}

/// What is at an address; none where nothing is.
fn text(client: &Client, url: &str) -> Result<Option<Vec<u8>>> {
    persist(ATTEMPTS, || {
        let response = client.get(url, &[])?;
        match response.status {
            200 => response.bytes(LONGEST_DOCUMENT).map(Some),
            404 => Ok(None),
            status => Err(Failure::of_status(status, response.header("retry-after")).context(format!("`{url}`"))),
        }
    })
}
