//! Where a bundle is found that nobody named: beside the program, in it, where labkit keeps its things, on a stick.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use super::Bundle;
use crate::error::{Context, Error, Result};

/// What a bundle is called, in the order in which it is looked for.
const NAMES: [&str; 3] = ["lab.bundle", "lab.bundle.tar", "lab.bundle.tar.001"];
/// Where an image of a machine has it.
const KEPT: &str = "/var/lib/labkit";
/// Of the file system on a stick or a second disk.
const LABEL: &str = "LABKIT";
const VARIABLE: &str = "LABKIT_BUNDLE";
/// No bundle, whatever lies about.
const NONE: &str = "none";

/// The first bundle that there is: `$LABKIT_BUNDLE`, beside the program, in the program, below /var/lib/labkit, on a
/// mounted file system with the label `LABKIT`. One that is there and damaged is an error, and no reason to look on.
pub fn find() -> Result<Option<Bundle>> {
    if let Some(place) = variable() {
        return if place == NONE { Ok(None) } else { by_variable(&place).map(Some) };
    }
    let program = env::current_exe().context(|| "find this program")?;
    let beside = program.parent().into_iter().map(Path::to_owned);
    if let Some(found) = in_one_of(beside)? {
        return Ok(Some(found));
    }
    if let Some(carried) = Bundle::of_program(&program)? {
        return Ok(Some(carried));
    }
    in_one_of(std::iter::once(PathBuf::from(KEPT)).chain(mounted(LABEL)))
}

/// The bundle that somebody named, here or in `$LABKIT_BUNDLE`, or the one in this directory, or the one that is found.
pub fn need(named: Option<&str>) -> Result<Bundle> {
    if let Some(place) = named {
        return Bundle::open(Path::new(place));
    }
    if let Some(place) = variable().filter(|place| place != NONE) {
        return by_variable(&place);
    }
    if let Some(here) = in_one_of(std::iter::once(PathBuf::new()))? {
        return Ok(here);
    }
    find()?.ok_or_else(|| {
        Error::usage(
            "there is no bundle here, beside this program, in it, in /var/lib/labkit or on a disk labelled LABKIT",
        )
        .hint("name one, or build one: labkit bundle lock node && labkit bundle build")
    })
}

fn variable() -> Option<String> {
    env::var(VARIABLE).ok().filter(|place| !place.is_empty())
}

fn by_variable(place: &str) -> Result<Bundle> {
    Bundle::open(Path::new(place)).context(|| format!("${VARIABLE}"))
}

fn in_one_of(dirs: impl Iterator<Item = PathBuf>) -> Result<Option<Bundle>> {
    for dir in dirs {
        if let Some(path) = NAMES.iter().map(|name| dir.join(name)).find(|path| path.exists()) {
            return Bundle::open(&path).map(Some);
        }
    }
    Ok(None)
}

/// Where the file system with this label is mounted (udev's links, `/proc/self/mountinfo`).
fn mounted(label: &str) -> Vec<PathBuf> {
    use std::os::unix::fs::MetadataExt;
    let Ok(device) = fs::metadata(Path::new("/dev/disk/by-label").join(label)) else { return Vec::new() };
    let number = device.rdev();
    let number = format!("{}:{}", nix::sys::stat::major(number), nix::sys::stat::minor(number));
    places(&fs::read_to_string("/proc/self/mountinfo").unwrap_or_default(), &number)
}

/// The mount points of a device, of the lines of proc_pid_mountinfo(5).
fn places(mounts: &str, number: &str) -> Vec<PathBuf> {
    let of_device = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(2);
        (words.next()? == number).then(|| words.nth(1)).flatten()
    });
    of_device.map(|path| PathBuf::from(unescaped(path))).collect()
}

/// A space stands there as `\040`.
fn unescaped(path: &str) -> String {
    ["\\040", "\\011", "\\012", "\\134"]
        .into_iter()
        .zip([" ", "\t", "\n", "\\"])
        .fold(path.to_owned(), |path, (code, c)| path.replace(code, c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_found_by_its_number_wherever_it_is_mounted() {
        let mounts = "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n\
                      35 22 8:17 / /media/vagrant/USB\\040stick ro - vfat /dev/sdb1 ro\n";
        assert_eq!(places(mounts, "8:17"), [PathBuf::from("/media/vagrant/USB stick")]);
        assert!(places(mounts, "8:1").is_empty() && places("", "8:1").is_empty());
    }
}
