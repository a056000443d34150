//! `labkit secret`

use argh::FromArgs;

use super::output;
use crate::{
    error::{Error, Result, nearest},
    secret::{Purpose, Secret},
    ssh_key::SshKey,
};

/// The lab secret, from which the nodes of a lab derive what they trust each other by.
#[derive(FromArgs)]
#[argh(subcommand, name = "secret")]
pub struct Command {
    #[argh(subcommand)]
    what: What,
}

#[derive(FromArgs)]
#[argh(subcommand)]
enum What {
    New(New),
    Show(Show),
}

/// Make a secret for a new lab, in /etc/labkit/secret; give the same file to every node.
#[derive(FromArgs)]
#[argh(subcommand, name = "new")]
struct New {}

/// Print what is derived from the secret, for a script that does without labkit.
#[derive(FromArgs)]
#[argh(subcommand, name = "show")]
struct Show {
    /// ssh-user: the private key by which nodes log in to each other
    #[argh(positional)]
    name: String,
}

const NAMES: [&str; 1] = ["ssh-user"];

impl Command {
    pub fn run(self) -> Result<()> {
        match self.what {
            What::New(New {}) => {
                let path = Secret::new()?.create()?;
                output::note(&format!("wrote     {}: every node of the lab needs the same", path.display()));
                Ok(())
            }
            What::Show(show) => match show.name.as_str() {
                "ssh-user" => {
                    let seed = Secret::read()?.derive(Purpose::SshUser, b"");
                    output::print(&SshKey::from_seed(&seed).private("labkit"))
                }
                other => Err(Error::usage(format!("nothing that is derived is called `{other}`")).hint(match nearest(
                    other, NAMES,
                ) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there is: {}", NAMES.join(", ")),
                })),
            },
        }
    }
}
