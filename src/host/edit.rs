//! Changing a part of a file that others write as well: what they wrote around it stays.

use super::{
    file::{self, Standing},
    place::{self, FilePath},
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

/// A change of a text. Done twice it is done once.
pub trait Edit {
    fn path(&self) -> &FilePath;

    /// The thing in words: ``line in `/etc/fstab` ``.
    fn title(&self) -> String;

    /// The text as it is to be.
    fn edited(&self, text: &str) -> Result<String>;

    /// What a person would type.
    fn explain(&self) -> Vec<String>;
}

impl<E: Edit> Operation for E {
    /// What stands there, and the text that is to.
    type Seen = (Standing, String);

    fn title(&self) -> String {
        Edit::title(self)
    }

    fn look(&self, _: &Lab) -> Result<Self::Seen> {
        let seen = place::look(self.path().as_path())?;
        let FileState::File { mode, uid, gid, .. } = seen.state else {
            return Err(Error::failed("there is no such file").hint("host.file makes one"));
        };
        let text = std::str::from_utf8(&seen.content).map_err(|_| Error::failed("it is no text"))?;
        let edited = self.edited(text)?;
        let wanted = FileState::File { sha256: sha256_hex(edited.as_bytes()), mode, uid, gid };
        Ok((Standing { seen, wanted, is_foreign: false }, edited))
    }

    fn difference(&self, (standing, edited): &Self::Seen) -> Option<Difference> {
        let words = standing.words()?;
        Some(Difference { words, lines: file::lines(&standing.seen.content, edited.as_bytes()) })
    }

    fn before(&self, (standing, _): &Self::Seen, lab: &mut Lab) -> Result<Before> {
        standing.before(self.path().as_path(), lab)
    }

    fn apply(&self, (standing, edited): &Self::Seen, _: &Lab) -> Result<()> {
        place::put(self.path().as_path(), &standing.wanted, edited.as_bytes())
    }

    fn explain(&self) -> Vec<String> {
        Edit::explain(self)
    }
}
