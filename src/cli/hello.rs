//! `labkit hello`

use argh::FromArgs;

use crate::{
    cluster::hello::{self, PORT},
    error::Result,
    signal,
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
        signal::end_at_once()?;
        hello::serve(&self.from, self.port)
    }
}
