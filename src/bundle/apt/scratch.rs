//! apt in a place of its own: sources that are given, an account of no packages, and nothing of this machine's.

use std::{
    env,
    fs::{self, DirBuilder},
    path::Path,
    sync::atomic::AtomicBool,
    time::Duration,
};

use super::{
    configuration, known, relation,
    resolve::{self, Resolved},
    source::{self, Source},
};
use crate::{
    apt_words::failure,
    error::{Context, Error, Result},
    exec::{Program, at_most, is_missing},
    scratch,
};

/// The lists of some sources, fetched once; gone when nobody needs them any more.
#[derive(Debug)]
pub struct Scratch {
    dir: scratch::Scratch,
    architecture: String,
}

/// Directories that apt misses where they are not there.
const DIRECTORIES: [&str; 9] = [
    "etc/apt/apt.conf.d",
    "etc/apt/auth.conf.d",
    "etc/apt/keyrings",
    "etc/apt/preferences.d",
    "etc/apt/sources.list.d",
    "etc/apt/trusted.gpg.d",
    "var/cache/apt/archives/partial",
    "var/lib/apt/lists/partial",
    "var/lib/dpkg",
];
/// For a slow line to a mirror.
const UPDATE: Duration = Duration::from_secs(1800);
/// For everything that needs the lists only.
const LOOK: Duration = Duration::from_secs(300);
/// Bytes that apt prints at most: all of Debian's packages in full are a quarter of it.
const MOST_PRINTED: u64 = 512 << 20;

impl Scratch {
    /// Fetches the lists for an architecture, be it another than this machine's. Where it takes the machine's own sources,
    /// these count with their keys and preferences. Needs no rights.
    pub fn new(architecture: &str, takes_own: bool, sources: &[Source]) -> Result<Scratch> {
        if !relation::is_name(architecture) {
            return Err(Error::usage(format!("`{}` is no architecture", architecture.escape_debug())));
        }
        let scratch = Scratch {
            dir: scratch::Scratch::create(&env::temp_dir(), "labkit-apt-")?,
            architecture: architecture.to_owned(),
        };
        scratch.prepare(takes_own, sources).context(|| "prepare a place for apt")?;
        scratch.apt(&["apt-get", "--quiet", "update"], UPDATE).context(|| "fetch the lists of packages")?;
        Ok(scratch)
    }

    pub fn architecture(&self) -> &str {
        &self.architecture
    }

    /// The wanted packages (`jq`, `kubeadm=1.32.1-1.1`) and all that they need on a machine that has nothing, chosen by
    /// apt: where each is fetched, how large it is, and its digest. In the order of their names.
    pub fn resolve(&self, wanted: &[String]) -> Result<Vec<Resolved>> {
        resolve::resolve(self, wanted)
    }

    /// The packages that a root file system is made of: those that are marked essential, and `usr-is-merged` where there
    /// is one, in whose stead apt would take a program that merges /usr, and Perl with it. What they need is for
    /// `resolve`. apt itself, which it takes for essential as well, is not among them.
    pub fn essential(&self) -> Result<Vec<String>> {
        known::essential(self).context(|| "look for the essential packages")
    }

    /// What a program of apt's prints.
    pub fn look(&self, argv: &[&str]) -> Result<String> {
        self.apt(argv, LOOK)
    }

    fn apt(&self, argv: &[&str], limit: Duration) -> Result<String> {
        let setting = format!("APT_CONFIG={}", self.dir.path().join("apt.conf").display());
        run(&[&["env", &setting], argv].concat(), limit)
    }

    fn prepare(&self, takes_own: bool, sources: &[Source]) -> Result<()> {
        let dir = self.dir.path();
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+~".contains(c);
        if !dir.to_str().is_some_and(|path| path.chars().all(plain)) {
            return Err(Error::failed(format!("apt cannot take `{}` for a directory", dir.display()))
                .hint("another TMPDIR, of letters and digits, would do"));
        }
        for below in DIRECTORIES {
            DirBuilder::new().recursive(true).create(dir.join(below))?;
        }
        fs::write(dir.join("status"), "")?;
        let machine = run(&["apt-config", "dump"], LOOK)?;
        fs::write(dir.join("apt.conf"), configuration::text(dir, &self.architecture, takes_own, &machine))?;
        let etc = dir.join("etc/apt");
        if takes_own {
            source::link_own(Path::new("/etc/apt"), &etc)?;
        }
        sources.iter().enumerate().try_for_each(|(number, source)| source.write(&etc, number))?;
        match sources.iter().any(|source| source.key.is_none()) {
            true => source::link_keyrings(&etc.join("trusted.gpg.d")),
            false => Ok(()),
        }
    }
}

fn run(argv: &[&str], limit: Duration) -> Result<String> {
    let piped = Program { argv, limit }.pipe(&AtomicBool::new(false), at_most(MOST_PRINTED));
    let (output, printed) = piped.map_err(|error| match is_missing(&error) {
        true => Error::failed("apt is not installed")
            .hint("apt chooses the packages: do it on Debian or Ubuntu, or in a container of one"),
        false => error,
    })?;
    let printed = String::from_utf8_lossy(&printed?).into_owned();
    match output.status.success() {
        true => Ok(printed),
        false => Err(failure(&printed, &String::from_utf8_lossy(&output.stderr), &output.status.to_string())),
    }
}
