//! `labkit bundle diff`

use std::path::Path;

use argh::FromArgs;

use crate::{
    bundle::{self, Bundle},
    cli::output,
    error::{Error, Result},
};

/// What one bundle has and the other has not; exits 3 if they differ.
#[derive(FromArgs)]
#[argh(subcommand, name = "diff")]
pub struct BundleDiff {
    #[argh(positional)]
    first: String,

    #[argh(positional)]
    second: String,

    /// for machines
    #[argh(switch)]
    json: bool,
}

impl BundleDiff {
    pub fn run(self) -> Result<()> {
        let open = |place: &str| Bundle::open(Path::new(place));
        let differences = bundle::diff(&open(&self.first)?, &open(&self.second)?)?;
        if self.json {
            output::json(&differences)?;
        } else {
            let lines = differences.iter().map(|one| {
                let name = format!("{} {}", one.name, one.architecture);
                match (&one.first, &one.second) {
                    (Some(first), Some(second)) => format!("~ {}: {first} → {second}\n", name.trim_end()),
                    (None, second) => format!("+ {}: {}\n", name.trim_end(), second.as_deref().unwrap_or_default()),
                    (first, None) => format!("- {}: {}\n", name.trim_end(), first.as_deref().unwrap_or_default()),
                }
            });
            output::print(&output::plain(&lines.collect::<String>()))?;
        }
        if differences.is_empty() { Ok(()) } else { Err(Error::changes()) }
    }
}
