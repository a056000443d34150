//! Every effect with its undo, on disk before the effect: of a run's own lab, and of the machine.

mod before;
mod ledger;
mod lock;
mod undo;

pub use before::{Before, FileState, PackageState, Setting, Thing};
pub use ledger::{Change, Entry as Noted, Ledger, directory};
pub use undo::Undo;

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    path::Path,
};

use serde::{Deserialize, Serialize};

use crate::error::{Context, Result};

/// A line of `journal.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub at: String,
    /// Place in the recipe.
    pub position: String,
    /// What is about to be done, in words.
    pub what: String,
    /// How to revert it; none where it vanishes with the process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<Undo>,
}

/// The journal of one run.
#[derive(Debug)]
pub struct Journal {
    file: File,
}

const NAME: &str = "journal.jsonl";

impl Journal {
    /// Opens the journal in a run directory, new or to be continued.
    pub fn open(dir: &Path) -> Result<Journal> {
        let path = dir.join(NAME);
        let opened = || -> Result<File> {
            let file = OpenOptions::new().create(true).append(true).open(&path)?;
            // A last line that a sudden end cut short was never acted on; the next one must not be joined to it.
            let text = fs::read(&path)?;
            file.set_len(text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end as u64 + 1))?;
            Ok(file)
        };
        Ok(Journal { file: opened().context(|| format!("open `{}`", path.display()))? })
    }

    /// Writes what is about to happen. What stays on the machine is with the disk when this returns.
    pub fn write(&mut self, position: &str, what: &str, undo: Option<Undo>) -> Result<()> {
        let stays = undo.is_some();
        let entry = Entry { at: crate::clock::now(), position: position.to_owned(), what: what.to_owned(), undo };
        let mut line = serde_json::to_vec(&entry)?;
        line.push(b'\n');
        self.file.write_all(&line).context(|| "write the journal")?;
        if stays {
            self.file.sync_data().context(|| "write the journal to disk")?;
        }
        Ok(())
    }

    /// What is to be reverted of a run, newest first; empty when it has been, or when nothing stays.
    pub fn pending(dir: &Path) -> Result<Vec<Undo>> {
        let path = dir.join(NAME);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.context(|| format!("read `{}`", path.display()))?,
        };
        let mut pending = Vec::new();
        // A last line without its end was never acted on.
        for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            let entry: Entry = serde_json::from_str(line).context(|| format!("read `{}`", path.display()))?;
            match entry.undo {
                Some(Undo::Done) => pending.clear(),
                Some(undo) => pending.push(undo),
                None => {}
            }
        }
        pending.reverse();
        Ok(pending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pending_comes_newest_first_until_it_is_done() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        let netns = |name: &str| Undo::Netns { path: name.into(), inode: 7 };
        journal.write("a:1", "measure", None).unwrap();
        journal.write("a:1", "ns1", Some(netns("/run/netns/ns1"))).unwrap();
        journal.write("a:2", "ns2", Some(netns("/run/netns/ns2"))).unwrap();
        assert_eq!(Journal::pending(dir.path()).unwrap(), [netns("/run/netns/ns2"), netns("/run/netns/ns1")]);
        journal.write("", "reverted", Some(Undo::Done)).unwrap();
        assert_eq!(Journal::pending(dir.path()).unwrap(), []);
    }

    #[test]
    fn a_line_cut_short_was_never_acted_on() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        journal.file.write_all(b"{\"at\":\"x\",\"posit").unwrap();
        assert_eq!(Journal::pending(dir.path()).unwrap(), []);
        Journal::open(dir.path()).unwrap().write("", "reverted", Some(Undo::Done)).unwrap();
        assert_eq!(Journal::pending(dir.path()).unwrap(), []);
    }
}
