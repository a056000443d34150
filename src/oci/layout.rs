//! An image layout that somebody made, looked at and never written to.

use std::{collections::BTreeMap, io::Read, path::Path};

use serde::{Deserialize, de::DeserializeOwned};

use super::{Digest, Index, place::Place};
use crate::{
    error::{Context, Error, Result},
    volume::Stretch,
};

/// Its documents and blobs, wherever they lie.
pub struct Layout {
    place: Place,
}

/// What lies in one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// Each blob with its bytes.
    pub blobs: BTreeMap<Digest, u64>,
    /// In words, everything else that is neither its index, its mark nor its signature.
    pub strangers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mark {
    image_layout_version: String,
}

pub const MARK: &str = "oci-layout";
pub const MARK_TEXT: &str = "{\"imageLayoutVersion\":\"1.0.0\"}";
/// Of the index, as minisign writes it.
pub const SIGNATURE: &str = "index.json.minisig";
const INDEX: &str = "index.json";
const BLOBS: &str = "blobs/sha256/";
const VERSION: &str = "1.0.0";
/// Longer than any document: what is longer is not read into memory.
const LONGEST_DOCUMENT: u64 = 16 << 20;

impl Layout {
    /// The layout in a directory; an error that says why it is none.
    pub fn directory(dir: &Path) -> Result<Layout> {
        Layout::checked(Place::Directory(dir.to_owned()))
    }

    /// The layout in a tar archive.
    pub fn packed(of: &Stretch) -> Result<Layout> {
        Layout::checked(Place::packed(of)?)
    }

    fn checked(place: Place) -> Result<Layout> {
        let layout = Layout { place };
        let mark = layout.document::<Mark>(MARK).map_err(|error| {
            error.hint("an image layout has `oci-layout`, `index.json` and `blobs/sha256` at its top")
        })?;
        match mark.image_layout_version.as_str() {
            VERSION => Ok(layout),
            other => Err(Error::failed(format!(
                "its `{MARK}` names version `{}`, and {VERSION} is known",
                other.escape_debug()
            ))),
        }
    }

    /// What everything is reached from.
    pub fn index(&self) -> Result<Index> {
        self.document(INDEX)
    }

    /// The digest of the index, and so of everything.
    pub fn digest(&self) -> Result<Digest> {
        Ok(Digest::of(&self.index_text()?))
    }

    /// The index, byte for byte.
    pub fn index_text(&self) -> Result<Vec<u8>> {
        self.text(INDEX)
    }

    /// The signature of the index; none where nobody signed it.
    pub fn signature(&self) -> Option<String> {
        String::from_utf8(self.text(SIGNATURE).ok()?).ok()
    }

    /// A document by what it holds; that it does is for the caller to look at, or to have looked at.
    pub fn document_of<T: DeserializeOwned>(&self, digest: &Digest) -> Result<T> {
        self.document(&blob(digest))
    }

    /// The bytes of a document, which are what its digest says.
    pub fn text_of(&self, digest: &Digest) -> Result<Vec<u8>> {
        let text = self.text(&blob(digest))?;
        match Digest::of(&text) == *digest {
            true => Ok(text),
            false => Err(Error::failed(format!("blob {digest} holds something else"))),
        }
    }

    /// Where a blob lies.
    pub fn blob(&self, digest: &Digest) -> Result<Stretch> {
        self.place.open(&blob(digest)).context(|| format!("read blob {digest}"))
    }

    pub fn contents(&self) -> Result<Contents> {
        let mut contents = Contents::default();
        for (path, bytes) in self.place.list()? {
            let digest = path.strip_prefix(BLOBS).and_then(|hex| Digest::from_hex(hex).ok());
            let shown = path.escape_debug();
            match (digest, bytes) {
                (_, None) => contents.strangers.push(format!("`{shown}` is no file")),
                (Some(digest), Some(bytes)) => drop(contents.blobs.insert(digest, bytes)),
                (None, _) if [MARK, INDEX, SIGNATURE].contains(&path.as_str()) => {}
                (None, _) => contents.strangers.push(format!("`{shown}` does not belong into an image layout")),
            }
        }
        Ok(contents)
    }

    fn document<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let parse = || Ok(serde_json::from_slice(&self.text(path)?)?);
        parse().map_err(|error: Error| error.context(format!("read `{path}`")))
    }

    fn text(&self, path: &str) -> Result<Vec<u8>> {
        let lies = self.place.open(path)?;
        if lies.length() > LONGEST_DOCUMENT {
            return Err(Error::failed(format!("it is longer than {} MiB", LONGEST_DOCUMENT >> 20)));
        }
        let mut text = Vec::new();
        lies.reader().read_to_end(&mut text)?;
        Ok(text)
    }
}

fn blob(digest: &Digest) -> String {
    format!("{BLOBS}{}", digest.hex())
}
