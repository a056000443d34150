//! A seed disk: a small file system with a machine's identity, found by its label.

use std::{fs, path::Path};

use crate::{
    command,
    error::{Context, Result},
};

/// Where it is mounted, read-only, and stays: a bundle may be on it as well.
const PLACE: &str = "/run/labkit/seed";

/// Mounts a disk (`mount -o ro`), unless it is mounted there already, and hands the place to who reads it.
pub fn with_seed<T>(device: &str, read: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
    let place = Path::new(PLACE);
    fs::create_dir_all(place).context(|| format!("make `{PLACE}`"))?;
    let is_mounted = command::attempt(&["mountpoint", "--quiet", PLACE])?.status.success();
    if !is_mounted {
        let options = "ro,nosuid,nodev,noexec";
        command::run(&["mount", "-o", options, device, PLACE]).context(|| format!("read the seed disk `{device}`"))?;
    }
    read(place)
}
