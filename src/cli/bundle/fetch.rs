//! `labkit bundle fetch`

use std::{fs, path::Path, time::Duration};

use argh::FromArgs;

use crate::{
    bundle,
    cli::output,
    error::{Context, Result},
    minisign::PublicKey,
    progress::Progress,
    signal,
};

/// Fetch the bundle that another machine serves (`labkit bundle serve --address 0.0.0.0:5000`), checked; goes on where it was cut short.
#[derive(FromArgs)]
#[argh(subcommand, name = "fetch")]
pub struct BundleFetch {
    /// its address: http://192.168.56.1:5000
    #[argh(positional)]
    address: String,

    /// the directory that becomes the bundle; lab.bundle unless given
    #[argh(option, short = 'o', default = "String::from(\"lab.bundle\")", arg_name = "DIR")]
    output: String,

    /// take only what the holder of this key signed: a file that minisign wrote, or the key itself
    #[argh(option)]
    key: Option<String>,

    /// seconds for which a connection may be silent
    #[argh(option, default = "30")]
    patience: u64,

    /// say nothing but the result
    #[argh(switch, short = 'q')]
    quiet: bool,

    /// for machines
    #[argh(switch)]
    json: bool,
}

/// A key, or the file that it is in.
pub fn public_key(text: &str) -> Result<PublicKey> {
    match Path::new(text).is_file() {
        true => {
            let read = fs::read_to_string(text).context(|| format!("read `{text}`"))?;
            PublicKey::parse(&read).map_err(|error| error.context(format!("key `{text}`")))
        }
        false => {
            PublicKey::parse(text).map_err(|error| error.hint("minisign -G makes a pair of keys; its .pub is meant"))
        }
    }
}

impl BundleFetch {
    pub fn run(self) -> Result<()> {
        signal::listen()?;
        let key = self.key.as_deref().map(public_key).transpose()?;
        let progress = Progress::new(self.quiet || self.json);
        let patience = Duration::from_secs(self.patience.max(1));
        let fetched = bundle::fetch(&self.address, Path::new(&self.output), key.as_ref(), &progress, patience);
        progress.end();
        signal::check()?;
        let fetched = fetched?;
        match self.json {
            true => output::json(&fetched),
            false => output::print(&format!(
                "fetched   {}: {} blobs, of which {} came now{}\ndigest    {}\n",
                self.output,
                fetched.blobs,
                crate::columns::bytes(fetched.fetched),
                if fetched.signed { ", signed" } else { "" },
                fetched.digest
            )),
        }
    }
}
