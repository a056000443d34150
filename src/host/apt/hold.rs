//! Packages that upgrades leave alone.

use serde::Deserialize;

use super::{dpkg::Dpkg, packages::PackageName};
use crate::{
    args::OneOrMany,
    command,
    error::{Error, Result},
    host::shell,
    journal::{Before, Thing},
    lab::{
        Lab,
        operation::{Difference, Operation},
    },
};

/// `apt-mark hold NAME …`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// Names of packages that are installed.
    pub packages: OneOrMany<PackageName>,
}

impl Hold {
    fn free(&self, dpkg: &Dpkg) -> Vec<String> {
        self.names().filter(|name| !dpkg.is_held(name)).map(str::to_owned).collect()
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.packages.0.iter().map(|PackageName(name)| name.as_str())
    }
}

impl Operation for Hold {
    type Seen = Dpkg;

    fn title(&self) -> String {
        format!("hold of {}", self.names().collect::<Vec<_>>().join(" "))
    }

    fn things(&self) -> Vec<Thing> {
        self.names().map(|name| Thing::Package(name.to_owned())).collect()
    }

    fn look(&self, _: &Lab) -> Result<Dpkg> {
        Dpkg::read()
    }

    fn difference(&self, dpkg: &Dpkg) -> Option<Difference> {
        let free = self.free(dpkg).join(" ");
        (!free.is_empty()).then(|| Difference::of(format!("hold {free}")))
    }

    fn before(&self, dpkg: &Dpkg, _: &mut Lab) -> Result<Before> {
        if let Some(name) = self.names().find(|name| dpkg.installed(name).is_none()) {
            return Err(Error::failed(format!("package `{name}` is not installed")).hint("host.packages comes first"));
        }
        Ok(Before::Hold { packages: self.free(dpkg) })
    }

    fn apply(&self, dpkg: &Dpkg, _: &Lab) -> Result<()> {
        mark("hold", &self.free(dpkg))
    }

    fn explain(&self) -> Vec<String> {
        let argv: Vec<&str> = ["apt-mark", "hold"].into_iter().chain(self.names()).collect();
        vec![shell::command(&argv)]
    }
}

/// `apt-mark HOW NAME …`; nothing where there is none.
pub fn mark(how: &str, packages: &[String]) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let argv: Vec<&str> = ["apt-mark", how].into_iter().chain(packages.iter().map(String::as_str)).collect();
    command::run(&argv).map(|_| ())
}

/// Lets upgrades have them again.
pub fn revert(packages: &[String]) -> Result<()> {
    let dpkg = Dpkg::read()?;
    let held: Vec<String> = packages.iter().filter(|name| dpkg.is_held(name)).cloned().collect();
    mark("unhold", &held)
}
