//! `labkit collect`

use argh::FromArgs;

use super::output;
use crate::{
    archive::{
        collect::{Collector, Outcome},
        ssh::Ssh,
    },
    error::{Error, Kind, Result},
    progress::Progress,
    results::store,
    signal,
};

/// Bring the runs of other nodes here, over ssh; those that are here already stay.
#[derive(FromArgs)]
#[argh(subcommand, name = "collect")]
pub struct Collect {
    /// nodes, as ssh knows them: node01, root@node02
    #[argh(positional, arg_name = "host")]
    hosts: Vec<String>,

    /// an option of ssh, as for its -o: Port=2222
    #[argh(option, arg_name = "KEY=VALUE")]
    ssh_option: Vec<String>,

    /// file of the key to show
    #[argh(option, arg_name = "FILE")]
    identity: Option<String>,

    /// labkit on the nodes: its name or path
    #[argh(option, arg_name = "PATH", default = "\"labkit\".to_owned()")]
    remote_labkit: String,

    /// say nothing on the way
    #[argh(switch, short = 'q')]
    quiet: bool,
}

impl Collect {
    pub fn run(self) -> Result<()> {
        if self.hosts.is_empty() {
            return Err(Error::usage("no host to collect from").hint("labkit collect node01 node02"));
        }
        let ssh = Ssh { options: self.ssh_option, identity: self.identity, labkit: self.remote_labkit };
        ssh.check(&self.hosts)?;
        signal::listen()?;
        let progress = Progress::new(self.quiet);
        let collector = Collector::open(&ssh, &store::state_dir()?, &progress)?;
        let mut failures = Vec::new();
        for host in &self.hosts {
            let outcomes = match collector.from_host(host) {
                Err(error) if error.kind() == Kind::Interrupted => return Err(error),
                Err(error) => {
                    progress.end();
                    output::print(&format!("{host}: failed\n"))?;
                    failures.push(error.context(host));
                    continue;
                }
                Ok(outcomes) => outcomes,
            };
            progress.end();
            output::print(&format!("{host}: {}\n", summary(&outcomes)))?;
            for (run, outcome) in outcomes {
                match outcome {
                    Outcome::Fetched { files, bytes } => {
                        output::print(&format!("  {run} fetched: {files} files with {bytes} bytes\n"))?;
                    }
                    Outcome::Present => log::debug!("{run} is here already"),
                    Outcome::InProgress => output::print(&format!("  {run} is still in progress there\n"))?,
                    Outcome::Failed(error) => failures.push(error.context(format!("{host}: {run}"))),
                }
            }
        }
        report(failures)
    }
}

/// How many runs came to what.
fn summary(outcomes: &[(String, Outcome)]) -> String {
    let count = |is: fn(&Outcome) -> bool| outcomes.iter().filter(|(_, outcome)| is(outcome)).count();
    let counts = [
        (count(|outcome| matches!(outcome, Outcome::Fetched { .. })), "fetched"),
        (count(|outcome| matches!(outcome, Outcome::Present)), "here already"),
        (count(|outcome| matches!(outcome, Outcome::InProgress)), "in progress"),
        (count(|outcome| matches!(outcome, Outcome::Failed(_))), "failed"),
    ];
    let words: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if words.is_empty() { "no runs".to_owned() } else { words.join(", ") }
}

/// All that failed, with what to try about the first.
fn report(failures: Vec<Error>) -> Result<()> {
    let Some(first) = failures.first() else { return Ok(()) };
    let lines: Vec<String> = failures.iter().map(Error::to_string).collect();
    let all = Error::failed(lines.join("\n       "));
    Err(match first.what_to_try() {
        Some(hint) => all.hint(hint),
        None => all,
    })
}
