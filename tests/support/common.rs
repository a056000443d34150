//! A directory that several tests of one program use.

use std::{
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// What a static holds is never dropped: a process beside this one waits for its end, however it comes, and removes the
/// directory then.
pub struct Common {
    path: PathBuf,
    _waiting: Child,
}

impl Common {
    pub fn new() -> Common {
        let path = tempfile::tempdir_in("/var/tmp").unwrap().keep();
        let mut waiting = Command::new("sh");
        waiting.args(["-c", "cat; rm -rf \"$1\"", "sh"]).arg(&path);
        // Its input ends with this process; Ctrl-C is not for it.
        waiting.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        Common { path, _waiting: waiting.spawn().unwrap() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}
