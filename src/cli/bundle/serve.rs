//! `labkit bundle serve`

use std::{net::SocketAddr, sync::Arc};

use argh::FromArgs;

use crate::{
    bundle::{self, BundleSite},
    cli::output,
    error::Result,
    httpd::Server,
    openpgp::Signer,
    secret::{self, Purpose, Secret},
    signal,
};

/// Serve a bundle to other machines until Ctrl-C: its images as a registry, and itself as files. Anybody who reaches
/// the address may read all of it.
#[derive(FromArgs)]
#[argh(subcommand, name = "serve")]
pub struct Serve {
    /// the bundle; the one that is found unless given
    #[argh(positional)]
    bundle: Option<String>,

    /// where to listen: 127.0.0.1:5000 unless given, which only this machine reaches
    #[argh(option, arg_name = "ADDRESS:PORT", default = "SocketAddr::from(([127, 0, 0, 1], 5000))")]
    address: SocketAddr,
}

/// By a key of the lab, so that it is the same on every machine and every day; by a new one where there is no lab.
fn signer() -> Result<Signer> {
    let seed = match secret::path().exists() {
        true => Secret::read()?.derive(Purpose::Archive, b""),
        false => secret::fresh()?,
    };
    Ok(Signer::from_seed(&seed, bundle::SIGNER))
}

impl Serve {
    pub fn run(self) -> Result<()> {
        signal::listen()?;
        let bundle = bundle::need(self.bundle.as_deref())?;
        let place = bundle.place.display().to_string();
        let offer = bundle::offer_packages(&bundle.layout, &signer()?)?;
        let has_packages = !offer.is_empty();
        let site = BundleSite::new(bundle, offer)?;
        let server = Server::bind(self.address)?;
        let images = match site.images().len() {
            1 => "1 image".to_owned(),
            count => format!("{count} images"),
        };
        let running = server.serve(Arc::new(site))?;
        let place = output::plain(&place);
        let packages =
            if has_packages { format!(", packages for apt below {}", bundle::DEBIAN) } else { String::new() };
        output::note(&format!(
            "serving   {place} on http://{}/: {images}{packages}; Ctrl-C ends it",
            running.address()
        ));
        // To be asked to stop is how it ends.
        running.wait()
    }
}
