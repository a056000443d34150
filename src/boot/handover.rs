//! A machine's identity, handed over in a directory or on a disk: the lab, its secret, and what is to become of the machine.

use std::{
    fs,
    io::{ErrorKind, Read},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use super::Wishes;
use crate::{
    disk,
    error::{Context, Error, Result},
    nodes::{self, Nodes},
    secret::Secret,
    volume,
};

/// What was handed over, read and checked; nothing is written yet.
pub struct Handover {
    from: PathBuf,
    lab: String,
    secret: Secret,
    wishes: Option<(String, Wishes)>,
}

const LAB: &str = "lab.toml";
const SECRET: &str = "secret";
/// Bytes: more than any lab needs.
const LONGEST: u64 = 1 << 20;

/// The text of a plain file: a link in another user's directory may lead where only root may read.
fn text_of(path: &Path) -> Result<String> {
    let mut text = String::new();
    volume::open_plain(path)?.take(LONGEST).read_to_string(&mut text)?;
    Ok(text)
}

impl Handover {
    /// Reads `lab.toml`, `secret` and, where there is one, `provision.toml` of a directory. Nothing where none of the
    /// first two is there; an error where one is, and not the other, or where anything in them is wrong.
    pub fn read(dir: &Path) -> Result<Option<Handover>> {
        let file = |name: &str| {
            let path = dir.join(name);
            match path.exists() {
                false => Ok(None),
                true => text_of(&path).map(Some).context(|| format!("read `{}`", path.display())),
            }
        };
        let (lab, secret) = match (file(LAB)?, file(SECRET)?) {
            (None, None) => return Ok(None),
            (Some(lab), Some(secret)) => (lab, secret),
            (lab, _) => {
                let missing = if lab.is_some() { SECRET } else { LAB };
                return Err(Error::failed(format!("`{}` has no file `{missing}`", dir.display())).hint(
                    "a machine needs both: lab.toml, which lists the nodes, and the secret that all of them share",
                ));
            }
        };
        let nodes = Nodes::parse(&lab, &dir.join(LAB))?;
        let secret = Secret::parse(&secret).ok_or_else(|| {
            Error::failed(format!("`{}` is no lab secret", dir.join(SECRET).display()))
                .hint("64 hexadecimal digits in lower case: `labkit secret new` makes one")
        })?;
        let wishes = file(Wishes::NAME)?.map(|text| -> Result<(String, Wishes)> {
            let wishes = Wishes::parse(&text)?;
            wishes.node.as_ref().map_or(Ok(()), |name| nodes.named(name).map(drop))?;
            Ok((text, wishes))
        });
        let wishes = wishes.transpose().context(|| format!("read `{}`", dir.join(Wishes::NAME).display()))?;
        Ok(Some(Handover { from: dir.to_owned(), lab, secret, wishes }))
    }

    /// What the machine is to become; a machine that was told nothing becomes a node.
    pub fn wishes(&self) -> Wishes {
        self.wishes.as_ref().map_or_else(Wishes::default, |(_, wishes)| wishes.clone())
    }

    /// Makes it this machine's own, in /etc/labkit. The secret comes last: with it the identity is whole, also where the
    /// power goes in between.
    pub fn take(&self) -> Result<()> {
        let etc = nodes::etc_dir();
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(&etc)
            .context(|| format!("make `{}`", etc.display()))?;
        self.secret.agrees_with_own()?;
        disk::replace(&etc.join(LAB), self.lab.as_bytes())?;
        if let Some((text, _)) = &self.wishes {
            disk::replace(&Wishes::path(), text.as_bytes())?;
        }
        self.secret.adopt()?;
        fs::File::open(&etc).and_then(|dir| dir.sync_all()).context(|| format!("write `{}`", etc.display()))
    }

    /// Removes the files where they were handed over, the secret first.
    pub fn clear(&self) -> Result<()> {
        for path in [SECRET, LAB, Wishes::NAME].map(|name| self.from.join(name)) {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(error).context(|| format!("remove `{}`", path.display()));
                }
                _ => {}
            }
        }
        Ok(())
    }
}
