//! Kernel modules, now and at every boot.

use std::{fs, path::Path};

use nix::sys::utsname::uname;
use serde::Deserialize;

use super::{file::WriteFile, place::FilePath, shell};
use crate::{
    args::Short,
    command,
    error::{Error, Result},
    journal::{Before, Thing},
    lab::{
        Lab,
        operation::{Difference, Operation},
    },
};

/// `modprobe NAME`, and a file in /etc/modules-load.d for the next boot.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Module {
    /// As `modprobe` takes it: letters, digits, `_` and `-`.
    pub name: ModuleName,
}

/// Name of a kernel module.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ModuleName(String);

impl TryFrom<String> for ModuleName {
    type Error = String;

    fn try_from(text: String) -> Result<ModuleName, String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        match !text.is_empty() && text.chars().all(plain) && !text.starts_with('-') {
            true => Ok(ModuleName(text)),
            false => Err(format!("`{}` is no name of a kernel module", text.escape_debug())),
        }
    }
}

impl Short for Module {
    const EXPECTED: &'static str = "a name";

    fn from_text(text: &str) -> Option<Result<Module, String>> {
        Some(ModuleName::try_from(text.to_owned()).map(|name| Module { name }))
    }
}

impl Module {
    /// The file that loads it at boot.
    pub fn file(&self) -> Result<WriteFile> {
        let path: FilePath =
            format!("/etc/modules-load.d/labkit-{}.conf", self.name.0).parse().map_err(Error::usage)?;
        Ok(WriteFile::with(path, format!("{}\n", self.name.0)))
    }
}

/// The kernel writes `_` where a file may have `-`.
fn in_kernel(name: &str) -> String {
    name.replace('-', "_")
}

fn is_loaded(name: &str) -> bool {
    Path::new("/sys/module").join(in_kernel(name)).exists() || is_built_in(name)
}

/// Not every part of a kernel that was built in shows below /sys/module.
fn is_built_in(name: &str) -> bool {
    let Ok(kernel) = uname() else { return false };
    let list = Path::new("/lib/modules").join(kernel.release()).join("modules.builtin");
    let named = |line: &str| {
        let stem = Path::new(line).file_stem().unwrap_or_default().to_string_lossy();
        in_kernel(&stem) == in_kernel(name)
    };
    fs::read_to_string(list).is_ok_and(|text| text.lines().any(named))
}

impl Operation for Module {
    /// Whether it is loaded.
    type Seen = bool;

    fn title(&self) -> String {
        format!("kernel module {}", self.name.0)
    }

    fn things(&self) -> Vec<Thing> {
        vec![Thing::Module(self.name.0.clone())]
    }

    fn look(&self, _: &Lab) -> Result<bool> {
        Ok(is_loaded(&self.name.0))
    }

    fn difference(&self, is_loaded: &bool) -> Option<Difference> {
        (!is_loaded).then(|| Difference::of("load it"))
    }

    fn before(&self, _: &bool, _: &mut Lab) -> Result<Before> {
        Ok(Before::Module { name: self.name.0.clone() })
    }

    fn apply(&self, _: &bool, _: &Lab) -> Result<()> {
        command::run(&["modprobe", &self.name.0])
            .map(|_| ())
            .map_err(|error| error.hint("the kernel that runs has no such module: was it updated since the last boot?"))
    }

    fn explain(&self) -> Vec<String> {
        vec![shell::command(&["modprobe", &self.name.0])]
    }
}

/// Unloads a module that nothing uses; one that is in use stays until the next boot.
pub fn revert(name: &str) -> Result<()> {
    if !is_loaded(name) || is_built_in(name) {
        return Ok(());
    }
    let users = fs::read_to_string(Path::new("/sys/module").join(in_kernel(name)).join("refcnt")).unwrap_or_default();
    if users.trim() != "0" {
        log::warn!("kernel module `{name}` is in use and stays loaded until the next boot");
        return Ok(());
    }
    command::run(&["modprobe", "-r", name]).map(|_| ())
}
