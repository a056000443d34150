//! apt-get, run so that it asks nothing, waits for others, tells how far it is, and says why it failed.

use std::collections::BTreeMap;

use super::{dpkg::Dpkg, progress};
use crate::{
    error::{Error, Result},
    exec::Program,
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

/// Runs `apt-get` with these words to its end.
pub fn run(words: &[&str], progress: &Progress) -> Result<String> {
    let mut argv: Vec<&str> = SURROUNDINGS.into();
    argv.extend(["apt-get", "--yes", "--quiet", "-o", PATIENCE, "-o", "APT::Status-Fd=1"]);
    argv.extend(OPTIONS.iter().flat_map(|option| ["-o", option]));
    argv.extend(words);
    attempt(&argv, progress)
}

/// Brings a dpkg that was cut short back into order.
pub fn repair(progress: &Progress) -> Result<()> {
    let half = Dpkg::read()?.interrupted().join(", ");
    if half.is_empty() {
        return Ok(());
    }
    progress.line(&format!("repair    dpkg was cut short at {half}"));
    let configure: Vec<&str> =
        SURROUNDINGS.into_iter().chain(["dpkg", "--force-confdef", "--force-confold", "--configure", "-a"]).collect();
    // What it cannot finish without another package is for apt to mend.
    let configured = attempt(&configure, progress);
    run(&["--fix-broken", "install"], progress).map_err(|error| match configured {
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

/// apt's own words of what went wrong, the first cause first, and what to do about it.
fn failure(stdout: &str, stderr: &str, status: &str) -> Error {
    let mut why: Vec<String> = Vec::new();
    let all: Vec<&str> = stderr.lines().chain(stdout.lines()).collect();
    for (at, line) in all.iter().enumerate() {
        let told = match line.split_once(' ') {
            Some(("E:", cause)) => cause.to_owned(),
            // Why a list is not trusted is only a warning.
            Some(("W:", cause)) if cause.starts_with("GPG error") => cause.to_owned(),
            Some(("dpkg:", cause)) if cause.starts_with("error") => cause.to_owned(),
            // The line below says why a file could not be fetched.
            Some((head, file)) if head.starts_with("Err:") => {
                let below = all.get(at + 1).filter(|below| below.starts_with("  ")).map_or("", |below| below.trim());
                format!("{file}: {below}")
            }
            _ => continue,
        };
        if !why.contains(&told) {
            why.push(told);
        }
    }
    why.truncate(MOST_CAUSES);
    let error = match why.is_empty() {
        true => {
            let last: Vec<&str> = all.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
            Error::failed(format!("apt ended with {status}: {}", last[last.len().saturating_sub(5)..].join("; ")))
        }
        false => Error::failed(why.join("; ")),
    };
    match remedy(&all.join("\n")) {
        Some(remedy) => error.hint(remedy),
        None => error,
    }
}

/// The first ones; what comes after follows from them.
const MOST_CAUSES: usize = 6;

/// Words of apt, dpkg, and what checks signatures (gpgv; sqv from Debian 13 on), and what to do where they stand.
const REMEDIES: [(&[&str], &str); 9] = [
    (
        &["No space left on device"],
        "free some space (`df -h / /var`), and run it again: what is half done is finished then",
    ),
    (&["EXPKEYSIG", "Expired on "], "the archive's key has expired: get the present one from whoever runs the archive"),
    (&["NO_PUBKEY", "Missing key "], "the archive is signed by another key than the one that is trusted for it"),
    (&["BADSIG", "Message has been manipulated"], "the list was changed on its way: do not trust this mirror"),
    (&["is not signed"], "the archive has no signature that counts: give its key to host.archive"),
    (
        &["Conflicting values set for option Signed-By"],
        "two files in /etc/apt/sources.list.d name this archive with different keys: keep one of them",
    ),
    (&["Could not get lock"], "another package manager is at work: wait until it has ended"),
    (&["Connection failed"], "the mirror cannot be reached, or drops the line: try again later, or another mirror"),
    (&["Could not resolve"], "there is no name service, or no network"),
];

fn remedy(said: &str) -> Option<&'static str> {
    REMEDIES.iter().find(|(words, _)| words.iter().any(|words| said.contains(words))).map(|(_, remedy)| *remedy)
}

/// What an installation or removal would do: each package that it would touch, and whether that would go.
pub fn simulate(words: &[&str]) -> Result<BTreeMap<String, bool>> {
    let argv: Vec<&str> =
        ["apt-get", "--simulate", "--quiet", "-o", "Debug::NoLocking=1"].iter().chain(words).copied().collect();
    let output = super::super::command::attempt(&argv)?;
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

    #[test]
    fn the_first_cause_is_told_with_its_remedy() {
        let stderr = "W: something\nE: The repository 'http://x lab InRelease' is not signed.\nE: other\n";
        let error = failure("", stderr, "exit status: 100");
        assert_eq!(error.to_string(), "The repository 'http://x lab InRelease' is not signed.; other");
        assert!(error.what_to_try().unwrap().contains("host.archive"));
        assert_eq!(failure("a\nb\n", "", "exit status: 1").to_string(), "apt ended with exit status: 1: a; b");
    }
}
