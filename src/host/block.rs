//! Lines of labkit's own in a file that others write as well, between two marks.

use std::path::Path;

use serde::Deserialize;

use super::{
    place::{self, FilePath, Seen},
    shell,
    standing::{self, FOREIGN},
};
use crate::{
    digest::sha256_hex,
    error::{Error, Result},
    journal::{Before, FileState},
    lab::{
        Lab,
        operation::{Difference, Operation},
    },
};

/// Lines in a file such as /etc/hosts: what stands around them is left alone, also on the way back.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// Absolute; the file is made where it is not there.
    pub path: FilePath,
    /// What the lines are called in their marks.
    pub name: String,
    /// The lines; none takes the block away.
    pub content: String,
    /// Begins a comment in this file; `#` unless given.
    #[serde(default = "number_sign")]
    pub comment: String,
}

fn number_sign() -> String {
    "#".to_owned()
}

impl Block {
    /// One that was written before.
    pub fn between(path: &Path, name: &str, comment: &str, content: &str) -> Result<Block> {
        let path: FilePath = path.display().to_string().parse().map_err(Error::failed)?;
        Ok(Block { path, name: name.to_owned(), content: content.to_owned(), comment: comment.to_owned() })
    }

    fn marks(&self) -> [String; 2] {
        ["begin", "end"].map(|which| format!("{} labkit {} {which}", self.comment, self.name))
    }

    /// Marks that would not be found again, or found where they are not.
    fn check(&self) -> Result<()> {
        let plain = |text: &str| !text.trim().is_empty() && !text.chars().any(char::is_control);
        if !plain(&self.name) || !plain(&self.comment) {
            return Err(Error::usage("`name` and `comment` are one line each, and not empty"));
        }
        match self.content.lines().find(|line| self.marks().iter().any(|mark| mark == line)) {
            Some(mark) => Err(Error::usage(format!("`content` has the mark `{mark}` in it"))),
            None => Ok(()),
        }
    }

    /// What stands between the marks now; none where they are not there.
    fn of(&self, text: &str) -> Option<String> {
        let [begin, end] = self.marks();
        let (_, rest) = text.split_once(&format!("{begin}\n"))?;
        rest.split_once(&format!("{end}\n")).map(|(block, _)| block.to_owned())
    }

    /// The text with these lines between the marks, or without the marks.
    fn with(&self, text: &str, content: Option<&str>) -> String {
        let [begin, end] = self.marks();
        let block = content.map_or(String::new(), |content| format!("{begin}\n{content}{end}\n"));
        if let Some((before, rest)) = text.split_once(&format!("{begin}\n"))
            && let Some((_, after)) = rest.split_once(&format!("{end}\n"))
        {
            return format!("{before}{block}{after}");
        }
        let gap = if block.is_empty() || text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        format!("{text}{gap}{block}")
    }

    fn lines(&self) -> String {
        let content = self.content.as_str();
        if content.is_empty() || content.ends_with('\n') { content.to_owned() } else { format!("{content}\n") }
    }
}

fn text(seen: &Seen) -> Result<&str> {
    match &seen.state {
        FileState::Absent | FileState::File { .. } => {
            std::str::from_utf8(&seen.content).map_err(|_| Error::failed("it is no text"))
        }
        _ => Err(Error::failed("it is no file")),
    }
}

/// Puts a text in the place of a file, whose mode and owner stay.
fn write(path: &Path, seen: &Seen, text: &str) -> Result<()> {
    let (mode, uid, gid) = match seen.state {
        FileState::File { mode, uid, gid, .. } => (mode, uid, gid),
        // In somebody's home it is theirs.
        _ => match place::look(path.parent().unwrap_or(path))?.state {
            FileState::Directory { uid, gid, .. } => (0o644, uid, gid),
            _ => (0o644, 0, 0),
        },
    };
    place::put(path, &FileState::File { sha256: sha256_hex(text.as_bytes()), mode, uid, gid }, text.as_bytes())
}

/// A block as it is, and whether somebody else changed it since labkit wrote it.
pub struct Lines {
    seen: Seen,
    is_foreign: bool,
}

impl Operation for Block {
    type Seen = Lines;

    fn title(&self) -> String {
        format!("lines {} of {}", self.name, self.path)
    }

    fn look(&self, lab: &Lab) -> Result<Lines> {
        self.check()?;
        let seen = place::look(self.path.as_path())?;
        let now = self.of(text(&seen)?);
        let last = lab.changes().iter().rev().find_map(|change| match &change.before {
            Before::Block { path, name, content, after, .. } if path == self.path.as_path() && *name == self.name => {
                Some((content, after))
            }
            _ => None,
        });
        let is_foreign = last.is_some_and(|(before, after)| now != *before && now.as_ref() != Some(after));
        Ok(Lines { seen, is_foreign })
    }

    fn difference(&self, Lines { seen, is_foreign }: &Lines) -> Option<Difference> {
        let now = text(seen).unwrap_or_default();
        let wanted = self.with(now, Some(&self.lines()));
        let words = if *is_foreign { format!("change them; {FOREIGN}") } else { "change them".to_owned() };
        (now != wanted).then(|| Difference { words, lines: standing::lines(now.as_bytes(), wanted.as_bytes()) })
    }

    fn before(&self, Lines { seen, is_foreign }: &Lines, lab: &mut Lab) -> Result<Before> {
        if *is_foreign && !lab.force {
            return Err(standing::foreign());
        }
        Ok(Before::Block {
            path: self.path.as_path().to_owned(),
            name: self.name.clone(),
            comment: self.comment.clone(),
            content: self.of(text(seen)?),
            after: self.lines(),
            existed: seen.state != FileState::Absent,
        })
    }

    fn apply(&self, Lines { seen, .. }: &Lines, _: &Lab) -> Result<()> {
        write(self.path.as_path(), seen, &self.with(text(seen)?, Some(&self.lines())))
    }

    fn explain(&self) -> Vec<String> {
        let [begin, end] = self.marks().map(|mark| shell::pattern(&mark));
        let path = self.path.to_string();
        let there = shell::command(&["test", "-e", &path]);
        let [first, last] = self.marks();
        vec![
            format!("{there} || {}", shell::command(&["install", "-m", "0644", "/dev/null", &path])),
            shell::command(&["sed", "-i", &format!("/^{begin}$/,/^{end}$/d"), &path]),
            shell::with_input(&["tee", "-a", &path], &format!("{first}\n{}{last}\n", self.lines())),
        ]
    }
}

/// Puts the lines back that were between the marks, or takes the marks away; a file that then holds nothing and was not
/// there before goes.
pub fn revert(block: &Block, content: Option<&str>, existed: bool, force: bool) -> Result<()> {
    let seen = place::look(block.path.as_path())?;
    let now = text(&seen)?;
    let lines = block.of(now);
    if lines.as_deref() != content && lines.as_ref() != Some(&block.content) && lines.is_some() && !force {
        return Err(Error::failed(format!(
            "the lines `{}` of `{}` were changed by somebody else since",
            block.name, block.path
        ))
        .hint(standing::BACK));
    }
    let wanted = block.with(now, content);
    match () {
        () if wanted.is_empty() && !existed => place::put(block.path.as_path(), &FileState::Absent, b""),
        () if wanted == now => place::clear_rest(block.path.as_path()),
        () => write(block.path.as_path(), &seen, &wanted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn block(content: &str) -> Block {
        let (path, name) = ("/etc/hosts".parse().unwrap(), "nodes".to_owned());
        Block { path, name, content: content.to_owned(), comment: number_sign() }
    }

    #[test]
    fn lines_are_added_changed_and_taken_away_between_their_marks() {
        let before = "127.0.0.1 localhost\n";
        let with = block("a\n").with(before, Some("a\n"));
        assert_eq!(with, "127.0.0.1 localhost\n# labkit nodes begin\na\n# labkit nodes end\n");
        let changed = block("b\n").with(&format!("{with}::1 six\n"), Some("b\n"));
        assert_eq!(changed, "127.0.0.1 localhost\n# labkit nodes begin\nb\n# labkit nodes end\n::1 six\n");
        assert_eq!(block("").with(&changed, None), "127.0.0.1 localhost\n::1 six\n");
    }

    #[test]
    fn marks_are_lines_that_stand_nowhere_else() {
        assert!(block("a\n").check().is_ok());
        assert!(block("# labkit nodes end\n").check().is_err());
        assert!(Block { name: "a\nb".into(), ..block("") }.check().is_err());
        assert!(Block { comment: " ".into(), ..block("") }.check().is_err());
    }

    proptest! {
        #[test]
        fn what_is_put_in_comes_out_and_leaves_nothing(text in "([a-z #]{0,9}\n){0,4}", content in "([a-z]{0,9}\n){0,3}") {
            let block = block(&content);
            let with = block.with(&text, Some(&content));
            prop_assert_eq!(block.of(&with), Some(content.clone()));
            prop_assert_eq!(block.with(&with, Some(&content)), with.clone());
            prop_assert_eq!(block.with(&with, None), text);
        }
    }
}
