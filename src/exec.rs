//! A program outside labkit: argument vector, namespace, time limit, and what it printed.

use std::{
    io::Read,
    process::{Command, ExitStatus, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::{
    error::{Error, Result},
    quote,
    raw::die_with_parent,
    signal,
};

/// What to run. It runs in the namespace of the calling thread, and dies with that thread.
#[derive(Debug)]
pub struct Program<'a> {
    pub argv: &'a [&'a str],
    pub limit: Duration,
}

/// How it ended.
#[derive(Debug)]
pub struct Output {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

/// Lines of a failed program's output that are worth showing.
const LAST_LINES: usize = 20;
const LOOK: Duration = Duration::from_millis(5);

impl Program<'_> {
    /// Runs to the end, to the time limit, or until `stop`; only not getting it started or ended is an error.
    pub fn run(&self, stop: &AtomicBool) -> Result<Output> {
        let fail = |error: Error| error.context(format!("run `{}`", quote::line(self.argv)));
        let (name, arguments) = self.argv.split_first().ok_or_else(|| Error::usage("nothing to run"))?;
        let mut command = Command::new(name);
        command.args(arguments).env("LC_ALL", "C");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        die_with_parent(&mut command);
        let mut child = command.spawn().map_err(|error| {
            let missing = error.kind() == std::io::ErrorKind::NotFound;
            let error = fail(Error::from(error));
            if missing {
                error.hint(format!("`{name}` is not installed; labkit's own engine needs nothing"))
            } else {
                error
            }
        })?;
        let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
        thread::scope(|scope| {
            let stdout = scope.spawn(move || drain(out.as_mut()));
            let stderr = scope.spawn(move || drain(err.as_mut()));
            let deadline = Instant::now() + self.limit;
            let ended = loop {
                if let Some(status) = child.try_wait().map_err(|error| fail(error.into()))? {
                    break Ok(status);
                }
                let why = match () {
                    () if signal::asked_to_stop() => Some(Error::interrupted()),
                    () if Instant::now() > deadline => {
                        Some(Error::failed(format!("no end after {} s", self.limit.as_secs())))
                    }
                    () if stop.load(Ordering::Acquire) => Some(Error::failed("stopped, since nobody waits for it")),
                    () => None,
                };
                if let Some(why) = why {
                    // It may have ended by itself in between.
                    let _ = child.kill();
                    let _ = child.wait();
                    break Err(fail(why));
                }
                thread::sleep(LOOK);
            };
            let text = |reader: thread::ScopedJoinHandle<Vec<u8>>| reader.join().unwrap_or_default();
            let (stdout, stderr) = (text(stdout), text(stderr));
            Ok(Output { status: ended?, stdout, stderr })
        })
    }
}

fn drain(stream: Option<&mut impl Read>) -> Vec<u8> {
    let mut text = Vec::new();
    if let Some(stream) = stream {
        // What was read before an error is still worth having.
        let _ = stream.read_to_end(&mut text);
    }
    text
}

impl Output {
    /// An error that shows the command, its status and the last lines it wrote, unless it succeeded.
    pub fn require_success(&self, argv: &[&str]) -> Result<()> {
        if self.status.success() {
            return Ok(());
        }
        let text = format!("{}{}", String::from_utf8_lossy(&self.stdout), String::from_utf8_lossy(&self.stderr));
        let lines: Vec<&str> = text.lines().collect();
        let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n    ");
        Err(Error::failed(format!("`{}` ended with {}\n    {last}", quote::line(argv), self.status)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(argv: &[&str], limit: Duration) -> Result<Output> {
        Program { argv, limit }.run(&AtomicBool::new(false))
    }

    #[test]
    fn what_a_program_prints_is_kept_apart() {
        let output = run(&["sh", "-c", "echo out; echo err >&2; exit 3"], Duration::from_secs(30)).unwrap();
        assert_eq!((output.stdout.as_slice(), output.stderr.as_slice()), (&b"out\n"[..], &b"err\n"[..]));
        let error = output.require_success(&["sh"]).unwrap_err().to_string();
        assert!(error.contains("exit status: 3") && error.contains("err"), "{error}");
    }

    #[test]
    fn a_program_that_never_ends_is_ended() {
        let error = run(&["sleep", "1000"], Duration::from_millis(50)).unwrap_err();
        assert!(error.to_string().starts_with("run `sleep 1000`: no end after"));
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = run(&["no-such-program-here"], Duration::from_secs(1)).unwrap_err();
        assert!(
            error.to_string().contains("no-such-program-here")
                && error.what_to_try().unwrap().contains("not installed")
        );
    }
}
