//! Packages back to what they were: their versions, configuration, holds and marks.

use std::collections::BTreeMap;

use super::{dpkg::Dpkg, get, hold, packages::FREELY};
use crate::{
    error::{Error, Result},
    journal::PackageState,
    progress::Progress,
};

/// Removes what was not installed before, installs the version before of what was, and gives each its marks back.
/// Errors are collected: what cannot be had any more keeps nothing else from going.
/// What goes along is no error where it is one of `touched`: another change brings it back.
pub fn revert(before: &BTreeMap<String, PackageState>, touched: &BTreeMap<String, PackageState>) -> Result<()> {
    let progress = Progress::silent();
    get::repair(None, &progress)?;
    let gone = put_away(before, touched, &progress);
    let back = bring_back(before, &progress);
    match (gone, back) {
        (Err(first), Err(later)) => Err(first.then(&later)),
        (gone, back) => gone.and(back),
    }
}

/// What was not installed goes; its configuration stays where that was there before.
fn put_away(
    before: &BTreeMap<String, PackageState>,
    touched: &BTreeMap<String, PackageState>,
    progress: &Progress,
) -> Result<()> {
    let dpkg = Dpkg::read()?;
    for (verb, is_configured) in [("purge", false), ("remove", true)] {
        let goes = |name: &str| if is_configured { dpkg.installed(name).is_some() } else { dpkg.knows(name) };
        let new: Vec<&str> = before
            .iter()
            .filter(|(name, state)| state.version.is_none() && state.is_configured == is_configured && goes(name))
            .map(|(name, _)| name.as_str())
            .collect();
        if new.is_empty() {
            continue;
        }
        let words = [&["--allow-change-held-packages", verb], &new[..]].concat();
        let also: Vec<String> =
            get::simulate(&words, None)?.into_keys().filter(|name| !touched.contains_key(name)).collect();
        if !also.is_empty() {
            return Err(Error::failed(format!("{} were installed since, and need what is to go", also.join(", ")))
                .hint(format!("apt-get purge {}", also.join(" "))));
        }
        get::run(&words, None, progress)?;
    }
    Ok(())
}

fn bring_back(before: &BTreeMap<String, PackageState>, progress: &Progress) -> Result<()> {
    let dpkg = Dpkg::read()?;
    let other = before.iter().filter_map(|(name, state)| {
        Some(format!("{name}={}", state.version.as_deref().filter(|version| dpkg.installed(name) != Some(version))?))
    });
    let other: Vec<String> = other.collect();
    if !other.is_empty() {
        let mut words = FREELY.to_vec();
        words.extend(other.iter().map(String::as_str));
        get::run(&words, None, progress)?;
    }
    let dpkg = Dpkg::read()?;
    let there = |wrong: fn(&PackageState, &PackageState) -> bool| -> Vec<String> {
        let there = before.iter().filter(|(name, state)| state.version.is_some() && wrong(state, &dpkg.state(name)));
        there.map(|(name, _)| name.clone()).collect()
    };
    hold::mark("hold", &there(|state, now| state.is_held && !now.is_held))?;
    hold::mark("auto", &there(|state, now| state.is_automatic && !now.is_automatic))?;
    hold::mark("manual", &there(|state, now| !state.is_automatic && now.is_automatic))
}
