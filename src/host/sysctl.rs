//! Kernel settings, now and at every boot.

use std::{
    collections::BTreeMap,
    fmt, fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{file::WriteFile, place::FilePath, shell, standing::FOREIGN};
use crate::{
    error::{Context, Error, Result},
    journal::{Before, Setting, Thing},
    lab::{
        Lab,
        operation::{Difference, Operation},
    },
};

/// A setting by its name: `net.ipv4.ip_forward`, or with slashes where a part has a dot in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SysctlKey(String);

impl TryFrom<String> for SysctlKey {
    type Error = String;

    fn try_from(text: String) -> Result<SysctlKey, String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
        let parts = || text.split(['.', '/']);
        match !text.is_empty() && text.chars().all(plain) && parts().count() > 1 && parts().all(|part| !part.is_empty())
        {
            true => Ok(SysctlKey(text)),
            false => Err(format!("`{}` is no kernel setting: `net.ipv4.ip_forward` is one", text.escape_debug())),
        }
    }
}

impl From<SysctlKey> for String {
    fn from(key: SysctlKey) -> String {
        key.0
    }
}

impl fmt::Display for SysctlKey {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl SysctlKey {
    fn path(&self) -> PathBuf {
        let below = if self.0.contains('/') { self.0.clone() } else { self.0.replace('.', "/") };
        Path::new("/proc/sys").join(below)
    }

    /// What it is now, as one line; none where the kernel has no such setting.
    pub fn read(&self) -> Result<Option<String>> {
        match fs::read_to_string(self.path()) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            text => Ok(Some(plain(&text.context(|| format!("read `{}`", self.path().display()))?))),
        }
    }

    pub fn write(&self, value: &str) -> Result<()> {
        // Without its line's end an empty value would be no write at all.
        fs::write(self.path(), format!("{value}\n")).context(|| format!("set `{self}` to `{value}`")).map_err(|error| {
            match self.path().exists() {
                true => {
                    error.hint("the kernel takes no such value, or it may only be set as root, outside of containers")
                }
                false => error.hint("the kernel has no such setting: is the module loaded that it belongs to?"),
            }
        })
    }
}

/// Settings of single devices that the kernel sets along with one for all of them.
fn along(key: &SysctlKey) -> Result<BTreeMap<String, String>> {
    let path = key.path();
    let dirs_and_name = match path
        .strip_prefix("/proc/sys")
        .unwrap_or(&path)
        .iter()
        .map(|part| part.to_str())
        .collect::<Option<Vec<_>>>()
        .as_deref()
    {
        Some(["net", "ipv4", "ip_forward"]) => Some(("/proc/sys/net/ipv4/conf".to_owned(), "forwarding".to_owned())),
        Some(["net", family, "conf", "all" | "default", name]) => {
            Some((format!("/proc/sys/net/{family}/conf"), (*name).to_owned()))
        }
        _ => None,
    };
    let Some((dir, name)) = dirs_and_name else { return Ok(BTreeMap::new()) };
    let mut values = BTreeMap::new();
    for device in fs::read_dir(&dir).context(|| format!("look into `{dir}`"))? {
        let device = device?.file_name().to_string_lossy().into_owned();
        // A device may have a dot in its name, and a slash has none.
        let each = SysctlKey(format!("{}/{device}/{name}", dir.trim_start_matches("/proc/sys/")));
        if each.path() != path
            && let Some(value) = each.read()?
        {
            values.insert(each.0, value);
        }
    }
    Ok(values)
}

/// The kernel puts tabs between numbers.
fn plain(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A number, a text or a yes and no, as the kernel takes it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged, expecting = "a whole number, a text, true or false")]
pub enum SysctlValue {
    Yes(bool),
    Number(i64),
    Text(String),
}

impl fmt::Display for SysctlValue {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            SysctlValue::Yes(yes) => write!(out, "{}", i32::from(*yes)),
            SysctlValue::Number(number) => write!(out, "{number}"),
            SysctlValue::Text(text) => out.write_str(&plain(text)),
        }
    }
}

/// `sysctl -w KEY=VALUE …`, and a file in /etc/sysctl.d for the next boot.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sysctl {
    /// Name of the file in /etc/sysctl.d, without `.conf`: `60-labkit-` and the recipe's name unless given.
    #[serde(default)]
    pub name: String,
    /// What is to be set: `["net.ipv4.ip_forward"] = 1`.
    pub values: BTreeMap<SysctlKey, SysctlValue>,
}

/// May stand in the name of a file in /etc/sysctl.d.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._-".contains(c)
}

impl Sysctl {
    /// The same with a name of its own, where it has none.
    pub fn named(self, recipe: &str) -> Sysctl {
        let plain = |c: char| if is_plain(c) { c } else { '-' };
        let usual = || format!("60-labkit-{}", recipe.chars().map(plain).collect::<String>());
        let name = if self.name.is_empty() { usual() } else { self.name };
        Sysctl { name, ..self }
    }

    /// The file that sets them at boot.
    pub fn file(&self) -> Result<WriteFile> {
        if self.name.is_empty() || !self.name.chars().all(is_plain) {
            return Err(Error::usage(format!("`{}` is no name of a file in /etc/sysctl.d", self.name.escape_debug()))
                .hint("letters, digits, `.`, `_` and `-`; `.conf` is added"));
        }
        let path: FilePath = format!("/etc/sysctl.d/{}.conf", self.name).parse().map_err(Error::usage)?;
        let lines = self.values.iter().map(|(key, value)| format!("{key} = {value}\n"));
        Ok(WriteFile::with(path, lines.collect()))
    }
}

/// What each setting is now, and those that somebody else set since labkit did.
#[derive(Debug, PartialEq, Eq)]
pub struct Seen {
    now: BTreeMap<SysctlKey, Option<String>>,
    foreign: Vec<String>,
}

impl Operation for Sysctl {
    type Seen = Seen;

    fn title(&self) -> String {
        format!("kernel settings of {}", self.name)
    }

    fn things(&self) -> Vec<Thing> {
        self.values.keys().map(|key| Thing::Setting(key.to_string())).collect()
    }

    fn look(&self, lab: &Lab) -> Result<Seen> {
        let now: BTreeMap<_, _> =
            self.values.keys().map(|key| Ok((key.clone(), key.read()?))).collect::<Result<_>>()?;
        let is_foreign = |(key, now): &(&SysctlKey, &Option<String>)| {
            let last = lab.changes().iter().rev().find_map(|change| match &change.before {
                Before::Sysctl { values, .. } => values.get(&key.0),
                _ => None,
            });
            last.is_some_and(|last| now.as_ref().is_some_and(|now| *now != last.before && *now != last.after))
        };
        let foreign = now.iter().filter(is_foreign).map(|(key, _)| key.to_string()).collect();
        Ok(Seen { now, foreign })
    }

    fn difference(&self, seen: &Seen) -> Option<Difference> {
        let lines: Vec<String> = self
            .other(seen)
            .map(|(key, value, now)| match now {
                Some(now) if seen.foreign.contains(&key.0) => format!("{key} = {value}, was {now}; {FOREIGN}"),
                Some(now) => format!("{key} = {value}, was {now}"),
                None => format!("{key} = {value}, which there is not yet"),
            })
            .collect();
        (!lines.is_empty()).then(|| Difference { words: format!("set {}", lines.len()), lines })
    }

    fn before(&self, seen: &Seen, lab: &mut Lab) -> Result<Before> {
        let foreign = self.other(seen).find(|(key, ..)| seen.foreign.contains(&key.0));
        if let Some((key, _, Some(now))) = foreign
            && !lab.force
        {
            return Err(Error::failed(format!("somebody else set `{key}` to `{now}` since"))
                .hint("--force sets it all the same; `labkit undo` needs --force then, too"));
        }
        let setting = |value: &SysctlValue, now: &str| Setting { before: now.to_owned(), after: value.to_string() };
        let values = self.other(seen).filter_map(|(key, value, now)| Some((key.to_string(), setting(value, now?))));
        let along: Vec<_> = self.other(seen).map(|(key, ..)| along(key)).collect::<Result<_>>()?;
        Ok(Before::Sysctl { values: values.collect(), along: along.into_iter().flatten().collect() })
    }

    fn apply(&self, seen: &Seen, _: &Lab) -> Result<()> {
        self.other(seen).try_for_each(|(key, value, before)| {
            let value = value.to_string();
            key.write(&value)?;
            match (key.read()?, before) {
                (Some(now), Some(before)) if now != value => {
                    key.write(before)?;
                    Err(Error::failed(format!("the kernel makes `{now}` of `{key}` = `{value}`"))
                        .hint(format!("write it so: [\"{key}\"] = \"{now}\"")))
                }
                _ => Ok(()),
            }
        })
    }

    fn explain(&self) -> Vec<String> {
        let settings = self.values.iter().map(|(key, value)| format!("{key}={value}"));
        let argv: Vec<String> = ["sysctl", "-qw"].map(str::to_owned).into_iter().chain(settings).collect();
        vec![shell::command(&argv)]
    }
}

impl Sysctl {
    /// What is not as it should be, and what it is now.
    fn other<'a>(&'a self, seen: &'a Seen) -> impl Iterator<Item = (&'a SysctlKey, &'a SysctlValue, Option<&'a str>)> {
        let now = |key: &SysctlKey| seen.now.get(key).and_then(Option::as_deref);
        let all = self.values.iter().map(move |(key, value)| (key, value, now(key)));
        all.filter(|(_, value, now)| *now != Some(value.to_string().as_str()))
    }
}

/// Sets back what was set, and what the kernel sets along with it; a setting that went with its module needs none.
pub fn revert(values: &BTreeMap<String, Setting>, along: &BTreeMap<String, String>, force: bool) -> Result<()> {
    for (key, Setting { before, after }) in values {
        let key = SysctlKey::try_from(key.clone()).map_err(Error::failed)?;
        let Some(now) = key.read()? else { continue };
        if now != *before && now != *after && !force {
            return Err(Error::failed(format!("somebody else set `{key}` to `{now}` since"))
                .hint("--force sets it back all the same"));
        }
        let devices = self::along(&key)?;
        if now != *before {
            set_back(&key, before)?;
        }
        // Only what this very write changed; after a sudden end behind it, what has the value that it leaves.
        for (device, value) in devices {
            let device = SysctlKey(device);
            let (Some(own), Some(is)) = (along.get(&device.0), device.read()?) else { continue };
            if is != *own && (is != value || (now == *before && is == *before)) {
                set_back(&device, own)?;
            }
        }
    }
    Ok(())
}

fn set_back(key: &SysctlKey, value: &str) -> Result<()> {
    key.write(value)?;
    match key.read()? {
        Some(now) if now != value => Err(Error::failed(format!("`{key}` stays `{now}`, and was `{value}`"))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere_but_to_a_setting() {
        let path = |text: &str| SysctlKey::try_from(text.to_owned()).map(|key| key.path().display().to_string());
        assert_eq!(path("net.ipv4.ip_forward").unwrap(), "/proc/sys/net/ipv4/ip_forward");
        assert_eq!(path("net/ipv4/conf/eth0.100/forwarding").unwrap(), "/proc/sys/net/ipv4/conf/eth0.100/forwarding");
        for bad in ["", "forward", "net..x", "../../etc/passwd", "net/../../etc/passwd", "/etc/passwd", "a b.c"] {
            assert!(path(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_with_tabs_between_are_the_same_numbers() {
        let key = SysctlKey::try_from("net.ipv4.ip_local_port_range".to_owned()).unwrap();
        let now = key.read().unwrap().unwrap();
        assert!(!now.contains('\t') && now.split(' ').count() == 2, "{now}");
    }
}
