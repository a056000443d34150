//! The machine's own name, now and at every boot.

use nix::unistd::{gethostname, sethostname};
use serde::Deserialize;

use super::{file::WriteFile, place::FilePath, shell};
use crate::{
    args::Short,
    error::{Context, Error, Result},
    journal::{Before, Thing},
    lab::{
        Lab,
        operation::{Difference, Operation},
    },
    names::HostName,
};

/// `hostname NAME`, and /etc/hostname for the next boot.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hostname {
    /// Letters in lower case, digits, `-`.
    pub name: HostName,
}

impl Short for Hostname {
    const EXPECTED: &'static str = "a name";

    fn from_text(text: &str) -> Option<Result<Hostname, String>> {
        Some(text.parse().map(|name| Hostname { name }))
    }
}

impl Hostname {
    /// The file that names it at boot.
    pub fn file(&self) -> Result<WriteFile> {
        let path: FilePath = "/etc/hostname".parse().map_err(Error::usage)?;
        Ok(WriteFile::with(path, format!("{}\n", self.name)))
    }
}

impl Operation for Hostname {
    /// What it is called now.
    type Seen = String;

    fn title(&self) -> String {
        "host name".to_owned()
    }

    fn things(&self) -> Vec<Thing> {
        vec![Thing::Hostname]
    }

    fn look(&self, _: &Lab) -> Result<String> {
        Ok(gethostname().context(|| "ask for the host name")?.to_string_lossy().into_owned())
    }

    fn difference(&self, seen: &String) -> Option<Difference> {
        (seen != self.name.as_str()).then(|| Difference::of(format!("{}, was {seen}", self.name)))
    }

    fn before(&self, seen: &String, _: &mut Lab) -> Result<Before> {
        Ok(Before::Hostname { name: seen.clone() })
    }

    fn apply(&self, _: &String, _: &Lab) -> Result<()> {
        set(self.name.as_str())
    }

    fn explain(&self) -> Vec<String> {
        vec![shell::command(&["hostname", self.name.as_str()])]
    }
}

fn set(name: &str) -> Result<()> {
    sethostname(name).context(|| format!("set the host name to `{name}`"))
}

/// Back to the name before.
pub fn revert(name: &str) -> Result<()> {
    set(name)
}
