//! One repository of a registry, asked over HTTP (distribution specification, pull).

use std::sync::{Mutex, PoisonError};

use serde::Deserialize;

use crate::{
    error::{Error, Result},
    http::{Challenge, Client, Failure, Response, Source},
    oci::{Digest, media_type},
};

/// A repository, and the token it was last opened with.
pub struct Remote {
    base: String,
    repository: String,
    token: Mutex<Option<String>>,
}

/// A document, as a registry gave it.
pub struct Document {
    pub text: Vec<u8>,
    pub media_type: String,
    pub digest: Digest,
}

/// A blob of a repository, to be downloaded.
pub struct Blob {
    pub remote: std::sync::Arc<Remote>,
    pub digest: Digest,
}

const LONGEST_DOCUMENT: u64 = 16 << 20;
const ACCEPTED: [&str; 4] =
    [media_type::INDEX, media_type::MANIFEST, media_type::DOCKER_LIST, media_type::DOCKER_MANIFEST];

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Remote {
    /// `base` is the registry's address: `https://registry.k8s.io`.
    pub fn new(base: &str, repository: &str) -> Remote {
        Remote {
            base: base.trim_end_matches('/').to_owned(),
            repository: repository.to_owned(),
            token: Mutex::default(),
        }
    }

    /// The document of a tag or a digest.
    pub fn manifest(&self, client: &Client, wanted: &str) -> Result<Document, Failure> {
        let response = self.get(client, &format!("manifests/{wanted}"), &[("accept", &ACCEPTED.join(", "))])?;
        if response.status != 200 {
            let failure = Failure::of_status(response.status, response.header("retry-after"));
            return Err(failure.context(format!("`{}:{wanted}`", self.place())));
        }
        let said = response.header("content-type").unwrap_or_default();
        let media_type = said.split(';').next().unwrap_or_default().trim().to_owned();
        let text = response.bytes(LONGEST_DOCUMENT)?;
        let digest = Digest::of(&text);
        match wanted.parse::<Digest>() {
            Ok(asked) if asked != digest => {
                Err(Failure::passing(Error::failed(format!("asked for {asked}, the answer is {digest}"))))
            }
            _ => Ok(Document { text, media_type, digest }),
        }
    }

    /// A blob that is short enough for memory, such as an image's configuration.
    pub fn blob(&self, client: &Client, digest: &Digest) -> Result<Vec<u8>, Failure> {
        let response = self.get(client, &format!("blobs/{digest}"), &[])?;
        if response.status != 200 {
            return Err(Failure::of_status(response.status, response.header("retry-after")));
        }
        let text = response.bytes(LONGEST_DOCUMENT)?;
        match Digest::of(&text) == *digest {
            true => Ok(text),
            false => Err(Failure::passing(Error::failed(format!("blob {digest} is another")))),
        }
    }

    /// Where it is, for messages.
    pub fn place(&self) -> String {
        format!("{}/{}", self.base.split("://").last().unwrap_or_default(), self.repository)
    }

    /// Asks; where the registry wants a token first, gets one that anybody gets.
    fn get(&self, client: &Client, below: &str, headers: &[(&str, &str)]) -> Result<Response, Failure> {
        let url = format!("{}/v2/{}/{below}", self.base, self.repository);
        let ask = |token: Option<String>| {
            let bearer = token.map(|token| format!("Bearer {token}"));
            let mut headers = headers.to_vec();
            headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
            client.get(&url, &headers)
        };
        let known = self.token.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let response = ask(known)?;
        if response.status != 401 {
            return Ok(response);
        }
        let challenge = response.headers("www-authenticate").into_iter().find_map(Challenge::parse);
        let Some(challenge) = challenge else { return Ok(response) };
        let token = fetch_token(client, &challenge)?;
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        ask(Some(token))
    }
}

fn fetch_token(client: &Client, challenge: &Challenge) -> Result<String, Failure> {
    let attempt = |failure: Failure| failure.context(format!("get a token from `{}`", challenge.realm));
    let response = client.get(&challenge.address(), &[])?;
    if response.status != 200 {
        return Err(attempt(Failure::of_status(response.status, response.header("retry-after"))));
    }
    let bytes = response.bytes(LONGEST_DOCUMENT).map_err(attempt)?;
    let token: Token = serde_json::from_slice(&bytes).map_err(|error| attempt(Failure::lasting(error.into())))?;
    token
        .token
        .or(token.access_token)
        .ok_or_else(|| attempt(Failure::lasting(Error::failed("there is no token in the answer"))))
}

impl Source for Blob {
    fn ask(&self, client: &Client, from: u64) -> Result<Response, Failure> {
        let range = format!("bytes={from}-");
        let headers: &[(&str, &str)] = if from > 0 { &[("range", &range)] } else { &[] };
        self.remote.get(client, &format!("blobs/{}", self.digest), headers)
    }

    fn place(&self) -> String {
        format!("{}@{}", self.remote.place(), self.digest)
    }
}
