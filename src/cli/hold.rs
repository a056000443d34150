//! `labkit hold`: the process that keeps a lab alive. Not for people.

use argh::FromArgs;

use crate::error::Result;

/// keep the namespaces that were handed over until killed.
#[derive(FromArgs)]
#[argh(subcommand, name = "hold")]
pub struct Hold {
    /// id of the lab, for whoever looks at the list of processes
    #[argh(positional)]
    #[expect(dead_code, reason = "shown by ps")]
    id: String,
}

impl Hold {
    pub fn run(self) -> Result<()> {
        // The terminal that the run was started from may close.
        let _ = nix::unistd::setsid();
        loop {
            nix::unistd::pause();
        }
    }
}
