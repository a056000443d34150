//! The wanted packages and all that they need, as apt would fetch them.

use std::{collections::BTreeSet, fs, path::Path};

use super::{known, relation::is_name, scratch::Scratch, version::Version};
use crate::{
    error::{Context, Error, Result},
    oci::Digest,
};

/// A package that is to be fetched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resolved {
    pub name: String,
    pub version: String,
    /// `amd64`, `arm64`, `all`
    pub architecture: String,
    /// 64 hexadecimal digits.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    pub url: String,
}

/// A package, and its version where only one will do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    pub name: String,
    pub version: Option<String>,
}

impl Wanted {
    fn parse(text: &str) -> Result<Wanted> {
        let (name, version) = text.split_once('=').map_or((text, None), |(name, version)| (name, Some(version)));
        let is_version = version.is_none_or(|version| version.parse::<Version>().is_ok());
        match is_name(name) && is_version {
            true => Ok(Wanted { name: name.to_owned(), version: version.map(str::to_owned) }),
            false => Err(Error::usage(format!(
                "`{}` is no package: write `chrony` or `kubeadm=1.32.1-1.1`",
                text.escape_debug()
            ))),
        }
    }

    fn written(&self) -> String {
        self.version.as_ref().map_or_else(|| self.name.clone(), |version| format!("{}={version}", self.name))
    }
}

pub fn resolve(scratch: &Scratch, wanted: &[String]) -> Result<Vec<Resolved>> {
    let wanted: BTreeSet<Wanted> = wanted.iter().map(|word| Wanted::parse(word)).collect::<Result<_>>()?;
    let wanted = merged(wanted)?;
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    known::check(scratch, &wanted)?;
    let words: Vec<String> = wanted.iter().map(Wanted::written).collect();
    let attempt = || format!("choose the packages for {} on {}", shown(&words), scratch.architecture());
    let mut argv = vec!["apt-get", "--quiet", "--print-uris", "--yes", "install", "--"];
    argv.extend(words.iter().map(String::as_str));
    let printed = scratch.look(&argv).context(attempt)?;
    let lines = printed.lines().filter(|line| line.starts_with('\''));
    let mut resolved: Vec<Resolved> = lines
        .map(|line| parse(line).context(|| format!("apt prints `{line}`")))
        .collect::<Result<_>>()
        .context(attempt)?;
    resolved.sort();
    let is_there = |wanted: &&Wanted| {
        let version = |one: &Resolved| wanted.version.as_ref().is_none_or(|version| *version == one.version);
        resolved.iter().any(|one| one.name == wanted.name && version(one))
    };
    match wanted.iter().find(|wanted| !is_there(wanted)) {
        Some(lost) => Err(Error::failed(format!("apt left {} out", lost.written()))).context(attempt),
        None => Ok(resolved),
    }
}

/// Each name once; a version wins over none.
fn merged(wanted: BTreeSet<Wanted>) -> Result<Vec<Wanted>> {
    let mut merged: Vec<Wanted> = Vec::new();
    for one in wanted {
        match merged.last_mut().filter(|last| last.name == one.name) {
            Some(last) if last.version.is_none() => *last = one,
            Some(last) => {
                let versions = [last.version.as_deref(), one.version.as_deref()].map(Option::unwrap_or_default);
                let [first, second] = versions;
                return Err(Error::usage(format!(
                    "package `{}` is wanted in the versions {first} and {second}, and only one can be installed",
                    one.name
                )));
            }
            None => merged.push(one),
        }
    }
    Ok(merged)
}

fn shown(words: &[String]) -> String {
    match words {
        [first, second, third, _, ..] => format!("{first}, {second}, {third} and {} more", words.len() - 3),
        few => few.join(", "),
    }
}

/// `'http://…/zlib1g_1.2.13_arm64.deb' zlib1g_1%3a1.2.13_arm64.deb 82744 SHA256:52b8…`
fn parse(line: &str) -> Result<Resolved> {
    let refuse = || Error::failed("that is not what is fetched, its name, size and SHA-256");
    let (url, rest) = line.strip_prefix('\'').and_then(|rest| rest.split_once("' ")).ok_or_else(refuse)?;
    let words: Vec<&str> = rest.split(' ').collect();
    let [file, size, sha256] = words[..] else { return Err(refuse()) };
    let (named, architecture) = file.strip_suffix(".deb").and_then(|file| file.rsplit_once('_')).ok_or_else(refuse)?;
    let (name, version) = named.split_once('_').ok_or_else(refuse)?;
    let digest = sha256.strip_prefix("SHA256:").and_then(|hex| Digest::from_hex(hex).ok());
    Ok(Resolved {
        name: name.to_owned(),
        version: version.replace("%3a", ":"),
        architecture: architecture.to_owned(),
        sha256: digest.ok_or_else(refuse)?.hex().to_owned(),
        size: size.parse().map_err(|_| refuse())?,
        url: fetchable(url)?,
    })
}

/// Of a list of mirrors in a file (`mirror+file:/etc/apt/mirrors/debian.list/pool/…`, as Debian's cloud images have it)
/// the first one.
fn fetchable(url: &str) -> Result<String> {
    let Some(path) = url.strip_prefix("mirror+file:") else { return Ok(url.to_owned()) };
    let list = Path::new(path).ancestors().find(|path| path.is_file());
    let list = list.ok_or_else(|| Error::failed("its list of mirrors is not there"))?;
    let text = fs::read_to_string(list).context(|| format!("read `{}`", list.display()))?;
    let mirrors = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_whitespace().next());
    let mirror = mirrors.into_iter().next().ok_or_else(|| Error::failed(format!("`{}` is empty", list.display())))?;
    let below = path[list.as_os_str().len()..].trim_start_matches('/');
    Ok(format!("{}/{below}", mirror.trim_end_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_apt_would_fetch_is_read() {
        let hex = "0f".repeat(32);
        let line =
            format!("'http://x/pool/z/zlib1g_1.2%2bdfsg_arm64.deb' zlib1g_1%3a1.2+dfsg_arm64.deb 82744 SHA256:{hex}");
        let expected = Resolved {
            name: "zlib1g".into(),
            version: "1:1.2+dfsg".into(),
            architecture: "arm64".into(),
            sha256: hex.clone(),
            size: 82744,
            url: "http://x/pool/z/zlib1g_1.2%2bdfsg_arm64.deb".into(),
        };
        assert_eq!(parse(&line).unwrap(), expected);
        for bad in ["'http://x/a_1_all.deb' a_1_all.deb 7 ", "'http://x' a_1_all.deb 7 MD5Sum:00", "''"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_list_of_mirrors_is_followed_to_its_first() {
        let dir = tempfile::tempdir().unwrap();
        let list = dir.path().join("debian.list");
        std::fs::write(&list, "# mirrors\nhttps://x/debian/\tpriority:1\nhttps://y\n").unwrap();
        let url = format!("mirror+file:{}/pool/a_1_all.deb", list.display());
        assert_eq!(fetchable(&url).unwrap(), "https://x/debian/pool/a_1_all.deb");
        assert!(fetchable("mirror+file:/nowhere/a.deb").is_err());
    }

    #[test]
    fn a_package_is_wanted_in_one_version() {
        let merged = |words: &[&str]| merged(words.iter().map(|word| Wanted::parse(word).unwrap()).collect());
        let written = merged(&["jq=1.6", "a", "jq"]).unwrap().iter().map(Wanted::written).collect::<Vec<_>>();
        assert_eq!(written, ["a", "jq=1.6"]);
        assert!(merged(&["jq=1.6", "jq=1.7"]).unwrap_err().to_string().contains("1.6 and 1.7"));
        for bad in ["", "-o", "a b", "jq=", "jq=1 2", "--yes", "jq:arm64", "jq/sid", "?essential", "~n", "jq=1_2"] {
            assert!(Wanted::parse(bad).is_err(), "{bad}");
        }
    }
}
