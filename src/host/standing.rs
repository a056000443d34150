//! What stands at a path, what is to stand there, and what the two differ in.

use std::path::Path;

use similar::{
    ChangeTag,
    algorithms::{Capture, Replace, myers},
};

use super::{
    block::{Block, Earlier},
    place::{self, FilePath, Seen},
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

/// A thing at a path: a file, a directory, a link, or a part of a file.
pub trait AtPath {
    fn path(&self) -> &FilePath;

    /// The thing in words: `file /etc/hosts`.
    fn title(&self) -> String;

    /// What is to stand there, by what does: its state, and what a file is to hold.
    fn wanted(&self, seen: &Seen) -> Result<(FileState, Vec<u8>)>;

    /// Others write it as well, and their changes stay.
    fn is_shared(&self) -> bool {
        false
    }

    /// How much of a file it writes; none where it writes no file.
    fn extent(&self) -> Option<Extent> {
        self.is_shared().then_some(Extent::Part)
    }

    /// What a file is to hold is not shown.
    fn is_secret(&self) -> bool {
        false
    }

    /// What a person would type.
    fn explain(&self) -> Vec<String>;
}

/// What a path holds, what it is to hold, and whether somebody else changed it since labkit wrote it.
#[derive(PartialEq)]
pub struct Standing {
    seen: Seen,
    wanted: FileState,
    content: Vec<u8>,
    since: Since,
}

/// Who changed a file since labkit wrote it.
#[derive(PartialEq)]
enum Since {
    Nobody,
    /// Another recipe put lines of its own into it.
    Recipe(String),
    Somebody,
}

impl Standing {
    /// What would change in words; none where nothing would.
    pub fn words(&self) -> Option<String> {
        use FileState::{Absent, Directory, File, Link};
        let words = match (&self.seen.state, &self.wanted) {
            (seen, wanted) if seen == wanted => return None,
            (Absent, _) => "create it".to_owned(),
            (_, Absent) => "remove it".to_owned(),
            (File { sha256: one, .. }, File { sha256: other, .. }) if one != other => "change its content".to_owned(),
            (File { mode, uid, gid, .. }, File { mode: to, uid: to_uid, gid: to_gid, .. })
            | (Directory { mode, uid, gid }, Directory { mode: to, uid: to_uid, gid: to_gid }) => {
                format!("mode {to:04o} and owner {to_uid}:{to_gid}, was {mode:04o} and {uid}:{gid}")
            }
            (Link { target }, Link { target: to }) => format!("lead to {}, was {}", to.display(), target.display()),
            _ => "replace what is there".to_owned(),
        };
        Some(match &self.since {
            Since::Nobody => words,
            Since::Recipe(other) => format!("{words}; `{other}` has lines in it"),
            Since::Somebody => format!("{words}; {FOREIGN}"),
        })
    }

    /// How it was, with a file's content kept; an error where somebody else's change would be lost.
    pub fn before(&self, path: &Path, lab: &mut Lab) -> Result<Before> {
        if let Since::Recipe(other) = &self.since {
            return Err(Error::failed(format!("`{other}` has lines in it, which would be lost"))
                .hint(format!("labkit undo {other} comes first, or write these lines by host.block as well")));
        }
        if self.since == Since::Somebody {
            let earlier = lab.changes().iter().filter(|change| is_of(change, path)).map(|change| change.id).collect();
            overrule(earlier, lab)?;
        }
        if self.seen.state == FileState::Other {
            return Err(Error::failed("a device, socket or pipe is there"));
        }
        if let FileState::File { sha256, .. } = &self.seen.state {
            lab.ledger()?.keep(sha256, &self.seen.content)?;
        }
        Ok(Before::File { path: path.to_owned(), before: self.seen.state.clone(), after: self.wanted.clone() })
    }
}

/// What is there is neither what labkit wrote last nor what it found.
pub const FOREIGN: &str = "somebody else changed it since labkit wrote it";
/// What to try where undo would lose somebody's change.
pub const BACK: &str = "--force brings it back to what was before labkit, and loses that change";

/// Refuses to lose somebody's change. Where that is wanted it is what undo leads back to, and what labkit did before it
/// is not: those changes have been taken over by somebody else.
pub fn overrule(earlier: Vec<u64>, lab: &mut Lab) -> Result<()> {
    if !lab.force {
        return Err(Error::failed(FOREIGN).hint(
            "look at it with `labkit plan`, then run with --force: what is there now is kept for `labkit undo`",
        ));
    }
    earlier.into_iter().try_for_each(|id| lab.ledger()?.reverted(id))
}

/// Why something is not edited.
pub fn no_file(seen: &FileState) -> Error {
    match seen {
        FileState::Absent => Error::failed("there is no such file").hint("host.file makes one"),
        FileState::Link { target } => Error::failed(format!("it is a link to `{}`", target.display()))
            .hint("name the file itself: the link stays as it is"),
        _ => Error::failed("it is no file"),
    }
}

fn is_of(change: &Change, path: &Path) -> bool {
    matches!(&change.before, Before::File { path: written, .. } if written == path)
}

/// Whose what is there is, where it is neither what labkit made last nor what was there before that, nor on the way
/// between. Lines that were put into it since then count as what they are.
fn since(path: &Path, seen: &Seen, lab: &Lab) -> Result<Since> {
    let Some(last) = lab.changes().iter().rev().find(|change| is_of(change, path)) else { return Ok(Since::Nobody) };
    let Before::File { before, after, .. } = &last.before else { return Ok(Since::Nobody) };
    let (mut state, mut other) = (seen.state.clone(), None);
    let mut content = String::from_utf8_lossy(&seen.content).into_owned();
    for change in lab.changes().iter().rev().filter(|change| change.id > last.id) {
        let Before::Block { path: of, name, comment, content: earlier, after, existed, was_ended } = &change.before
        else {
            continue;
        };
        let FileState::File { sha256, .. } = &mut state else { break };
        if of == path {
            let earlier = Earlier { content: earlier.as_deref(), existed: *existed, was_ended: *was_ended };
            // Where its marks are no pair any more, that was somebody.
            match Block::between(path, name, comment, after)?.back(&content, &earlier) {
                Ok(back) => content = back,
                Err(_) => return Ok(Since::Somebody),
            }
            *sha256 = sha256_hex(content.as_bytes());
            other = other.or((!lab.made(change)).then(|| change.recipe.clone()));
        }
    }
    Ok(match (is_between(before, &state, after), other) {
        (false, _) => Since::Somebody,
        (true, Some(other)) => Since::Recipe(other),
        (true, None) => Since::Nobody,
    })
}

/// A directory's owner and mode are changed one after the other, and where the file system cannot exchange the two, a
/// directory goes before a file comes or the other way round; all else is changed at once.
pub fn is_between(before: &FileState, seen: &FileState, after: &FileState) -> bool {
    use FileState::Directory;
    match (before, seen, after) {
        (
            Directory { mode, uid, gid },
            Directory { mode: now, uid: now_uid, gid: now_gid },
            Directory { mode: to, uid: to_uid, gid: to_gid },
        ) => [mode, to].contains(&now) && [uid, to_uid].contains(&now_uid) && [gid, to_gid].contains(&now_gid),
        (_, FileState::Absent, _) if matches!(before, Directory { .. }) != matches!(after, Directory { .. }) => true,
        _ => seen == before || seen == after,
    }
}

impl<T: AtPath> Operation for T {
    type Seen = Standing;

    fn title(&self) -> String {
        AtPath::title(self)
    }

    fn claim(&self) -> Option<(&Path, Extent)> {
        self.extent().map(|extent| (self.path().as_path(), extent))
    }

    fn things(&self) -> Vec<Thing> {
        vec![Thing::Path(self.path().as_path().to_owned())]
    }

    fn look(&self, lab: &Lab) -> Result<Standing> {
        let path = self.path().as_path();
        let seen = place::look(path)?;
        let (wanted, content) = self.wanted(&seen)?;
        let since = if self.is_shared() { Since::Nobody } else { since(path, &seen, lab)? };
        Ok(Standing { seen, wanted, content, since })
    }

    fn difference(&self, standing: &Standing) -> Option<Difference> {
        let words = standing.words()?;
        let lines = match &standing.wanted {
            FileState::File { .. } if self.is_secret() => vec!["  its content is a secret".to_owned()],
            FileState::File { .. } => lines(&standing.seen.content, &standing.content),
            _ => Vec::new(),
        };
        Some(Difference { words, lines })
    }

    fn before(&self, standing: &Standing, lab: &mut Lab) -> Result<Before> {
        standing.before(self.path().as_path(), lab)
    }

    fn apply(&self, standing: &Standing, _: &Lab) -> Result<()> {
        place::put(self.path().as_path(), &standing.wanted, &standing.content)
    }

    fn explain(&self) -> Vec<String> {
        AtPath::explain(self)
    }
}

/// A file that is there, with its text changed and its mode and owner as they are.
pub fn edited(seen: &Seen, edit: impl FnOnce(&str) -> Result<String>) -> Result<(FileState, Vec<u8>)> {
    let FileState::File { mode, uid, gid, .. } = seen.state else { return Err(no_file(&seen.state)) };
    let text = std::str::from_utf8(&seen.content).map_err(|_| Error::failed("it is no text"))?;
    let content = edit(text)?.into_bytes();
    Ok((FileState::File { sha256: sha256_hex(&content), mode, uid, gid }, content))
}

/// Lines around a difference that are shown with it.
const AROUND: usize = 3;
/// More than a person reads of one file.
const MOST_LINES: usize = 60;

/// What would change, line by line; of what is no text, only how long it is.
pub fn lines(old: &[u8], new: &[u8]) -> Vec<String> {
    let (Ok(before), Ok(after)) = (std::str::from_utf8(old), std::str::from_utf8(new)) else {
        return vec![format!("  {} bytes, {} now", new.len(), old.len())];
    };
    let split = |text| -> Vec<&str> { str::split_inclusive(text, '\n').collect() };
    let (before, after) = (split(before), split(after));
    // One algorithm: with a choice among them the program would carry all.
    let mut diff = Replace::new(Capture::new());
    let Ok(()) = myers::diff_deadline_raw(&mut diff, &before[..], 0..before.len(), &after[..], 0..after.len(), None);
    let mut lines = Vec::new();
    for (at, group) in diff.into_inner().into_grouped_ops(AROUND).iter().enumerate() {
        lines.extend((at > 0).then(|| "  …".to_owned()));
        for change in group.iter().flat_map(|op| op.iter_changes(&before[..], &after[..])) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            lines.push(format!("{sign} {}", change.value().trim_end_matches('\n')));
        }
    }
    if lines.len() > MOST_LINES {
        let more = lines.len() - MOST_LINES;
        lines.truncate(MOST_LINES);
        lines.push(format!("  … and {more} more lines"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_sudden_end_leaves_lies_between_before_and_after() {
        let directory = |mode, uid| FileState::Directory { mode, uid, gid: 0 };
        let file = FileState::File { sha256: "digest".to_owned(), mode: 0o644, uid: 0, gid: 0 };
        let (old, new) = (directory(0o755, 0), directory(0o700, 1));
        assert!(is_between(&old, &directory(0o755, 1), &new) && is_between(&old, &FileState::Absent, &file));
        assert!(is_between(&file, &FileState::Absent, &new));
        // Somebody took it away, or made something else of it.
        assert!(!is_between(&old, &FileState::Absent, &new) && !is_between(&old, &directory(0o777, 1), &new));
        assert!(!is_between(&file, &FileState::Absent, &FileState::Link { target: "x".into() }));
    }

    #[test]
    fn only_what_changes_and_what_is_near_it_is_shown() {
        let old: String = (1..=20).map(|n| format!("line {n}\n")).collect();
        let new = old.replace("line 10\n", "line ten\n");
        let shown = lines(old.as_bytes(), new.as_bytes());
        assert_eq!((shown.len(), shown[3].as_str(), shown[4].as_str()), (8, "- line 10", "+ line ten"));
        assert_eq!(lines(b"\xff", b"text"), ["  4 bytes, 1 now"]);
    }
}
