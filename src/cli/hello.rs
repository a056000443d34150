//! `labkit hello`

use argh::FromArgs;

use crate::{
    cluster::hello::{self, PORT},
    error::Result,
};

/// Greets everyone who connects, until it is ended: what the pods of a proof run. `nc ADDRESS 8080` shows it.
#[derive(FromArgs)]
#[argh(subcommand, name = "hello")]
pub struct Hello {
    /// who says it: `pod 1`
    #[argh(positional)]
    from: String,

    /// where it listens; 8080 unless given
    #[argh(option, default = "PORT")]
    port: u16,
}

impl Hello {
    pub fn run(self) -> Result<()> {
        hello::serve(&self.from, self.port)
    }
}
