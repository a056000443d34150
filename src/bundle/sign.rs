//! Whose a bundle is: its index, signed.

use std::path::{Path, PathBuf};

use crate::{
    disk,
    error::{Context, Error, Result},
    minisign::SecretKey,
    oci::{Layout, SIGNATURE},
};

/// Signs the index of a bundle in a directory, and so everything that it leads to; gives the signature's file.
pub fn sign(dir: &Path, key: &SecretKey, comment: &str) -> Result<PathBuf> {
    let signed = || -> Result<PathBuf> {
        if !dir.is_dir() {
            return Err(Error::usage("it is no directory").hint("sign the bundle first, and pack it then"));
        }
        let text = Layout::directory(dir)?.index_text()?;
        let path = dir.join(SIGNATURE);
        disk::replace(&path, key.sign(&text, comment)?.as_bytes())?;
        Ok(path)
    };
    signed().context(|| format!("sign the bundle `{}`", dir.display()))
}
