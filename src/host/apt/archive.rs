//! An archive of packages and the key it is signed with.

use serde::Deserialize;

use crate::{
    args::OneOrMany,
    error::{Error, Result},
    host::{WriteFile, place::FilePath},
};

/// A file in /etc/apt/sources.list.d in the form of deb822(5), and the archive's key in /etc/apt/keyrings.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Archive {
    /// What its files are called: letters in lower case, digits, `-`.
    pub name: String,
    /// `"http://192.168.56.1:8080"`
    pub uris: OneOrMany<String>,
    /// `"bookworm"`, or `"./"` or `"/"` for an archive without suites.
    pub suites: OneOrMany<String>,
    /// `"main"`; none where a suite is a path.
    #[serde(default)]
    pub components: OneOrMany<String>,
    /// The public key in its armour, as whoever runs the archive gives it out: `-----BEGIN PGP PUBLIC KEY BLOCK-----`.
    pub key: String,
}

const BEGIN: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
const END: &str = "-----END PGP PUBLIC KEY BLOCK-----";

impl Archive {
    /// What it is, in the form of deb822, without the key.
    pub fn text(&self) -> String {
        let mut text = format!("Types: deb\nURIs: {}\nSuites: {}\n", self.uris.0.join(" "), self.suites.0.join(" "));
        if !self.components.0.is_empty() {
            text += &format!("Components: {}\n", self.components.0.join(" "));
        }
        text
    }

    /// The key's file and the archive's, in this order.
    pub fn files(&self) -> Result<[WriteFile; 2]> {
        self.check()?;
        let at = |path: String| path.parse::<FilePath>().map_err(Error::usage);
        let keyring = format!("/etc/apt/keyrings/{}.asc", self.name);
        let text = format!("{}Signed-By: {keyring}\n", self.text());
        Ok([
            WriteFile::with(at(keyring)?, format!("{}\n", self.key.trim())),
            WriteFile::with(at(format!("/etc/apt/sources.list.d/{}.sources", self.name))?, text),
        ])
    }

    /// A bad line here would have apt refuse every archive.
    fn check(&self) -> Result<()> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.name.is_empty() || !self.name.chars().all(plain) {
            return Err(Error::usage(format!(
                "`{}` is no name of an archive: letters in lower case, digits, `-`",
                self.name
            )));
        }
        let is_word = |word: &String| !word.is_empty() && !word.chars().any(|c| c.is_whitespace() || c.is_control());
        let words = [("uris", &self.uris), ("suites", &self.suites), ("components", &self.components)];
        for (name, words) in words {
            if let Some(word) = words.0.iter().find(|word| !is_word(word)) {
                return Err(Error::usage(format!("`{}` in `{name}` is no word", word.escape_debug())));
            }
        }
        let schemes = ["http://", "https://", "file:/", "copy:/", "cdrom:", "mirror+", "mirror://", "tor+", "ssh:/"];
        if let Some(uri) = self.uris.0.iter().find(|uri| !schemes.iter().any(|scheme| uri.starts_with(scheme))) {
            return Err(Error::usage(format!("`{uri}` in `uris` is no address of an archive"))
                .hint("http://…, https://… or file:/…"));
        }
        if self.uris.0.is_empty() || self.suites.0.is_empty() {
            return Err(Error::usage("an archive needs `uris` and `suites`"));
        }
        let key = self.key.trim();
        match key.starts_with(BEGIN) && key.ends_with(END) {
            true => Ok(()),
            false => Err(Error::usage("`key` is no public key in its armour")
                .hint(format!("it begins with {BEGIN}; `gpg --armor --export` gives that form"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(suites: &str, components: &[&str]) -> Archive {
        Archive {
            name: "lab".into(),
            uris: OneOrMany(vec!["http://192.168.56.1:8080".into()]),
            suites: OneOrMany(vec![suites.into()]),
            components: OneOrMany(components.iter().map(|word| word.to_string()).collect()),
            key: format!("{BEGIN}\n\nmDMEZ\n{END}\n"),
        }
    }

    #[test]
    fn an_archive_is_a_file_of_deb822_and_its_key() {
        let [key, sources] = archive("lab", &["main"]).files().unwrap();
        assert!(key.content.ends_with("END PGP PUBLIC KEY BLOCK-----\n"));
        assert_eq!(
            sources.content,
            "Types: deb\nURIs: http://192.168.56.1:8080\nSuites: lab\nComponents: main\nSigned-By: /etc/apt/keyrings/lab.asc\n"
        );
        assert!(archive("/", &[]).files().unwrap()[1].content.contains("Suites: /\nSigned-By"));
    }

    #[test]
    fn a_word_cannot_add_a_line() {
        assert!(archive("lab\nTrusted: yes", &["main"]).files().unwrap_err().to_string().contains("is no word"));
        let bad = Archive { key: "https://…".into(), ..archive("lab", &[]) };
        assert!(bad.files().unwrap_err().to_string().contains("no public key"));
    }
}
