//! Lines of a run's files with their numbers: what is no such line becomes a finding, and the others are still read.

use std::{
    fs,
    io::{ErrorKind, Read},
    path::Path,
};

use serde::de::DeserializeOwned;

use super::finding::Finding;
use crate::{
    error::{Context, Error, Result},
    volume::open_plain,
};

/// Largest file of lines that is taken into memory.
const MOST: u64 = 256 << 20;

/// The lines of `name` from 1; none where there is no such file. A last line cut short by a sudden end is left out.
pub fn read<T: DeserializeOwned>(dir: &Path, name: &str, findings: &mut Vec<Finding>) -> Result<Vec<(usize, T)>> {
    let path = dir.join(name);
    if matches!(fs::symlink_metadata(&path), Err(error) if error.kind() == ErrorKind::NotFound) {
        return Ok(Vec::new());
    }
    let mut text = String::new();
    open_plain(&path)?.take(MOST + 1).read_to_string(&mut text).context(|| format!("read `{}`", path.display()))?;
    if text.len() as u64 > MOST {
        return Err(Error::failed(format!("`{}` is larger than {} MB", path.display(), MOST >> 20)));
    }
    let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
    let mut found = Vec::new();
    for (line, number) in whole.lines().zip(1..) {
        match serde_json::from_str(line) {
            Ok(value) => found.push((number, value)),
            Err(error) => {
                findings.push(Finding::Unreadable { file: name.to_owned(), line: Some(number), why: error.to_string() })
            }
        }
    }
    Ok(found)
}
