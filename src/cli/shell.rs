//! `labkit shell`

use std::env;

use argh::FromArgs;

use super::{exec::enter_and_replace, output};
use crate::error::Result;

/// A shell in a namespace of a kept lab.
#[derive(FromArgs)]
#[argh(subcommand, name = "shell")]
pub struct Shell {
    /// namespace of the lab; `host` is the one that plays the machine
    #[argh(positional)]
    ns: String,

    /// which lab, where several are kept
    #[argh(option)]
    lab: Option<String>,
}

impl Shell {
    pub fn run(self) -> Result<()> {
        let shell = env::var("SHELL").ok().filter(|shell| !shell.is_empty()).unwrap_or_else(|| "/bin/sh".to_owned());
        output::note(&format!("a shell in {}; `exit` leaves it, the lab stays", self.ns));
        enter_and_replace(&self.ns, self.lab.as_deref(), &[shell])
    }
}
