//! `labkit bundle verify`

use std::path::Path;

use argh::FromArgs;
use serde_json::json;

use super::fetch::public_key;
use crate::{
    bundle::{self, Lock, Verified},
    cli::output,
    columns,
    error::{Error, Result},
    progress::Progress,
    signal,
};

/// Is a bundle whole? Hashes every blob on all CPUs, and looks whether all that is named, and all that packages depend on, is there.
#[derive(FromArgs)]
#[argh(subcommand, name = "verify")]
pub struct BundleVerify {
    /// the bundle; the one that is found unless given
    #[argh(positional)]
    bundle: Option<String>,

    /// whether the holder of this key signed it: a file that minisign wrote, or the key itself
    #[argh(option)]
    key: Option<String>,

    /// whether it is what this lock says
    #[argh(option, arg_name = "FILE")]
    lock: Option<String>,

    /// say nothing but the result
    #[argh(switch, short = 'q')]
    quiet: bool,

    /// for machines
    #[argh(switch)]
    json: bool,
}

/// Findings that are worth reading one by one.
const SHOWN: usize = 20;

impl BundleVerify {
    pub fn run(self) -> Result<()> {
        signal::listen()?;
        let key = self.key.as_deref().map(public_key).transpose()?;
        let lock = self.lock.as_deref().map(|path| Lock::read(Path::new(path))).transpose()?;
        let bundle = bundle::need(self.bundle.as_deref())?;
        let progress = Progress::new(self.quiet || self.json);
        let verified = bundle::verify(&bundle, lock.as_ref(), key.as_ref(), &progress);
        progress.end();
        let verified = verified?;
        match self.json {
            true => output::json(&json!({ "whole": verified.findings.is_empty(), "verified": verified }))?,
            false => output::print(&output::plain(&told(&verified)))?,
        }
        match verified.findings.len() {
            0 => Ok(()),
            1 => Err(Error::proof(format!("bundle `{}`: one thing is wrong", bundle.place.display()))),
            many => Err(Error::proof(format!("bundle `{}`: {many} things are wrong", bundle.place.display()))),
        }
    }
}

fn told(verified: &Verified) -> String {
    let mut text = format!(
        "blobs     {} with {}, each hashed\nitems     {}\n",
        verified.blobs,
        columns::bytes(verified.bytes),
        verified.items
    );
    if let Some(digest) = &verified.digest {
        text += &format!("digest    {digest}\n");
    }
    if let Some(comment) = &verified.signed {
        text += &format!("signed    {comment}\n");
    }
    if !verified.unused.is_empty() {
        text += &format!("! {} blobs belong to nothing\n", verified.unused.len());
    }
    for finding in verified.findings.iter().take(SHOWN) {
        text += &format!("✗ {finding}\n");
    }
    match verified.findings.len() {
        0 => text + "✓ it is whole\n",
        few if few <= SHOWN => text,
        many => text + &format!("… and {} more: --json has them all\n", many - SHOWN),
    }
}
