//! apt-get, run so that it asks nothing, waits for others, tells how far it is, and says why it failed.

use std::collections::BTreeMap;

use super::{dpkg::Dpkg, elsewhere, progress};
use crate::{
    apt_words::failure,
    error::{Error, Result},
    exec::Program,
    lab::PackageArchive,
    progress::Progress,
};

/// Nobody is there to answer; services are restarted as Debian's own scripts do it, and not asked about.
const SURROUNDINGS: [&str; 4] =
    ["env", "DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_MODE=l", "APT_LISTCHANGES_FRONTEND=none"];
/// Seconds to wait for another apt or dpkg, such as the one that unattended upgrades run at boot.
const PATIENCE: &str = "DPkg::Lock::Timeout=600";
/// A file of the machine's own, changed by somebody, stays; a mirror that drops the line is asked again; the first
/// list that cannot be had or trusted is an error, and no old one is used in its stead.
const OPTIONS: [&str; 6] = [
    "Acquire::Retries=3",
    "APT::Update::Error-Mode=any",
    "Dpkg::Options::=--force-confdef",
    "Dpkg::Options::=--force-confold",
    "Dpkg::Use-Pty=0",
    "APT::Color=0",
];

/// Where packages come from; none where from the machine's own archives.
pub type Archive<'a> = Option<&'a PackageArchive>;

/// What `apt-cache` says to these words.
pub fn ask(words: &[&str], archive: Archive) -> Result<String> {
    let elsewhere = elsewhere::options(archive);
    let argv = std::iter::once("apt-cache").chain(elsewhere.iter().map(String::as_str));
    crate::command::run(&argv.chain(words.iter().copied()).collect::<Vec<_>>())
}

/// Runs `apt-get` with these words to its end.
pub fn run(words: &[&str], archive: Archive, progress: &Progress) -> Result<String> {
    let elsewhere = elsewhere::options(archive);
    let mut argv: Vec<&str> = SURROUNDINGS.into();
    argv.extend(["apt-get", "--yes", "--quiet", "-o", PATIENCE, "-o", "APT::Status-Fd=1"]);
    argv.extend(OPTIONS.iter().flat_map(|option| ["-o", option]));
    argv.extend(elsewhere.iter().map(String::as_str));
    argv.extend(words);
    attempt(&argv, progress)
}

/// Brings a dpkg that was cut short back into order.
pub fn repair(archive: Archive, progress: &Progress) -> Result<()> {
    let half = Dpkg::read()?.interrupted().join(", ");
    if half.is_empty() {
        return Ok(());
    }
    progress.line(&format!("repair    dpkg was cut short at {half}"));
    let configure: Vec<&str> =
        SURROUNDINGS.into_iter().chain(["dpkg", "--force-confdef", "--force-confold", "--configure", "-a"]).collect();
    // What it cannot finish without another package is for apt to mend.
    let configured = attempt(&configure, progress);
    run(&["--fix-broken", "install"], archive, progress).map_err(|error| match configured {
        Err(first) => first.then(&error),
        Ok(_) => error,
    })?;
    match Dpkg::read()?.interrupted().join(", ") {
        half if half.is_empty() => Ok(()),
        half => Err(Error::failed(format!("dpkg cannot finish {half}")).hint("look at it: dpkg --audit")),
    }
}

fn attempt(argv: &[&str], progress: &Progress) -> Result<String> {
    let mut said = String::new();
    let output = Program { argv, limit: std::time::Duration::MAX }.to_the_end(&mut |line| {
        if !progress::show(line, progress) {
            said += line;
            said.push('\n');
        }
    })?;
    match output.status.success() {
        true => Ok(said),
        false => Err(failure(&said, &String::from_utf8_lossy(&output.stderr), &output.status.to_string())),
    }
}

/// What an installation or removal would do: each package that it would touch, and whether that would go.
pub fn simulate(words: &[&str], archive: Archive) -> Result<BTreeMap<String, bool>> {
    let elsewhere = elsewhere::options(archive);
    let argv = ["apt-get", "--simulate", "--quiet", "-o", "Debug::NoLocking=1"].into_iter();
    let argv: Vec<&str> = argv.chain(elsewhere.iter().map(String::as_str)).chain(words.iter().copied()).collect();
    let output = crate::command::attempt(&argv)?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.success() {
        true => Ok(said.lines().filter_map(simulated).collect()),
        false => Err(failure(&said, &String::from_utf8_lossy(&output.stderr), &output.status.to_string())),
    }
}

/// `Inst jq [1.5] (1.6 Debian:12 [amd64])`, `Remv jq [1.6]`, `Purg jq [1.6]`
fn simulated(line: &str) -> Option<(String, bool)> {
    let mut words = line.split(' ');
    let goes = match words.next()? {
        "Inst" => false,
        "Remv" | "Purg" => true,
        _ => return None,
    };
    Some((words.next()?.split(':').next()?.to_owned(), goes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_apt_would_do_is_read() {
        assert_eq!(simulated("Inst jq (1.6-2.1 Debian:12 [amd64])"), Some(("jq".into(), false)));
        assert_eq!(simulated("Inst libc6:amd64 [2.36-9] (2.36-10 x [amd64]) []"), Some(("libc6".into(), false)));
        assert_eq!(simulated("Remv jq [1.6-2.1]"), Some(("jq".into(), true)));
        assert_eq!(simulated("Conf jq (1.6-2.1 Debian:12 [amd64])"), None);
    }
}
