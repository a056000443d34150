//! How far apt is, from the lines that it writes to its status descriptor (apt's doc/progress-reporting).

use crate::progress::Progress;

/// A line of the status descriptor, or none where it is something else that apt printed.
#[derive(Debug, PartialEq)]
pub enum Step<'a> {
    /// `dlstatus:1:20.5:Retrieving file 1 of 3`
    Download(f64, &'a str),
    /// `pmstatus:chrony:40.0:Unpacking chrony (amd64)`
    Install(f64, &'a str),
    /// `pmerror:chrony:40.0:…`
    Error(&'a str),
}

pub fn parse(line: &str) -> Option<Step<'_>> {
    let (kind, rest) = line.split_once(':')?;
    let mut parts = rest.splitn(3, ':');
    // The name of a package may have its architecture behind a colon.
    let (what, mut percent, mut words) = (parts.next()?, parts.next()?, parts.next()?);
    if percent.parse::<f64>().is_err() {
        (percent, words) = words.split_once(':')?;
    }
    let percent: f64 = percent.parse().ok().filter(|percent| (0.0..=100.0).contains(percent))?;
    match kind {
        "dlstatus" => Some(Step::Download(percent, words)),
        "pmstatus" => Some(Step::Install(percent, words)),
        "pmerror" => Some(Step::Error(if words.is_empty() { what } else { words })),
        _ => None,
    }
}

/// Shows a line of apt's; true where it was one of the status descriptor.
pub fn show(line: &str, progress: &Progress) -> bool {
    match parse(line) {
        Some(Step::Download(percent, words)) => progress.doing(&format!("download {percent:.0} % · {words}")),
        Some(Step::Install(percent, words)) => progress.doing(&format!("install {percent:.0} % · {words}")),
        Some(Step::Error(words)) => log::debug!("apt: {words}"),
        None => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_status_descriptor_are_known_among_others() {
        assert_eq!(
            parse("dlstatus:1:20.5:Retrieving file 1 of 3"),
            Some(Step::Download(20.5, "Retrieving file 1 of 3"))
        );
        assert_eq!(parse("pmstatus:jq:40:Unpacking jq"), Some(Step::Install(40.0, "Unpacking jq")));
        assert_eq!(parse("pmstatus:libjq1:amd64:40.0000:Unpacking"), Some(Step::Install(40.0, "Unpacking")));
        assert_eq!(parse("pmerror:jq:40:broken: no space"), Some(Step::Error("broken: no space")));
        for other in ["Reading package lists...", "E: Unable to locate package x", "Get:1 http://x lab", "a:b:c:d"] {
            assert_eq!(parse(other), None);
        }
    }
}
