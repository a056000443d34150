//! One error type: what was attempted (a chain), the cause, a hint, and the kind that decides the exit code.

use std::{fmt, io};

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How a run ends; the number is the exit code of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Failed = 1,
    Usage = 2,
    Changes = 3,
    Proof = 4,
    Interrupted = 130,
}

/// What was attempted, outermost first, down to the cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: Kind,
    /// Place in a recipe: `ex1.lua:12`.
    position: Option<String>,
    chain: Vec<String>,
    hint: Option<String>,
    /// What the operating system called the cause.
    io: Option<io::ErrorKind>,
}

impl Error {
    fn new(kind: Kind, cause: impl fmt::Display) -> Error {
        Error { kind, position: None, chain: vec![cause.to_string()], hint: None, io: None }
    }

    pub fn failed(cause: impl fmt::Display) -> Error {
        Error::new(Kind::Failed, cause)
    }

    /// The caller asked for something that cannot be: exit code 2.
    pub fn usage(cause: impl fmt::Display) -> Error {
        Error::new(Kind::Usage, cause)
    }

    /// A proof or check failed although everything ran: exit code 4.
    pub fn proof(cause: impl fmt::Display) -> Error {
        Error::new(Kind::Proof, cause)
    }

    /// A plan found something that would change: exit code 3, and nothing to print.
    pub fn changes() -> Error {
        Error { chain: Vec::new(), ..Error::new(Kind::Changes, "") }
    }

    /// A check failed, and what it found has been printed as the result.
    pub fn silent_proof() -> Error {
        Error { chain: Vec::new(), ..Error::new(Kind::Proof, "") }
    }

    pub fn interrupted() -> Error {
        Error::new(Kind::Interrupted, "interrupted")
    }

    /// Puts what was attempted before the cause.
    pub fn context(mut self, attempt: impl fmt::Display) -> Error {
        self.chain.insert(0, attempt.to_string());
        self
    }

    /// Adds what went wrong afterwards; the first error stays what it is.
    pub fn then(mut self, later: &Error) -> Error {
        self.chain.push(format!("and then: {later}"));
        self
    }

    /// Says what to try; the first hint, the one nearest the cause, is kept.
    pub fn hint(mut self, hint: impl fmt::Display) -> Error {
        self.hint.get_or_insert_with(|| hint.to_string());
        self
    }

    /// Says where in the recipe it was asked for. The first place said, the one nearest the cause, is kept.
    pub fn at(mut self, position: &str) -> Error {
        self.position.get_or_insert_with(|| position.to_owned());
        self
    }

    pub fn has_position(&self) -> bool {
        self.position.is_some()
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The process's exit code.
    pub fn code(&self) -> u8 {
        self.kind as u8
    }

    pub fn what_to_try(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// True where a file system or a quota has no space left.
    pub fn is_of_full_disk(&self) -> bool {
        matches!(self.io, Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
    }

    /// True where the exit code alone says everything.
    pub fn is_silent(&self) -> bool {
        self.chain.is_empty()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let position = self.position.as_deref().into_iter();
        let parts: Vec<&str> = position.chain(self.chain.iter().map(String::as_str)).collect();
        out.write_str(&parts.join(": "))
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(cause: io::Error) -> Error {
        Error { io: Some(cause.kind()), ..Error::failed(cause) }
    }
}

impl From<nix::Error> for Error {
    fn from(cause: nix::Error) -> Error {
        Error::from(io::Error::from(cause))
    }
}

impl From<serde_json::Error> for Error {
    fn from(cause: serde_json::Error) -> Error {
        Error::failed(cause)
    }
}

/// `.context(|| …)` on any result whose error becomes ours; built only when it failed.
pub trait Context<T> {
    fn context<D: fmt::Display>(self, attempt: impl FnOnce() -> D) -> Result<T>;

    /// Says where in the recipe it was asked for.
    fn at(self, position: &str) -> Result<T>;
}

impl<T, E: Into<Error>> Context<T> for Result<T, E> {
    fn context<D: fmt::Display>(self, attempt: impl FnOnce() -> D) -> Result<T> {
        self.map_err(|cause| cause.into().context(attempt()))
    }

    fn at(self, position: &str) -> Result<T> {
        self.map_err(|cause| cause.into().at(position))
    }
}

/// The first of two outcomes that is an error, with the second one in it if that is one as well.
pub fn both(first: Result<()>, later: Result<()>) -> Result<()> {
    match (first, later) {
        (Err(first), Err(later)) => Err(first.then(&later)),
        (first, later) => first.and(later),
    }
}

/// The candidate that `word` was probably meant to be, if one is near enough.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + word.len().min(candidate.len()) / 3)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_reads_from_attempt_to_cause() {
        let error = Error::from(io::Error::from_raw_os_error(17))
            .at("ex1.lua:12")
            .context("create bridge `br0`")
            .context("net.bridge");
        assert_eq!(error.to_string(), "ex1.lua:12: net.bridge: create bridge `br0`: File exists (os error 17)");
        assert_eq!(error.code(), 1);
    }

    #[test]
    fn the_hint_nearest_the_cause_is_kept() {
        assert_eq!(Error::usage("x").hint("inner").hint("outer").what_to_try(), Some("inner"));
    }

    #[test]
    fn a_slip_of_the_finger_finds_its_word_and_nonsense_finds_none() {
        assert_eq!(nearest("bridg", ["veth", "bridge", "vxlan"]), Some("bridge"));
        assert_eq!(nearest("vhet", ["veth", "bridge"]), Some("veth"));
        assert_eq!(nearest("quantum", ["veth", "bridge"]), None);
    }
}
