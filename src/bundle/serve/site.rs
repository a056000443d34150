//! All that is served of a bundle, and the page that says so.

use std::{collections::BTreeMap, sync::Arc};

use super::{catalog::Catalog, raw::Raw, registry::Registry};
use crate::{
    bundle::open::Bundle,
    error::{Context, Result},
    httpd::{Answer, Body, Request, Site},
};

/// Files besides, by their paths (`/debian/dists/…`), each with its media type.
pub type Offer = BTreeMap<String, (String, Body)>;

/// A registry, the layout itself, and what else there is.
pub struct BundleSite {
    registry: Registry,
    raw: Raw,
    further: Offer,
}

impl BundleSite {
    pub fn new(bundle: Bundle, further: Offer) -> Result<BundleSite> {
        let layout = Arc::new(bundle.layout);
        let read = || -> Result<_> { Ok((Catalog::read(&layout)?, Raw::read(Arc::clone(&layout))?)) };
        let (catalog, raw) = read().context(|| format!("read the bundle `{}`", bundle.place.display()))?;
        Ok(BundleSite { registry: Registry::new(catalog, layout), raw, further })
    }

    /// What the images are called that can be pulled.
    pub fn images(&self) -> Vec<String> {
        self.registry.catalog.names()
    }

    fn page(&self, request: &Request) -> Answer {
        let named = request.header("host").unwrap_or_default();
        let host: String = named.chars().filter(|c| c.is_ascii_alphanumeric() || ".:-[]".contains(*c)).collect();
        let images = self.images();
        let first = images.first().map_or("docker.io/library/alpine:3.21", String::as_str);
        let mut page = format!(
            "A labkit bundle: everything that a lab needs, without the internet. It can only be read.\n\n\
             /v2/      a registry of its images, each under its full name:\n          \
             skopeo copy --src-tls-verify=false docker://{host}/{first} oci:image\n          \
             or as a mirror of every registry, for containerd in /etc/containerd/certs.d/_default/hosts.toml:\n          \
             [host.\"http://{host}\"]\n\
             /bundle/  the bundle itself, an OCI image layout: oci-layout, index.json, blobs/sha256/…\n"
        );
        if !self.further.is_empty() {
            page += &format!("{} more files, the first of them {}\n", self.further.len(), self.first());
        }
        page += "\nImages:\n";
        page.extend(images.iter().map(|name| format!("{name}\n")));
        Answer::text(200, &page)
    }

    fn first(&self) -> &str {
        self.further.keys().next().map_or("", String::as_str)
    }

    fn file(&self, request: &Request) -> Option<Answer> {
        let (media_type, body) = self.further.get(&request.path)?;
        Some(Answer::new(200, media_type, body.clone()))
    }
}

/// Files, and nothing else.
pub struct StaticSite(pub Offer);

impl Site for StaticSite {
    fn answer(&self, request: &Request) -> Answer {
        match self.0.get(&request.path) {
            Some((media_type, body)) => Answer::new(200, media_type, body.clone()),
            None => Answer::text(404, "There is nothing here.\n"),
        }
    }
}

impl Site for BundleSite {
    fn answer(&self, request: &Request) -> Answer {
        if request.path == "/" {
            return self.page(request);
        }
        let found = self.registry.answer(request).or_else(|| self.raw.answer(request)).or_else(|| self.file(request));
        found.unwrap_or_else(|| Answer::text(404, "There is nothing here; / says what there is.\n"))
    }

    fn refuse(&self, path: &str) -> Answer {
        Registry::refuse(path).unwrap_or_else(|| Answer::text(405, "A bundle can only be read.\n"))
    }
}
