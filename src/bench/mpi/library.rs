//! The BLAS that hpcc computes with, and which of its kernels it takes for the CPU.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde::{Deserialize, Serialize};

/// Has OpenBLAS take the kernels of this name.
const CHOICE: &str = "OPENBLAS_CORETYPE";
/// Has OpenBLAS say which kernels it takes, on standard error.
const TELL: (&str, &str) = ("OPENBLAS_VERBOSE", "2");
const TOLD: &str = "Core: ";
/// Kernels of OpenBLAS with vectors of more than 128 bits; all others are for CPUs from before 2011.
const WIDE: [&str; 10] = [
    "Sandybridge",
    "Bulldozer",
    "Piledriver",
    "Steamroller",
    "Excavator",
    "Haswell",
    "Zen",
    "SkylakeX",
    "Cooperlake",
    "SapphireRapids",
];

/// As hpcc would load it now.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Library {
    /// The file behind `libblas.so.3`; none where hpcc has its BLAS built in.
    pub file: Option<String>,
    /// The kernels that OpenBLAS takes, by its name for a CPU; none of another library.
    pub core: Option<String>,
    /// Those that are for this CPU, where OpenBLAS takes others that are not. A release from before a CPU may not know it, and
    /// takes those of 2004, which compute a fifth.
    pub better: Option<String>,
    /// True where whoever began this process chose the kernels.
    pub is_chosen: bool,
}

impl Library {
    /// For a CPU with vectors of so many bits. None where there is no hpcc.
    pub fn find(vector_bits: u32) -> Option<Library> {
        let path = env::var_os("PATH")?;
        let hpcc = env::split_paths(&path).map(|dir| dir.join("hpcc")).find(|file| file.is_file())?;
        let file = loaded(&hpcc);
        let core = file.as_deref().and_then(told);
        let better = core.as_deref().and_then(|core| better(core, vector_bits)).map(str::to_owned);
        Some(Library { file, core, better, is_chosen: env::var_os(CHOICE).is_some() })
    }

    /// True for the BLAS that computes an eighth of what others do, and is what Debian's hpcc brings along.
    pub fn is_reference(&self) -> bool {
        self.file.as_deref().is_some_and(|path| path.contains("/blas/libblas"))
    }

    /// By its file's name and directory: `openblas-serial/libblas.so.3`.
    pub fn name(&self) -> String {
        let path = self.file.as_deref().unwrap_or("built in");
        path.rsplitn(3, '/').take(2).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("/")
    }

    /// The kernels that labkit asks for in place of those that OpenBLAS takes by itself.
    pub fn asked(&self) -> Option<&str> {
        self.better.as_deref().filter(|_| !self.is_chosen)
    }

    /// The kernels that hpcc computes with.
    pub fn kernels(&self) -> Option<&str> {
        self.asked().or(self.core.as_deref())
    }

    /// Has a program compute with [`Library::kernels`].
    pub fn apply(&self, command: &mut Command) {
        if let Some(core) = self.asked() {
            command.env(CHOICE, core);
        }
    }
}

/// The library of a program, behind all links.
fn loaded(program: &Path) -> Option<String> {
    let printed = Command::new("ldd").arg(program).output().map(|output| output.stdout).unwrap_or_default();
    let printed = String::from_utf8_lossy(&printed).into_owned();
    let line = printed.lines().find(|line| line.trim_start().starts_with("libblas"))?;
    let file = line.split_once(" => ")?.1.split_whitespace().next()?;
    Some(fs::canonicalize(file).unwrap_or_else(|_| PathBuf::from(file)).display().to_string())
}

/// OpenBLAS tells its kernels as it is loaded, whoever loads it.
fn told(file: &str) -> Option<String> {
    let mut command = Command::new("true");
    let output = command.env("LD_PRELOAD", file).env(TELL.0, TELL.1).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr);
    text.lines().find_map(|line| line.strip_prefix(TOLD)).map(|core| core.trim().to_owned())
}

fn better(core: &str, vector_bits: u32) -> Option<&'static str> {
    let is_wide = WIDE.iter().any(|wide| wide.eq_ignore_ascii_case(core));
    match vector_bits {
        _ if is_wide => None,
        512 => Some("SkylakeX"),
        256 => Some("Haswell"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Library {
        pub fn of(file: &str) -> Library {
            Library { file: Some(file.to_owned()), ..Library::default() }
        }
    }

    #[test]
    fn a_library_is_known_by_its_file() {
        let reference = Library::of("/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0");
        assert!(reference.is_reference());
        assert_eq!(reference.name(), "blas/libblas.so.3.11.0");
        assert!(!Library::of("/usr/lib/x86_64-linux-gnu/openblas-serial/libblas.so.3").is_reference());
    }

    #[test]
    fn a_cpu_that_openblas_does_not_know_gets_the_kernels_that_its_vectors_are_for() {
        assert_eq!(better("Prescott", 512), Some("SkylakeX"));
        assert_eq!(better("Barcelona", 256), Some("Haswell"));
        // One without wide vectors, one that it knows, and one on which it may have its reasons.
        let none = [better("Prescott", 128), better("SkylakeX", 512), better("Zen", 512), better("haswell", 256)];
        assert_eq!(none, [None; 4]);
    }

    #[test]
    fn who_chose_the_kernels_keeps_them() {
        let core = |name: &str| Some(name.to_owned());
        let mistaken = Library { core: core("Prescott"), better: core("SkylakeX"), ..Library::default() };
        let chosen = Library { is_chosen: true, ..mistaken.clone() };
        assert_eq!((mistaken.asked(), mistaken.kernels()), (Some("SkylakeX"), Some("SkylakeX")));
        assert_eq!((chosen.asked(), chosen.kernels()), (None, Some("Prescott")));
    }
}
