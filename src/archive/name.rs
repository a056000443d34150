//! Names in an archive, which came from somebody else: a run's id, and the path of a file within a run.

use std::{borrow::Borrow, fmt, path::Path, str::FromStr};

use serde::Serialize;

/// Time, recipe and random letters: the one top directory of an archive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RunId(String);

/// Bytes of an id, and of one part of a path: what a file name may have.
const LONGEST_PART: usize = 255;
const LONGEST_PATH: usize = 1024;

impl FromStr for RunId {
    type Err = String;

    fn from_str(text: &str) -> Result<RunId, String> {
        // A recipe may be called anything that a file may.
        let plain = text.starts_with(char::is_alphanumeric) && !text.contains(|c: char| c == '/' || c.is_control());
        match plain && text.len() <= LONGEST_PART {
            true => Ok(RunId(text.to_owned())),
            false => Err(format!("`{}` is no id of a run", text.escape_debug())),
        }
    }
}

impl RunId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl AsRef<Path> for RunId {
    fn as_ref(&self) -> &Path {
        Path::new(&self.0)
    }
}

/// Path of a file within a run's directory: it leads down only, and fits on a line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RunPath(String);

impl FromStr for RunPath {
    type Err = String;

    fn from_str(text: &str) -> Result<RunPath, String> {
        let refuse = |why: &str| Err(format!("`{}` {why}", text.escape_debug()));
        if text.starts_with('/') {
            return refuse("is an absolute path");
        }
        if text.len() > LONGEST_PATH {
            return Err(format!("a path of {} bytes is longer than {LONGEST_PATH}", text.len()));
        }
        if text.chars().any(char::is_control) {
            return refuse("has control characters");
        }
        for part in text.split('/') {
            match part {
                ".." => return refuse("leads out of the run with `..`"),
                "" | "." => return refuse("is no plain path"),
                part if part.len() > LONGEST_PART => return refuse("has a part longer than a file name may be"),
                _ => {}
            }
        }
        Ok(RunPath(text.to_owned()))
    }
}

impl RunPath {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunPath {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl AsRef<Path> for RunPath {
    fn as_ref(&self) -> &Path {
        Path::new(&self.0)
    }
}

impl Borrow<str> for RunPath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_path_that_leads_elsewhere_is_none() {
        for bad in ["", "/x", "../x", "a/../b", "a//b", "./a", "a/", "a/.", "a\nb", "a\0b", &"x".repeat(256)] {
            assert!(bad.parse::<RunPath>().is_err(), "{bad:?}");
        }
        for good in ["run.json", "raw/ping-veth again-1.txt", "raw/..x", "raw/größe.txt"] {
            assert_eq!(good.parse::<RunPath>().unwrap().as_str(), good);
        }
    }

    #[test]
    fn an_id_is_the_name_of_one_directory_and_of_no_option() {
        for bad in ["", "-o", ".", "..", ".x", "a/b", "$(x)", "a\n", &"x".repeat(256)] {
            assert!(bad.parse::<RunId>().is_err(), "{bad:?}");
        }
        for good in ["20261122-140000-ex1-abcd", "20261122-140000-my lab's (1)-abcd"] {
            assert_eq!(good.parse::<RunId>().unwrap().as_str(), good);
        }
    }

    proptest! {
        #[test]
        fn whatever_is_a_path_stays_below(text in "[./a\\x00-\\x20]{0,12}") {
            if let Ok(path) = text.parse::<RunPath>() {
                let plain = |part| matches!(part, std::path::Component::Normal(_));
                prop_assert!(Path::new(path.as_str()).components().all(plain));
            }
        }
    }
}
