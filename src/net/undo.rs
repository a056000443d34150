//! Labs on the real host: names in /run/netns, tagged devices, and taking all of it away again.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::ErrorKind,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Component, Path, PathBuf},
};

use nix::{
    errno::Errno,
    mount::{MntFlags, MsFlags, mount, umount2},
};

use crate::{
    error::{Context, Error, Result},
    journal::Undo,
    lab::{Lab, Tag},
    names::NsName,
    netlink::{Change, Connection},
    netns::Netns,
};

const NETNS: &str = "/run/netns";

/// Where `ip netns` looks for a namespace of this name.
pub fn path(name: &NsName) -> PathBuf {
    Path::new(NETNS).join(name.as_str())
}

/// An error if somebody else has a namespace of this name.
pub(super) fn refuse_taken_name(name: &NsName) -> Result<()> {
    match path(name).exists() {
        true => Err(Error::failed(format!("the host has a namespace `{name}` already"))
            .hint("run without --on-host: names never collide there; or remove it, if it is yours")),
        false => Ok(()),
    }
}

/// Names a namespace (`ip netns attach`). `prepare_directory` comes first.
pub(super) fn bind(name: &NsName, ns: &Netns) -> Result<()> {
    let path = path(name);
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o444)
        .open(&path)
        .context(|| format!("create `{}`", path.display()))?;
    let held = format!("/proc/self/fd/{}", ns.fd());
    mount(Some(held.as_str()), &path, None::<&str>, MsFlags::MS_BIND, None::<&str>)
        .context(|| format!("name the namespace `{}`", path.display()))
}

/// Other mount namespaces must see the names: the directory is a shared mount, as `ip netns` makes it.
pub(super) fn prepare_directory() -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o755).create(NETNS).context(|| format!("create `{NETNS}`"))?;
    let shared = MsFlags::MS_SHARED | MsFlags::MS_REC;
    match mount(None::<&str>, NETNS, None::<&str>, shared, None::<&str>) {
        Err(Errno::EINVAL) => {
            mount(Some(NETNS), NETNS, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)
                .context(|| format!("make `{NETNS}` a mount"))?;
            mount(None::<&str>, NETNS, None::<&str>, shared, None::<&str>).context(|| format!("share `{NETNS}`"))
        }
        other => other.context(|| format!("share `{NETNS}`")),
    }
}

/// Notes, before the first device is made, how all devices of the run on the host are removed.
pub(super) fn journal_links(lab: &mut Lab, tag: &Tag) -> Result<()> {
    let undo = Undo::Links { group: tag.group, alias: tag.alias.clone() };
    lab.journal(&format!("make devices in group {} with alias `{}`", tag.group, tag.alias), Some(undo))
}

/// Reverts one effect. Done twice it does nothing the second time.
pub fn revert(undo: &Undo) -> Result<()> {
    match undo {
        Undo::Netns { path, inode } => remove_name(path, *inode).context(|| format!("remove `{}`", path.display())),
        Undo::Links { group, alias } => {
            remove_links(*group, alias).context(|| format!("remove the devices of `{alias}`"))
        }
        Undo::Sysctl { path, value } => {
            set_back(path, value).context(|| format!("set `{}` back to `{value}`", path.display()))
        }
        Undo::Done => Ok(()),
    }
}

/// Takes the name away if it is still ours: the namespace of that number, or a file that was not yet one.
fn remove_name(path: &Path, inode: u64) -> Result<()> {
    if path.parent() != Some(Path::new(NETNS)) {
        return Err(Error::failed(format!("it is not in {NETNS}")));
    }
    let found = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    let unfinished = found.dev() == fs::metadata(NETNS)?.dev() && found.is_file() && found.len() == 0;
    if found.ino() == inode && !unfinished {
        umount2(path, MntFlags::MNT_DETACH)?;
    } else if !unfinished {
        log::warn!("`{}` is another namespace by now and stays", path.display());
        return Ok(());
    }
    Ok(fs::remove_file(path)?)
}

/// A setting of a device that is gone needs no going back.
fn set_back(path: &Path, value: &str) -> Result<()> {
    let plain = path.components().all(|part| !matches!(part, Component::ParentDir));
    if !path.starts_with("/proc/sys/net") || !plain {
        return Err(Error::failed("it is no kernel setting of a network"));
    }
    match fs::write(path, value) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => Ok(other?),
    }
}

/// Removes by group only what carries the run's alias, or none yet; a stranger's device in the group stays.
fn remove_links(group: u32, alias: &str) -> Result<()> {
    let mut connection = Connection::open()?;
    let devices = connection.devices()?;
    let (ours, strangers): (Vec<_>, Vec<_>) = devices
        .values()
        .filter(|state| state.group == group)
        .partition(|state| state.alias == alias || state.alias.is_empty());
    let changes: Vec<_> = match (ours.is_empty(), strangers.is_empty()) {
        (true, _) => return Ok(()),
        (false, true) => vec![Change::DeleteGroup(group)],
        (false, false) => ours.iter().map(|state| Change::Delete(state.index)).collect(),
    };
    for change in changes {
        match connection.transact(&[change.request()]) {
            // The other end of a cable went with the first.
            Err(refusal) if refusal.errno != Errno::ENODEV as i32 => return Err(refusal.error),
            _ => {}
        }
    }
    Ok(())
}
