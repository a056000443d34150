//! The layout of a bundle file by file, for other machines that want all of it.

use std::sync::Arc;

use crate::{
    error::Result,
    httpd::{Answer, Body, Request},
    oci::{Digest, Layout, MARK, MARK_TEXT, SIGNATURE, media_type},
};

/// Everything under `/bundle/`.
pub struct Raw {
    layout: Arc<Layout>,
    /// Of when the server began: what was checked then is what is served.
    index: Arc<[u8]>,
    signature: Option<Arc<[u8]>>,
}

impl Raw {
    pub fn read(layout: Arc<Layout>) -> Result<Raw> {
        let index = layout.index_text()?.into();
        let signature = layout.signature().map(|text| text.into_bytes().into());
        Ok(Raw { layout, index, signature })
    }

    /// Nothing where no file of the layout is called so.
    pub fn answer(&self, request: &Request) -> Option<Answer> {
        let path = request.path.strip_prefix("/bundle/")?;
        if let Some(hex) = path.strip_prefix("blobs/sha256/") {
            let digest = Digest::from_hex(hex).ok()?;
            let mut answer =
                Answer::new(200, "application/octet-stream", Body::Stretch(self.layout.blob(&digest).ok()?));
            answer.etag = Some(digest.to_string());
            return Some(answer);
        }
        let (media_type, text) = match path {
            MARK => ("application/json", MARK_TEXT.as_bytes().into()),
            "index.json" => (media_type::INDEX, Arc::clone(&self.index)),
            SIGNATURE => ("text/plain; charset=utf-8", Arc::clone(self.signature.as_ref()?)),
            _ => return None,
        };
        let mut answer = Answer::new(200, media_type, Body::Text(Arc::clone(&text)));
        answer.etag = Some(Digest::of(&text).to_string());
        Some(answer)
    }
}
