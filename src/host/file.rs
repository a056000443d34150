//! A file with its content, mode and owner; what stood there before is kept.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde::Deserialize;
use similar::{ChangeTag, TextDiff};

use super::{
    accounts,
    document::Scalar,
    place::{self, FileMode, FilePath, Seen},
    shell,
};
use crate::{
    digest::sha256_hex,
    error::{Error, Result, nearest},
    journal::{Before, FileState},
    lab::{
        Lab,
        operation::{Difference, Operation},
    },
};

/// `install -m MODE -o OWNER -g GROUP /dev/stdin PATH`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WriteFile {
    /// Absolute; directories on the way are made.
    pub path: FilePath,
    /// What is to stand in it, to the last byte.
    pub content: String,
    /// What takes the place of `{{name}}` in the content; without any the content stands as it is.
    #[serde(default)]
    pub values: BTreeMap<String, Scalar>,
    /// As `chmod` takes it; `"0644"` unless given.
    #[serde(default = "FileMode::of_files")]
    pub mode: FileMode,
    /// Name or number; whoever runs labkit unless given.
    #[serde(default)]
    pub owner: Option<String>,
    /// Name or number; of whoever runs labkit unless given.
    #[serde(default)]
    pub group: Option<String>,
    /// Its content is never shown.
    #[serde(default)]
    pub secret: bool,
    /// What `labkit secret show` calls its content.
    #[serde(skip)]
    pub(super) derived: Option<&'static str>,
}

/// What a path holds, what it is to hold, and whether somebody else changed it since labkit wrote it.
pub struct Standing {
    pub seen: Seen,
    pub wanted: FileState,
    pub is_foreign: bool,
}

impl Standing {
    pub fn with(path: &Path, wanted: FileState, lab: &Lab) -> Result<Standing> {
        let seen = place::look(path)?;
        let last = lab.changes()?.into_iter().rev().find_map(|change| match change.before {
            Before::File { path: written, before, after } if written == path => Some((before, after)),
            _ => None,
        });
        let is_foreign = last.is_some_and(|(before, after)| seen.state != after && seen.state != before);
        Ok(Standing { seen, wanted, is_foreign })
    }

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
        Some(if self.is_foreign { format!("{words}; somebody else changed it since labkit wrote it") } else { words })
    }

    /// How it was, with a file's content kept; an error where somebody else's change would be lost.
    pub fn before(&self, path: &Path, lab: &mut Lab) -> Result<Before> {
        if self.is_foreign && !lab.force {
            return Err(Error::failed("somebody else changed it since labkit wrote it").hint(
                "look at it with `labkit plan`, then run with --force: what is there now is kept for `labkit undo`",
            ));
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

impl WriteFile {
    /// One that anybody may read, of whoever runs labkit.
    pub fn with(path: FilePath, content: String) -> WriteFile {
        let mode = FileMode::of_files();
        WriteFile {
            path,
            content,
            values: BTreeMap::new(),
            mode,
            owner: None,
            group: None,
            secret: false,
            derived: None,
        }
    }

    /// The same with each `{{name}}` of its content replaced; an error that names one that has no value, and a value
    /// that has no place.
    pub fn filled(mut self) -> Result<WriteFile> {
        if self.values.is_empty() {
            return Ok(self);
        }
        let (mut filled, mut rest, mut used) = (String::new(), self.content.as_str(), BTreeSet::new());
        while let Some((before, after)) = rest.split_once("{{") {
            let at = self.content.len() - rest.len() + before.len();
            let Some((name, after)) = after.split_once("}}") else {
                return Err(Error::usage(format!("`content` has a `{{{{` without an end at byte {at}")));
            };
            let name = name.trim();
            let Some(value) = self.values.get(name) else {
                let near = nearest(name, self.values.keys().map(String::as_str));
                return Err(Error::usage(format!("`{{{{{name}}}}}` has no value")).hint(match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("give it: values = {{ {name} = … }}"),
                }));
            };
            used.insert(name);
            filled += before;
            filled += &value.to_string();
            rest = after;
        }
        filled += rest;
        if let Some(name) = self.values.keys().find(|name| !used.contains(name.as_str())) {
            return Err(Error::usage(format!("the value `{name}` stands nowhere in `content`")));
        }
        self.content = filled;
        self.values.clear();
        Ok(self)
    }

    /// The same with a content that follows from the lab secret.
    pub fn derived(self, name: &'static str) -> WriteFile {
        WriteFile { secret: true, derived: Some(name), ..self }
    }

    fn wanted(&self) -> Result<FileState> {
        let (own_uid, own_gid) = accounts::own();
        Ok(FileState::File {
            sha256: sha256_hex(self.content.as_bytes()),
            mode: self.mode.0,
            uid: self.owner.as_deref().map_or(Ok(own_uid), accounts::uid)?,
            gid: self.group.as_deref().map_or(Ok(own_gid), accounts::gid)?,
        })
    }
}

impl Operation for WriteFile {
    type Seen = Standing;

    fn title(&self) -> String {
        format!("file {}", self.path)
    }

    fn look(&self, lab: &Lab) -> Result<Standing> {
        Standing::with(self.path.as_path(), self.wanted()?, lab)
    }

    fn difference(&self, seen: &Standing) -> Option<Difference> {
        let words = seen.words()?;
        let lines = match self.secret {
            true => vec!["  its content is a secret".to_owned()],
            false => lines(&seen.seen.content, self.content.as_bytes()),
        };
        Some(Difference { words, lines })
    }

    fn before(&self, seen: &Standing, lab: &mut Lab) -> Result<Before> {
        seen.before(self.path.as_path(), lab)
    }

    fn apply(&self, seen: &Standing, _: &Lab) -> Result<()> {
        place::put(self.path.as_path(), &seen.wanted, self.content.as_bytes())
    }

    fn explain(&self) -> Vec<String> {
        let mut argv = vec!["install".to_owned(), "-m".to_owned(), self.mode.to_string()];
        for (option, value) in [("-o", &self.owner), ("-g", &self.group)] {
            argv.extend(value.iter().flat_map(|value| [option.to_owned(), value.clone()]));
        }
        argv.extend(["/dev/stdin".to_owned(), self.path.to_string()]);
        vec![match (self.derived, self.secret) {
            (Some(name), _) => format!("labkit secret show {name} | {}", shell::command(&argv)),
            (None, true) => format!(": 'the content of {} is a secret' && false", self.path),
            (None, false) => shell::with_input(&argv, &self.content),
        }]
    }
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
    let diff = TextDiff::from_lines(before, after);
    let mut lines = Vec::new();
    for (at, group) in diff.grouped_ops(AROUND).iter().enumerate() {
        lines.extend((at > 0).then(|| "  …".to_owned()));
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
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

    fn filled(content: &str, values: &[(&str, Scalar)]) -> Result<String> {
        let mut file = WriteFile::with("/etc/x".parse().unwrap(), content.to_owned());
        file.values = values.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
        file.filled().map(|file| file.content)
    }

    #[test]
    fn names_in_a_content_get_their_values_and_none_is_left_over() {
        let values = [("host", Scalar::Text("node01".into())), ("port", Scalar::Whole(80))];
        assert_eq!(filled("{{host}}:{{ port }}\n", &values).unwrap(), "node01:80\n");
        assert_eq!(filled("{{ a shell's own }}\n", &[]).unwrap(), "{{ a shell's own }}\n");
        let error = filled("{{hots}}", &values).unwrap_err();
        assert_eq!(
            (error.to_string().as_str(), error.what_to_try()),
            ("`{{hots}}` has no value", Some("did you mean `host`?"))
        );
        assert!(filled("{{host}}", &values).unwrap_err().to_string().contains("`port` stands nowhere"));
        assert!(filled("{{host", &values).is_err());
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
