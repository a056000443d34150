//! Swap, off now and at every boot: a kubelet does not start beside it.

use std::{fs, path::PathBuf};

use super::{
    place::{FilePath, Seen},
    shell,
    standing::{AtPath, edited},
};
use crate::{
    command,
    error::{Context, Error, Result},
    journal::{Before, FileState, Thing},
    lab::{
        Lab,
        operation::{Difference, Operation},
    },
};

/// `swapoff -a`, and no line of swap in /etc/fstab.
#[derive(Debug, Clone, PartialEq)]
pub struct NoSwap;

const SWAPS: &str = "/proc/swaps";
const FSTAB: &str = "/etc/fstab";
/// Begins a line that labkit put aside.
const ASIDE: &str = "# labkit put aside: ";

/// /etc/fstab with its lines of swap put aside.
pub struct Aside(FilePath);

impl NoSwap {
    pub fn aside(&self) -> Result<Aside> {
        FSTAB.parse().map(Aside).map_err(Error::usage)
    }
}

impl AtPath for Aside {
    fn path(&self) -> &FilePath {
        &self.0
    }

    fn title(&self) -> String {
        format!("swap in {FSTAB}")
    }

    fn wanted(&self, seen: &Seen) -> Result<(FileState, Vec<u8>)> {
        match seen.state {
            FileState::Absent => Ok((FileState::Absent, Vec::new())),
            _ => edited(seen, |text| Ok(without_swap(text))),
        }
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn explain(&self) -> Vec<String> {
        let sed = shell::command(&["sed", "-Ei", &format!(r"s/^([^#]\S*\s+\S+\s+swap\s)/{ASIDE}\1/"), FSTAB]);
        vec![format!("{} || {sed}", shell::command(&["test", "!", "-e", FSTAB]))]
    }
}

/// fstab(5): device, place, kind, options …
fn without_swap(fstab: &str) -> String {
    let is_swap = |line: &str| !line.trim_start().starts_with('#') && line.split_whitespace().nth(2) == Some("swap");
    let lines = fstab.split_inclusive('\n');
    lines.map(|line| if is_swap(line) { format!("{ASIDE}{line}") } else { line.to_owned() }).collect()
}

fn devices() -> Result<Vec<PathBuf>> {
    let text = fs::read_to_string(SWAPS).context(|| format!("read `{SWAPS}`"))?;
    Ok(text.lines().skip(1).filter_map(|line| line.split_whitespace().next()).map(PathBuf::from).collect())
}

impl Operation for NoSwap {
    type Seen = Vec<PathBuf>;

    fn title(&self) -> String {
        "swap".to_owned()
    }

    fn things(&self) -> Vec<Thing> {
        vec![Thing::Swap]
    }

    fn look(&self, _: &Lab) -> Result<Vec<PathBuf>> {
        devices()
    }

    fn difference(&self, devices: &Vec<PathBuf>) -> Option<Difference> {
        let shown: Vec<String> = devices.iter().map(|device| device.display().to_string()).collect();
        (!devices.is_empty()).then(|| Difference::of(format!("off, was on {}", shown.join(", "))))
    }

    fn before(&self, devices: &Vec<PathBuf>, _: &mut Lab) -> Result<Before> {
        Ok(Before::Swap { devices: devices.clone() })
    }

    fn apply(&self, devices: &Vec<PathBuf>, _: &Lab) -> Result<()> {
        devices.iter().try_for_each(|device| {
            let off = command::run(&["swapoff", &device.display().to_string()]).map(|_| ());
            off.map_err(|error| error.hint("what is swapped out must fit into memory"))
        })
    }

    fn explain(&self) -> Vec<String> {
        vec![shell::command(&["swapoff", "-a"])]
    }
}

/// On again, where it is not.
pub fn revert(before: &[PathBuf]) -> Result<()> {
    let on = devices()?;
    before
        .iter()
        .filter(|device| !on.contains(device))
        .try_for_each(|device| command::run(&["swapon", &device.display().to_string()]).map(|_| ()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_of_swap_are_put_aside() {
        let fstab =
            "# swap is below\nUUID=1 / ext4 defaults 0 1\nUUID=2 none swap sw 0 0\n/swap.img\tnone\tswap\tsw\t0\t0\n";
        let without = without_swap(fstab);
        assert_eq!(without.lines().filter(|line| line.starts_with(ASIDE)).count(), 2);
        assert_eq!(without.replace(ASIDE, ""), fstab);
        assert_eq!(without_swap(&without), without);
    }
}
