//! `labkit doctor`

use std::{env, fs, path::Path, process::Command};

use argh::FromArgs;
use serde::Serialize;

use super::output;
use crate::{
    error::{Error, Result},
    icmp::{self, Ask},
    machine::Machine,
    net::probe,
    netns::Netns,
    results::store,
    rights,
};

/// Does this machine have what labs need? Tried in a throw-away namespace, with what to do about each gap.
#[derive(FromArgs)]
#[argh(subcommand, name = "doctor")]
pub struct Doctor {
    /// for machines
    #[argh(switch)]
    json: bool,

    /// only try to make a user namespace
    #[argh(switch, hidden_help)]
    probe_userns: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Good,
    /// Labs run, but not everything.
    Note,
    /// No lab runs.
    Bad,
}

#[derive(Debug, Serialize)]
struct Finding {
    what: String,
    state: State,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

fn finding(what: &str, state: State, found: impl ToString) -> Finding {
    Finding { what: what.to_owned(), state, found: found.to_string(), remedy: None }
}

impl Finding {
    fn remedy(mut self, remedy: impl ToString) -> Finding {
        self.remedy = Some(remedy.to_string());
        self
    }
}

/// What an attempt came to, as a finding of this state where it failed.
fn attempt(what: &str, attempted: Result<()>, otherwise: State) -> Finding {
    match attempted {
        Ok(()) => finding(what, State::Good, "works"),
        Err(error) => {
            let found = finding(what, otherwise, &error);
            match error.what_to_try() {
                Some(remedy) => found.remedy(remedy),
                None => found,
            }
        }
    }
}

impl Doctor {
    pub fn run(self) -> Result<()> {
        if self.probe_userns {
            return nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWUSER).map_err(Error::from);
        }
        let mut findings = vec![machine(), clock_source(), results_directory(), programs(), user_namespaces()];
        let enclosed = rights::enclose();
        let can = enclosed.is_ok();
        findings.push(attempt("lab namespaces", enclosed, State::Bad));
        if can {
            findings.extend(link_kinds());
            findings.push(attempt("raw sockets", echo_to_itself(), State::Bad));
            findings.push(ping_range());
            findings.push(bridge_filter());
        }
        self.tell(&findings)?;
        match findings.iter().any(|finding| finding.state == State::Bad) {
            true => Err(Error::failed("labs do not run on this machine as it is")),
            false => Ok(()),
        }
    }

    fn tell(&self, findings: &[Finding]) -> Result<()> {
        if self.json {
            return output::json(&findings);
        }
        let mut text = String::new();
        for finding in findings {
            let mark = match finding.state {
                State::Good => "✓",
                State::Note => "·",
                State::Bad => "✗",
            };
            text += &format!("{mark} {:<18} {}\n", finding.what, finding.found);
            if let Some(remedy) = &finding.remedy {
                text += &format!("  {:<18} → {remedy}\n", "");
            }
        }
        output::print(&text)
    }
}

fn machine() -> Finding {
    let machine = Machine::read();
    finding(
        "machine",
        State::Good,
        format!(
            "{}, {} CPUs, {} MB, Linux {}, {}",
            machine.place, machine.cpus, machine.memory_mb, machine.kernel, machine.arch
        ),
    )
}

/// A slow clock is a system call each time it is read, and shows in round-trip times.
fn clock_source() -> Finding {
    let source = Machine::read().clock_source;
    match source.as_str() {
        "tsc" | "kvm-clock" | "arch_sys_counter" | "hyperv_clocksource_tsc_page" => {
            finding("clock", State::Good, source)
        }
        "" => finding("clock", State::Note, "the kernel does not say which"),
        slow => finding("clock", State::Note, format!("{slow}: reading it is slow"))
            .remedy("in a VM, give it a paravirtual clock (VirtualBox: --paravirt-provider kvm)"),
    }
}

fn results_directory() -> Finding {
    let tried = store::state_dir().and_then(|dir| {
        fs::create_dir_all(&dir)?;
        let probe = dir.join(".doctor");
        crate::disk::replace(&probe, b"")?;
        fs::remove_file(&probe)?;
        Ok(dir)
    });
    match tried {
        Ok(dir) => finding("results", State::Good, format!("are kept in {}", dir.display())),
        Err(error) => finding("results", State::Bad, &error)
            .remedy(error.what_to_try().unwrap_or("set LABKIT_STATE to a directory you may write to")),
    }
}

fn programs() -> Finding {
    let path = env::var_os("PATH").unwrap_or_default();
    let installed = |name: &&str| env::split_paths(&path).any(|dir| dir.join(name).is_file());
    let (there, missing): (Vec<&str>, Vec<&str>) = ["ip", "ping", "iperf3"].into_iter().partition(installed);
    match missing.is_empty() {
        true => finding("other programs", State::Good, format!("{} (not needed)", there.join(", "))),
        false => {
            finding("other programs", State::Note, format!("no {}; not needed but for engine = …", missing.join(", ")))
        }
    }
}

/// Tried in a process of its own: this one must not leave its user namespace yet.
fn user_namespaces() -> Finding {
    let tried = Command::new("/proc/self/exe").args(["doctor", "--probe-userns"]).output();
    match tried.map(|output| output.status.success()) {
        Ok(true) => finding("user namespaces", State::Good, "labs run as an ordinary user"),
        _ => finding("user namespaces", State::Note, "refused: labs need root here")
            .remedy(rights::why_refused(Path::new("/proc/sys"))),
    }
}

fn link_kinds() -> Vec<Finding> {
    match probe::link_kinds() {
        Err(error) => vec![finding("links", State::Bad, error)],
        Ok(kinds) => kinds
            .into_iter()
            .map(|(kind, made)| {
                let found = attempt(kind, made, State::Bad);
                match found.state {
                    State::Good => found,
                    _ => found.remedy(format!("modprobe {kind}, or a kernel with it")),
                }
            })
            .collect(),
    }
}

/// One echo over the loopback device of the throw-away namespace.
fn echo_to_itself() -> Result<()> {
    let up = crate::netlink::Change::Up(1).request();
    crate::netlink::Connection::open()?.transact(&[up]).map_err(|refusal| refusal.error)?;
    let heard = Netns::current()?.enter(|| icmp::ask(Ask::new([127, 0, 0, 1].into())))?;
    match heard.received() {
        0 => Err(Error::failed("an echo packet got lost on the loopback device")),
        _ => Ok(()),
    }
}

fn ping_range() -> Finding {
    let range = fs::read_to_string("/proc/sys/net/ipv4/ping_group_range").unwrap_or_default();
    let range: Vec<&str> = range.split_whitespace().collect();
    match range.as_slice() {
        ["1", "0"] => finding("ping range", State::Good, "empty in new namespaces; labkit asks by raw sockets"),
        range => finding("ping range", State::Good, range.join(" to ")),
    }
}

fn bridge_filter() -> Finding {
    match fs::read_to_string("/proc/sys/net/bridge/bridge-nf-call-iptables") {
        Err(_) => finding("bridge filter", State::Good, "not loaded"),
        Ok(value) if value.trim() == "0" => finding("bridge filter", State::Good, "off"),
        Ok(_) => finding("bridge filter", State::Good, "on by default; labkit switches it off inside the lab"),
    }
}
