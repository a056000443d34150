//! `run.json`: what ran, where, and how it ended.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::section::Section;
use crate::{chance, clock, machine::Machine};

/// The facts of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Time, recipe and four random characters.
    pub id: String,
    /// Version of the labkit that ran it.
    pub labkit: String,
    pub recipe: String,
    /// The question that the recipe answers: its first comment.
    pub question: String,
    pub recipe_sha256: String,
    pub params: BTreeMap<String, serde_json::Value>,
    pub machine: Machine,
    /// RFC 3339, UTC.
    pub start: String,
    pub end: Option<String>,
    pub outcome: Outcome,
    /// Why it failed, or which proofs failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The case that ratios are taken to: the first that was compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// The case that repeats the baseline to show what the noise is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<String>,
    /// Cases in the order they were declared.
    #[serde(default)]
    pub cases: Vec<String>,
    /// Seed of the order of rounds and of the bootstrap.
    #[serde(default)]
    pub seed: u64,
    #[serde(default)]
    pub sections: Vec<Section>,
    /// The bundle that its packages and images came from; none where from elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<String>,
    /// True where other tools took the figures, and labkit only read them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub imported: bool,
}

impl Run {
    /// A run that begins now, with an id of its own and nothing in it yet.
    pub fn begun(recipe: &str, question: String, machine: Machine) -> Run {
        Run {
            id: format!("{}-{recipe}-{}", clock::stamp(), chance::letters(4)),
            labkit: env!("CARGO_PKG_VERSION").to_owned(),
            recipe: recipe.to_owned(),
            question,
            recipe_sha256: String::new(),
            params: BTreeMap::new(),
            machine,
            start: clock::now(),
            end: None,
            outcome: Outcome::Running,
            why: None,
            baseline: None,
            control: None,
            cases: Vec::new(),
            seed: 0,
            sections: Vec::new(),
            bundle: None,
            imported: false,
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Running,
    /// Ended so suddenly that nothing more was written; never written itself.
    Killed,
    Done,
    Failed,
    /// It ran, but a proof or check did not hold.
    Invalid,
    Interrupted,
}

impl Outcome {
    /// True where everything that was measured is also recorded.
    pub fn is_whole(self) -> bool {
        matches!(self, Outcome::Done | Outcome::Invalid)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(match self {
            Outcome::Running => "not finished",
            Outcome::Killed => "killed",
            Outcome::Done => "done",
            Outcome::Failed => "failed",
            Outcome::Invalid => "invalid",
            Outcome::Interrupted => "interrupted",
        })
    }
}
