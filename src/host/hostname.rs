//! The machine's own name, now and at every boot.

use nix::unistd::{gethostname, sethostname};
use serde::Deserialize;

use super::{file::WriteFile, place::FilePath, shell};
use crate::{
    args::Short,
    error::{Context, Error, Result},
    journal::Before,
    lab::{
        Lab,
        operation::{Difference, Operation},
    },
};

/// `hostname NAME`, and /etc/hostname for the next boot.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hostname {
    /// Letters, digits and `-`, as RFC 1123 has it; what Kubernetes makes a node's name of must be in lower case.
    pub name: String,
}

impl Short for Hostname {
    const EXPECTED: &'static str = "a name";

    fn from_text(text: &str) -> Option<Result<Hostname, String>> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let good =
            (1..=63).contains(&text.len()) && text.chars().all(plain) && !text.starts_with('-') && !text.ends_with('-');
        Some(match good {
            true => Ok(Hostname { name: text.to_owned() }),
            false => Err(format!("`{}` is no host name: letters in lower case, digits, `-`", text.escape_debug())),
        })
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

    fn look(&self, _: &Lab) -> Result<String> {
        Ok(gethostname().context(|| "ask for the host name")?.to_string_lossy().into_owned())
    }

    fn difference(&self, seen: &String) -> Option<Difference> {
        (*seen != self.name).then(|| Difference::of(format!("{}, was {seen}", self.name)))
    }

    fn before(&self, seen: &String, _: &mut Lab) -> Result<Before> {
        Ok(Before::Hostname { name: seen.clone() })
    }

    fn apply(&self, _: &String, _: &Lab) -> Result<()> {
        set(&self.name)
    }

    fn explain(&self) -> Vec<String> {
        vec![shell::command(&["hostname", &self.name])]
    }
}

fn set(name: &str) -> Result<()> {
    sethostname(name).context(|| format!("set the host name to `{name}`"))
}

/// Back to the name before.
pub fn revert(name: &str) -> Result<()> {
    set(name)
}
