//! Users and groups by their names.

use nix::unistd::{Gid, Group, Uid, User};

use crate::error::{Context, Error, Result};

/// The last number means "as it is" to the kernel.
fn number(name: &str) -> Result<Option<u32>> {
    match name.parse() {
        Ok(u32::MAX) => Err(Error::usage(format!("`{name}` is no number of a user or group"))),
        number => Ok(number.ok()),
    }
}

/// The number of a user; digits stand for themselves.
pub fn uid(name: &str) -> Result<u32> {
    if let Some(number) = number(name)? {
        return Ok(number);
    }
    let found = User::from_name(name).context(|| format!("look for user `{name}`"))?;
    found.map(|user| user.uid.as_raw()).ok_or_else(|| Error::failed(format!("there is no user `{name}`")))
}

/// The number of a group; digits stand for themselves.
pub fn gid(name: &str) -> Result<u32> {
    if let Some(number) = number(name)? {
        return Ok(number);
    }
    let found = Group::from_name(name).context(|| format!("look for group `{name}`"))?;
    found.map(|group| group.gid.as_raw()).ok_or_else(|| Error::failed(format!("there is no group `{name}`")))
}

/// Numbers of an owner and a group; whoever runs labkit where none is named.
pub fn owner(user: Option<&str>, group: Option<&str>) -> Result<(u32, u32)> {
    let (own_uid, own_gid) = own();
    Ok((user.map_or(Ok(own_uid), uid)?, group.map_or(Ok(own_gid), gid)?))
}

/// Whoever makes a file without saying whose it is to be.
pub fn own() -> (u32, u32) {
    (Uid::effective().as_raw(), Gid::effective().as_raw())
}
