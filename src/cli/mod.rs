//! The command line: one file per subcommand, its arguments and what it does.

mod archive;
mod bundle;
mod check_figure;
mod clean;
mod collect;
mod compare;
mod completion;
mod doctor;
mod down;
mod exec;
mod explain;
mod export;
mod heal;
mod hello;
mod hold;
mod identity;
mod import;
mod list;
mod ls;
mod mpi;
mod output;
mod plan;
mod provision;
mod report;
mod results;
mod run;
mod seal;
mod secret;
mod shell;
mod show;
mod status;
mod types;
mod undo;
mod verify;
mod why;

use std::process::ExitCode;

use argh::{EarlyExit, FromArgs};

use crate::error::{Error, Kind, Result, nearest};

/// Network and HPC lab exercises: built, proved, measured, reported.
#[derive(FromArgs)]
#[argh(
    note = "Start with `labkit list`, then `labkit run ex1`.",
    error_code(1, "it failed"),
    error_code(2, "wrong use"),
    error_code(3, "a plan has changes"),
    error_code(4, "a check or proof failed"),
    error_code(130, "interrupted")
)]
struct Labkit {
    /// print the version
    #[argh(switch)]
    version: bool,

    /// say more on standard error
    #[argh(switch, short = 'v')]
    verbose: bool,

    #[argh(subcommand)]
    command: Option<Command>,
}

#[derive(FromArgs)]
#[argh(subcommand)]
enum Command {
    Archive(archive::Archive),
    Bundle(bundle::Bundle),
    CheckFigure(check_figure::CheckFigure),
    Clean(clean::Clean),
    Collect(collect::Collect),
    Completion(completion::Completion),
    Doctor(doctor::Doctor),
    Down(down::Down),
    Exec(exec::Exec),
    Explain(explain::Explain),
    Export(export::Export),
    Heal(heal::Heal),
    Hello(hello::Hello),
    Identity(identity::Identity),
    Import(import::Import),
    List(list::List),
    Ls(ls::Ls),
    Plan(plan::Plan),
    Provision(provision::Provision),
    Report(report::Report),
    Results(results::Results),
    Run(run::Run),
    Seal(seal::Seal),
    Secret(secret::Command),
    Shell(shell::Shell),
    Show(show::Show),
    Status(status::Status),
    Types(types::Types),
    Undo(undo::Undo),
    Verify(verify::Verify),
    Why(why::Why),
}

/// Subcommands that a person may type.
const COMMANDS: [&str; 31] = [
    "archive",
    "bundle",
    "check-figure",
    "clean",
    "collect",
    "completion",
    "doctor",
    "down",
    "exec",
    "explain",
    "export",
    "heal",
    "hello",
    "identity",
    "import",
    "list",
    "ls",
    "plan",
    "provision",
    "report",
    "results",
    "run",
    "seal",
    "secret",
    "shell",
    "show",
    "status",
    "types",
    "undo",
    "verify",
    "why",
];

/// Parses the command line, does what it says, prints the error if there is one.
pub fn main() -> ExitCode {
    let words: Vec<String> = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    if words.first().is_some_and(|word| word == hold::NAME) {
        hold::hold();
    }
    if let Some((mpi::NAME, rest)) = words.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return mpi::act(rest);
    }
    match parse(&verbose_first(words)).and_then(|labkit| labkit.map_or(Ok(()), perform)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&error);
            ExitCode::from(error.code())
        }
    }
}

/// `labkit run ex1 -v` means `labkit -v run ex1`; what `exec` runs keeps its own `-v`.
fn verbose_first(mut words: Vec<String>) -> Vec<String> {
    let is_verbose = |word: &String| word == "-v" || word == "--verbose";
    let command = words.iter().find(|word| !word.starts_with('-'));
    if command.is_some_and(|word| word != "exec") && words.iter().any(is_verbose) {
        words.retain(|word| !is_verbose(word));
        words.insert(0, "-v".to_owned());
    }
    words
}

/// The parsed command line, or nothing where `--help` has been answered.
fn parse(words: &[String]) -> Result<Option<Labkit>> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match Labkit::from_args(&["labkit"], &words) {
        Ok(labkit) => Ok(Some(labkit)),
        Err(EarlyExit { output, status: Ok(()) }) => output::print(&output).map(|()| None),
        Err(EarlyExit { output, .. }) => Err(wrong_use(&output, &words)),
    }
}

fn wrong_use(said: &str, words: &[&str]) -> Error {
    let text = said.split("\nRun ").next().unwrap_or(said).trim();
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let first = words.iter().find(|word| !word.starts_with('-'));
    match first.filter(|word| !COMMANDS.contains(word)) {
        Some(word) => Error::usage(format!("there is no command `{word}`")).hint(match nearest(word, COMMANDS) {
            Some(near) => format!("did you mean `labkit {near}`?"),
            None => "`labkit --help` lists them".to_owned(),
        }),
        None => {
            let mut text = text.to_owned();
            if let Some(first) = text.get_mut(..1) {
                first.make_ascii_lowercase();
            }
            Error::usage(text.split_whitespace().collect::<Vec<_>>().join(" ")).hint(match first {
                Some(command) => format!("labkit {command} --help"),
                None => "labkit --help".to_owned(),
            })
        }
    }
}

fn perform(labkit: Labkit) -> Result<()> {
    output::start_log(labkit.verbose);
    if labkit.version {
        return output::print(&format!("labkit {}\n", env!("CARGO_PKG_VERSION")));
    }
    let Some(command) = labkit.command else {
        return parse(&["--help".to_owned()]).map(|_| ());
    };
    match command {
        Command::Archive(archive) => archive.run(),
        Command::Bundle(bundle) => bundle.run(),
        Command::CheckFigure(check) => check.run(),
        Command::Clean(clean) => clean.run(),
        Command::Collect(collect) => collect.run(),
        Command::Completion(completion) => completion.run(),
        Command::Doctor(doctor) => doctor.run(),
        Command::Down(down) => down.run(),
        Command::Exec(exec) => exec.run(),
        Command::Explain(explain) => explain.run(),
        Command::Export(export) => export.run(),
        Command::Heal(heal) => heal.run(),
        Command::Hello(hello) => hello.run(),
        Command::Identity(identity) => identity.run(),
        Command::Import(import) => import.run(),
        Command::List(list) => list.run(),
        Command::Ls(ls) => ls.run(),
        Command::Plan(plan) => plan.run(),
        Command::Provision(provision) => provision.run(),
        Command::Report(report) => report.run(),
        Command::Results(results) => results.run(),
        Command::Run(run) => run.run(),
        Command::Seal(seal) => seal.run(),
        Command::Secret(secret) => secret.run(),
        Command::Shell(shell) => shell.run(),
        Command::Show(show) => show.run(),
        Command::Status(status) => status.run(),
        Command::Types(types) => types.run(),
        Command::Undo(undo) => undo.run(),
        Command::Verify(verify) => verify.run(),
        Command::Why(why) => why.run(),
    }
}

/// True where the error asks for nothing to be printed but its code.
fn is_silent(error: &Error) -> bool {
    error.is_silent() || error.kind() == Kind::Changes
}
