//! `labkit bundle sign`

use std::{fs, path::Path};

use argh::FromArgs;

use crate::{
    bundle::sign,
    cli::output,
    clock,
    error::{Context, Result},
    minisign::SecretKey,
};

/// Sign a bundle, so that who has the public key knows whose it is. The key is one of minisign's without a password (minisign -G -W).
#[derive(FromArgs)]
#[argh(subcommand, name = "sign")]
pub struct BundleSign {
    /// the bundle's directory; lab.bundle unless given
    #[argh(positional, default = "String::from(\"lab.bundle\")")]
    bundle: String,

    /// the file with the secret key
    #[argh(option, arg_name = "FILE")]
    key: String,

    /// what the signature says besides; the time unless given
    #[argh(option)]
    comment: Option<String>,
}

impl BundleSign {
    pub fn run(self) -> Result<()> {
        let text = fs::read_to_string(&self.key).context(|| format!("read `{}`", self.key))?;
        let key = SecretKey::parse(&text).map_err(|error| error.context(format!("key `{}`", self.key)))?;
        let comment = self.comment.unwrap_or_else(|| format!("signed at {}", clock::now()));
        let path = sign(Path::new(&self.bundle), &key, &comment)?;
        output::note(&format!("wrote     {}", path.display()));
        output::print(&format!("key       {}\n", key.public().id()))
    }
}
