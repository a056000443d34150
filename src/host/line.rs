//! One line of a file that others write as well: there, or not there.

use serde::Deserialize;

use super::{
    place::{FilePath, Seen},
    shell,
    standing::{AtPath, edited},
};
use crate::{
    error::{Error, Result},
    journal::FileState,
    quote,
};

/// A line that is to be in a file, in the place of the first one that begins alike, or at its end.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileLine {
    /// The file, which must be there.
    pub path: FilePath,
    /// The line, without its end.
    pub line: String,
    /// How the line begins that it takes the place of; none is replaced unless given.
    #[serde(default)]
    pub starts: Option<String>,
    /// The line is not to be there; false unless given.
    #[serde(default)]
    pub absent: bool,
    /// The file's content is never shown.
    #[serde(default)]
    pub secret: bool,
}

impl FileLine {
    /// The text as it is to be.
    fn edited(&self, text: &str) -> Result<String> {
        if self.line.contains('\n') || self.line.is_empty() {
            return Err(Error::usage("`line` is not one line"));
        }
        let lines = || text.split_inclusive('\n');
        if self.absent {
            return Ok(lines().filter(|line| line.trim_end_matches('\n') != self.line).collect());
        }
        if lines().any(|line| line.trim_end_matches('\n') == self.line) {
            return Ok(text.to_owned());
        }
        let replaced =
            self.starts.as_ref().and_then(|starts| lines().position(|line| line.starts_with(starts.as_str())));
        if let Some(at) = replaced {
            let line = |(n, line): (usize, &str)| if n == at { format!("{}\n", self.line) } else { line.to_owned() };
            return Ok(lines().enumerate().map(line).collect());
        }
        let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        Ok(format!("{text}{gap}{}\n", self.line))
    }
}

impl AtPath for FileLine {
    fn path(&self) -> &FilePath {
        &self.path
    }

    fn title(&self) -> String {
        format!("line in {}", self.path)
    }

    fn wanted(&self, seen: &Seen) -> Result<(FileState, Vec<u8>)> {
        edited(seen, |text| self.edited(text))
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn is_secret(&self) -> bool {
        self.secret
    }

    fn explain(&self) -> Vec<String> {
        let path = self.path.to_string();
        let to = quote::word(&path);
        if self.secret {
            return vec![shell::secret(&format!("a line of {path}"))];
        }
        let there = shell::command(&["grep", "-qxF", "-e", &self.line, &path]);
        if self.absent {
            let without = shell::command(&["grep", "-vxF", "-e", &self.line, &path]);
            return vec![format!(
                "! {there} || {{ {without} >/tmp/labkit.$$ || :; cat /tmp/labkit.$$ >{to}; rm /tmp/labkit.$$; }}"
            )];
        }
        let append =
            format!("{{ {}; printf '%s\\n' {} >>{to}; }}", shell::end_last_line(&path), quote::word(&self.line));
        let Some(starts) = &self.starts else { return vec![format!("{there} || {append}")] };
        // Of variables on its command line awk would read the backslashes.
        let program = "BEGIN { s = ENVIRON[\"s\"]; l = ENVIRON[\"l\"]; n = length(s) } \
                       !done && substr($0, 1, n) == s { print l; done = 1; next } { print } END { if (!done) print l }";
        let awk = shell::command(&["env", &format!("s={starts}"), &format!("l={}", self.line), "awk", program, &path]);
        vec![format!("{there} || {{ {awk} >/tmp/labkit.$$; cat /tmp/labkit.$$ >{to}; rm /tmp/labkit.$$; }}")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(text: &str, line: &str, starts: Option<&str>, absent: bool) -> String {
        let (path, starts) = ("/etc/x".parse().unwrap(), starts.map(str::to_owned));
        FileLine { path, line: line.to_owned(), starts, absent, secret: false }.edited(text).unwrap()
    }

    #[test]
    fn a_line_is_there_once_and_in_its_place() {
        assert_eq!(edited("a=1\nb=2\n", "b=3", Some("b="), false), "a=1\nb=3\n");
        assert_eq!(edited("a=1\nb=2", "c=3", Some("c="), false), "a=1\nb=2\nc=3\n");
        assert_eq!(edited("a=1\nb=3\nb=2\n", "b=3", Some("b="), false), "a=1\nb=3\nb=2\n");
        assert_eq!(edited("", "x", None, false), "x\n");
        assert_eq!(edited("x\ny\nx\n", "x", None, true), "y\n");
    }
}
