//! What systemd says of a unit.

use std::collections::BTreeMap;

use crate::{command, error::Result};

/// What systemd says of a unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// `enabled`, `disabled`, `masked`, `static` … or empty where there is no such unit.
    pub enabled: String,
    /// `active`, `inactive`, `failed` …
    pub active: String,
    pub exists: bool,
    /// `simple`, `forking` … of a service.
    pub kind: String,
    /// Its own files are not what systemd has read.
    pub needs_reload: bool,
    /// Of the files that it reads, where it runs and read other ones.
    pub is_stale: bool,
}

impl State {
    pub fn of(unit: &str) -> Result<State> {
        let properties = "--property=LoadState,UnitFileState,ActiveState,Type,NeedDaemonReload";
        let said = command::run(&["systemctl", "show", properties, "--", unit])?;
        let facts: BTreeMap<&str, &str> = said.lines().filter_map(|line| line.split_once('=')).collect();
        let fact = |name: &str| facts.get(name).copied().unwrap_or_default().to_owned();
        let exists = !matches!(fact("LoadState").as_str(), "not-found" | "");
        let needs_reload = fact("NeedDaemonReload") == "yes";
        let (enabled, active, kind) = (fact("UnitFileState"), fact("ActiveState"), fact("Type"));
        Ok(State { enabled, active, exists, kind, needs_reload, is_stale: false })
    }

    pub fn is_active(&self) -> bool {
        matches!(self.active.as_str(), "active" | "activating" | "reloading")
    }

    pub fn is_masked(&self) -> bool {
        self.enabled.starts_with("masked")
    }

    pub fn is_enabled(&self) -> bool {
        self.enabled.starts_with("enabled")
    }
}
