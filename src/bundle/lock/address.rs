//! Files by their addresses: what is there now.

use std::{collections::BTreeMap, io::Read, str::FromStr};

use super::File;
use crate::{
    bundle::kind::ItemKind,
    digest::Tally,
    error::{Context, Error, Result},
    http::{Client, Failure, persist},
    signal,
};

/// `manifest:calico.yaml=https://…`; without a kind it is a file, without a name it is called as its address ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedFile {
    pub kind: ItemKind,
    pub name: String,
    pub url: String,
}

const KINDS: [(&str, ItemKind); 4] = [
    ("chart", ItemKind::Chart),
    ("file", ItemKind::File),
    ("keyring", ItemKind::Keyring),
    ("manifest", ItemKind::Manifest),
];

impl FromStr for WantedFile {
    type Err = String;

    fn from_str(text: &str) -> Result<WantedFile, String> {
        let (head, url) = match text.split_once('=') {
            // An address may have its own.
            Some((head, url)) if !head.contains("://") => (head, url),
            _ => match text.split_once(':') {
                Some((kind, url)) if KINDS.iter().any(|(name, _)| *name == kind) => (kind, url),
                _ => ("", text),
            },
        };
        let (kind, name) = match head.split_once(':') {
            Some((kind, name)) => (kind, name),
            None if KINDS.iter().any(|(name, _)| *name == head) => (head, ""),
            None => ("file", head),
        };
        let known = KINDS.iter().find(|(name, _)| *name == kind);
        let Some((_, kind)) = known else {
            let kinds: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
            return Err(format!("`{}` is no kind of a file: {}", kind.escape_debug(), kinds.join(", ")));
        };
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(format!("`{}` is no address: https://… or http://…", url.escape_debug()));
        }
        let end = url.split(['?', '#']).next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
        let name = if name.is_empty() { end } else { name };
        let plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
        match name.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && part.chars().all(plain)) {
            true => Ok(WantedFile { kind: *kind, name: name.to_owned(), url: url.to_owned() }),
            false => {
                Err(format!("`{}` is no name of a file: letters, digits, `.`, `_`, `+`, `-`", name.escape_debug()))
            }
        }
    }
}

/// Why these cannot all be wanted: two would have one name in the bundle.
pub fn of_two_addresses(files: &[WantedFile]) -> Option<String> {
    let mut seen = BTreeMap::new();
    files.iter().find_map(|file| {
        let other = seen.insert((file.kind, &file.name), &file.url).filter(|other| **other != file.url)?;
        Some(format!(
            "{} `{}` is wanted from two addresses, {other} and {}: give one of them another name, or take it out of \
             the lock's `files`",
            file.kind, file.name, file.url
        ))
    })
}

/// What is longer is no text that anybody wrote.
const LONGEST_TEXT: u64 = 16 << 20;
const ATTEMPTS: u32 = 5;

/// What the address gives now, and its text where it is a short one.
pub fn pin(client: &Client, wanted: &WantedFile) -> Result<(File, Option<String>)> {
    let (sha256, size, text) =
        persist(ATTEMPTS, || read(client, &wanted.url)).context(|| format!("{} `{}`", wanted.kind, wanted.name))?;
    let file = File {
        name: wanted.name.clone(),
        kind: wanted.kind,
        sha256,
        size,
        source: wanted.url.clone(),
        wanted_by: ["files".to_owned()].into(),
    };
    Ok((file, text))
}

fn read(client: &Client, url: &str) -> Result<(String, u64, Option<String>), Failure> {
    let response = client.get(url, &[])?;
    if response.status != 200 {
        return Err(Failure::of_status(response.status, response.header("retry-after")).context(format!("`{url}`")));
    }
    let said = response.header("content-length").and_then(|text| text.parse::<u64>().ok());
    let (mut tally, mut text, mut piece) = (Tally::new(response.reader()), Vec::new(), vec![0; 64 << 10]);
    loop {
        signal::check()?;
        match tally.read(&mut piece).map_err(|error| Failure::passing(Error::from(error)))? {
            0 => break,
            read if text.len() as u64 <= LONGEST_TEXT => text.extend(&piece[..read]),
            _ => {}
        }
    }
    let (sha256, size) = tally.end();
    match said {
        Some(said) if said != size => {
            Err(Failure::passing(Error::failed(format!("it ended after {size} of {said} bytes"))))
        }
        _ => Ok((sha256, size, (size <= LONGEST_TEXT).then(|| String::from_utf8(text).ok()).flatten())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_a_kind_a_name_and_an_address() {
        let parse =
            |text: &str| text.parse::<WantedFile>().map(|file| format!("{} {} {}", file.kind, file.name, file.url));
        let all = [
            ("manifest:calico.yaml=https://x/y", "manifest calico.yaml https://x/y"),
            ("https://x/a.tar?b=c", "file a.tar https://x/a.tar?b=c"),
            ("chart:https://x/kps-70.10.0.tgz", "chart kps-70.10.0.tgz https://x/kps-70.10.0.tgz"),
            ("hpccinf.txt=http://x/", "file hpccinf.txt http://x/"),
        ];
        for (text, file) in all {
            assert_eq!(parse(text).as_deref(), Ok(file), "{text}");
        }
        for bad in [
            "",
            "x",
            "ftp://x/y",
            "a/../b=https://x",
            "poster:a=https://x",
            "https://x/",
            ".=https://x",
            "a b=https://x",
        ] {
            assert!(parse(bad).is_err(), "{bad}: {:?}", parse(bad));
        }
    }
}
