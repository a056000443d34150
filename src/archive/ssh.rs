//! labkit on another node, asked over ssh: the words of the command line, and what a failure means.

use std::{io::Read, sync::atomic::AtomicBool, time::Duration};

use crate::{
    error::{Error, Result},
    exec::{Output, Program},
    quote, signal,
};

/// How to reach the nodes.
#[derive(Debug, Clone, Default)]
pub struct Ssh {
    /// `KEY=VALUE` of ssh's `-o`; they come first, and ssh keeps the first it is given.
    pub options: Vec<String>,
    /// File of the key to show, and no other.
    pub identity: Option<String>,
    /// The program there: its name or path.
    pub labkit: String,
}

/// For the largest run over a slow line; a line that is dead is noticed much earlier.
const LIMIT: Duration = Duration::from_secs(3600);
/// Never ask, give up soon where nobody answers, notice a dead line.
const OPTIONS: [&str; 4] = ["BatchMode=yes", "ConnectTimeout=5", "ServerAliveInterval=5", "ServerAliveCountMax=3"];

impl Ssh {
    pub fn check(&self, hosts: &[String]) -> Result<()> {
        for (what, word) in hosts.iter().map(|host| ("host", host)).chain([("program", &self.labkit)]) {
            let is_name = !word.is_empty() && !word.starts_with('-') && !word.contains(char::is_control);
            if !is_name {
                return Err(Error::usage(format!("`{}` is the name of no {what}", word.escape_debug())));
            }
        }
        Ok(())
    }

    /// The words of ssh's command line. What labkit is told goes through a shell there, so it is quoted for that.
    pub fn argv(&self, host: &str, words: &[&str]) -> Vec<String> {
        let mut argv = vec!["ssh".to_owned()];
        for option in self.options.iter().map(String::as_str).chain(OPTIONS) {
            argv.extend(["-o".to_owned(), option.to_owned()]);
        }
        if let Some(identity) = &self.identity {
            argv.extend(["-i", identity, "-o", "IdentitiesOnly=yes"].map(str::to_owned));
        }
        let command = [&[self.labkit.as_str()], words].concat();
        argv.extend(["--".to_owned(), host.to_owned(), quote::line(&command)]);
        argv
    }

    /// Has labkit answer there, and reads the answer as it comes.
    pub fn ask<T: Send>(
        &self,
        host: &str,
        words: &[&str],
        consume: impl FnOnce(&mut dyn Read) -> Result<T> + Send,
    ) -> Result<T> {
        let argv = self.argv(host, words);
        let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
        let mut was_read = true;
        let read_to_its_end = |out: &mut dyn Read| {
            let mut answer = Answer { from: out, is_over: false };
            let read = consume(&mut answer);
            was_read = answer.is_over;
            read
        };
        let (output, read) = Program { argv: &argv, limit: LIMIT }.pipe(&AtomicBool::new(false), read_to_its_end)?;
        match read {
            // It was refused while it came: how ssh ended then says nothing.
            Err(error) if !was_read => Err(error),
            read => self.judge(host, words, &output).and(read),
        }
    }

    fn judge(&self, host: &str, words: &[&str], output: &Output) -> Result<()> {
        signal::check()?;
        let said = String::from_utf8_lossy(&output.stderr);
        let labkit = &self.labkit;
        match output.status.code() {
            Some(0) => Ok(()),
            Some(255) => Err(unreachable(&said)),
            Some(126 | 127) => Err(Error::failed(format!("there is no `{labkit}`: {}", last_line(&said)))
                .hint("install labkit there, or say where it is: --remote-labkit PATH")),
            Some(2) if said.contains("there is no command") || said.contains("nrecognized argument") => Err(
                Error::failed(format!("labkit there is older: it does not know `labkit {}`", quote::line(&words[..1])))
                    .hint(format!("install version {} on `{host}`", env!("CARGO_PKG_VERSION"))),
            ),
            _ => Err(Error::failed(said.trim().trim_start_matches("error: ")).context(format!(
                "`{labkit} {}` ended with {}",
                quote::line(words),
                output.status
            ))),
        }
    }
}

/// What ssh says where it does not get through, with what to do about it.
fn unreachable(said: &str) -> Error {
    let error = |why: &str| Error::failed(format!("ssh: {why}"));
    if said.contains("REMOTE HOST IDENTIFICATION HAS CHANGED") {
        return error("its host key is another than the one that is known: it may be another machine")
            .hint("if the machine was set up anew: ssh-keygen -R HOST, then ssh HOST once");
    }
    if said.contains("Host key verification failed") {
        return error("its host key is not known").hint(
            "compare and accept it once: ssh HOST; or give a file of keys: --ssh-option UserKnownHostsFile=FILE",
        );
    }
    if said.contains("Permission denied") {
        return error(last_line(said))
            .hint("give the right key: --identity FILE; or leave yours there: ssh-copy-id HOST");
    }
    error(last_line(said)).hint("try it by hand: ssh HOST true")
}

fn last_line(said: &str) -> &str {
    said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("it said nothing")
}

/// Knows whether it was read to its end.
struct Answer<'a> {
    from: &'a mut dyn Read,
    is_over: bool,
}

impl Read for Answer<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.is_over |= read == 0 && !buffer.is_empty();
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ssh() -> Ssh {
        Ssh { labkit: "/opt/my labkit".into(), identity: Some("key".into()), options: vec!["Port=2222".into()] }
    }

    #[test]
    fn what_a_shell_there_reads_is_quoted() {
        let argv = ssh().argv("node01", &["archive", "20261122-140000-ex1-abcd", "-o", "-"]);
        assert_eq!(argv[..3], ["ssh", "-o", "Port=2222"]);
        assert_eq!(argv[argv.len() - 3..], ["--", "node01", "'/opt/my labkit' archive 20261122-140000-ex1-abcd -o -"]);
    }

    #[test]
    fn a_host_that_would_be_an_option_is_refused() {
        for bad in ["-oProxyCommand=x", "", "a\nb"] {
            assert!(ssh().check(&[bad.to_owned()]).is_err(), "{bad:?}");
        }
        assert!(ssh().check(&["root@node01".to_owned()]).is_ok());
        assert!(Ssh { labkit: "-oProxyCommand=x".into(), ..ssh() }.check(&[]).is_err());
    }

    #[test]
    fn each_way_of_not_getting_through_has_its_remedy() {
        let hint = |said: &str| unreachable(said).what_to_try().unwrap().to_owned();
        assert!(hint("Host key verification failed.\r\n").contains("UserKnownHostsFile"));
        assert!(hint("@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @").contains("ssh-keygen -R"));
        assert!(hint("root@node01: Permission denied (publickey).").contains("--identity"));
        let refused = "ssh: connect to host node01 port 22: Connection refused";
        assert!(unreachable(refused).to_string().ends_with("Connection refused"));
    }
}
