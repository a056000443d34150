//! One value in a file of JSON, TOML or YAML, by its path; comments and everything else stay as they are.

mod json_text;
mod toml_text;
mod yaml_text;

use std::fmt;

use serde::Deserialize;

use super::{
    place::{FilePath, Seen},
    shell,
    standing::{AtPath, edited},
};
use crate::{
    args::OneOrMany,
    error::{Error, Result},
    journal::FileState,
};

/// A value that is to stand in a document.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentValue {
    /// The file, which must be there; its ending says what it is: `.json`, `.toml`, `.yaml`, `.yml`.
    pub path: FilePath,
    /// Keys from the outside to the inside: `{ "crio", "image", "pause_image" }`. Tables on the way are made.
    pub at: OneOrMany<String>,
    /// What is to stand there.
    pub value: Scalar,
    /// The file's content is never shown.
    #[serde(default)]
    pub secret: bool,
}

/// A value without parts, or a list of such.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged, expecting = "a text, a number, true or false, or a list of such")]
pub enum Scalar {
    Yes(bool),
    Whole(i64),
    Number(f64),
    Text(String),
    List(Vec<Scalar>),
}

impl fmt::Display for Scalar {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Scalar::Yes(yes) => write!(out, "{yes}"),
            Scalar::Whole(number) => write!(out, "{number}"),
            Scalar::Number(number) => write!(out, "{number}"),
            Scalar::Text(text) => out.write_str(text),
            Scalar::List(all) => {
                let all: Vec<String> = all.iter().map(Scalar::to_string).collect();
                out.write_str(&all.join(" "))
            }
        }
    }
}

/// The way leads through something that has no keys.
fn no_table(key: &str) -> Error {
    Error::failed(format!("`{key}` is there, and has no keys"))
}

impl DocumentValue {
    /// The text as it is to be.
    fn edited(&self, text: &str) -> Result<String> {
        let Some((last, tables)) = self.at.0.split_last() else {
            return Err(Error::usage("`at` is empty"));
        };
        let ending = self.path.as_path().extension().unwrap_or_default().to_string_lossy().into_owned();
        match ending.as_str() {
            "json" => json_text::set(text, tables, last, &self.value),
            "toml" => toml_text::set(text, tables, last, &self.value),
            "yaml" | "yml" => yaml_text::set(text, tables, last, &self.value),
            _ => Err(Error::usage(format!("`{}` ends in neither .json nor .toml nor .yaml", self.path))),
        }
    }
}

impl AtPath for DocumentValue {
    fn path(&self) -> &FilePath {
        &self.path
    }

    fn title(&self) -> String {
        format!("value {} in {}", self.at.0.join("."), self.path)
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
        if self.secret {
            return vec![shell::secret(&format!("{} in {}", self.at.0.join("."), self.path))];
        }
        // No tool that every machine has edits these and keeps comments.
        let words = format!("set {} in {} to {}, with an editor", self.at.0.join("."), self.path, self.value);
        vec![format!(": {} && false", crate::quote::word(&words))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str, text: &str, at: &[&str], value: Scalar) -> Result<String> {
        let (path, at) = (format!("/etc/{name}").parse().unwrap(), at.iter().map(|key| key.to_string()).collect());
        DocumentValue { path, at: OneOrMany(at), value, secret: false }.edited(text)
    }

    #[test]
    fn a_value_of_toml_is_set_and_comments_stay() {
        let text = "# main\n[crio.image]\npause_image = \"old\" # which\n\n[other]\nx = 1\n";
        let edited = set("x.toml", text, &["crio", "image", "pause_image"], Scalar::Text("new".into())).unwrap();
        assert_eq!(edited, text.replace("old", "new"));
        assert_eq!(
            set("x.toml", &edited, &["crio", "image", "pause_image"], Scalar::Text("new".into())).unwrap(),
            edited
        );
        let made = set("x.toml", "", &["a", "b"], Scalar::List(vec![Scalar::Whole(1), Scalar::Yes(true)])).unwrap();
        assert_eq!(made, "[a]\nb = [1, true]\n");
        assert!(
            set("x.toml", text, &["other", "x", "y"], Scalar::Whole(1))
                .unwrap_err()
                .to_string()
                .contains("`x` is there")
        );
        let error = set("x.toml", "a = \n", &["b"], Scalar::Whole(1)).unwrap_err().to_string();
        assert!(error.starts_with("line 1: "), "{error}");
    }

    #[test]
    fn a_value_of_json_is_set_and_the_order_stays() {
        let text = "{\n  \"z\": 1,\n  \"a\": { \"b\": [1, 2] }\n}\n";
        let edited = set("x.json", text, &["a", "b"], Scalar::Yes(false)).unwrap();
        assert_eq!(edited, text.replace("[1, 2]", "false"));
        assert_eq!(set("x.json", &edited, &["a", "b"], Scalar::Yes(false)).unwrap(), edited);
        let made = set("x.json", "{}", &["a", "b"], Scalar::Number(1.5)).unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&made).unwrap(), serde_json::json!({ "a": { "b": 1.5 } }));
        assert!(set("x.json", text, &["z", "y"], Scalar::Whole(1)).unwrap_err().to_string().contains("`z` is there"));
        assert!(set("x.json", "{ \"a\": }", &["b"], Scalar::Whole(1)).is_err());
        assert!(set("x.json", "[1]", &["b"], Scalar::Whole(1)).is_err());
    }

    #[test]
    fn a_value_of_yaml_is_set_and_comments_stay() {
        let text = "# kubelet\nkind: KubeletConfiguration\neviction:\n  hard: 5 # percent\n  soft: no\n";
        let edited = set("x.yaml", text, &["eviction", "hard"], Scalar::Whole(7)).unwrap();
        assert_eq!(edited, text.replace("5 #", "7 #"));
        assert_eq!(set("x.yaml", &edited, &["eviction", "hard"], Scalar::Whole(7)).unwrap(), edited);
        // A text that looks like something else is put in quotes.
        let quoted = set("x.yaml", text, &["kind"], Scalar::Text("no".into())).unwrap();
        assert!(quoted.contains("kind: 'no'") || quoted.contains("kind: \"no\""), "{quoted}");
        let made = set("x.yaml", text, &["new", "deep"], Scalar::Text("x".into())).unwrap();
        assert_eq!(made, format!("{text}new:\n  deep: x\n"));
        assert!(
            set("x.yaml", text, &["kind", "y"], Scalar::Whole(1)).unwrap_err().to_string().contains("`kind` is there")
        );
        assert!(set("x.yaml", "a: [1\n", &["b"], Scalar::Whole(1)).is_err());
        for (text, why) in
            [("# only\n", "no keys yet"), ("a: 1\n---\nb: 2\n", "line 2: "), ("%YAML 1.1\n---\na: 1\n", "line 1: ")]
        {
            let error = set("x.yaml", text, &["b"], Scalar::Whole(1)).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    use proptest::prelude::*;
    proptest! {
        #[test]
        fn no_text_makes_an_edit_panic_and_done_twice_it_is_done_once(
            text in "([a-z]{1,3}|[:={}\\[\\]\",#' \n-]|\\PC){0,30}", ending in 0usize..3, deep: bool,
        ) {
            let name = ["x.json", "x.toml", "x.yaml"][ending];
            let at: &[&str] = if deep { &["k", "l"] } else { &["k"] };
            if let Ok(once) = set(name, &text, at, Scalar::Text("v: #1".into())) {
                prop_assert_eq!(set(name, &once, at, Scalar::Text("v: #1".into())).unwrap(), once);
            }
        }
    }
}
