//! The packages of a bundle as an archive that apt takes them from.

use std::collections::BTreeSet;

use super::Offer;
use crate::{
    bundle::{
        apt::{self, ArchiveFile, Control, Package},
        kind::ItemKind,
    },
    error::{Error, Result},
    httpd::Body,
    oci::{Descriptor, Layout, Manifest},
    openpgp::Signer,
};

pub use apt::{COMPONENT, SUITE};

/// Where it is, below a server's address.
pub const DEBIAN: &str = "/debian";
/// Who signs it.
pub const SIGNER: &str = "labkit";
/// When the archive says that it was made: before any clock's time, since that of a machine in a classroom may be years
/// off. Nothing is newer than it, and nothing ends, so that the same bundle is the same archive.
const MADE: &str = "1970-01-01T00:00:01Z";

/// The archive's files, its public key as `key.asc` among them; nothing where the bundle has no packages.
pub fn offer(layout: &Layout, signer: &Signer) -> Result<Offer> {
    let index = layout.index()?;
    let debs = index.manifests.iter().filter(|one| one.artifact_type.as_deref() == ItemKind::Deb.artifact_type());
    let mut packages = Vec::new();
    for deb in debs {
        match package(layout, deb) {
            Ok(package) => packages.push(package),
            // One that is damaged keeps nobody from the others.
            Err(error) => log::warn!("`{}` is left out: {error}", deb.name().unwrap_or_default()),
        }
    }
    offer_of(layout, &packages, signer)
}

/// The same of packages that are at hand.
pub fn offer_of(layout: &Layout, packages: &[Package], signer: &Signer) -> Result<Offer> {
    if packages.is_empty() {
        return Ok(Offer::new());
    }
    let architecture = |package: &Package| package.control.field("Architecture").unwrap_or_default().to_owned();
    let architectures: BTreeSet<String> = packages.iter().map(architecture).filter(|one| one != "all").collect();
    let architectures: Vec<String> = architectures.into_iter().collect();
    let files = apt::files(packages, &architectures, MADE, &|text| signer.clear_sign(text, Signer::CREATED))?;
    let mut offer = Offer::new();
    for (path, file) in files {
        let body = match file {
            ArchiveFile::Text(text) => ("text/plain; charset=utf-8".to_owned(), Body::text(text)),
            ArchiveFile::Package(digest) => {
                (ItemKind::Deb.media_type().to_owned(), Body::Stretch(layout.blob(&digest)?))
            }
        };
        offer.insert(format!("{DEBIAN}/{path}"), body);
    }
    let key = ("application/pgp-keys".to_owned(), Body::text(signer.public_key()));
    offer.insert(format!("{DEBIAN}/key.asc"), key);
    Ok(offer)
}

fn package(layout: &Layout, deb: &Descriptor) -> Result<Package> {
    let manifest: Manifest = serde_json::from_slice(&layout.text_of(&deb.digest)?)?;
    let [control, package] = manifest.layers.as_slice() else {
        return Err(Error::failed("it is not made of a control paragraph and a package"));
    };
    let text = String::from_utf8(layout.text_of(&control.digest)?).map_err(|_| Error::failed("it is no UTF-8"))?;
    Ok(Package { control: Control::parse(&text)?, digest: package.digest.clone(), size: package.size })
}
