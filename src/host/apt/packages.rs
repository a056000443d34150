//! Packages that are to be installed, of any version or of one.

use std::{collections::BTreeMap, fmt};

use serde::Deserialize;

use super::{dpkg::Dpkg, get};
use crate::{
    args::OneOrMany,
    error::{Error, Result, nearest},
    host::shell,
    journal::{Before, Thing},
    lab::{
        Lab,
        operation::{Difference, Operation},
    },
    progress::Progress,
};

/// `apt-get install --no-install-recommends NAME … OTHER-`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Packages {
    /// Names, or names with a version: `"chrony"`, `"kubeadm=1.32.1-1.1"`.
    #[serde(default)]
    pub install: OneOrMany<Wanted>,
    /// Names of packages that are not to be there; their configuration stays.
    #[serde(default)]
    pub remove: OneOrMany<PackageName>,
}

/// Name of a package (Debian policy, 5.6.1).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PackageName(pub String);

impl TryFrom<String> for PackageName {
    type Error = String;

    fn try_from(text: String) -> Result<PackageName, String> {
        match is_name(&text) {
            true => Ok(PackageName(text)),
            false => Err(format!("`{}` is no name of a package", text.escape_debug())),
        }
    }
}

fn is_name(text: &str) -> bool {
    let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c);
    text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()) && text.chars().all(named)
}

/// A package, and its version where only one will do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Wanted {
    pub name: String,
    pub version: Option<String>,
}

impl TryFrom<String> for Wanted {
    type Error = String;

    fn try_from(text: String) -> Result<Wanted, String> {
        let (name, version) =
            text.split_once('=').map_or((text.as_str(), None), |(name, version)| (name, Some(version)));
        // Debian policy, 5.6.12.
        let numbered = |c: char| c.is_ascii_alphanumeric() || ".+-~:".contains(c);
        let is_version = |version: &str| !version.is_empty() && version.chars().all(numbered);
        match is_name(name) && version.is_none_or(is_version) {
            true => Ok(Wanted { name: name.to_owned(), version: version.map(str::to_owned) }),
            false => Err(format!("`{}` is no package: write `chrony` or `kubeadm=1.32.1-1.1`", text.escape_debug())),
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(&self.name)?;
        self.version.iter().try_for_each(|version| write!(out, "={version}"))
    }
}

/// Also where something is held, or newer.
pub const FREELY: [&str; 4] =
    ["--no-install-recommends", "--allow-downgrades", "--allow-change-held-packages", "install"];

/// What dpkg has, and what would go along with what is not wanted.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    dpkg: Dpkg,
    dependents: Vec<String>,
}

impl Packages {
    fn missing<'a>(&'a self, dpkg: &'a Dpkg) -> impl Iterator<Item = (&'a Wanted, Option<&'a str>)> {
        let now = |wanted: &'a Wanted| (wanted, dpkg.installed(&wanted.name));
        let good = |wanted: &Wanted, now: &str| wanted.version.as_deref().is_none_or(|version| version == now);
        self.install.0.iter().map(now).filter(move |(wanted, now)| !now.is_some_and(|now| good(wanted, now)))
    }

    /// True where something is to be installed that is not there.
    pub fn lacks_any(&self) -> Result<bool> {
        Ok(self.missing(&Dpkg::read()?).next().is_some())
    }

    fn unwanted<'a>(&'a self, dpkg: &'a Dpkg) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.remove.0.iter().filter_map(|PackageName(name)| Some((name.as_str(), dpkg.present(name)?)))
    }

    fn words(&self, dpkg: &Dpkg) -> Vec<String> {
        let missing = self.missing(dpkg).map(|(wanted, _)| wanted.to_string());
        // A minus behind a name removes it.
        let unwanted = self.unwanted(dpkg).map(|(name, _)| format!("{name}-"));
        FREELY.map(str::to_owned).into_iter().chain(missing).chain(unwanted).collect()
    }

    /// What cannot be: a name that is to be there and not to be there, or in two versions.
    pub fn check(&self) -> Result<()> {
        let wanted = &self.install.0;
        if let Some(PackageName(name)) = self.remove.0.iter().find(|no| wanted.iter().any(|yes| yes.name == no.0)) {
            return Err(Error::usage(format!("package `{name}` stands in `install` and in `remove`")));
        }
        let twice = wanted.iter().find(|one| wanted.iter().any(|other| other.name == one.name && other != *one));
        match twice {
            Some(one) => Err(Error::usage(format!("package `{}` stands in `install` in two versions", one.name))),
            None => Ok(()),
        }
    }

    /// What would go along with what is not wanted; only looks.
    fn dependents(&self, dpkg: &Dpkg, archive: get::Archive) -> Result<Vec<String>> {
        // One that was cut short is repaired first.
        if self.unwanted(dpkg).next().is_none() || !dpkg.interrupted().is_empty() {
            return Ok(Vec::new());
        }
        let words: Vec<String> = self.unwanted(dpkg).map(|(name, _)| name.to_owned()).collect();
        let words: Vec<&str> =
            ["--allow-change-held-packages", "remove"].into_iter().chain(words.iter().map(String::as_str)).collect();
        let is_named = |name: &String| self.remove.0.iter().any(|PackageName(other)| other == name);
        Ok(get::simulate(&words, archive)?.into_keys().filter(|name| !is_named(name)).collect())
    }

    /// A package that goes and that no archive has would be gone for good.
    fn refuse_lost(&self, dpkg: &Dpkg, going: &[String], archive: get::Archive, progress: &Progress) -> Result<()> {
        let exactly = |name: &String| Wanted { name: name.clone(), version: dpkg.installed(name).map(str::to_owned) };
        let going: Vec<Wanted> = going.iter().map(exactly).filter(|wanted| wanted.version.is_some()).collect();
        match going.is_empty() {
            true => Ok(()),
            false => match find_all(&going, archive, progress)?.first() {
                Some(lost) => {
                    Err(Error::failed(format!("no archive has {lost}: `labkit undo` could not bring it back"))
                        .hint("--force removes it all the same"))
                }
                None => Ok(()),
            },
        }
    }

    /// As `apt-get install` takes them.
    fn names(&self) -> Vec<String> {
        let remove = self.remove.0.iter().map(|PackageName(name)| format!("{name}-"));
        self.install.0.iter().map(Wanted::to_string).chain(remove).collect()
    }

    /// Makes sure that apt knows each package; fetches the lists where one is not known yet.
    fn find(&self, dpkg: &Dpkg, archive: get::Archive, progress: &Progress) -> Result<()> {
        let missing: Vec<&Wanted> = self.missing(dpkg).map(|(wanted, _)| wanted).collect();
        if missing.is_empty() || unknown(&missing, archive)?.is_empty() {
            return Ok(());
        }
        progress.doing("fetch the lists of packages");
        get::run(&["update"], archive, progress)?;
        match unknown(&missing, archive)?.first() {
            None => Ok(()),
            Some((wanted, versions)) => Err(refusal(wanted, versions, archive)),
        }
    }
}

/// Those that no archive has in this version, also after the lists were fetched anew.
fn find_all<'a>(wanted: &'a [Wanted], archive: get::Archive, progress: &Progress) -> Result<Vec<&'a Wanted>> {
    let wanted: Vec<&Wanted> = wanted.iter().collect();
    if archive.is_some() {
        // The machine's own archives bring back what a bundle does not have. They may be out of reach now.
        let lost: Vec<&Wanted> = unknown(&wanted, archive)?.into_iter().map(|(lost, _)| lost).collect();
        return Ok(unknown(&lost, None)?.into_iter().map(|(lost, _)| lost).collect());
    }
    if !unknown(&wanted, archive)?.is_empty() {
        progress.doing("fetch the lists of packages");
        get::run(&["update"], archive, progress)?;
    }
    Ok(unknown(&wanted, archive)?.into_iter().map(|(lost, _)| lost).collect())
}

/// Packages that apt cannot install, with the versions that it could.
fn unknown<'a>(wanted: &[&'a Wanted], archive: get::Archive) -> Result<Vec<(&'a Wanted, Vec<String>)>> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let mut words = vec!["madison"];
    words.extend(wanted.iter().map(|wanted| wanted.name.as_str()));
    let said = get::ask(&words, archive)?;
    let mut versions: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for line in said.lines() {
        // `chrony | 4.3-2+deb12u1 | http://deb… bookworm/main amd64 Packages`
        let mut columns = line.split(" | ").map(str::trim);
        if let (Some(name), Some(version)) = (columns.next(), columns.next()) {
            let known = versions.entry(name).or_default();
            if !known.iter().any(|known| known == version) {
                known.push(version.to_owned());
            }
        }
    }
    let known = |wanted: &Wanted| versions.get(wanted.name.as_str()).cloned().unwrap_or_default();
    let can = |wanted: &Wanted| match &wanted.version {
        Some(version) => known(wanted).contains(version),
        None => !known(wanted).is_empty(),
    };
    Ok(wanted.iter().filter(|wanted| !can(wanted)).map(|wanted| (*wanted, known(wanted))).collect())
}

/// More than a person looks through.
const SHOWN: usize = 5;

fn refusal(wanted: &Wanted, versions: &[String], archive: get::Archive) -> Error {
    let name = &wanted.name;
    if let Some(version) = wanted.version.as_deref().filter(|_| !versions.is_empty()) {
        let mut near: Vec<&String> = versions.iter().collect();
        near.sort_by_key(|known| {
            std::cmp::Reverse(version.bytes().zip(known.bytes()).take_while(|(one, other)| one == other).count())
        });
        let near: Vec<&str> = near.into_iter().take(SHOWN).map(String::as_str).collect();
        return Error::failed(format!("there is no version {version} of package `{name}`"))
            .hint(format!("there is {}", near.join(", ")));
    }
    if let Some(archive) = archive {
        return Error::failed(format!("there is no package `{name}` in {}", archive.named)).hint(format!(
            "`labkit bundle lock --package {name}` where the bundle is made adds it; LABKIT_BUNDLE=none asks the archives \
             that this machine knows"
        ));
    }
    let error = Error::failed(format!("there is no package `{name}` in the archives that this machine knows"));
    let near = get::ask(&["pkgnames", name.get(..2).unwrap_or(name)], None).unwrap_or_default();
    error.hint(match nearest(name, near.lines()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "is an archive missing? host.archive adds one".to_owned(),
    })
}

impl Operation for Packages {
    type Seen = Seen;

    fn title(&self) -> String {
        format!("packages {}", self.names().join(" "))
    }

    fn things(&self) -> Vec<Thing> {
        let unwanted = self.remove.0.iter().map(|PackageName(name)| name);
        self.install.0.iter().map(|wanted| &wanted.name).chain(unwanted).cloned().map(Thing::Package).collect()
    }

    fn look(&self, lab: &Lab) -> Result<Seen> {
        let dpkg = Dpkg::read()?;
        Ok(Seen { dependents: self.dependents(&dpkg, lab.archive.as_ref())?, dpkg })
    }

    fn difference(&self, Seen { dpkg, dependents }: &Seen) -> Option<Difference> {
        let held = |name: &str| if dpkg.is_held(name) { ", on hold" } else { "" };
        let mut lines: Vec<String> = self
            .missing(dpkg)
            .map(|(wanted, now)| match now {
                Some(now) => format!("{wanted}, {now} is installed{}", held(&wanted.name)),
                None => format!("{wanted}, which is not installed"),
            })
            .collect();
        let new = lines.len();
        lines.extend(self.unwanted(dpkg).map(|(name, now)| format!("{name}, {now} is installed{}", held(name))));
        lines.extend(dependents.iter().map(|name| format!("{name}, which needs what is to go")));
        let words = match (new, lines.len() - new) {
            (0, 0) => return None,
            (new, 0) => format!("install {new}"),
            (0, old) => format!("remove {old}"),
            (new, old) => format!("install {new}, remove {old}"),
        };
        Some(Difference { words, lines })
    }

    fn before(&self, Seen { dpkg, .. }: &Seen, lab: &mut Lab) -> Result<Before> {
        let archive = lab.archive.as_ref();
        get::repair(archive, &lab.progress)?;
        self.find(dpkg, archive, &lab.progress)?;
        let words = self.words(&Dpkg::read()?);
        let touched = get::simulate(&words.iter().map(String::as_str).collect::<Vec<_>>(), archive)?;
        let going: Vec<String> = touched.iter().filter(|(_, goes)| **goes).map(|(name, _)| name.clone()).collect();
        if !lab.force {
            self.refuse_lost(&Dpkg::read()?, &going, archive, &lab.progress)?;
        }
        let dpkg = Dpkg::read()?;
        Ok(Before::Packages { before: touched.into_keys().map(|name| (name.clone(), dpkg.state(&name))).collect() })
    }

    fn apply(&self, _: &Seen, lab: &Lab) -> Result<()> {
        // What was cut short has been repaired since it was looked at.
        let words = self.words(&Dpkg::read()?);
        get::run(&words.iter().map(String::as_str).collect::<Vec<_>>(), lab.archive.as_ref(), &lab.progress).map(|_| ())
    }

    fn packages(&self) -> Vec<String> {
        self.install.0.iter().map(Wanted::to_string).collect()
    }

    fn explain(&self) -> Vec<String> {
        let mut argv: Vec<String> = ["apt-get", "-qy"].into_iter().chain(FREELY).map(str::to_owned).collect();
        argv.extend(self.names());
        vec![
            "export DEBIAN_FRONTEND=noninteractive".to_owned(),
            shell::command(&["apt-get", "-qy", "update"]),
            shell::command(&argv),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_a_name_and_perhaps_a_version() {
        let wanted = |text: &str| Wanted::try_from(text.to_owned());
        assert_eq!(wanted("kubeadm=1.32.1-1.1").unwrap().version.as_deref(), Some("1.32.1-1.1"));
        for bad in ["", "-o", "Chrony", "a b", "chrony=", "chrony=1 2", "--yes"] {
            assert!(wanted(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_version_that_is_not_there_is_told_with_the_nearest() {
        let wanted = Wanted::try_from("kubeadm=1.32.9-1.1".to_owned()).unwrap();
        let versions = ["1.30.0-1.1", "1.32.1-1.1", "1.31.4-1.1"].map(str::to_owned);
        let error = refusal(&wanted, &versions, None);
        assert_eq!(error.to_string(), "there is no version 1.32.9-1.1 of package `kubeadm`");
        assert_eq!(error.what_to_try(), Some("there is 1.32.1-1.1, 1.30.0-1.1, 1.31.4-1.1"));
    }
}
