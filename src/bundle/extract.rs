//! What a bundle holds, as files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{Bundle, Item, build::copy, items};
use crate::{
    error::{Context, Error, Result, nearest},
    oci::Digest,
};

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extracted {
    pub name: String,
    pub path: PathBuf,
}

/// Writes the files of the items of these names (of all where there are none) into a directory, each by what it is
/// called. Images stay as they are: `skopeo copy oci:BUNDLE:NAME …` takes them. Nothing that is there is replaced.
pub fn extract(bundle: &Bundle, names: &[String], into: &Path) -> Result<Vec<Extracted>> {
    let all = items(&bundle.layout)?;
    let chosen = chosen(&all, names)?;
    fs::create_dir_all(into).context(|| format!("make `{}`", into.display()))?;
    let mut extracted = Vec::new();
    for item in chosen {
        let Some(layer) = item.layers.last().filter(|layer| !layer.title.is_empty()) else {
            if names.is_empty() {
                continue;
            }
            return Err(Error::usage(format!("`{}` is an image, and no file", item.name)).hint(format!(
                "skopeo copy oci:{}:{} …",
                bundle.place.display(),
                item.name
            )));
        };
        let path = into.join(safe(&layer.title)?);
        write(bundle, &layer.digest, &path)
            .map_err(|error| error.context(format!("write `{}`", path.display())))
            .map_err(|error| crate::disk::hint_where_full(error, "free some space, or write it to another disk"))?;
        extracted.push(Extracted { name: item.name.clone(), path });
    }
    Ok(extracted)
}

/// The items of these names, of all where there are none.
pub fn chosen<'a>(all: &'a [Item], names: &[String]) -> Result<Vec<&'a Item>> {
    if names.is_empty() {
        return Ok(all.iter().collect());
    }
    let mut chosen = Vec::new();
    for name in names {
        let is_it = |item: &&Item| item.name == *name || item.name.split('/').nth(1) == Some(name);
        let before = chosen.len();
        chosen.extend(all.iter().filter(is_it));
        if chosen.len() == before {
            let near = nearest(name, all.iter().map(|item| item.name.as_str()));
            return Err(Error::usage(format!("the bundle has no `{name}`")).hint(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`labkit bundle ls` lists what it has".to_owned(),
            }));
        }
    }
    Ok(chosen)
}

/// Somebody else wrote it: it may be a name, and nothing that leads elsewhere.
fn safe(title: &str) -> Result<&str> {
    let is_name = !title.contains(['/', '\0']) && title != "." && title != ".." && !title.is_empty();
    match is_name {
        true => Ok(title),
        false => {
            Err(Error::failed(format!("`{}` is no name of a file", title.escape_debug())).hint("who made this bundle?"))
        }
    }
}

fn write(bundle: &Bundle, digest: &Digest, path: &Path) -> Result<()> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(Error::usage("it is there already").hint("-o NEW-DIRECTORY"));
    }
    // A name that no item can have, nor a file of the user's.
    let begun = path.with_file_name(format!(".{}.{}.part", digest.hex(), std::process::id()));
    match copy(&bundle.layout.blob(digest)?, digest, &begun, path, &|_| ())? {
        true => Ok(()),
        false => Err(Error::proof(format!("blob {digest} holds something else"))
            .hint("labkit bundle verify tells what else is damaged")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_leads_nowhere_else() {
        for bad in ["", ".", "..", "../x", "/etc/passwd", "a/b", "a\0"] {
            assert!(safe(bad).is_err(), "{bad}");
        }
        assert_eq!(safe("chrony_4.3-2_amd64.deb").unwrap(), "chrony_4.3-2_amd64.deb");
    }
}
