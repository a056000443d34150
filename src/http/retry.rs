//! What to do about a server that fails: wait and ask again, or say it.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::{
    error::{Error, Result},
    signal,
};

/// Why something was not had.
#[derive(Debug)]
pub struct Failure {
    /// Asking again would change nothing.
    pub is_final: bool,
    /// How long the server wants to be left alone.
    pub after: Option<Duration>,
    pub error: Error,
}

impl Failure {
    /// May be over the next time.
    pub fn passing(error: Error) -> Failure {
        Failure { is_final: false, after: None, error }
    }

    pub fn lasting(error: Error) -> Failure {
        Failure { is_final: true, after: None, error }
    }

    /// Of an answer that is none, by its status.
    pub fn of_status(status: u16, retry_after: Option<&str>) -> Failure {
        let meaning = match status {
            401 => "it wants to know who asks (401)".to_owned(),
            403 => "it does not allow it (403)".to_owned(),
            404 | 410 => format!("it is not there ({status})"),
            429 => "it was asked too often (429)".to_owned(),
            status if status >= 500 => format!("the server fails ({status})"),
            status => format!("it answers with status {status}"),
        };
        // 408 and 425 are of a moment as well.
        let is_final = !(status >= 500 || matches!(status, 408 | 425 | 429));
        let after = retry_after.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
        Failure { is_final, after, error: Error::failed(meaning) }
    }

    pub fn context(self, attempt: impl std::fmt::Display) -> Failure {
        Failure { error: self.error.context(attempt), ..self }
    }

    pub fn hint(self, hint: impl std::fmt::Display) -> Failure {
        Failure { error: self.error.hint(hint), ..self }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::lasting(error)
    }
}

/// Attempts that came to nothing, one after the other.
pub struct Retry {
    attempts: u32,
    most: u32,
}

/// Asks until there is an answer, so many times where that may help.
pub fn persist<T>(attempts: u32, mut ask: impl FnMut() -> Result<T, Failure>) -> Result<T> {
    let mut retry = Retry::new(attempts);
    loop {
        match ask() {
            Ok(answer) => return Ok(answer),
            Err(failure) => retry.after(failure)?,
        }
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Of a pause, so that Ctrl-C is heard.
const LOOK: Duration = Duration::from_millis(50);

impl Retry {
    /// Gives up after so many in a row.
    pub fn new(most: u32) -> Retry {
        Retry { attempts: 0, most }
    }

    /// Something came: the server is not to be given up yet.
    pub fn progressed(&mut self) {
        self.attempts = 0;
    }

    /// Waits until it may be asked again, each time longer; the error where it is not worth it.
    pub fn after(&mut self, failure: Failure) -> Result<()> {
        signal::check()?;
        self.attempts += 1;
        if failure.is_final || self.attempts >= self.most {
            return Err(match failure.is_final {
                true => failure.error,
                false => failure.error.context(format!("given up after {} attempts", self.attempts)),
            });
        }
        let pause = failure.after.unwrap_or_else(|| self.pause()).min(LONGEST_PAUSE);
        log::debug!("again in {:.1} s: {}", pause.as_secs_f64(), failure.error);
        let until = Instant::now() + pause;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            thread::sleep(left.min(LOOK));
            signal::check()?;
        }
        Ok(())
    }

    /// Twice as long each time, and never quite the same, since others wait as well.
    fn pause(&self) -> Duration {
        let longest = FIRST_PAUSE * 2u32.saturating_pow(self.attempts.saturating_sub(1));
        longest.mul_f64(f64::from(crate::chance::number(50..100)) / 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_not_asked_for_again() {
        for (status, is_final) in [(404, true), (401, true), (400, true), (429, false), (500, false), (503, false)] {
            assert_eq!(Failure::of_status(status, None).is_final, is_final, "{status}");
        }
        assert_eq!(Failure::of_status(429, Some("7")).after, Some(Duration::from_secs(7)));
        let error = Retry::new(5).after(Failure::of_status(404, None)).unwrap_err();
        assert_eq!(error.to_string(), "it is not there (404)");
    }

    #[test]
    fn a_server_is_given_up_only_after_attempts_in_a_row() {
        let mut retry = Retry::new(2);
        let failure = || Failure { after: Some(Duration::ZERO), ..Failure::of_status(500, None) };
        assert!(retry.after(failure()).is_ok());
        retry.progressed();
        assert!(retry.after(failure()).is_ok());
        let error = retry.after(failure()).unwrap_err();
        assert_eq!(error.to_string(), "given up after 2 attempts: the server fails (500)");
    }
}
