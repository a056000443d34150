//! The images of a bundle as a registry has them, to pull and nothing else (OCI distribution specification 1.1).

use std::sync::Arc;

use serde_json::{Value, json};

use super::catalog::{Catalog, Repository};
use crate::{
    httpd::{Answer, Body, Request},
    oci::{Descriptor, Digest, Index, Layout, media_type},
};

/// Everything under `/v2/`.
pub struct Registry {
    pub catalog: Catalog,
    layout: Arc<Layout>,
}

const JSON: &str = "application/json";
const DIGEST: &str = "Docker-Content-Digest";

impl Registry {
    pub fn new(catalog: Catalog, layout: Arc<Layout>) -> Registry {
        Registry { catalog, layout }
    }

    /// Nothing where the path is none of a registry's.
    pub fn answer(&self, request: &Request) -> Option<Answer> {
        let path = request.path.strip_prefix("/v2")?;
        let mut answer = match path.strip_prefix('/') {
            None if path.is_empty() => document(JSON, &json!({})),
            None => return None,
            Some("") => document(JSON, &json!({})),
            Some(rest) => self.route(request, rest),
        };
        answer.headers.push(("Docker-Distribution-API-Version", "registry/2.0".to_owned()));
        Some(answer)
    }

    /// What a client hears that wants to push; nothing where the path is none of a registry's.
    pub fn refuse(path: &str) -> Option<Answer> {
        let is_ours = path == "/v2" || path.starts_with("/v2/");
        is_ours.then(|| fault(405, "UNSUPPORTED", "this registry is a bundle, which can only be read", json!({})))
    }

    fn route(&self, request: &Request, rest: &str) -> Answer {
        let mut parts = rest.rsplitn(3, '/');
        let (Some(last), Some(kind), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
            return no_endpoint();
        };
        if !matches!((kind, last), ("manifests" | "blobs" | "referrers", _) | ("tags", "list")) {
            return no_endpoint();
        }
        let Some(repository) = self.catalog.find(name, request.query("ns")) else {
            return fault(404, "NAME_UNKNOWN", "no image of this name is in the bundle", json!({ "name": name }));
        };
        match kind {
            "manifests" => self.manifest(repository, last),
            "blobs" => self.blob(repository, last),
            "referrers" => referrers(repository, last, request.query("artifactType")),
            _ => tags(repository, name, request),
        }
    }

    fn manifest(&self, repository: &Repository, reference: &str) -> Answer {
        let digest = repository.tags.get(reference).cloned().or_else(|| reference.parse().ok());
        let found = digest.and_then(|digest: Digest| {
            let media_type = repository.manifests.get(&digest)?;
            self.stored(&digest, media_type)
        });
        let unknown = || fault(404, "MANIFEST_UNKNOWN", "no such manifest is here", json!({ "reference": reference }));
        found.unwrap_or_else(unknown)
    }

    fn blob(&self, repository: &Repository, digest: &str) -> Answer {
        match digest.parse() {
            Ok(known) if repository.blobs.contains(&known) => self.stored(&known, "application/octet-stream"),
            Ok(_) => None,
            // A digest as well, of which no bundle has any.
            Err(_) if digest.starts_with("sha512:") => None,
            Err(_) => Some(no_digest(digest)),
        }
        .unwrap_or_else(|| fault(404, "BLOB_UNKNOWN", "no such blob is here", json!({ "digest": digest })))
    }

    fn stored(&self, digest: &Digest, media_type: &str) -> Option<Answer> {
        let lies = self.layout.blob(digest).ok()?;
        let mut answer = Answer::new(200, media_type, Body::Stretch(lies));
        answer.etag = Some(digest.to_string());
        answer.headers.push((DIGEST, digest.to_string()));
        Some(answer)
    }
}

fn no_endpoint() -> Answer {
    fault(404, "UNSUPPORTED", "there are manifests, blobs, tags/list and referrers of each image here", json!({}))
}

fn no_digest(text: &str) -> Answer {
    fault(400, "DIGEST_INVALID", "this is no digest", json!({ "digest": text }))
}

/// An error as the specification has them.
fn fault(status: u16, code: &str, message: &str, detail: Value) -> Answer {
    let errors = json!({ "errors": [{ "code": code, "message": message, "detail": detail }] });
    Answer { status, ..document(JSON, &errors) }
}

fn document(media_type: &str, of: &Value) -> Answer {
    Answer::new(200, media_type, Body::text(of.to_string()))
}

/// Tags in their order, upper and lower case alike, at most `n` of them and those behind `last`.
fn tags(repository: &Repository, name: &str, request: &Request) -> Answer {
    let key = |tag: &str| (tag.to_lowercase(), tag.to_owned());
    let Ok(most) = request.query("n").map(str::parse::<usize>).transpose() else {
        return fault(400, "PAGINATION_NUMBER_INVALID", "`n` is no number", json!({ "n": request.query("n") }));
    };
    let mut tags: Vec<&str> = repository.tags.keys().map(String::as_str).collect();
    tags.sort_by_cached_key(|tag| key(tag));
    if let Some(last) = request.query("last") {
        tags.retain(|tag| key(tag) > key(last));
    }
    let is_all = most.is_none_or(|most| most == 0 || most >= tags.len());
    tags.truncate(most.unwrap_or(usize::MAX));
    let mut answer = document(JSON, &json!({ "name": name, "tags": tags }));
    if let (false, Some(most), Some(last)) = (is_all, most, tags.last()) {
        let ns = request.query("ns").map(|ns| format!("&ns={ns}")).unwrap_or_default();
        answer.headers.push(("Link", format!("</v2/{name}/tags/list?n={most}&last={last}{ns}>; rel=\"next\"")));
    }
    answer
}

/// An index of those that refer to a manifest; an empty one where nobody does.
fn referrers(repository: &Repository, subject: &str, artifact_type: Option<&str>) -> Answer {
    let Ok(subject) = subject.parse::<Digest>() else {
        return no_digest(subject);
    };
    let is_wanted = |one: &&Descriptor| artifact_type.is_none() || one.artifact_type.as_deref() == artifact_type;
    let found = repository.referrers.get(&subject).into_iter().flatten().filter(is_wanted).cloned();
    let mut answer = document(media_type::INDEX, &json!(Index::new(found.collect())));
    if artifact_type.is_some() {
        answer.headers.push(("OCI-Filters-Applied", "artifactType".to_owned()));
    }
    answer
}
