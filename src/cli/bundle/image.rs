//! `labkit bundle image`

use std::{path::Path, time::Duration};

use argh::FromArgs;

use super::build::{labkits, told};
use crate::{
    bundle::{self, Lock, Orders},
    cli::output,
    disk,
    error::{Error, Result},
    lab::MadeImage,
    progress::Progress,
    signal,
};

/// Make a container image of packages that the lock pins, with labkit in it: by mmdebstrap, without docker. The lock notes it, so that every build makes it.
#[derive(FromArgs)]
#[argh(
    subcommand,
    name = "image",
    example = "labkit bundle lock --image-package hpcc,openmpi-bin,libopenblas0-serial,openssh-server",
    example = "labkit bundle image --packages hpcc,openmpi-bin,libopenblas0-serial,openssh-server --tag localhost/hpcc:1"
)]
pub struct BundleImage {
    /// names of packages, with commas between; what they need comes along
    #[argh(option)]
    packages: String,

    /// the image's name: localhost/hpcc:1
    #[argh(option)]
    tag: String,

    /// the lock; lab.lock unless given
    #[argh(option, default = "String::from(\"lab.lock\")", arg_name = "FILE")]
    lock: String,

    /// the bundle's directory; lab.bundle unless given
    #[argh(option, short = 'o', default = "String::from(\"lab.bundle\")", arg_name = "DIR")]
    output: String,

    /// the labkit that images for another architecture get: arm64=FILE; may be repeated
    #[argh(option, arg_name = "ARCH=FILE")]
    labkit: Vec<String>,

    /// say nothing but the result
    #[argh(switch, short = 'q')]
    quiet: bool,
}

const PATIENCE: Duration = Duration::from_secs(30);

impl BundleImage {
    pub fn run(self) -> Result<()> {
        signal::listen()?;
        let path = Path::new(&self.lock);
        let mut lock = Lock::read(path)?;
        let name = bundle::full_name(&self.tag)?;
        let packages: Vec<String> = self.packages.split(',').map(str::trim).map(str::to_owned).collect();
        if let Some(name) = packages.iter().find(|name| !lock.has_for_images(name)) {
            return Err(Error::usage(format!("package `{name}` is not in `{}` for images", self.lock))
                .hint(format!("labkit bundle lock --image-package {}", packages.join(","))));
        }
        lock.wanted.made.retain(|made| made.name != name);
        lock.wanted.made.push(MadeImage { name, packages });
        lock.wanted.made.sort();
        disk::replace(path, lock.text()?.as_bytes())?;
        let labkits = labkits(&self.labkit)?;
        let progress = Progress::new(self.quiet);
        let orders = Orders {
            lock: &lock,
            dir: Path::new(&self.output),
            from: &[],
            labkits: &labkits,
            patience: PATIENCE,
            parallel: 4,
            progress: &progress,
        };
        let built = bundle::build(&orders);
        progress.end();
        output::print(&told(&built?, &self.output))
    }
}
