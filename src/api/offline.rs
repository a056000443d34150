//! A run without network: packages come from the bundle, served by this process for as long as it runs.

use std::{fs, path::PathBuf, sync::Arc};

use crate::{
    bundle::{self, BundleSite},
    error::{Context, Error, Result},
    host,
    httpd::{Running, Server},
    lab::{Lab, PackageArchive},
    machine::own_architecture,
    openpgp::Signer,
    secret,
};

/// Serves until it is dropped.
pub struct Offline {
    _running: Running,
    dir: PathBuf,
}

/// Only this machine reaches it, on a port that is free.
const ADDRESS: ([u8; 4], u16) = ([127, 0, 0, 1], 0);
const DIRECTORY: &str = "archive";

impl Offline {
    /// Has the lab take packages from the bundle that is found; none where there is no bundle, or none of packages.
    pub fn begin(lab: &mut Lab) -> Result<Option<Offline>> {
        let Some(bundle) = bundle::find()? else { return Ok(None) };
        let named = format!("bundle `{}`", bundle.place.display());
        Offline::serve(bundle, &named, lab).context(|| named.clone())
    }

    fn serve(bundle: bundle::Bundle, named: &str, lab: &mut Lab) -> Result<Option<Offline>> {
        let digest = bundle.layout.digest()?;
        let signer = Signer::from_seed(&secret::fresh()?, bundle::SIGNER);
        let offer = bundle::offer_packages(&bundle.layout, &signer)?;
        let own = own_architecture();
        if offer.is_empty() {
            return Ok(None);
        }
        let list = format!("{}/dists/{}/{}/binary-{own}/Packages", bundle::DEBIAN, bundle::SUITE, bundle::COMPONENT);
        if !offer.contains_key(&list) {
            return Err(Error::failed(format!("it has no packages for {own}, which this machine is"))
                .hint(format!("labkit bundle lock --arch {own}, and build it anew; LABKIT_BUNDLE=none does without")));
        }
        let running = Server::bind(ADDRESS.into())?.serve(Arc::new(BundleSite::new(bundle, offer)?))?;
        let dir = lab.machine_dir().join(DIRECTORY);
        // What a sudden end left.
        let _ = fs::remove_dir_all(&dir);
        let address = format!("http://{}{}", running.address(), bundle::DEBIAN);
        host::prepare_archive(&dir, &address, bundle::SUITE, bundle::COMPONENT, &signer.public_key())?;
        let host = running.address().ip().to_string();
        lab.archive = Some(PackageArchive { named: named.to_owned(), dir: dir.clone(), host });
        lab.run.bundle = Some(digest.to_string());
        lab.progress.line(&format!("packages  come from {named}"));
        Ok(Some(Offline { _running: running, dir }))
    }
}

impl Drop for Offline {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.dir) {
            log::warn!("remove `{}`: {error}", self.dir.display());
        }
    }
}
