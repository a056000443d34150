//! The workbench of one run: how it acts, the namespaces it holds, the cases it proved, what it writes down.

mod archive;
pub mod operation;
mod phase;
mod wants;

use std::{
    collections::BTreeMap,
    net::IpAddr,
    path::{Path, PathBuf},
};

pub use archive::PackageArchive;
use operation::Difference;
use phase::Phase;
pub use wants::{MadeImage, Seat, WantedArchive, Wants};

use crate::{
    error::{Error, Result, nearest},
    journal::{self, Before, Change, Journal, Ledger, Noted, Undo},
    names::NsName,
    netns::Netns,
    progress::Progress,
    results::{Proof, Reading, Run, Sample, Writer},
    rights,
};

/// What the operations of a recipe do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Act.
    Run,
    /// Build the topology, but neither prove nor measure.
    Build,
    /// Say what would be done.
    Plan,
    /// Print the commands that a person would type.
    Explain,
    /// Find out what must be at hand for it, on a machine that may have nothing to do with the lab.
    Gather,
}

/// Where the lab's namespaces are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In anonymous namespaces that vanish with the process.
    Anonymous,
    /// In named namespaces of the real host, under a tag of this run.
    Host(Tag),
}

/// Marks the devices of a run among those of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// `ip link set … alias`
    pub alias: String,
    /// `ip link set … group`
    pub group: u32,
}

/// What a proved case measures: from a namespace to an address in another.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    pub name: String,
    pub from: NsName,
    pub to_ns: NsName,
    pub to: IpAddr,
    /// Why its figures do not count, where they do not.
    pub invalid: Option<String>,
}

/// A line of a plan or of an explanation.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    /// What the lab would hold, or what would be done in it.
    Plan(String),
    /// What of the machine would change.
    Change {
        title: String,
        difference: Difference,
    },
    /// A shell command.
    Shell(String),
    Comment(String),
}

/// What a run did to the machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Work {
    /// True once the machine was looked at for it.
    pub has_begun: bool,
    /// Things that were, or would be, brought into the state that is wanted, in words.
    pub changed: Vec<String>,
    /// How many were so already.
    pub same: usize,
    /// How many were begun and did not come out as wanted.
    pub unfinished: usize,
}

/// How much of a file is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extent {
    /// All of it; what is to stand there.
    Whole(String),
    Part,
}

/// The state of one run that every room may see.
pub struct Lab {
    pub mode: Mode,
    pub place: Place,
    pub run: Run,
    pub progress: Progress,
    /// Place in the recipe of the call being made.
    pub position: String,
    pub lines: Vec<Line>,
    pub cases: Vec<Case>,
    /// Problems that make the run's outcome `invalid`.
    pub doubts: Vec<String>,
    pub work: Work,
    /// What must be at hand, as far as the recipe has come.
    pub wants: Wants,
    /// Where packages come from, where not from the machine's own archives.
    pub archive: Option<PackageArchive>,
    /// Which machine of the lab this is taken for, where it may be none.
    pub seat: Option<Seat>,
    /// Changes by somebody else are overwritten.
    pub force: bool,
    /// The recipe's file; none where it is built in.
    pub source: Option<PathBuf>,
    phase: Option<Phase>,
    /// Files that this run writes, whole or in part, and where it says so first.
    claims: BTreeMap<PathBuf, (String, Extent)>,
    /// Where runs, and what was done to the machine, are kept.
    state: PathBuf,
    ledger: Option<Ledger>,
    /// What the ledger held when a plan began.
    known: Vec<Change>,
    namespaces: BTreeMap<NsName, Netns>,
    writer: Option<Writer>,
    journal: Option<Journal>,
    /// True once anything was noted beyond that the run began.
    noted: bool,
}

impl Lab {
    /// A lab that only says what it would do has no writer.
    pub fn new(
        mode: Mode,
        place: Place,
        run: Run,
        progress: Progress,
        writer: Option<Writer>,
        state: PathBuf,
    ) -> Result<Lab> {
        let journal = writer.as_ref().map(|writer| Journal::open(writer.dir())).transpose()?;
        Ok(Lab {
            mode,
            place,
            run,
            progress,
            position: String::new(),
            lines: Vec::new(),
            cases: Vec::new(),
            doubts: Vec::new(),
            work: Work::default(),
            wants: Wants::default(),
            archive: None,
            seat: None,
            force: false,
            source: None,
            phase: None,
            claims: BTreeMap::new(),
            state,
            ledger: None,
            known: Vec::new(),
            namespaces: BTreeMap::new(),
            writer,
            journal,
            noted: false,
        })
    }

    /// True where effects happen.
    pub fn acts(&self) -> bool {
        matches!(self.mode, Mode::Run | Mode::Build)
    }

    /// True where proofs and measurements happen.
    pub fn measures(&self) -> bool {
        self.mode == Mode::Run
    }

    /// Gives the lab a host of its own, in which devices meet; on the real host it is that one. Nothing of the machine
    /// is changed from then on.
    pub fn enclose(&mut self) -> Result<()> {
        if self.is_enclosed() {
            return Ok(());
        }
        if self.place == Place::Anonymous {
            rights::enclose()?;
        }
        self.hold(NsName::host(), Netns::current()?);
        self.end_work();
        Ok(())
    }

    /// The machine is changed no more: others may, and a process that outlives this one keeps them from nothing.
    pub fn end_work(&mut self) {
        self.ledger = None;
    }

    pub fn is_enclosed(&self) -> bool {
        self.namespaces.contains_key(&NsName::host())
    }

    pub fn hold(&mut self, name: NsName, ns: Netns) {
        self.namespaces.insert(name, ns);
    }

    /// Lets go of every namespace but the host's; the kernel removes them and all in them.
    pub fn drop_namespaces(&mut self) {
        self.namespaces.retain(|name, _| name.is_host());
    }

    pub fn namespaces(&self) -> impl Iterator<Item = (&NsName, &Netns)> {
        self.namespaces.iter()
    }

    /// The namespace of this name.
    pub fn netns(&self, name: &NsName) -> Result<&Netns> {
        self.namespaces.get(name).ok_or_else(|| Error::failed(format!("there is no namespace `{name}`")))
    }

    /// A case by the name it was proved under.
    pub fn case(&self, name: &str) -> Result<&Case> {
        if name.is_empty() {
            return Err(Error::usage("`case` is missing"));
        }
        self.cases.iter().find(|case| case.name == name).ok_or_else(|| {
            let near = nearest(name, self.cases.iter().map(|case| case.name.as_str()));
            Error::usage(format!("case `{name}` was not proved")).hint(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("only what is proved is measured: net.prove {{ case = \"{name}\", … }} comes first"),
            })
        })
    }

    /// Says a line of a plan.
    pub fn plan(&mut self, words: impl Into<String>) {
        if self.mode == Mode::Plan {
            self.lines.push(Line::Plan(words.into()));
        }
    }

    /// Says a command of an explanation.
    pub fn shell(&mut self, command: impl Into<String>) {
        if self.mode == Mode::Explain {
            self.lines.push(Line::Shell(command.into()));
        }
    }

    /// Says what the commands after it are for.
    pub fn comment(&mut self, words: impl Into<String>) {
        if self.mode == Mode::Explain {
            self.lines.push(Line::Comment(words.into()));
        }
    }

    /// Writes down what is about to be done, and how to revert it if it stays.
    pub fn journal(&mut self, what: &str, undo: Option<Undo>) -> Result<()> {
        self.noted = true;
        match &mut self.journal {
            Some(journal) => journal.write(&self.position, what, undo),
            None => Ok(()),
        }
    }

    /// What was done to this machine and how it was before; while it is open nobody else changes it.
    pub fn ledger(&mut self) -> Result<&mut Ledger> {
        let ledger = match self.ledger.take() {
            Some(ledger) => ledger,
            None => {
                let mut ledger = Ledger::open(&self.state, &format!("run {}", self.run.recipe))?;
                ledger.hand_on()?;
                ledger
            }
        };
        Ok(self.ledger.insert(ledger))
    }

    /// Where what concerns this machine is kept.
    pub fn machine_dir(&self) -> PathBuf {
        journal::directory(&self.state)
    }

    /// What labkit did to this machine and has not taken back, oldest first; empty before `begin_work`.
    pub fn changes(&self) -> &[Change] {
        self.ledger.as_ref().map_or(&self.known, Ledger::pending)
    }

    /// True where the recipe that runs made this change.
    pub fn made(&self, change: &Change) -> bool {
        change.recipe == self.run.recipe && change.file == self.source
    }

    /// Comes before the first look at the machine: nobody else changes it between the look and the act.
    pub fn begin_work(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.work.has_begun, true) || matches!(self.mode, Mode::Explain | Mode::Gather) {
            return Ok(());
        }
        match self.acts() {
            true => self.ledger().map(|_| ()),
            false => {
                self.known = Ledger::pending_in(&self.state)?;
                Ok(())
            }
        }
    }

    /// Writes down what is about to be done to the machine, and how it was before.
    pub fn note_change(&mut self, what: &str, before: Before) -> Result<u64> {
        self.noted = true;
        let (recipe, run, position) = (self.run.recipe.clone(), self.run.id.clone(), self.position.clone());
        let file = self.source.clone();
        let entry = Noted { recipe: &recipe, file: file.as_deref(), run: &run, position: &position, what };
        self.ledger()?.write(&entry, before)
    }

    /// Says that this run writes a file. Written as a whole, no other call may write it too: each run would change it
    /// twice, and only the last would hold.
    pub fn claim(&mut self, path: &Path, extent: Extent) -> Result<()> {
        match self.claims.get(path) {
            // Twice the same, or two parts.
            Some((_, first)) if *first == extent => Ok(()),
            Some((position, _)) => Err(Error::usage(format!(
                "`{}` is written by {position} as well, and one of them writes it as a whole",
                path.display()
            ))
            .hint(
                "put all of it into one call, or write parts only: host.block, host.line, host.value; \
                 host.sysctl takes a `name` for a file of its own",
            )),
            None => {
                self.claims.insert(path.to_owned(), (self.position.clone(), extent));
                Ok(())
            }
        }
    }

    /// Keeps a sample, marked invalid where its case is.
    pub fn sample(&mut self, sample: Sample) -> Result<()> {
        let doubt = self.cases.iter().find(|case| case.name == sample.case).and_then(|case| case.invalid.as_deref());
        let sample = match doubt {
            Some(why) => sample.invalidate(why),
            None => sample,
        };
        if !self.run.cases.contains(&sample.case) {
            self.run.cases.push(sample.case.clone());
        }
        self.writer.as_mut().map_or(Ok(()), |writer| writer.sample(&sample))
    }

    /// Keeps what a tool's text was read as.
    pub fn reading(&mut self, reading: &Reading) -> Result<()> {
        self.writer.as_mut().map_or(Ok(()), |writer| writer.reading(reading))
    }

    /// Keeps a proof; one that does not hold makes the run invalid.
    pub fn proof(&mut self, proof: &Proof) -> Result<()> {
        if !proof.valid {
            self.doubts.push(format!("{}: {}", proof.case, proof.why.join("; ")));
        }
        self.writer.as_mut().map_or(Ok(()), |writer| writer.proof(proof))
    }

    /// Keeps what a tool printed; gives its name under `raw/`.
    pub fn raw(&self, stem: &str, ending: &str, text: &[u8]) -> Result<Option<String>> {
        self.writer.as_ref().map(|writer| writer.raw(stem, ending, text)).transpose()
    }

    /// Removes the run's directory if nothing happened that would be worth keeping.
    pub fn forget_if_untouched(&mut self) {
        if let Some(writer) = self.writer.take_if(|_| !self.noted) {
            self.journal = None;
            writer.remove();
        }
    }

    pub fn writer(&self) -> Option<&Writer> {
        self.writer.as_ref()
    }
}
