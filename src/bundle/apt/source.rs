//! Where packages come from: an archive's address, and the key that it must be signed with.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::control::Control;
use crate::error::{Context, Error, Result};

/// An archive, or several that are signed with one key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What errors call it.
    pub name: String,
    /// Paragraphs of a file in /etc/apt/sources.list.d (sources.list(5), deb822), without `Signed-By`.
    pub text: String,
    /// The public key in its armour; where there is none, one of this machine's own keyrings must do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// Fields that would let unsigned or badly signed lists in, or say another key.
const UNSAFE: [&str; 5] = ["Signed-By", "Trusted", "Allow-Insecure", "Allow-Weak", "Allow-Downgrade-To-Insecure"];
const BEGIN: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
/// Keyrings that Debian's packages bring.
const KEYRINGS: [&str; 2] = ["/etc/apt/trusted.gpg.d", "/usr/share/keyrings"];

impl Source {
    /// A `.sources` file whose `Signed-By` is a key in its armour, or names the file of one.
    pub fn read(name: &str, text: &str) -> Result<Source> {
        let paragraphs = Control::paragraphs(text)?;
        let keys: BTreeSet<&str> = paragraphs.iter().filter_map(|one| one.field("Signed-By")).collect();
        let mut keys = keys.into_iter();
        let (key, is_one) = (keys.next(), keys.next().is_none());
        if !is_one {
            return Err(Error::usage("its archives are signed with several keys").hint("one file for each key"));
        }
        let key = match key {
            Some(path) if path.starts_with('/') => {
                Some(fs::read_to_string(path).context(|| format!("read the key `{path}`")).map_err(|error| {
                    error.hint("a key in its armour is wanted: gpg --enarmor, or gpg --export --armor, gives that form")
                })?)
            }
            // A line of a folded field begins with a space, and an empty one with a dot.
            Some(text) => {
                Some(text.lines().map(|line| line.trim().trim_start_matches('.')).collect::<Vec<_>>().join("\n"))
            }
            None => None,
        };
        let bare = paragraphs.iter().map(|one| one.clone().without(&["Signed-By"]).to_string());
        Ok(Source { name: name.to_owned(), text: bare.collect::<Vec<_>>().join("\n"), key })
    }

    /// Writes it below a directory of apt's, its key beside it; `number` tells it from others.
    pub fn write(&self, etc: &Path, number: usize) -> Result<()> {
        let written = || -> Result<()> {
            let mut paragraphs = self.paragraphs()?;
            if let Some(key) = &self.key {
                let path = etc.join(format!("keyrings/{number}.asc"));
                if !key.trim_start().starts_with(BEGIN) {
                    return Err(Error::usage(format!("its key does not begin with {BEGIN}"))
                        .hint("`gpg --armor --export` gives that form"));
                }
                fs::write(&path, key.trim_start())?;
                let signed = |paragraph: Control| paragraph.with("Signed-By", &path.display().to_string());
                paragraphs = paragraphs.into_iter().map(signed).collect();
            }
            let text = paragraphs.iter().map(Control::to_string).collect::<Vec<_>>().join("\n");
            Ok(fs::write(etc.join(format!("sources.list.d/{number}.sources")), text)?)
        };
        written().context(|| format!("source `{}`", self.name))
    }

    fn paragraphs(&self) -> Result<Vec<Control>> {
        let paragraphs = Control::paragraphs(&self.text)?;
        if paragraphs.is_empty() {
            return Err(Error::usage("it names no archive"));
        }
        match UNSAFE.iter().find(|name| paragraphs.iter().any(|one| one.field(name).is_some())) {
            Some(name) => {
                Err(Error::usage(format!("`{name}` cannot stand in it: it is trusted by its key, and by nothing else")))
            }
            None => Ok(paragraphs),
        }
    }
}

/// What of the machine's own configuration says where packages come from, and which of them are wanted.
const OWN: [&str; 8] = [
    "auth.conf",
    "auth.conf.d",
    "preferences",
    "preferences.d",
    "sources.list",
    "sources.list.d",
    "trusted.gpg",
    "trusted.gpg.d",
];

/// Links to the machine's own sources, their keys and preferences, file by file, so that others can stand beside them.
pub fn link_own(from: &Path, to: &Path) -> Result<()> {
    for name in OWN {
        let (own, link) = (from.join(name), to.join(name));
        match fs::read_dir(&own) {
            Ok(entries) => {
                fs::create_dir_all(&link)?;
                for entry in entries.flatten() {
                    symlink(entry.path(), link.join(entry.file_name()))
                        .context(|| format!("link `{}`", own.display()))?;
                }
            }
            Err(_) if own.is_file() => symlink(&own, &link).context(|| format!("link `{}`", own.display()))?,
            Err(_) => {}
        }
    }
    Ok(())
}

/// Links to this machine's own keyrings, for sources that come without a key. Those of keys that Debian took back are
/// left out.
pub fn link_keyrings(to: &Path) -> Result<()> {
    let files = KEYRINGS.iter().filter_map(|dir| fs::read_dir(dir).ok()).flatten().flatten().map(|entry| entry.path());
    let counts = |path: &PathBuf| {
        path.extension().is_some_and(|ending| ending == "gpg" || ending == "asc")
            && !path.file_name().is_some_and(|name| name.to_string_lossy().contains("removed"))
    };
    for (number, path) in files.filter(counts).enumerate() {
        let name = path.extension().map_or_else(String::new, |ending| format!("{number}.{}", ending.display()));
        symlink(&path, to.join(name)).context(|| format!("link `{}`", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str, key: Option<&str>) -> Result<String> {
        let etc = tempfile::tempdir().unwrap();
        fs::create_dir(etc.path().join("keyrings")).unwrap();
        fs::create_dir(etc.path().join("sources.list.d")).unwrap();
        let source = Source { name: "lab".into(), text: text.into(), key: key.map(str::to_owned) };
        source.write(etc.path(), 7)?;
        let text = fs::read_to_string(etc.path().join("sources.list.d/7.sources")).unwrap();
        Ok(text.replace(&etc.path().display().to_string(), "ETC"))
    }

    #[test]
    fn every_paragraph_is_bound_to_the_key() {
        let text = "Types: deb\nURIs: x\n\n# other\nTypes: deb\nURIs: y\n";
        let signed = "Signed-By: ETC/keyrings/7.asc";
        let expected = format!("Types: deb\nURIs: x\n{signed}\n\nTypes: deb\nURIs: y\n{signed}\n");
        assert_eq!(written(text, Some(BEGIN)).unwrap(), expected);
        assert_eq!(written("Types: deb\n", None).unwrap(), "Types: deb\n");
    }

    #[test]
    fn a_source_cannot_do_without_a_signature() {
        let refused = |text: &str, key| written(text, key).unwrap_err().to_string();
        for field in ["trusted: yes", "Signed-By: /x", "ALLOW-INSECURE: yes", "Allow-Weak: yes"] {
            assert!(refused(&format!("Types: deb\n{field}\n"), None).contains("cannot stand in it"), "{field}");
        }
        assert!(refused("Types: deb\n", Some("key")).starts_with("source `lab`: its key does not begin with"));
        assert_eq!(refused("# nothing\n", None), "source `lab`: it names no archive");
    }
}
