//! Users of the machine and the groups they are in.

use nix::unistd::{Group, User};
use serde::Deserialize;

use super::{command, shell};
use crate::{
    args::{OneOrMany, Short},
    error::{Context, Error, Result},
    journal::Before,
    lab::{
        Lab,
        operation::{Difference, Operation},
    },
};

/// `useradd --create-home --shell SHELL --groups GROUPS NAME`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Letters in lower case, digits, `-`, `_`; a letter first.
    pub name: AccountName,
    /// Groups it is in besides its own; those that it is in already stay.
    #[serde(default)]
    pub groups: OneOrMany<AccountName>,
    /// What it logs in to; `/bin/bash` unless given.
    #[serde(default = "bash")]
    pub shell: String,
}

fn bash() -> String {
    "/bin/bash".to_owned()
}

/// Name of a user or group, as `useradd` takes it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct AccountName(String);

impl TryFrom<String> for AccountName {
    type Error = String;

    fn try_from(text: String) -> Result<AccountName, String> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
        let begins = text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
        match begins && text.len() <= 32 && text.chars().all(plain) {
            true => Ok(AccountName(text)),
            false => Err(format!(
                "`{}` is no name of a user or group: letters in lower case, digits, `-`, `_`",
                text.escape_debug()
            )),
        }
    }
}

impl Short for Account {
    const EXPECTED: &'static str = "a name";

    fn from_text(text: &str) -> Option<Result<Account, String>> {
        let named = |name| Account { name, groups: OneOrMany::default(), shell: bash() };
        Some(AccountName::try_from(text.to_owned()).map(named))
    }
}

/// What there is of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    exists: bool,
    /// Groups that it should be in and is not.
    missing: Vec<String>,
}

fn group(name: &str) -> Result<Group> {
    let found = Group::from_name(name).context(|| format!("look for group `{name}`"))?;
    found.ok_or_else(|| Error::failed(format!("there is no group `{name}`")))
}

impl Operation for Account {
    type Seen = Seen;

    fn title(&self) -> String {
        format!("user {}", self.name.0)
    }

    fn look(&self, _: &Lab) -> Result<Seen> {
        let user = User::from_name(&self.name.0).context(|| format!("look for user `{}`", self.name.0))?;
        let mut missing = Vec::new();
        for AccountName(name) in &self.groups.0 {
            let group = group(name)?;
            let is_own = user.as_ref().is_some_and(|user| user.gid == group.gid);
            if !is_own && !group.mem.contains(&self.name.0) {
                missing.push(name.clone());
            }
        }
        Ok(Seen { exists: user.is_some(), missing })
    }

    fn difference(&self, seen: &Seen) -> Option<Difference> {
        let groups = seen.missing.join(", ");
        match (seen.exists, groups.is_empty()) {
            (true, true) => None,
            (true, false) => Some(Difference::of(format!("add to {groups}"))),
            (false, true) => Some(Difference::of("create it")),
            (false, false) => Some(Difference::of(format!("create it, in {groups}"))),
        }
    }

    fn before(&self, seen: &Seen, _: &mut Lab) -> Result<Before> {
        let user = self.name.0.clone();
        Ok(Before::User { name: user, existed: seen.exists, groups: seen.missing.clone() })
    }

    fn apply(&self, seen: &Seen, _: &Lab) -> Result<()> {
        let name = &self.name.0;
        if !seen.exists {
            command::run(&["useradd", "--create-home", "--shell", &self.shell, "--", name])?;
        }
        seen.missing
            .iter()
            .try_for_each(|group| command::run(&["usermod", "--append", "--groups", group, "--", name]).map(|_| ()))
    }

    fn explain(&self) -> Vec<String> {
        let name = &self.name.0;
        let add = shell::command(&["useradd", "--create-home", "--shell", &self.shell, "--", name]);
        let mut commands = vec![format!("{} || {add}", shell::command(&["id", "-u", name]))];
        let groups: Vec<&str> = self.groups.0.iter().map(|group| group.0.as_str()).collect();
        if !groups.is_empty() {
            commands.push(shell::command(&["usermod", "--append", "--groups", &groups.join(","), "--", name]));
        }
        commands
    }
}

/// Removes a user that was not there before, with what is in its home; else takes it out of groups it was not in.
pub fn revert(name: &str, existed: bool, groups: &[String]) -> Result<()> {
    if User::from_name(name).context(|| format!("look for user `{name}`"))?.is_none() {
        return Ok(());
    }
    if !existed {
        return command::run(&["userdel", "--remove", "--", name]).map(|_| ());
    }
    for other in groups {
        if group(other)?.mem.iter().any(|member| member == name) {
            command::run(&["gpasswd", "--delete", name, other])?;
        }
    }
    Ok(())
}
