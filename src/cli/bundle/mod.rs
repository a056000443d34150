//! `labkit bundle`

mod build;
mod diff;
mod embed;
mod extract;
mod fetch;
mod image;
mod lock;
mod ls;
mod pack;
mod serve;
mod sign;
mod verify;

use argh::FromArgs;

use crate::error::Result;

/// The offline bundle: everything that a lab needs in one place.
#[derive(FromArgs)]
#[argh(
    subcommand,
    name = "bundle",
    note = "On a connected machine: labkit bundle lock node && labkit bundle build. The directory lab.bundle beside the labkit of a machine without network is all that `labkit run node` needs there."
)]
pub struct Bundle {
    #[argh(subcommand)]
    what: What,
}

#[derive(FromArgs)]
#[argh(subcommand)]
enum What {
    Build(build::BundleBuild),
    Diff(diff::BundleDiff),
    Embed(embed::BundleEmbed),
    Extract(extract::BundleExtract),
    Fetch(fetch::BundleFetch),
    Image(image::BundleImage),
    Lock(lock::BundleLock),
    Ls(ls::BundleLs),
    Pack(pack::BundlePack),
    Serve(serve::Serve),
    Sign(sign::BundleSign),
    Verify(verify::BundleVerify),
}

/// Subcommands that a person may type.
pub const COMMANDS: [&str; 12] =
    ["build", "diff", "embed", "extract", "fetch", "image", "lock", "ls", "pack", "serve", "sign", "verify"];

impl Bundle {
    pub fn run(self) -> Result<()> {
        match self.what {
            What::Build(build) => build.run(),
            What::Diff(diff) => diff.run(),
            What::Embed(embed) => embed.run(),
            What::Extract(extract) => extract.run(),
            What::Fetch(fetch) => fetch.run(),
            What::Image(image) => image.run(),
            What::Lock(lock) => lock.run(),
            What::Ls(ls) => ls.run(),
            What::Pack(pack) => pack.run(),
            What::Serve(serve) => serve.run(),
            What::Sign(sign) => sign.run(),
            What::Verify(verify) => verify.run(),
        }
    }
}
