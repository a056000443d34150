//! Users of the machine and the groups they are in.

use std::path::{Path, PathBuf};

use nix::unistd::{Group, User};
use serde::Deserialize;

use super::{place::FilePath, shell};
use crate::{
    args::{OneOrMany, Short},
    command,
    error::{Context, Error, Result},
    journal::{Before, Thing},
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
    /// What it logs in to; where it is made, `/bin/bash` unless given.
    #[serde(default)]
    pub shell: Option<FilePath>,
}

const BASH: &str = "/bin/bash";

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
        let named = |name| Account { name, groups: OneOrMany::default(), shell: None };
        Some(AccountName::try_from(text.to_owned()).map(named))
    }
}

/// What there is of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    exists: bool,
    /// What it logs in to, where that is not as it should be.
    other_shell: Option<String>,
    /// Groups that it should be in and is not.
    missing: Vec<String>,
}

impl Account {
    fn shell(&self) -> String {
        self.shell.as_ref().map_or(BASH.to_owned(), FilePath::to_string)
    }
}

/// Where `useradd` makes homes.
fn home(name: &str) -> Result<PathBuf> {
    let usual = command::run(&["useradd", "-D"])?;
    let above = usual.lines().find_map(|line| line.strip_prefix("HOME=")).unwrap_or("/home");
    Ok(Path::new(above).join(name))
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

    fn things(&self) -> Vec<Thing> {
        vec![Thing::User(self.name.0.clone())]
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
        let is_other = |shell: &String| self.shell.as_ref().is_some_and(|wanted| wanted.to_string() != *shell);
        let other_shell = user.as_ref().map(|user| user.shell.display().to_string()).filter(is_other);
        Ok(Seen { exists: user.is_some(), other_shell, missing })
    }

    fn difference(&self, seen: &Seen) -> Option<Difference> {
        let groups = seen.missing.join(", ");
        let mut words = Vec::new();
        words.extend((!seen.exists).then(|| "create it".to_owned()));
        words.extend(seen.other_shell.as_ref().map(|was| format!("log in to {}, was {was}", self.shell())));
        words.extend((!groups.is_empty()).then(|| format!("add to {groups}")));
        (!words.is_empty()).then(|| Difference::of(words.join("; ")))
    }

    fn before(&self, seen: &Seen, _: &mut Lab) -> Result<Before> {
        let user = self.name.0.clone();
        Ok(Before::User {
            existed: seen.exists,
            home_existed: !seen.exists && home(&user)?.symlink_metadata().is_ok(),
            shell: seen.other_shell.clone(),
            groups: seen.missing.clone(),
            name: user,
        })
    }

    fn apply(&self, seen: &Seen, _: &Lab) -> Result<()> {
        let name = &self.name.0;
        if !seen.exists {
            command::run(&["useradd", "--create-home", "--shell", &self.shell(), "--", name])?;
        }
        if seen.other_shell.is_some() {
            command::run(&["usermod", "--shell", &self.shell(), "--", name])?;
        }
        seen.missing
            .iter()
            .try_for_each(|group| command::run(&["usermod", "--append", "--groups", group, "--", name]).map(|_| ()))
    }

    fn explain(&self) -> Vec<String> {
        let name = &self.name.0;
        let add = shell::command(&["useradd", "--create-home", "--shell", &self.shell(), "--", name]);
        let mut commands = vec![format!("{} || {add}", shell::command(&["id", "-u", name]))];
        if self.shell.is_some() {
            commands.push(shell::command(&["usermod", "--shell", &self.shell(), "--", name]));
        }
        let groups: Vec<&str> = self.groups.0.iter().map(|group| group.0.as_str()).collect();
        if !groups.is_empty() {
            commands.push(shell::command(&["usermod", "--append", "--groups", &groups.join(","), "--", name]));
        }
        commands
    }
}

/// What `userdel` ends with where the user is gone and its home stays, being another's.
const HOME_STAYS: i32 = 12;

/// Removes a user that was not there before, with its home where that was not there either; else gives it back the shell
/// that it had, and takes it out of groups it was not in.
pub fn revert(name: &str, existed: bool, home_existed: bool, shell: Option<&str>, groups: &[String]) -> Result<()> {
    if User::from_name(name).context(|| format!("look for user `{name}`"))?.is_none() {
        return Ok(());
    }
    if !existed {
        let argv: &[&str] = if home_existed { &["userdel", "--", name] } else { &["userdel", "--remove", "--", name] };
        let output = command::attempt(argv)?;
        return if output.status.code() == Some(HOME_STAYS) { Ok(()) } else { output.require_success(argv) };
    }
    if let Some(shell) = shell {
        command::run(&["usermod", "--shell", shell, "--", name])?;
    }
    for other in groups {
        // A group may have gone with its package.
        let found = Group::from_name(other).context(|| format!("look for group `{other}`"))?;
        if found.is_some_and(|group| group.mem.iter().any(|member| member == name)) {
            command::run(&["gpasswd", "--delete", name, other])?;
        }
    }
    Ok(())
}
