//! A program outside labkit: argument vector, namespace, time limit, and what it printed.

use std::{
    io::{BufRead, BufReader, Read, Write},
    os::unix::process::CommandExt,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{
    error::{Error, Result},
    printed::Printed,
    quote,
    raw::die_with_parent,
    signal,
};

/// What to run. It runs in the namespace of the calling thread, and dies with that thread unless it is said otherwise.
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
const MISSING: &str = "is not installed";
const LOOK: Duration = Duration::from_millis(5);
const LOOK_LONG: Duration = Duration::from_millis(50);
/// For a program to see that nobody reads what it writes, and to say what it has to say.
const PATIENCE: Duration = Duration::from_secs(1);
/// For a program that was told to end, and has others to end on other machines.
const GRACE: Duration = Duration::from_secs(15);

impl Program<'_> {
    /// Runs to the end, to the time limit, or until `stop`; only not getting it started or ended is an error.
    pub fn run(&self, stop: &AtomicBool) -> Result<Output> {
        let child = self.start("; labkit's own engine needs nothing", die_with_parent)?;
        let (output, stdout) = self.attend(child, stop, |out| Ok(drain(Some(out))))?;
        Ok(Output { stdout: stdout?, ..output })
    }

    /// The same of a program that writes much: `consume` reads it as it comes, and the output's `stdout` stays empty.
    /// Where `consume` gives up, the program is ended; what came of both is for the caller to weigh.
    pub fn pipe<T: Send>(
        &self,
        stop: &AtomicBool,
        consume: impl FnOnce(&mut dyn Read) -> Result<T> + Send,
    ) -> Result<(Output, Result<T>)> {
        self.attend(self.start("", die_with_parent)?, stop, |out| consume(out))
    }

    /// Runs to its own end, also when the user asks to stop, or when labkit is killed: what changes the machine is not to
    /// be cut short. The time limit does not count. Each line of its output is handed over as it comes, and is in the
    /// output as well. What it leaves running in the background is not waited for.
    pub fn to_the_end(&self, each: &mut dyn FnMut(&str)) -> Result<Output> {
        self.to_the_end_unless(&AtomicBool::new(false), each)
    }

    /// The same of one that is asked to end (SIGTERM) once what it works at is `vain`.
    pub fn to_the_end_unless(&self, vain: &AtomicBool, each: &mut dyn FnMut(&str)) -> Result<Output> {
        let keep = || -> Result<(Printed, Printed, Stdio, Stdio)> {
            let (out, err) = (Printed::new()?, Printed::new()?);
            let ends = (out.end()?, err.end()?);
            Ok((out, err, ends.0, ends.1))
        };
        let (mut out, mut err, out_end, err_end) = keep().map_err(|error| self.fail(error))?;
        // Ctrl-C on the terminal goes to a group of processes: this one is in another.
        let mut child = self.start("", |command| {
            command.stdout(out_end).stderr(err_end).process_group(0);
        })?;
        let (mut handed, mut asked) = (0, false);
        let pid = Pid::from_raw(child.id().cast_signed());
        thread::scope(|scope| {
            let (ended, end) = mpsc::channel();
            scope.spawn(move || ended.send(child.wait()));
            loop {
                let status = end.recv_timeout(LOOK_LONG).ok();
                out.read().and_then(|()| err.read()).map_err(|error| self.fail(error))?;
                while let Some(length) = out.text[handed..].iter().position(|byte| *byte == b'\n') {
                    each(&String::from_utf8_lossy(&out.text[handed..handed + length]));
                    handed += length + 1;
                }
                if let Some(status) = status {
                    let status = status.map_err(|error| self.fail(error.into()))?;
                    return Ok(Output { status, stdout: out.text, stderr: err.text });
                }
                if !asked && vain.load(Ordering::Acquire) {
                    // It may have ended by itself in between.
                    let _ = kill(pid, Signal::SIGTERM);
                    asked = true;
                }
            }
        })
    }

    /// Runs a program that is told something first, and takes the end of its input for the word to end: nothing else
    /// reaches one that runs elsewhere. Each line of its output is handed over as it comes, and is in the output as well.
    /// Why it was told to end before its own end, where it was, comes second.
    pub fn converse(
        &self,
        input: &[u8],
        stop: &AtomicBool,
        each: &mut (dyn FnMut(&str) + Send),
    ) -> Result<(Output, Option<Error>)> {
        // Ctrl-C on the terminal goes to a group of processes: this one is told in its own way, also by labkit's sudden end.
        let mut child = self.start("", |command| {
            command.stdin(Stdio::piped()).process_group(0);
        })?;
        let (mut stdin, out, mut err) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        thread::scope(|scope| {
            let stdout = scope.spawn(|| out.map(|out| lines(out, each)).unwrap_or_default());
            let stderr = scope.spawn(move || drain(err.as_mut()));
            // One that ends before it was told everything says why by itself.
            let _ = stdin.as_mut().map(|stdin| stdin.write_all(input).and_then(|()| stdin.flush()));
            let (deadline, mut told) = (Instant::now() + self.limit, None);
            let status = loop {
                if let Some(status) = child.try_wait().map_err(|error| self.fail(error.into()))? {
                    break status;
                }
                match &told {
                    None => {
                        if let Some(why) = self.reason_to_end(deadline, stop) {
                            drop(stdin.take());
                            told = Some((why, Instant::now() + GRACE));
                        }
                    }
                    Some((_, end)) if *end < Instant::now() => {
                        let _ = child.kill();
                    }
                    Some(_) => {}
                }
                thread::sleep(LOOK);
            };
            let output =
                Output { status, stdout: stdout.join().unwrap_or_default(), stderr: stderr.join().unwrap_or_default() };
            Ok((output, told.map(|(why, _)| self.fail(why))))
        })
    }

    /// Why it is not let run on.
    fn reason_to_end(&self, deadline: Instant, stop: &AtomicBool) -> Option<Error> {
        match () {
            () if signal::asked_to_stop() => Some(Error::interrupted()),
            () if Instant::now() > deadline => Some(Error::failed(format!("no end after {} s", self.limit.as_secs()))),
            () if stop.load(Ordering::Acquire) => Some(Error::failed("stopped, since nobody waits for it")),
            () => None,
        }
    }

    fn fail(&self, error: Error) -> Error {
        error.context(format!("run `{}`", quote::line(self.argv)))
    }

    /// Starts it; where it is not installed, `otherwise` says how to do without.
    fn start(&self, otherwise: &str, prepare: impl FnOnce(&mut Command)) -> Result<Child> {
        let (name, arguments) = self.argv.split_first().ok_or_else(|| Error::usage("nothing to run"))?;
        let mut command = Command::new(name);
        command.args(arguments).env("LC_ALL", "C");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        prepare(&mut command);
        command.spawn().map_err(|error| {
            let missing = error.kind() == std::io::ErrorKind::NotFound;
            let error = self.fail(Error::from(error));
            if missing { error.hint(format!("`{name}` {MISSING}{otherwise}")) } else { error }
        })
    }

    fn attend<T: Send>(
        &self,
        mut child: Child,
        stop: &AtomicBool,
        consume: impl FnOnce(&mut ChildStdout) -> Result<T> + Send,
    ) -> Result<(Output, Result<T>)> {
        let (out, mut err) = (child.stdout.take(), child.stderr.take());
        let gave_up = AtomicBool::new(false);
        thread::scope(|scope| {
            let consumed = scope.spawn(|| {
                // Dropped at the end: a program that goes on writing to nobody is told so by the kernel.
                let mut out = out.ok_or_else(|| Error::failed("it has no standard output"))?;
                consume(&mut out).inspect_err(|_| gave_up.store(true, Ordering::Release))
            });
            let stderr = scope.spawn(move || drain(err.as_mut()));
            let ended = self.wait(&mut child, stop, &gave_up);
            let consumed = consumed.join().unwrap_or_else(|_| Err(Error::failed("a thread panicked")));
            let stderr = stderr.join().unwrap_or_default();
            Ok((Output { status: ended?, stdout: Vec::new(), stderr }, consumed))
        })
    }

    /// Waits for the end, or makes one.
    fn wait(&self, child: &mut Child, stop: &AtomicBool, gave_up: &AtomicBool) -> Result<ExitStatus> {
        let deadline = Instant::now() + self.limit;
        let mut patience = None;
        loop {
            if let Some(status) = child.try_wait().map_err(|error| self.fail(error.into()))? {
                return Ok(status);
            }
            if gave_up.load(Ordering::Acquire) && *patience.get_or_insert(Instant::now() + PATIENCE) < Instant::now() {
                let _ = child.kill();
                return child.wait().map_err(|error| self.fail(error.into()));
            }
            if let Some(why) = self.reason_to_end(deadline, stop) {
                // It may have ended by itself in between.
                let _ = child.kill();
                let _ = child.wait();
                return Err(self.fail(why));
            }
            thread::sleep(LOOK);
        }
    }
}

/// Whether a program could not be run because there is none, for who knows where to get it.
pub fn is_missing(error: &Error) -> bool {
    error.what_to_try().is_some_and(|hint| hint.contains(MISSING))
}

/// For `pipe`: all that it prints, and a refusal of what prints more than so many bytes.
pub fn at_most(most: u64) -> impl FnOnce(&mut dyn Read) -> Result<Vec<u8>> + Send {
    move |out| {
        let mut text = Vec::new();
        out.take(most.saturating_add(1)).read_to_end(&mut text)?;
        match text.len() as u64 > most {
            true => Err(Error::failed(format!("it prints more than {most} bytes"))),
            false => Ok(text),
        }
    }
}

/// All that is read, line by line.
fn lines(stream: impl Read, each: &mut dyn FnMut(&str)) -> Vec<u8> {
    let (mut stream, mut text, mut handed) = (BufReader::new(stream), Vec::new(), 0);
    while stream.read_until(b'\n', &mut text).is_ok_and(|length| length > 0) {
        each(String::from_utf8_lossy(&text[handed..]).trim_end_matches('\n'));
        handed = text.len();
    }
    text
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
    fn what_a_program_leaves_running_is_not_waited_for() {
        let script = "echo one; printf two; echo err >&2; sleep 1000 & echo $! >&2";
        let (argv, mut lines) = (["sh", "-c", script], Vec::new());
        let program = Program { argv: &argv, limit: Duration::MAX };
        let output = program.to_the_end(&mut |line| lines.push(line.to_owned())).unwrap();
        assert_eq!((output.stdout.as_slice(), lines), (&b"one\ntwo"[..], vec!["one".to_owned()]));
        let text = String::from_utf8(output.stderr).unwrap();
        let pid = text.strip_prefix("err\n").unwrap().trim().parse().unwrap();
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL).unwrap();
    }

    #[test]
    fn a_program_that_works_in_vain_is_asked_to_end_and_says_what_it_has_to_say() {
        let script = "trap 'echo goodbye; kill $!; exit 7' TERM; echo hello; sleep 1000 & wait";
        let (argv, vain) = (["sh", "-c", script], AtomicBool::new(false));
        let program = Program { argv: &argv, limit: Duration::MAX };
        let output = program.to_the_end_unless(&vain, &mut |_| vain.store(true, Ordering::Release)).unwrap();
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(7), &b"hello\ngoodbye\n"[..]));
    }

    #[test]
    fn a_program_that_never_ends_is_ended() {
        let error = run(&["sleep", "1000"], Duration::from_millis(50)).unwrap_err();
        assert!(error.to_string().starts_with("run `sleep 1000`: no end after"));
    }

    #[test]
    fn one_that_is_told_to_end_ends_in_its_own_way() {
        // It says what it was told, and goodbye once nothing more can come.
        let argv = ["sh", "-c", "head -n 1; cat >/dev/null; echo goodbye; exit 7"];
        let mut said = Vec::new();
        let program = Program { argv: &argv, limit: Duration::from_millis(300) };
        let (output, cut) =
            program.converse(b"hello\n", &AtomicBool::new(false), &mut |line| said.push(line.to_owned())).unwrap();
        assert_eq!((said, output.status.code()), (vec!["hello".to_owned(), "goodbye".to_owned()], Some(7)));
        assert!(cut.unwrap().to_string().contains("no end after"));
        let program = Program { argv: &["sh", "-c", "read word; echo $word"], limit: Duration::from_secs(30) };
        let (output, cut) = program.converse(b"hello\n", &AtomicBool::new(false), &mut |_| ()).unwrap();
        assert!(cut.is_none() && output.stdout == b"hello\n");
    }

    #[test]
    fn what_is_read_as_it_comes_is_not_kept() {
        let argv = ["sh", "-c", "yes | head -c 5000000; exit 3"];
        let program = Program { argv: &argv, limit: Duration::from_secs(30) };
        let count = |out: &mut dyn Read| Ok(std::io::copy(out, &mut std::io::sink())?);
        let (output, counted) = program.pipe(&AtomicBool::new(false), count).unwrap();
        assert_eq!((counted.unwrap(), output.status.code(), output.stdout.len()), (5_000_000, Some(3), 0));
    }

    #[test]
    fn a_program_whose_reader_gives_up_is_ended() {
        for argv in [&["yes"][..], &["sleep", "1000"]] {
            let program = Program { argv, limit: Duration::from_secs(30) };
            let refuse = |_: &mut dyn Read| Err::<(), _>(Error::failed("enough"));
            let (output, refused) = program.pipe(&AtomicBool::new(false), refuse).unwrap();
            assert!(!output.status.success() && refused.unwrap_err().to_string() == "enough");
        }
    }

    #[test]
    fn a_program_that_prints_too_much_is_ended() {
        let printed = |argv: &[&str], most| {
            let program = Program { argv, limit: Duration::from_secs(30) };
            program.pipe(&AtomicBool::new(false), at_most(most)).unwrap().1
        };
        assert_eq!(printed(&["echo", "four"], 5).unwrap(), b"four\n");
        assert_eq!(printed(&["echo", "four"], 4).unwrap_err().to_string(), "it prints more than 4 bytes");
        assert!(printed(&["yes"], 1 << 20).is_err());
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = run(&["no-such-program-here"], Duration::from_secs(1)).unwrap_err();
        assert!(
            error.to_string().contains("no-such-program-here")
                && error.what_to_try()
                    == Some("`no-such-program-here` is not installed; labkit's own engine needs nothing")
                && is_missing(&error)
        );
    }
}
