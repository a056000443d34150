//! Lines of labkit's own in a file that others write as well, between two marks.

use std::{ops::Range, path::Path};

use serde::Deserialize;

use super::{
    place::{self, FilePath, Seen},
    shell,
    standing::{self, FOREIGN},
};
use crate::{
    digest::sha256_hex,
    error::{Error, Result},
    journal::{Before, Change, FileState, Thing},
    lab::{
        Extent, Lab,
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

    /// Where the marks are: the bytes of the lines between them, and of all with the marks. None where they are not
    /// there; an error that names the line of one without the other, or of one that is there twice.
    fn span(&self, text: &str) -> Result<Option<(Range<usize>, Range<usize>)>> {
        let marks = self.marks();
        let (mut at, mut found) = (0, Vec::new());
        for (line, number) in text.split_inclusive('\n').zip(1..) {
            let which = marks.iter().position(|mark| mark == line.trim_end_matches('\n'));
            found.extend(which.map(|which| (which, number, at..at + line.len())));
            at += line.len();
        }
        match found.as_slice() {
            [] => Ok(None),
            [(0, _, begin), (1, _, end)] => Ok(Some((begin.end..end.start, begin.start..end.end))),
            [.., (which, number, _)] => {
                Err(Error::failed(format!("line {number}: the mark `{}` is not one of a pair", marks[*which]))
                    .hint("take away the marks that are too many, or put back the one that is missing"))
            }
        }
    }

    /// What stands between the marks now; none where they are not there.
    fn of(&self, text: &str) -> Result<Option<String>> {
        Ok(self.span(text)?.map(|(lines, _)| text[lines].to_owned()))
    }

    /// The text with these lines between the marks, or without the marks.
    fn with(&self, text: &str, content: Option<&str>) -> Result<String> {
        let [begin, end] = self.marks();
        let block = content.map_or(String::new(), |content| format!("{begin}\n{content}{end}\n"));
        if let Some((_, all)) = self.span(text)? {
            return Ok(format!("{}{block}{}", &text[..all.start], &text[all.end..]));
        }
        let gap = if block.is_empty() || is_ended(text) { "" } else { "\n" };
        Ok(format!("{text}{gap}{block}"))
    }

    /// The text as it was before the block was written, as far as the block goes.
    pub fn back(&self, text: &str, earlier: &Earlier) -> Result<String> {
        let is_last = self.span(text)?.is_some_and(|(_, all)| all.end == text.len());
        let mut back = self.with(text, earlier.content)?;
        if earlier.content.is_none() && !earlier.was_ended && is_last && back.ends_with('\n') {
            back.pop();
        }
        Ok(back)
    }

    /// What labkit did to this block and has not taken back, oldest first.
    fn earlier<'a>(&'a self, lab: &'a Lab) -> impl Iterator<Item = &'a Change> {
        lab.changes().iter().filter(|change| {
            matches!(&change.before, Before::Block { path, name, .. } if path == self.path.as_path() && *name == self.name)
        })
    }

    fn lines(&self) -> String {
        let content = self.content.as_str();
        if content.is_empty() || content.ends_with('\n') { content.to_owned() } else { format!("{content}\n") }
    }
}

/// True where a line could follow.
fn is_ended(text: &str) -> bool {
    text.is_empty() || text.ends_with('\n')
}

fn text(seen: &Seen) -> Result<&str> {
    match &seen.state {
        FileState::Absent | FileState::File { .. } => {
            std::str::from_utf8(&seen.content).map_err(|_| Error::failed("it is no text"))
        }
        other => Err(standing::no_file(other)),
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

/// A block as it is, the text as it is to be, and whether somebody else changed the block since labkit wrote it.
#[derive(PartialEq)]
pub struct Lines {
    seen: Seen,
    now: Option<String>,
    wanted: String,
    is_foreign: bool,
}

impl Operation for Block {
    type Seen = Lines;

    fn title(&self) -> String {
        format!("lines {} of {}", self.name, self.path)
    }

    fn claim(&self) -> Option<(&Path, Extent)> {
        Some((self.path.as_path(), Extent::Part))
    }

    fn things(&self) -> Vec<Thing> {
        vec![Thing::Lines(self.path.as_path().to_owned(), self.name.clone())]
    }

    fn look(&self, lab: &Lab) -> Result<Lines> {
        self.check()?;
        let seen = place::look(self.path.as_path())?;
        let now = self.of(text(&seen)?)?;
        let last = self.earlier(lab).last().and_then(|change| match &change.before {
            Before::Block { content, after, .. } => Some((content, after)),
            _ => None,
        });
        let is_foreign = last.is_some_and(|(before, after)| now != *before && now.as_ref() != Some(after));
        let wanted = self.with(text(&seen)?, Some(&self.lines()))?;
        Ok(Lines { seen, now, wanted, is_foreign })
    }

    fn difference(&self, Lines { seen, wanted, is_foreign, .. }: &Lines) -> Option<Difference> {
        let now = text(seen).unwrap_or_default();
        let words = if *is_foreign { format!("change them; {FOREIGN}") } else { "change them".to_owned() };
        (now != wanted).then(|| Difference { words, lines: standing::lines(now.as_bytes(), wanted.as_bytes()) })
    }

    fn before(&self, Lines { seen, now, is_foreign, .. }: &Lines, lab: &mut Lab) -> Result<Before> {
        if *is_foreign {
            let earlier = self.earlier(lab).map(|change| change.id).collect();
            standing::overrule(earlier, lab)?;
        }
        // A file that labkit made, for whichever block, goes with the last of them.
        let is_made = lab.changes().iter().any(
            |change| matches!(&change.before, Before::Block { path, existed: false, .. } if path == self.path.as_path()),
        );
        Ok(Before::Block {
            path: self.path.as_path().to_owned(),
            name: self.name.clone(),
            comment: self.comment.clone(),
            content: now.clone(),
            after: self.lines(),
            existed: seen.state != FileState::Absent && !is_made,
            was_ended: now.is_some() || is_ended(text(seen)?),
        })
    }

    fn apply(&self, Lines { seen, wanted, .. }: &Lines, _: &Lab) -> Result<()> {
        write(self.path.as_path(), seen, wanted)
    }

    fn explain(&self) -> Vec<String> {
        let [begin, end] = self.marks().map(|mark| shell::pattern(&mark));
        let path = self.path.to_string();
        let there = shell::command(&["test", "-e", &path]);
        let [first, last] = self.marks();
        vec![
            format!("{there} || {}", shell::command(&["install", "-m", "0644", "/dev/null", &path])),
            shell::command(&["sed", "-i", &format!("/^{begin}$/,/^{end}$/d"), &path]),
            // The last line may have no end.
            shell::end_last_line(&path),
            shell::with_input(&["tee", "-a", &path], &format!("{first}\n{}{last}\n", self.lines())),
        ]
    }
}

/// What a file with a block was like before.
pub struct Earlier<'a> {
    pub content: Option<&'a str>,
    pub existed: bool,
    pub was_ended: bool,
}

/// Puts the lines back that were between the marks, or takes the marks away; a file that then holds nothing and was not
/// there before goes.
pub fn revert(block: &Block, earlier: &Earlier, force: bool) -> Result<()> {
    let seen = place::look(block.path.as_path())?;
    let now = text(&seen)?;
    let lines = block.of(now)?;
    if lines.as_deref() != earlier.content && lines.as_ref() != Some(&block.content) && lines.is_some() && !force {
        return Err(Error::failed(format!(
            "the lines `{}` of `{}` were changed by somebody else since",
            block.name, block.path
        ))
        .hint(standing::BACK));
    }
    let wanted = block.back(now, earlier)?;
    match () {
        () if wanted.is_empty() && !earlier.existed => place::put(block.path.as_path(), &FileState::Absent, b""),
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
        let with = block("a\n").with(before, Some("a\n")).unwrap();
        assert_eq!(with, "127.0.0.1 localhost\n# labkit nodes begin\na\n# labkit nodes end\n");
        let changed = block("b\n").with(&format!("{with}::1 six\n"), Some("b\n")).unwrap();
        assert_eq!(changed, "127.0.0.1 localhost\n# labkit nodes begin\nb\n# labkit nodes end\n::1 six\n");
        assert_eq!(block("").with(&changed, None).unwrap(), "127.0.0.1 localhost\n::1 six\n");
        for (torn, line) in [("# labkit nodes begin\nmine\n", 1), ("a\n# labkit nodes end\n", 2), (&with.repeat(2), 8)]
        {
            let error = block("a\n").with(torn, Some("a\n")).unwrap_err().to_string();
            assert!(error.starts_with(&format!("line {line}: the mark")), "{error}");
        }
        // Only a whole line is a mark.
        assert_eq!(block("").of("x # labkit nodes begin\n# labkit nodes end y\n").unwrap(), None);
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
            let with = block.with(&text, Some(&content)).unwrap();
            prop_assert_eq!(block.of(&with).unwrap(), Some(content.clone()));
            prop_assert_eq!(block.with(&with, Some(&content)).unwrap(), with.clone());
            prop_assert_eq!(block.with(&with, None).unwrap(), text);
        }
    }
}
