//! systemd's units: on at boot or not, running or not, and started anew when what they read has changed.

mod name;
mod state;

pub use name::UnitName;
pub use state::State;

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use serde::Deserialize;

use super::{place::FilePath, shell, started::Started};
use crate::{
    args::OneOrMany,
    command,
    error::{Error, Result},
    journal::{Before, Thing},
    lab::{
        Lab,
        operation::{Difference, Operation},
    },
};

/// `systemctl enable --now UNIT`, or `disable --now`, or `mask --now`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// With its ending: `chrony.service`, `apt-daily.timer`.
    pub unit: UnitName,
    /// Whether it starts at boot; it is left as it is unless given.
    #[serde(default)]
    pub enabled: Option<bool>,
    /// Whether it runs now; true unless it is masked.
    #[serde(default)]
    pub active: Option<bool>,
    /// Nothing may start it; false unless given.
    #[serde(default)]
    pub masked: bool,
    /// Files that it reads when it starts: it is started anew when one of them is not what it was then.
    #[serde(default)]
    pub reads: OneOrMany<FilePath>,
}

impl Service {
    fn wants_active(&self) -> bool {
        self.active.unwrap_or(!self.masked)
    }

    /// Commands that are missing to the wanted state.
    fn missing(&self, state: &State) -> Vec<&'static str> {
        let mut verbs = Vec::new();
        if self.masked {
            verbs.extend((state.is_active() && !self.wants_active()).then_some("stop"));
            verbs.extend((!state.is_masked()).then_some("mask"));
            return verbs;
        }
        verbs.extend(state.is_masked().then_some("unmask"));
        match self.enabled {
            // What is static is started by others, and cannot be enabled.
            Some(true)
                if !state.is_enabled() && !["static", "alias", "generated"].contains(&state.enabled.as_str()) =>
            {
                verbs.push("enable")
            }
            Some(false) if state.is_enabled() => verbs.push("disable"),
            _ => {}
        }
        match (self.wants_active(), state.is_active()) {
            (true, false) => verbs.push("start"),
            (false, true) => verbs.push("stop"),
            (true, true) if state.is_stale => verbs.push("restart"),
            _ => {}
        }
        verbs
    }

    /// A simple service counts as started before it has run at all: this waits whether it stays.
    fn stay(&self, verb: &str) -> Result<()> {
        if !matches!(verb, "start" | "restart") {
            return Ok(());
        }
        let deadline = Instant::now() + SETTLED;
        loop {
            let state = State::of(self.unit.as_str())?;
            if !state.is_active() && state.kind != "oneshot" {
                return Err(Error::failed(format!("it was started, and is {}", state.active)));
            }
            if !matches!(state.kind.as_str(), "simple" | "exec" | "idle") || Instant::now() > deadline {
                return Ok(());
            }
            thread::sleep(LOOK);
        }
    }

    fn with_journal(&self, error: Error) -> Error {
        let journal = self.journal();
        let why = match journal.is_empty() {
            true => error,
            false => error.then(&Error::failed(format!("its journal:\n{journal}"))),
        };
        why.hint(format!("systemctl status {}", self.unit))
    }

    /// The last lines that it wrote to the journal.
    fn journal(&self) -> String {
        let said = command::run(&[
            "journalctl",
            "--no-pager",
            "--quiet",
            "--output=cat",
            "--lines=20",
            "--unit",
            self.unit.as_str(),
        ]);
        said.unwrap_or_default().trim_end().to_owned()
    }
}

impl Operation for Service {
    type Seen = State;

    fn title(&self) -> String {
        format!("unit {}", self.unit)
    }

    fn things(&self) -> Vec<Thing> {
        vec![Thing::Unit(self.unit.to_string())]
    }

    fn look(&self, lab: &Lab) -> Result<State> {
        let state = State::of(self.unit.as_str())?;
        let is_stale = state.is_active()
            && !self.reads.0.is_empty()
            && Started::read(&lab.machine_dir())?.is_stale(self.unit.as_str(), &self.reads.0)?;
        Ok(State { is_stale, ..state })
    }

    fn difference(&self, state: &State) -> Option<Difference> {
        let words = self.missing(state).join(", ");
        (!words.is_empty()).then(|| Difference::of(words))
    }

    fn before(&self, state: &State, _: &mut Lab) -> Result<Before> {
        if !state.exists && !self.masked {
            return Err(
                Error::failed("systemd knows no such unit").hint("is the package installed that it belongs to?")
            );
        }
        Ok(Before::Unit {
            unit: self.unit.to_string(),
            enabled: state.enabled.clone(),
            active: state.is_active(),
            reads: self.reads.0.iter().map(|file| file.as_path().to_owned()).collect(),
        })
    }

    fn apply(&self, state: &State, lab: &Lab) -> Result<()> {
        // systemd does not see a file that is new beside the unit's own.
        if state.needs_reload || self.reads.0.iter().any(|file| is_of_units(file.as_path())) {
            reload()?;
        }
        for verb in self.missing(state) {
            let argv = ["systemctl", verb, "--", self.unit.as_str()];
            let output = command::attempt(&argv)?;
            output.require_success(&argv).and_then(|()| self.stay(verb)).map_err(|error| self.with_journal(error))?;
        }
        match self.wants_active() && !self.reads.0.is_empty() {
            true => Started::read(&lab.machine_dir())?.note(self.unit.as_str(), &self.reads.0),
            false => Ok(()),
        }
    }

    fn explain(&self) -> Vec<String> {
        let systemctl = |verb: &[&str]| shell::command(&[&["systemctl"], verb, &["--", self.unit.as_str()]].concat());
        if self.masked {
            // One that is not there cannot be stopped, and is masked all the same.
            let stop = (!self.wants_active()).then(|| format!("{} 2>/dev/null || :", systemctl(&["stop"])));
            return stop.into_iter().chain([systemctl(&["mask"])]).collect();
        }
        let enable = self.enabled.map(|enabled| systemctl(&[if enabled { "enable" } else { "disable" }]));
        let now = match (self.wants_active(), self.reads.0.is_empty()) {
            (true, true) => "start",
            (true, false) => "restart",
            (false, _) => "stop",
        };
        let reload = self.reads.0.iter().any(|file| is_of_units(file.as_path()));
        let reload = reload.then(|| shell::command(&["systemctl", "daemon-reload"]));
        reload.into_iter().chain(enable).chain([systemctl(&[now])]).collect()
    }
}

/// How long a service that says nothing of itself must run to count as up.
const SETTLED: Duration = Duration::from_millis(500);
const LOOK: Duration = Duration::from_millis(50);

/// True where systemd reads a file as part of a unit.
pub fn is_of_units(path: &Path) -> bool {
    [
        "/etc/systemd/system",
        "/run/systemd/system",
        "/usr/local/lib/systemd/system",
        "/usr/lib/systemd/system",
        "/lib/systemd/system",
    ]
    .iter()
    .any(|dir| path.starts_with(dir))
}

/// `systemctl daemon-reload`, where systemd runs (sd_booted(3)).
pub fn reload() -> Result<()> {
    if !Path::new("/run/systemd/system").is_dir() {
        return Ok(());
    }
    command::run(&["systemctl", "daemon-reload"]).map(|_| ())
}

/// Brings a unit back to how it was; one that is gone needs nothing.
pub fn revert(unit: &str, enabled: &str, active: bool, machine: &Path) -> Result<()> {
    Started::read(machine)?.forget(unit)?;
    let state = State::of(unit)?;
    if !state.exists {
        return Ok(());
    }
    let before = State { enabled: enabled.to_owned(), ..State::default() };
    if state.needs_reload {
        reload()?;
    }
    let wanted = Service {
        unit: UnitName::try_from(unit.to_owned()).map_err(Error::failed)?,
        enabled: match enabled {
            _ if before.is_enabled() => Some(true),
            "disabled" => Some(false),
            _ => None,
        },
        active: Some(active),
        masked: before.is_masked(),
        reads: OneOrMany::default(),
    };
    for verb in wanted.missing(&state) {
        command::run(&["systemctl", verb, "--", unit])?;
    }
    // That it failed was labkit's doing, or that of what labkit wrote.
    if state.active == "failed" {
        command::run(&["systemctl", "reset-failed", "--", unit])?;
    }
    Ok(())
}

/// Has a unit that runs read its files again.
pub fn restart(unit: &str) -> Result<()> {
    let state = State::of(unit)?;
    if state.needs_reload {
        reload()?;
    }
    if state.exists && state.is_active() {
        command::run(&["systemctl", "restart", "--", unit])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(enabled: Option<bool>, active: Option<bool>, masked: bool) -> Service {
        Service {
            unit: UnitName::try_from("x.service".to_owned()).unwrap(),
            enabled,
            active,
            masked,
            reads: OneOrMany::default(),
        }
    }

    fn state(enabled: &str, active: &str, is_stale: bool) -> State {
        State { enabled: enabled.into(), active: active.into(), exists: true, is_stale, ..State::default() }
    }

    #[test]
    fn only_what_is_missing_is_done() {
        let wanted = service(Some(true), None, false);
        assert_eq!(wanted.missing(&state("disabled", "inactive", false)), ["enable", "start"]);
        assert_eq!(wanted.missing(&state("enabled", "failed", false)), ["start"]);
        assert_eq!(wanted.missing(&state("enabled", "active", true)), ["restart"]);
        assert_eq!(wanted.missing(&state("masked", "inactive", false)), ["unmask", "enable", "start"]);
        assert_eq!(wanted.missing(&state("static", "active", false)), [""; 0]);
        let masked = service(None, None, true);
        assert_eq!(masked.missing(&state("enabled", "active", false)), ["stop", "mask"]);
        assert_eq!(masked.missing(&state("masked", "inactive", false)), [""; 0]);
    }
}
