//! dpkg's own account of what is installed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::ErrorKind,
    path::Path,
};

use crate::{
    error::{Context, Result},
    journal::PackageState,
};

const STATUS: &str = "/var/lib/dpkg/status";
/// apt's: which packages came for the sake of others.
const EXTENDED: &str = "/var/lib/apt/extended_states";
/// What dpkg was doing when it was cut short.
const UPDATES: &str = "/var/lib/dpkg/updates";

/// A package as dpkg has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub version: String,
    /// `installed`, `half-configured`, `config-files` …
    pub state: String,
    pub is_held: bool,
}

/// Every package that dpkg has something of, by its name.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Dpkg {
    packages: BTreeMap<String, Known>,
    /// Those that came for the sake of others.
    automatic: BTreeSet<String>,
    /// It was cut short, and left its account in pieces.
    is_cut: bool,
}

impl Dpkg {
    pub fn read() -> Result<Dpkg> {
        let text = fs::read_to_string(STATUS)
            .context(|| format!("read `{STATUS}`"))
            .map_err(|error| error.hint("packages are for Debian and Ubuntu"))?;
        let pieces = fs::read_dir(Path::new(UPDATES)).map_or(0, |entries| entries.flatten().count());
        let automatic = match fs::read_to_string(EXTENDED) {
            Err(error) if error.kind() == ErrorKind::NotFound => BTreeSet::new(),
            text => automatic(&text.context(|| format!("read `{EXTENDED}`"))?),
        };
        Ok(Dpkg { packages: parse(&text), automatic, is_cut: pieces > 0 })
    }

    /// How it is, for the way back.
    pub fn state(&self, name: &str) -> PackageState {
        let known = self.packages.get(name);
        PackageState {
            version: self.installed(name).map(str::to_owned),
            is_configured: known.is_some(),
            is_held: known.is_some_and(|known| known.is_held),
            is_automatic: self.automatic.contains(name),
        }
    }

    /// The version that is installed; none where it is not, or only in part.
    pub fn installed(&self, name: &str) -> Option<&str> {
        self.packages.get(name).filter(|known| known.state == "installed").map(|known| known.version.as_str())
    }

    /// The version that is there, be it in part; none where at most its configuration is.
    pub fn present(&self, name: &str) -> Option<&str> {
        self.packages.get(name).filter(|known| known.state != "config-files").map(|known| known.version.as_str())
    }

    pub fn is_held(&self, name: &str) -> bool {
        self.packages.get(name).is_some_and(|known| known.is_held)
    }

    /// True where dpkg has anything of it, if only its configuration.
    pub fn knows(&self, name: &str) -> bool {
        self.packages.contains_key(name)
    }

    /// Packages that were left half way, or nothing where all is in order.
    pub fn interrupted(&self) -> Vec<&str> {
        let half = self.packages.iter().filter(|(_, known)| !is_settled(&known.state));
        let mut names: Vec<&str> = half.map(|(name, _)| name.as_str()).collect();
        if names.is_empty() && self.is_cut {
            names.push("dpkg");
        }
        names
    }
}

fn is_settled(state: &str) -> bool {
    matches!(state, "installed" | "config-files" | "not-installed" | "triggers-pending" | "triggers-awaited")
}

/// A field of a paragraph of deb-control(5) that has one line.
fn field(paragraph: &str, name: &str) -> Option<String> {
    paragraph.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).map(str::to_owned)
}

fn automatic(text: &str) -> BTreeSet<String> {
    let paragraphs = text.split("\n\n").filter(|text| field(text, "Auto-Installed").as_deref() == Some("1"));
    paragraphs.filter_map(|text| field(text, "Package")).collect()
}

fn parse(text: &str) -> BTreeMap<String, Known> {
    let known = text
        .split("\n\n")
        .filter_map(|paragraph| {
            let field = |name: &str| field(paragraph, name);
            // `Status: install ok installed`: what is wanted, whether it needs to be done again, what is.
            let status = field("Status")?;
            let mut words = status.split(' ');
            let (wanted, flag, state) = (words.next()?, words.next()?, words.next()?);
            let state = if flag == "ok" { state } else { flag };
            let version = field("Version").unwrap_or_default();
            Some((field("Package")?, Known { version, state: state.to_owned(), is_held: wanted == "hold" }))
        })
        .filter(|(_, known)| known.state != "not-installed");
    // Of several architectures of one package, what is installed counts.
    known.fold(BTreeMap::new(), |mut all, (name, known)| {
        if all.get(&name).is_none_or(|other: &Known| other.state != "installed") {
            all.insert(name, known);
        }
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_says_what_is_there_held_or_half_done() {
        let text = "Package: chrony\nStatus: install ok installed\nArchitecture: amd64\nVersion: 4.3-2\n\
                    Description: clock\n Package: no field\n\n\
                    Package: kubelet\nStatus: hold ok installed\nVersion: 1.32.1-1.1\n\n\
                    Package: jq\nStatus: install ok half-configured\nVersion: 1.6\n\n\
                    Package: tree\nStatus: deinstall ok config-files\nVersion: 2.1.0\n\n\
                    Package: bad\nStatus: install reinstreq half-installed\nVersion: 1\n";
        let dpkg = Dpkg {
            packages: parse(text),
            automatic: automatic("Package: tree\nArchitecture: amd64\nAuto-Installed: 1\n"),
            is_cut: false,
        };
        assert_eq!((dpkg.installed("chrony"), dpkg.installed("tree")), (Some("4.3-2"), None));
        assert!(dpkg.is_held("kubelet") && !dpkg.is_held("chrony") && dpkg.knows("tree") && !dpkg.knows("vim"));
        assert_eq!(dpkg.interrupted(), ["bad", "jq"]);
        let tree = PackageState { version: None, is_configured: true, is_held: false, is_automatic: true };
        assert_eq!((dpkg.state("tree"), dpkg.state("vim")), (tree, PackageState::default()));
    }
}
