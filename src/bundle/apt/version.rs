//! Version numbers of packages, in dpkg's order (deb-version(7)).

use std::{cmp::Ordering, fmt, str::FromStr};

/// `1:2.36-9+deb12u1`: an epoch, what the authors call it, and Debian's revision. Equal is what compares equal: `1.0`
/// and `1.00-0`.
#[derive(Debug, Clone)]
pub struct Version {
    text: String,
    epoch: u32,
    upstream: String,
    revision: String,
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Version, String> {
        let refuse = |why: &str| format!("`{}` is no version of a package: {why}", text.escape_debug());
        let (epoch, rest) = match text.split_once(':') {
            Some((epoch, rest)) => {
                let digits = !epoch.is_empty() && epoch.chars().all(|c| c.is_ascii_digit());
                // dpkg counts with a signed number of 32 bits.
                let number = epoch.parse::<i32>().ok().and_then(|number| u32::try_from(number).ok());
                (number.filter(|_| digits).ok_or_else(|| refuse("its epoch is no number"))?, rest)
            }
            None => (0, text),
        };
        let (upstream, revision) = rest.rsplit_once('-').map_or((rest, None), |(one, other)| (one, Some(other)));
        if upstream.is_empty() || revision.is_some_and(str::is_empty) {
            return Err(refuse("a part of it is empty"));
        }
        if !upstream.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return Err(refuse("it begins with no digit"));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || ".+~".contains(c);
        let revision = revision.unwrap_or_default();
        if !upstream.chars().all(|c| plain(c) || c == '-' || c == ':') || !revision.chars().all(plain) {
            return Err(refuse("letters, digits and . + - ~ : make one"));
        }
        let owned = str::to_owned;
        Ok(Version { text: owned(text), epoch, upstream: owned(upstream), revision: owned(revision) })
    }
}

impl Version {
    /// As a file's name has it: without the epoch.
    pub fn without_epoch(&self) -> &str {
        self.text.split_once(':').map_or(&self.text, |(_, rest)| rest)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.pad(&self.text)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Version) -> Ordering {
        let by_epoch = self.epoch.cmp(&other.epoch);
        by_epoch
            .then_with(|| compare(&self.upstream, &other.upstream))
            .then_with(|| compare(&self.revision, &other.revision))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Version) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Version) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Version {}

/// Runs without digits and runs of digits, in turns.
fn compare(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    while !one.is_empty() || !other.is_empty() {
        let by_run = compare_words(&mut one, &mut other).then_with(|| compare_numbers(&mut one, &mut other));
        if by_run.is_ne() {
            return by_run;
        }
    }
    Ordering::Equal
}

/// Letters stand before all other signs; the end of a run before both; `~` even before the end.
fn weight(byte: Option<&u8>) -> i32 {
    match byte {
        None => 0,
        Some(b'~') => -1,
        Some(byte) if byte.is_ascii_digit() => 0,
        Some(byte) if byte.is_ascii_alphabetic() => i32::from(*byte),
        Some(byte) => i32::from(*byte) + 256,
    }
}

fn compare_words(one: &mut &[u8], other: &mut &[u8]) -> Ordering {
    let goes_on = |bytes: &[u8]| bytes.first().is_some_and(|byte| !byte.is_ascii_digit());
    while goes_on(one) || goes_on(other) {
        let by_sign = weight(one.first()).cmp(&weight(other.first()));
        if by_sign.is_ne() {
            return by_sign;
        }
        // Signs of the same weight here are the same sign, for one of them is no digit.
        (*one, *other) = (&one[1..], &other[1..]);
    }
    Ordering::Equal
}

/// Numbers of any length.
fn compare_numbers(one: &mut &[u8], other: &mut &[u8]) -> Ordering {
    let (number, rest) = number(one);
    let (other_number, other_rest) = self::number(other);
    (*one, *other) = (rest, other_rest);
    number.len().cmp(&other_number.len()).then_with(|| number.cmp(other_number))
}

/// The number that bytes begin with, without zeros before it, and what comes behind.
fn number(bytes: &[u8]) -> (&[u8], &[u8]) {
    let length = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = bytes.split_at(length);
    let zeros = digits.iter().take_while(|byte| **byte == b'0').count();
    (&digits[zeros..], rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn versions_stand_in_dpkgs_order() {
        let ascending = [
            "0~~",
            "0~",
            "0~a",
            "0",
            "0+b1",
            "0.1~rc1-1",
            "0.1-1~deb12u1",
            "0.1-1",
            "0.1-1+b1",
            "0.1-1.1",
            "0.9",
            "0.10",
            "0.10a",
            "0.10+",
            "1-1",
            "1.0.0",
            "1:0~",
            "1:0.1",
            "2:0",
        ];
        for pair in ascending.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{pair:?}");
        }
        for (one, same) in [("1.0", "1.00"), ("1.0", "1.0-0"), ("0:1", "1"), ("1-0", "1-000"), ("a01", "a1")] {
            assert_eq!(version(one), version(same));
        }
        let long = format!("1.{}", "9".repeat(40));
        assert!(version(&long) < version(&format!("{long}0")));
    }

    #[test]
    fn the_last_hyphen_begins_the_revision() {
        let parts = version("2:1.2-rc1:3-4");
        assert_eq!((parts.epoch, parts.upstream.as_str(), parts.revision.as_str()), (2, "1.2-rc1:3", "4"));
        assert_eq!(parts.without_epoch(), "1.2-rc1:3-4");
        assert_eq!(version("1.2").without_epoch(), "1.2");
    }

    #[test]
    fn what_is_no_version_is_refused() {
        let epochs = [":1", "a:1", "-1:1", "+1:1", "2147483648:1", "1:"];
        let others = ["", "-1", "1-", "1 2", "1/2", "1\n", "1_2", "1-ü", "~1", "1:-1-1"];
        for bad in epochs.into_iter().chain(others) {
            assert!(bad.parse::<Version>().is_err(), "{bad}");
        }
    }
}
