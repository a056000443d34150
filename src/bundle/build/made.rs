//! Images made of the lock's packages: a root file system by mmdebstrap, and labkit itself in it.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use serde::Serialize;

use super::{Orders, site::Site};
use crate::{
    bundle::{
        apt::Package,
        open::carried_by,
        serve::{COMPONENT, DEBIAN, SIGNER, SUITE, StaticSite, offer_of},
    },
    digest::{Tally, sha256_hex},
    error::{Context, Error, Result},
    exec::Program,
    gzip,
    httpd::Server,
    lab::MadeImage,
    machine::own_architecture,
    oci::{Descriptor, Digest, Index, Kind, Manifest, Platform, media_type, note},
    openpgp::Signer,
    scratch::Scratch,
    secret,
    tarball::{self, Builder},
    volume::Stretch,
};

/// What an image was made from: with another, it is made anew.
const MADE_FROM: &str = "io.labkit.made-from";
/// /bin is /usr/bin before the first package comes, as every release since Debian 12 has it.
const MERGED_USR: &str = "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr";
/// What it was made from was on a port of a moment, and keys that a package made for itself would be the same in every
/// container. mmdebstrap runs this by a shell, with the root as its first argument.
const FORGET: &str = r#"--customize-hook=rm -f "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/* "$1"/etc/apt/apt.conf.d/99mmdebstrap "$1"/etc/ssh/ssh_host_*_key*"#;
/// To unpack some hundred packages.
const LIMIT: Duration = Duration::from_secs(3600);
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const PIECE: usize = 1 << 20;
/// What env(1) exits with where there is no such program.
const NOT_FOUND: i32 = 127;
/// Where labkit lies in it.
const LABKIT: &str = "usr/local/bin/labkit";
/// Documentation that nobody reads in a container.
const LEFT_OUT: [&str; 4] = ["/usr/share/doc/*", "/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*"];

/// An image's configuration (OCI image specification, config.md), as far as it is used.
#[derive(Serialize)]
struct Config<'a> {
    architecture: &'a str,
    os: &'a str,
    config: Process,
    rootfs: RootFs,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Process {
    env: Vec<&'static str>,
    cmd: Vec<&'static str>,
}

#[derive(Serialize)]
struct RootFs {
    #[serde(rename = "type")]
    kind: &'static str,
    diff_ids: Vec<Digest>,
}

/// Makes one image for one architecture, or takes the one that an earlier build made from the same. Gives what the index
/// says of it.
pub fn make(
    site: &Site,
    orders: &Orders,
    made: &MadeImage,
    architecture: &str,
    packages: &[Package],
) -> Result<Descriptor> {
    let labkit = labkit(orders, architecture)?;
    let from = made_from(made, architecture, packages, &labkit)?;
    if let Some(known) = known(site, &made.name, &from) {
        return Ok(known);
    }
    orders.progress.line(&format!("make      image {} for {architecture} of {} packages", made.name, packages.len()));
    orders.progress.doing("mmdebstrap unpacks the packages");
    let root = root_layer(site, made, architecture, packages)?;
    let own = labkit_layer(site, &labkit)?;
    let config = Config {
        architecture,
        os: "linux",
        config: Process { env: vec![PATH], cmd: vec!["/bin/sh"] },
        rootfs: RootFs { kind: "layers", diff_ids: vec![root.1, own.1] },
    };
    let config = site.put(media_type::CONFIG, &serde_json::to_vec(&config)?)?;
    let manifest = Manifest::new(None, config, vec![root.0, own.0]);
    let mut top = site.put(media_type::MANIFEST, &serde_json::to_vec(&manifest)?)?;
    top.platform = Some(Platform::linux(architecture));
    Ok(top.noted(MADE_FROM, from))
}

/// Everything that a made image is made of.
pub fn blobs(site: &Site, top: &Descriptor) -> Result<Vec<Digest>> {
    let manifest: Manifest = site.layout().document_of(&top.digest)?;
    let inner = manifest.layers.into_iter().chain([manifest.config]).map(|blob| blob.digest);
    Ok(inner.chain([top.digest.clone()]).collect())
}

/// The program for this architecture, without a bundle that it carries.
fn labkit(orders: &Orders, architecture: &str) -> Result<Stretch> {
    let named = orders.labkits.iter().find(|(other, _)| other == architecture).map(|(_, path)| path.clone());
    let path: PathBuf = match named {
        Some(path) => path,
        None if architecture == own_architecture() => std::env::current_exe().context(|| "find this program")?,
        None => {
            return Err(Error::usage(format!("an image for {architecture} needs the labkit for {architecture}"))
                .hint(format!("--labkit {architecture}=FILE")));
        }
    };
    Ok(carried_by(&path)?.0)
}

fn made_from(made: &MadeImage, architecture: &str, packages: &[Package], labkit: &Stretch) -> Result<String> {
    let mut tally = Tally::new(labkit.reader());
    io::copy(&mut tally, &mut io::sink()).context(|| "read labkit")?;
    let mut digests: Vec<String> = packages.iter().map(|package| package.digest.to_string()).collect();
    digests.sort();
    let text = format!("{architecture}\n{}\n{}\n{}\n", made.packages.join(","), digests.join("\n"), tally.end().0);
    Ok(sha256_hex(text.as_bytes()))
}

/// What an earlier build made from the same, if all of it is still there.
fn known(site: &Site, name: &str, from: &str) -> Option<Descriptor> {
    let layout = site.layout();
    let named = site.index()?.manifests.into_iter().find(|one| one.name() == Some(name))?;
    let all = match named.kind() {
        Kind::Index => layout.document_of::<Index>(&named.digest).ok()?.manifests,
        _ => vec![named],
    };
    let mut known = all.into_iter().find(|one| one.annotations.get(MADE_FROM).map(String::as_str) == Some(from))?;
    let there = site.there().ok()?;
    known.annotations.remove(note::NAME);
    blobs(site, &known).ok()?.iter().all(|digest| there.contains_key(digest)).then_some(known)
}

/// The packages unpacked and configured, as a layer: its descriptor, and its digest before compression.
fn root_layer(site: &Site, made: &MadeImage, architecture: &str, packages: &[Package]) -> Result<(Descriptor, Digest)> {
    let scratch = Scratch::create(&std::env::temp_dir(), "labkit-")?;
    let signer = Signer::from_seed(&secret::fresh()?, SIGNER);
    let offer = offer_of(site.layout(), packages, &signer)?;
    let server = Server::bind(([127, 0, 0, 1], 0).into())?.serve(Arc::new(StaticSite(offer)))?;
    // apt asks as another user.
    fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o755))?;
    let key = scratch.path().join("key.asc");
    fs::write(&key, signer.public_key())?;
    let source = format!("deb [signed-by={}] http://{}{DEBIAN} {SUITE} {COMPONENT}", key.display(), server.address());
    let include = format!("--include={}", made.packages.join(","));
    let architectures = format!("--architectures={architecture}");
    let mut argv = vec![
        "env",
        "SOURCE_DATE_EPOCH=1",
        "http_proxy=",
        "mmdebstrap",
        "--quiet",
        "--variant=essential",
        "--format=tar",
    ];
    argv.extend([include.as_str(), architectures.as_str(), "--aptopt=Acquire::http::Proxy \"DIRECT\""]);
    let left_out: Vec<String> = LEFT_OUT.iter().map(|path| format!("--dpkgopt=path-exclude={path}")).collect();
    argv.extend(left_out.iter().map(String::as_str));
    argv.extend([MERGED_USR, FORGET]);
    argv.extend([SUITE, "-", source.as_str()]);
    let program = Program { argv: &argv, limit: LIMIT };
    let mut layer = None;
    let (output, copied) = program
        .pipe(&AtomicBool::new(false), |out| {
            layer = Some(Layer::write(site, out)?);
            Ok(())
        })
        .map_err(|error| error.hint("apt-get install mmdebstrap"))?;
    output.require_success(&argv).map_err(|error| match output.status.code() {
        Some(NOT_FOUND) => error.hint("apt-get install mmdebstrap"),
        _ => error.hint("are the packages in the lock? labkit bundle lock --image-package NAME,…"),
    })?;
    copied?;
    layer.ok_or_else(|| Error::failed("mmdebstrap wrote nothing"))?.place(site)
}

/// labkit alone, as a layer.
fn labkit_layer(site: &Site, labkit: &Stretch) -> Result<(Descriptor, Digest)> {
    let scratch = Scratch::create(&std::env::temp_dir(), "labkit-")?;
    let path = scratch.path().join("layer.tar");
    let mut tar = Builder::new(File::create_new(&path)?);
    tarball::add_program(&mut tar, LABKIT, labkit.length(), labkit.reader())?;
    tar.into_inner()?.flush()?;
    Layer::write(site, &mut File::open(&path)?)?.place(site)
}

/// What comes out of the compression depends on the pieces that go in: a pipe gives them as it happens to.
fn copy_in_pieces(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut piece = Vec::with_capacity(PIECE);
    loop {
        piece.clear();
        if from.by_ref().take(PIECE as u64).read_to_end(&mut piece)? == 0 {
            return Ok(());
        }
        to.write_all(&piece)?;
    }
}

/// A layer that is being compressed into the bundle.
struct Layer {
    begun: PathBuf,
    whole: Digest,
    diff: Digest,
    size: u64,
}

impl Layer {
    fn write(site: &Site, from: &mut dyn Read) -> Result<Layer> {
        let begun = site.begun_as(&format!("layer-{}", crate::chance::letters(8)));
        let mut tar = Tally::new(from);
        let mut file = File::create_new(&begun)?;
        let mut tally = Tally::new(&mut file);
        let mut compressed = gzip::compress(&mut tally);
        copy_in_pieces(&mut tar, &mut compressed).context(|| "write a layer")?;
        compressed.finish()?;
        let (whole, size) = tally.end();
        file.sync_data()?;
        let digest = |hex: String| Digest::from_hex(&hex).map_err(Error::failed);
        Ok(Layer { begun, whole: digest(whole)?, diff: digest(tar.end().0)?, size })
    }

    fn place(self, site: &Site) -> Result<(Descriptor, Digest)> {
        fs::rename(&self.begun, site.blob(&self.whole)).context(|| "place a layer")?;
        Ok((Descriptor::new(media_type::LAYER_GZIP, self.whole, self.size), self.diff))
    }
}
