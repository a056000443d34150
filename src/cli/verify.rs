//! `labkit verify`

use std::{fs::File, path::Path};

use argh::FromArgs;
use serde_json::json;

use super::output;
use crate::{
    archive::verify::{self, Verified},
    error::{Context, Error, Result},
    results::store,
    signal,
};

/// Is a run what its own raw texts say? Checks the hashes, and reads every sample once more from what the tools printed.
#[derive(FromArgs)]
#[argh(subcommand, name = "verify")]
pub struct Verify {
    /// an archive, or a run: its id, the beginning of it, its directory, or `latest`
    #[argh(positional)]
    archive: String,

    /// for machines
    #[argh(switch)]
    json: bool,
}

/// Findings that are worth reading one by one.
const SHOWN: usize = 20;

impl Verify {
    pub fn run(self) -> Result<()> {
        signal::listen()?;
        let verified = self.look()?;
        let (findings, id) = (verified.findings(), output::plain(&verified.run.id));
        match self.json {
            true => output::json(&json!({ "holds": findings.is_empty(), "verified": verified }))?,
            false => output::print(&output::plain(&told(&verified)))?,
        }
        match findings.len() {
            0 => Ok(()),
            1 => Err(Error::proof(format!("run `{id}` contradicts itself in one place"))),
            many => Err(Error::proof(format!("run `{id}` contradicts itself in {many} places"))),
        }
    }

    fn look(&self) -> Result<Verified> {
        let path = Path::new(&self.archive);
        match () {
            () if path.is_file() || is_file_name(&self.archive) => File::open(path)
                .map_err(Error::from)
                .and_then(verify::archive)
                .context(|| format!("verify `{}`", path.display())),
            () => verify::directory(&store::locate(&store::state_dir()?, &self.archive)?),
        }
    }
}

/// True where a run cannot be meant.
fn is_file_name(name: &str) -> bool {
    !Path::new(name).is_dir() && (name.contains('/') || name.ends_with("gz"))
}

fn told(verified: &Verified) -> String {
    let (run, again) = (&verified.run, &verified.rederived);
    let hashes = match verified.hashed {
        true => "held against MANIFEST",
        false => "no MANIFEST to hold them against",
    };
    let host = if run.machine.host.is_empty() { String::new() } else { format!(" on {}", run.machine.host) };
    let mut text = format!("run       {}{host}\n", run.id);
    text += &format!("files     {} with {} bytes, {hashes}\n", verified.files, verified.bytes);
    text += &format!(
        "samples   {} of {} derived again from {} raw texts\n",
        again.rederived, again.samples, again.raw_texts
    );
    let without: usize = again.without_raw.values().sum();
    if without > 0 {
        let metrics: Vec<&str> = again.without_raw.keys().map(String::as_str).collect();
        text += &format!("          {without} have no raw text: {}\n", metrics.join(", "));
    }
    if !run.outcome.is_whole() {
        let lacks = match again.unrecorded {
            0 => "no figure of its raw texts is missing".to_owned(),
            1 => "one figure of its raw texts was not recorded".to_owned(),
            many => format!("{many} figures of its raw texts were not recorded"),
        };
        text += &format!("! the run is {}: {lacks}\n", run.outcome);
    }
    for finding in again.findings.iter().take(SHOWN) {
        text += &format!("✗ {finding}\n");
    }
    match again.findings.len() {
        0 if again.rederived == 0 => text + "· nothing contradicts, but no sample has a text to hold it against\n",
        0 => text + "✓ nothing contradicts\n",
        few if few <= SHOWN => text,
        many => text + &format!("… and {} more: --json has them all\n", many - SHOWN),
    }
}
