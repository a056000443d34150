//! A file with its content, mode and owner; what stood there before is kept.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{
    accounts,
    document::Scalar,
    place::{FileMode, FilePath, Seen},
    shell,
    standing::AtPath,
};
use crate::{
    digest::sha256_hex,
    error::{Error, Result, nearest},
    journal::FileState,
    lab::Extent,
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
}

impl AtPath for WriteFile {
    fn path(&self) -> &FilePath {
        &self.path
    }

    fn title(&self) -> String {
        format!("file {}", self.path)
    }

    fn wanted(&self, _: &Seen) -> Result<(FileState, Vec<u8>)> {
        let content = self.content.clone().into_bytes();
        let (uid, gid) = accounts::owner(self.owner.as_deref(), self.group.as_deref())?;
        Ok((FileState::File { sha256: sha256_hex(&content), mode: self.mode.0, uid, gid }, content))
    }

    fn extent(&self) -> Option<Extent> {
        let all = (&self.content, self.mode, &self.owner, &self.group);
        Some(Extent::Whole(sha256_hex(format!("{all:?}").as_bytes())))
    }

    fn is_secret(&self) -> bool {
        self.secret
    }

    fn explain(&self) -> Vec<String> {
        let (owner, group) = (self.owner.as_deref(), self.group.as_deref());
        let argv = shell::install(&[], self.mode, owner, group, &["/dev/stdin", &self.path.to_string()]);
        vec![match (self.derived, self.secret) {
            (Some(name), _) => format!("labkit secret show {name} | {}", shell::command(&argv)),
            (None, true) => shell::secret(&format!("the content of {}", self.path)),
            (None, false) => shell::with_input(&argv, &self.content),
        }]
    }
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
}
