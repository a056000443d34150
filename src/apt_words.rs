//! What apt says when it fails, made an error of ours.

use crate::error::Error;

/// apt's own words of what went wrong, the first cause first, and what to do about it.
pub fn failure(stdout: &str, stderr: &str, status: &str) -> Error {
    let mut why: Vec<String> = unmet(stdout).map(str::to_owned).collect();
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

/// What of which package cannot be had, in the lines behind the head that says so: `x : Depends: y but it is not
/// installable`.
fn unmet(stdout: &str) -> impl Iterator<Item = &str> {
    let behind = stdout.lines().skip_while(|line| !line.ends_with("have unmet dependencies:")).skip(1);
    behind.take_while(|line| line.starts_with(' ')).map(str::trim)
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
    (
        &["is not signed"],
        "the archive has no signature that counts: it has to be given with the key that it is signed with",
    ),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_cause_is_told_with_its_remedy() {
        let stderr = "W: something\nE: The repository 'http://x lab InRelease' is not signed.\nE: other\n";
        let error = failure("", stderr, "exit status: 100");
        assert_eq!(error.to_string(), "The repository 'http://x lab InRelease' is not signed.; other");
        assert!(error.what_to_try().unwrap().contains("the key that it is signed with"));
        assert_eq!(failure("a\nb\n", "", "exit status: 1").to_string(), "apt ended with exit status: 1: a; b");
        let stdout = "The following packages have unmet dependencies:\n x : Depends: y but it is not installable\n\
                      \x20    Depends: z (>= 2)\nother\n";
        assert_eq!(
            failure(stdout, "E: Unable to correct problems\n", "exit status: 100").to_string(),
            "x : Depends: y but it is not installable; Depends: z (>= 2); Unable to correct problems"
        );
    }
}
