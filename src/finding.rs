//! What a look at one thing of this machine came to, and what to do about it.

use serde::Serialize;

use crate::error::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Good,
    /// It works, but not everything.
    Note,
    Bad,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Finding {
    pub what: String,
    pub state: State,
    pub found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Finding {
    pub fn new(what: &str, state: State, found: impl ToString) -> Finding {
        Finding { what: what.to_owned(), state, found: found.to_string(), remedy: None }
    }

    pub fn good(what: &str, found: impl ToString) -> Finding {
        Finding::new(what, State::Good, found)
    }

    pub fn bad(what: &str, found: impl ToString) -> Finding {
        Finding::new(what, State::Bad, found)
    }

    pub fn remedy(mut self, remedy: impl ToString) -> Finding {
        self.remedy = Some(remedy.to_string());
        self
    }

    /// What went wrong in the words of an error, with what it says to try.
    pub fn of_error(what: &str, state: State, error: &Error) -> Finding {
        Finding { remedy: error.what_to_try().map(str::to_owned), ..Finding::new(what, state, error) }
    }

    /// What an attempt came to, as a finding of this state where it failed.
    pub fn of_attempt(what: &str, attempted: Result<()>, otherwise: State) -> Finding {
        match attempted {
            Ok(()) => Finding::good(what, "works"),
            Err(error) => Finding::of_error(what, otherwise, &error),
        }
    }
}
