//! `labkit doctor`

use std::{env, fs, path::Path, process::Command};

use argh::FromArgs;

use super::output;
use crate::{
    cluster,
    error::{Error, Result},
    finding::{Finding, State},
    icmp::{self, Ask},
    machine::Machine,
    net::probe,
    netns::Netns,
    report::text::folded,
    results::store,
    rights,
};

/// Does this machine have what labs need, and is it well as a node of one? With what to do about each gap.
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

impl Doctor {
    pub fn run(self) -> Result<()> {
        if self.probe_userns {
            return nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWUSER).map_err(Error::from);
        }
        // In the machine's own namespaces, which are left below.
        let of_node = cluster::examine();
        let mut findings = vec![machine(), clock_source(), results_directory(), programs(), user_namespaces()];
        let enclosed = rights::enclose();
        let can = enclosed.is_ok();
        findings.push(Finding::of_attempt("lab namespaces", enclosed, State::Bad));
        if can {
            findings.extend(link_kinds());
            findings.push(Finding::of_attempt("raw sockets", echo_to_itself(), State::Bad));
            findings.push(ping_range());
            findings.push(bridge_filter());
        }
        let is_bad = |findings: &[Finding]| findings.iter().any(|finding| finding.state == State::Bad);
        let (labs, node) = (is_bad(&findings), is_bad(&of_node));
        findings.extend(of_node);
        self.tell(&findings)?;
        match (labs, node) {
            (true, _) => Err(Error::failed("labs do not run on this machine as it is")),
            (_, true) => Err(Error::proof("this machine is not well as a node of the lab")),
            _ => Ok(()),
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
            text += &folded(&format!("{mark} {:<18} ", finding.what), &finding.found);
            if let Some(remedy) = &finding.remedy {
                text += &folded(&format!("  {:<18} → ", ""), remedy);
            }
        }
        output::print(&output::plain(&text))
    }
}

fn machine() -> Finding {
    let machine = Machine::read();
    Finding::good(
        "machine",
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
        "tsc" | "kvm-clock" | "arch_sys_counter" | "hyperv_clocksource_tsc_page" => Finding::good("clock", source),
        "" => Finding::new("clock", State::Note, "the kernel does not say which"),
        slow => Finding::new("clock", State::Note, format!("{slow}: reading it is slow"))
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
        Ok(dir) => Finding::good("results", format!("are kept in {}", dir.display())),
        Err(error) => Finding::bad("results", &error)
            .remedy(error.what_to_try().unwrap_or("set LABKIT_STATE to a directory you may write to")),
    }
}

fn programs() -> Finding {
    let path = env::var_os("PATH").unwrap_or_default();
    let installed = |name: &&str| env::split_paths(&path).any(|dir| dir.join(name).is_file());
    let (there, missing): (Vec<&str>, Vec<&str>) = ["ip", "ping", "iperf3"].into_iter().partition(installed);
    match missing.is_empty() {
        true => Finding::good("other programs", format!("{} (not needed)", there.join(", "))),
        false => Finding::new(
            "other programs",
            State::Note,
            format!("no {}; not needed but for engine = …", missing.join(", ")),
        ),
    }
}

/// Tried in a process of its own: this one must not leave its user namespace yet.
fn user_namespaces() -> Finding {
    let tried = Command::new("/proc/self/exe").args(["doctor", "--probe-userns"]).output();
    match tried.map(|output| output.status.success()) {
        Ok(true) => Finding::good("user namespaces", "labs run as an ordinary user"),
        _ => Finding::new("user namespaces", State::Note, "refused: labs need root here")
            .remedy(rights::why_refused(Path::new("/proc/sys"))),
    }
}

fn link_kinds() -> Vec<Finding> {
    match probe::link_kinds() {
        Err(error) => vec![Finding::bad("links", error)],
        Ok(kinds) => kinds
            .into_iter()
            .map(|(kind, made)| {
                let found = Finding::of_attempt(kind, made, State::Bad);
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
        ["1", "0"] => Finding::good("ping range", "empty in new namespaces; labkit asks by raw sockets"),
        range => Finding::good("ping range", range.join(" to ")),
    }
}

fn bridge_filter() -> Finding {
    match fs::read_to_string("/proc/sys/net/bridge/bridge-nf-call-iptables") {
        Err(_) => Finding::good("bridge filter", "not loaded"),
        Ok(value) if value.trim() == "0" => Finding::good("bridge filter", "off"),
        Ok(_) => Finding::good("bridge filter", "on by default; labkit switches it off inside the lab"),
    }
}
