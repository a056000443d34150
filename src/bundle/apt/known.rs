//! What the lists know: names, versions, who provides what, and what is essential.

use std::collections::{BTreeMap, BTreeSet};

use super::{resolve::Wanted, scratch::Scratch};
use crate::error::{Error, Result, nearest};

/// In whose stead apt would take `usrmerge`, where a package needs one of both.
const MERGED: &str = "usr-is-merged";
/// More names in a hint help nobody.
const MOST_NAMES: usize = 10;

/// Refuses what no source has, and says what is nearest to it. apt itself would take `jq-` for a wish to be without
/// `jq`, and a name with a dot in it for a pattern.
pub fn check(scratch: &Scratch, wanted: &[Wanted]) -> Result<()> {
    let printed = scratch.look(&["apt-cache", "pkgnames"])?;
    let names: BTreeSet<&str> = printed.lines().collect();
    if names.is_empty() {
        return Err(Error::failed(format!("the sources have no packages for {}", scratch.architecture())));
    }
    if let Some(unknown) = wanted.iter().find(|wanted| !names.contains(wanted.name.as_str())) {
        return Err(refuse(scratch, &unknown.name, &names));
    }
    let versions = versions(scratch, wanted)?;
    for Wanted { name, version } in wanted {
        let there = versions.get(name).map_or(&[][..], Vec::as_slice);
        if there.is_empty() {
            return Err(Error::failed(format!("package `{name}` is not there for {}", scratch.architecture())));
        }
        if let Some(version) = version.as_ref().filter(|version| !there.contains(version)) {
            return Err(Error::failed(format!("there is no version {version} of package `{name}`"))
                .hint(format!("there is {}", shortened(there))));
        }
    }
    Ok(())
}

pub fn essential(scratch: &Scratch) -> Result<Vec<String>> {
    let mut names = BTreeSet::new();
    let printed = scratch.look(&["apt-cache", "dumpavail"])?;
    // A list of all packages is too long to be read field by field.
    for paragraph in printed.split("\n\n") {
        let field = |name: &str| paragraph.lines().find_map(|line| line.strip_prefix(name));
        let Some(name) = field("Package: ") else { continue };
        if name == MERGED || field("Essential: ") == Some("yes") {
            names.insert(name.to_owned());
        }
    }
    match names.iter().any(|name| name != MERGED) {
        true => Ok(names.into_iter().collect()),
        false => Err(Error::failed("no package of the sources is marked essential")
            .hint("Debian's own archive belongs among the sources")),
    }
}

/// Versions that there are of packages, the latest first.
fn versions(scratch: &Scratch, wanted: &[Wanted]) -> Result<BTreeMap<String, Vec<String>>> {
    let mut argv = vec!["apt-cache", "madison"];
    argv.extend(wanted.iter().map(|wanted| wanted.name.as_str()));
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in scratch.look(&argv)?.lines() {
        // `jq | 1.6-2.1 | http://… bookworm/main amd64 Packages`
        let mut columns = line.split(" | ").map(str::trim);
        if let (Some(name), Some(version)) = (columns.next(), columns.next()) {
            let there = versions.entry(name.to_owned()).or_default();
            if !there.iter().any(|known| known == version) {
                there.push(version.to_owned());
            }
        }
    }
    Ok(versions)
}

fn refuse(scratch: &Scratch, name: &str, names: &BTreeSet<&str>) -> Error {
    let error = Error::failed(format!("no source has a package `{name}` for {}", scratch.architecture()));
    match providers(scratch, name).as_slice() {
        [] => match nearest(name, names.iter().copied()) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error,
        },
        some => error.hint(format!("it is provided by {}: name one of them", shortened(some))),
    }
}

/// Packages that provide a name. That they cannot be told is no reason to say nothing else.
fn providers(scratch: &Scratch, name: &str) -> Vec<String> {
    let printed = scratch.look(&["apt-cache", "showpkg", name]).unwrap_or_default();
    let behind = printed.lines().skip_while(|line| !line.starts_with("Reverse Provides:")).skip(1);
    // `gawk 1:5.2.1-2 (= )`
    let names: BTreeSet<&str> =
        behind.filter_map(|line| line.split(' ').next()).filter(|name| !name.is_empty()).collect();
    names.into_iter().map(str::to_owned).collect()
}

fn shortened(names: &[String]) -> String {
    let first = names[..names.len().min(MOST_NAMES)].join(", ");
    match names.len().saturating_sub(MOST_NAMES) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}
