//! An MPI job: on which hosts, over which network, begun how.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use serde::Deserialize;

use super::{
    AGENT, COMMAND, FACTS, START,
    agent::{self, Request},
    facts::Facts,
    hostfile,
    order::{Agent, Order},
    shape::{self, Shape},
};
use crate::{
    args::OneOrMany,
    bench::host::Host,
    bench::readers,
    error::{Error, Result},
    exec::{Output, Program},
    names::Cidr,
    reach::Reach,
};

/// Where ranks run, and how they reach each other.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// In the order of their ranks; mpirun runs on this machine, or in the first where that is a pod.
    pub hosts: Vec<Host>,
    /// Networks that ranks talk over: with all of a machine's, VirtualBox's 10.0.2.15 would be everybody's.
    pub network: OneOrMany<Cidr>,
    /// Begins the daemons in pods: `"labkit"` through the cluster, `"ssh"` where their image runs sshd.
    #[serde(default = "labkit")]
    pub agent: Agent,
    /// MCA parameters besides those that labkit sets: `{ btl_tcp_links = "2" }`.
    #[serde(default)]
    pub mca: BTreeMap<String, String>,
}

fn labkit() -> Agent {
    Agent::Labkit
}

/// For daemons on all hosts to come up, and each rank to say a line.
const FACTS_LIMIT: Duration = Duration::from_secs(120);

/// Where a person would have the files of a job.
const PLACE: &str = "/tmp";

/// How mpirun ended.
pub struct Ended {
    pub output: Output,
    /// Why it was made to end, where it was.
    pub cut: Option<Error>,
}

impl Job {
    pub fn check(&self) -> Result<()> {
        if self.hosts.is_empty() {
            return Err(Error::usage("`hosts` is empty"));
        }
        if let Some(host) = self.hosts.iter().find(|host| !(1..=4096).contains(&host.slots)) {
            return Err(Error::usage(format!("{}: slots {} is out of range: 1 to 4096", host.name, host.slots)));
        }
        let pods = self.hosts.iter().filter(|host| host.pod.is_some()).count();
        if pods != 0 && pods != self.hosts.len() {
            return Err(Error::usage("some hosts are pods and some are machines: a job is of one kind"));
        }
        if let Some(host) = self.hosts.iter().find(|host| host.pod.is_some() && host.pod().is_none()) {
            return Err(Error::usage(format!("{}: `pod` is not NAMESPACE/NAME", host.name)));
        }
        let away = self.hosts.iter().find(|host| !self.network.0.iter().any(|network| network.contains(host.address)));
        match away {
            Some(host) => {
                Err(Error::usage(format!("{} has {}, which is in none of `network`", host.name, host.address)))
            }
            None => Ok(()),
        }
    }

    pub fn ranks(&self) -> u32 {
        hostfile::ranks(&self.hosts)
    }

    fn labkit(&self) -> Result<String> {
        self.hosts.first().map_or_else(|| Err(Error::usage("`hosts` is empty")), Host::labkit)
    }

    /// Where mpirun runs.
    fn reach(&self) -> Reach {
        self.hosts.first().and_then(Host::pod).unwrap_or(Reach::Here)
    }

    /// A job of `labkit mpi WHAT` on every rank.
    pub fn order(&self, what: &str, shape: Shape, input: String) -> Result<Order> {
        let is_of_pods = self.hosts.iter().any(|host| host.pod.is_some());
        Ok(Order {
            ranks: self.ranks(),
            hostfile: hostfile::text(&self.hosts),
            networks: self.network.0.iter().map(|network| network.network().to_string()).collect(),
            agent: if is_of_pods { self.agent } else { Agent::Ssh },
            is_of_pods,
            shares_memory: shape.shares_memory,
            is_unbound: shape.is_unbound,
            yields: shape.yields,
            threads: shape.threads,
            mca: self.mca.clone(),
            program: vec![self.labkit()?, COMMAND.to_owned(), what.to_owned()],
            input,
        })
    }

    /// What every rank finds where it is: the launch that is meant, with nothing to compute.
    pub fn facts(&self) -> Result<Vec<Facts>> {
        // A rank that is bound sees one CPU only.
        let shares_memory = self.hosts.iter().any(|host| host.slots > 1);
        let order =
            self.order(FACTS, Shape { is_unbound: true, yields: false, shares_memory, threads: 1 }, String::new())?;
        let Ended { output, cut } = self.run(&order, FACTS_LIMIT, &mut |_| ())?;
        if cut.is_some() || !output.status.success() {
            return Err(explained(&output, cut, "reach all hosts"));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let mut facts: Vec<Facts> = text.lines().filter_map(Facts::parse).collect();
        facts.sort_by_key(|fact| fact.rank);
        shape::check_places(&self.hosts, &facts)?;
        Ok(facts)
    }

    /// Runs an order to its end, its limit or Ctrl-C. Each line that rank 0 writes is handed over as it comes.
    pub fn run(&self, order: &Order, limit: Duration, each: &mut (dyn FnMut(&str) + Send)) -> Result<Ended> {
        let words = [self.labkit()?, COMMAND.to_owned(), START.to_owned()];
        let argv = self.reach().argv(&words);
        let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
        let line = serde_json::to_string(order)? + "\n";
        let (stop, over, refused) = (AtomicBool::new(false), AtomicBool::new(false), Mutex::new(None));
        let (send, requests) = mpsc::channel::<Request>();
        let (ended, text) = thread::scope(|scope| {
            let (stop, over, refused, hosts) = (&stop, &over, &refused, &self.hosts);
            scope.spawn(move || {
                thread::scope(|scope| {
                    for request in requests {
                        scope.spawn(move || {
                            let begun = agent::begin(hosts, &request, limit, over);
                            // Once the job is over, nobody asks how its daemons ended.
                            if let (Err(error), false) = (begun, over.load(Ordering::Acquire)) {
                                if let Ok(mut first) = refused.lock() {
                                    first.get_or_insert(error);
                                }
                                stop.store(true, Ordering::Release);
                            }
                        });
                    }
                });
            });
            let mut text = Vec::new();
            let mut sort = |line: &str| match agent::parse(line) {
                Some(request) => drop(send.send(request)),
                None => {
                    text.extend_from_slice(line.as_bytes());
                    text.push(b'\n');
                    each(line);
                }
            };
            let ended = Program { argv: &argv, limit }.converse(line.as_bytes(), stop, &mut sort);
            over.store(true, Ordering::Release);
            drop(send);
            (ended, text)
        });
        let (output, cut) = ended?;
        match refused.into_inner().ok().flatten() {
            // What mpirun makes of it is not the cause.
            Some(refused) => Err(refused),
            None => Ok(Ended { output: Output { stdout: text, ..output }, cut }),
        }
    }

    /// What a person would type: the hostfile where mpirun runs, the input where its first rank does, and mpirun.
    pub fn explain(&self, program: &str, input: (&str, &str)) -> Result<Vec<String>> {
        let shape = Shape {
            is_unbound: false,
            yields: false,
            shares_memory: self.hosts.iter().any(|host| host.slots > 1),
            threads: 1,
        };
        let program = ["--wdir", PLACE, program].map(str::to_owned).to_vec();
        let order = Order { program, ..self.order("", shape, String::new())? };
        let hostfile = format!("{PLACE}/hostfile");
        let mpirun = order.argv(&hostfile, &format!("{} {AGENT}", self.labkit()?));
        let first = self.hosts.first().map_or(Ok(Reach::Here), Host::reach)?;
        Ok(vec![
            written(&self.reach(), &hostfile, &order.hostfile),
            written(&first, &format!("{PLACE}/{}", input.0), input.1),
            crate::quote::line(&self.reach().argv(&mpirun)),
        ])
    }
}

/// A file with lines of text, as a person would write it there.
fn written(reach: &Reach, path: &str, text: &str) -> String {
    let command = match reach {
        Reach::Here => format!("cat >{path}"),
        away => crate::quote::line(&away.argv(&["tee", path])),
    };
    format!("{command} <<'END'\n{text}END")
}

/// The first cause of a failure: what mpirun or a rank said, and not the lines that follow from it.
pub fn explained(output: &Output, cut: Option<Error>, what: &str) -> Error {
    let text = String::from_utf8_lossy(&output.stderr);
    let reading = readers::read_one(&output.stderr).ok().filter(|reading| !reading.why.is_empty());
    // `labkit mpi start` has the cause in a line of its own.
    let own = text.lines().find_map(|line| line.strip_prefix("error: ")).map(|line| {
        let hint = text.lines().find_map(|line| line.strip_prefix("hint: "));
        hint.map_or_else(|| Error::failed(line), |hint| Error::failed(line).hint(hint))
    });
    let read = reading.map(|reading| {
        let error = Error::failed(reading.cause());
        match reading.remedy() {
            Some(remedy) => error.hint(remedy),
            None => error,
        }
    });
    let last = || {
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let shown = lines[lines.len().saturating_sub(5)..].join("\n    ");
        Error::failed(format!("mpirun ended with {}\n    {shown}", output.status))
    };
    match (cut, own.or(read)) {
        (Some(cut), _) if cut.kind() == crate::error::Kind::Interrupted => cut,
        (Some(cut), None) => cut.context(what),
        (Some(cut), Some(found)) => found.then(&cut).context(what),
        (None, Some(found)) => found.context(what),
        (None, None) => last().context(what),
    }
}
