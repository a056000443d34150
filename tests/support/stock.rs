//! A small world to make a bundle of: an archive of packages that somebody signed, a registry with images, some files,
//! the lock of all that, and the bundle that it gives.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex, Weak},
};

use serde_json::json;

use super::{
    Bench, Said, TempDir,
    servers::{Server, succeed},
};

/// Programs that it is made with.
pub const PROGRAMS: [&str; 8] =
    ["nginx", "docker-registry", "skopeo", "umoci", "gpg", "apt-ftparchive", "dpkg-deb", "apt-get"];

/// What a bundle is locked and built from. Nobody changes one that is shared.
pub struct Stock {
    pub nginx: Server,
    pub registry: Server,
    dir: TempDir,
}

/// One for all tests that run at the same time; it goes with the last of them.
static SHARED: Mutex<Weak<Stock>> = Mutex::new(Weak::new());

/// What the manifest among the files is.
pub const MANIFEST: &str = "kind: Pod\nspec:\n  containers:\n  - image: docker.io/library/named:1\n";
/// Bytes of the file that is no text.
pub const FILE_BYTES: usize = 300_000;

/// Bytes that do not compress, others for each seed.
pub fn noise(seed: u32, bytes: usize) -> Vec<u8> {
    let mut noise = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let next = || {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (noise >> 24) as u8
    };
    std::iter::repeat_with(next).take(bytes).collect()
}

/// Makes a package in a directory; gives its file. `more` are lines of its control paragraph.
pub fn deb(dir: &Path, name: &str, version: &str, architecture: &str, more: &str, bytes: usize) -> PathBuf {
    let root = tempfile::tempdir().unwrap();
    let (control, share) = (root.path().join("DEBIAN"), root.path().join("usr/share").join(name));
    fs::create_dir_all(&control).unwrap();
    fs::create_dir_all(&share).unwrap();
    fs::write(share.join("noise"), noise(name.len() as u32 + architecture.len() as u32, bytes)).unwrap();
    let text = format!(
        "Package: {name}\nVersion: {version}\nArchitecture: {architecture}\n{more}Maintainer: nobody <nobody@example.org>\nDescription: test\n"
    );
    fs::write(control.join("control"), text).unwrap();
    let deb = dir.join(format!("{name}_{}_{architecture}.deb", version.rsplit(':').next().unwrap()));
    succeed(Command::new("dpkg-deb").args(["-Zgzip", "--build", "--root-owner-group"]).arg(root.path()).arg(&deb));
    deb
}

impl Stock {
    pub fn shared() -> Arc<Stock> {
        let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let stock = Arc::new(Stock::new());
            let (lock, bundle) = (stock.path("lab.lock"), stock.path("lab.bundle"));
            stock.lock(&lock, &["--arch", "amd64,arm64"]).ok();
            build(&lock, &bundle, &[]).ok();
            *shared = Arc::downgrade(&stock);
            stock
        })
    }

    /// One of its own, without lock and bundle.
    pub fn new() -> Stock {
        let dir = tempfile::tempdir().unwrap();
        let (www, storage) = (dir.path().join("www"), dir.path().join("storage"));
        fs::create_dir_all(www.join("files")).unwrap();
        fs::create_dir_all(www.join("apt/pool")).unwrap();
        fs::write(www.join("files/pod.yaml"), MANIFEST).unwrap();
        fs::write(www.join("files/noise.bin"), noise(7, FILE_BYTES)).unwrap();
        let stock = Stock { nginx: Server::nginx(&www, ""), registry: Server::registry(&storage), dir };
        for architecture in ["amd64", "arm64"] {
            let add = |name, version, more, bytes| stock.add_deb(name, version, architecture, more, bytes);
            add("lab-tool", "1.0-1", "Depends: lab-libs (>= 1:1)\n", 200_000);
            add("lab-libs", "1:1.2-3", "Depends: lab-docs\n", 50_000);
            add("lab-extra", "2", "", 10_000);
        }
        stock.add_deb("lab-docs", "0.5", "all", "", 1_000);
        stock.publish();
        stock.push_for_two("x", "1", 400_000);
        stock.push_for_two("named", "1", 20_000);
        stock.push("alone", "1", "amd64", 10_000);
        stock
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    /// The lock that is shared.
    pub fn lock_text(&self) -> String {
        fs::read_to_string(self.path("lab.lock")).unwrap()
    }

    pub fn add_deb(&self, name: &str, version: &str, architecture: &str, more: &str, bytes: usize) {
        deb(&self.path("www/apt/pool"), name, version, architecture, more, bytes);
    }

    /// Writes the lists of the archive anew, and signs them.
    pub fn publish(&self) {
        let apt = self.path("www/apt");
        let ftparchive = |arguments: &[&str]| succeed(Command::new("apt-ftparchive").args(arguments).current_dir(&apt));
        for architecture in ["amd64", "arm64"] {
            let list = apt.join(format!("dists/lab/main/binary-{architecture}"));
            fs::create_dir_all(&list).unwrap();
            fs::write(list.join("Packages"), ftparchive(&["--arch", architecture, "packages", "pool"])).unwrap();
        }
        let options = ["Suite=lab", "Codename=lab", "Components=main", "Architectures=amd64 arm64"];
        let options = options.map(|option| format!("APT::FTPArchive::Release::{option}"));
        let mut arguments = Vec::new();
        options.iter().for_each(|option| arguments.extend(["-o", option]));
        arguments.extend(["release", "dists/lab"]);
        let _ = fs::remove_file(apt.join("dists/lab/Release"));
        fs::write(apt.join("dists/lab/Release"), ftparchive(&arguments)).unwrap();
        self.sign(&apt.join("dists/lab"));
    }

    fn sign(&self, lists: &Path) {
        let home = self.path("gpg");
        let gpg = |arguments: &[&str]| {
            let mut gpg = Command::new("gpg");
            gpg.args(["--homedir", home.to_str().unwrap(), "--batch", "--quiet", "--yes"]);
            succeed(gpg.args(["--pinentry-mode", "loopback", "--passphrase", ""]).args(arguments).current_dir(lists))
        };
        if !home.exists() {
            fs::create_dir(&home).unwrap();
            succeed(Command::new("chmod").arg("0700").arg(&home));
            gpg(&["--quick-generate-key", "nobody <nobody@example.org>", "ed25519", "sign", "never"]);
            fs::write(self.path("key.asc"), gpg(&["--armor", "--export"])).unwrap();
        }
        gpg(&["--output", "InRelease", "--clear-sign", "Release"]);
        succeed(Command::new("gpgconf").args(["--homedir", home.to_str().unwrap(), "--kill", "all"]));
        let sources = format!(
            "Types: deb\nURIs: {}\nSuites: lab\nComponents: main\nSigned-By: {}\n",
            self.nginx.url("apt"),
            self.path("key.asc").display()
        );
        fs::write(self.path("lab.sources"), sources).unwrap();
    }

    /// An image for one architecture, in the registry.
    pub fn push(&self, name: &str, tag: &str, architecture: &str, bytes: usize) {
        let layout = Images::new();
        layout.add(architecture, architecture, bytes);
        self.copy(&layout, architecture, name, tag);
    }

    /// One for amd64 and arm64.
    pub fn push_for_two(&self, name: &str, tag: &str, bytes: usize) {
        let layout = Images::new();
        for architecture in ["amd64", "arm64"] {
            layout.add(architecture, architecture, bytes);
        }
        layout.join("both", &[("amd64", "amd64"), ("arm64", "arm64")]);
        self.copy(&layout, "both", name, tag);
    }

    /// Takes an image from a layout into the registry.
    pub fn copy(&self, layout: &Images, from: &str, name: &str, tag: &str) {
        self.copy_to(layout, from, &format!("library/{name}:{tag}"));
    }

    /// The same, to a repository in full: `kube-proxy:v1.20.2`.
    pub fn copy_to(&self, layout: &Images, from: &str, to: &str) {
        let from = format!("oci:{}:{from}", layout.path().display());
        let to = format!("docker://127.0.0.1:{}/{to}", self.registry.port);
        let policy = ["--insecure-policy", "copy", "--quiet", "--all", "--dest-tls-verify=false"];
        succeed(Command::new("skopeo").args(policy).args([from, to]));
    }

    /// Arguments of `labkit bundle lock` that tell where everything is.
    pub fn places(&self) -> Vec<String> {
        let sources = self.path("lab.sources").display().to_string();
        let registry = format!("docker.io={}", self.registry.url(""));
        ["--sources".into(), sources, "--registry".into(), registry].into()
    }

    /// Locks a bit of everything.
    pub fn lock(&self, file: &Path, more: &[&str]) -> Said {
        let manifest = format!("manifest:pod.yaml={}", self.nginx.url("files/pod.yaml"));
        let binary = self.nginx.url("files/noise.bin");
        let mut arguments = vec!["--package", "lab-tool", "--image", "x:1", "--file", &manifest, "--file", &binary];
        arguments.extend(more);
        self.lock_of(file, &arguments)
    }

    /// Locks what the arguments say.
    pub fn lock_of(&self, file: &Path, arguments: &[&str]) -> Said {
        let mut all = vec!["bundle".to_owned(), "lock".to_owned(), "-o".to_owned(), file.display().to_string()];
        all.extend(self.places());
        all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        Bench::new().labkit(&all)
    }

    /// A copy of the shared bundle, to be damaged.
    pub fn copy_of_bundle(&self) -> (TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        succeed(Command::new("cp").arg("-r").arg(self.path("lab.bundle")).arg(dir.path()));
        let bundle = dir.path().join("lab.bundle");
        (dir, bundle)
    }
}

pub fn build(lock: &Path, bundle: &Path, more: &[&str]) -> Said {
    let (lock, bundle) = (lock.to_str().unwrap(), bundle.to_str().unwrap());
    Bench::new().labkit(&[&["bundle", "build", lock, "-o", bundle], more].concat())
}

/// The result of a build, from its JSON.
#[track_caller]
pub fn built(lock: &Path, bundle: &Path, more: &[&str]) -> serde_json::Value {
    serde_json::from_str(&build(lock, bundle, &[&["--json"], more].concat()).ok()).unwrap()
}

pub fn verify(bundle: &Path, more: &[&str]) -> Said {
    Bench::new().labkit(&[&["bundle", "verify", "-q", bundle.to_str().unwrap()], more].concat())
}

/// Every path below a directory with what it is: bytes of a file, where a link leads.
pub fn tree(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut todo = vec![dir.to_owned()];
    while let Some(dir_now) = todo.pop() {
        for entry in fs::read_dir(dir_now).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(dir).unwrap().display().to_string();
            let facts = path.symlink_metadata().unwrap();
            match () {
                () if facts.is_dir() => {
                    found.push((format!("{name}/"), Vec::new()));
                    todo.push(path);
                }
                () if facts.is_file() => found.push((name, fs::read(path).unwrap())),
                () => found.push((format!("{name} (no file)"), Vec::new())),
            }
        }
    }
    found.sort();
    found
}

/// Fails where two trees differ, with the names that do.
#[track_caller]
pub fn assert_same_tree(one: &Path, other: &Path) {
    let (one, other) = (tree(one), tree(other));
    let differ = |a: &[(String, Vec<u8>)], b: &[(String, Vec<u8>)]| -> Vec<String> {
        a.iter().filter(|entry| !b.contains(entry)).map(|(name, _)| name.clone()).collect()
    };
    assert!(
        one == other,
        "only in the first: {:?}\nonly in the second: {:?}",
        differ(&one, &other),
        differ(&other, &one)
    );
}

/// A file of a lock that is written by hand: its name, its address and its bytes.
pub type Locked<'a> = (&'a str, String, &'a [u8]);

/// A lock of files.
pub fn lock_of_files(path: &Path, files: &[Locked]) {
    let mut text = "version = 1\n[wanted]\narchitectures = [\"amd64\"]\n".to_owned();
    for (name, source, bytes) in files {
        let (sha256, size) = (sha256(bytes), bytes.len());
        text += &format!(
            "[[file]]\nname = \"{name}\"\nkind = \"file\"\nsha256 = \"{sha256}\"\nsize = {size}\nsource = \"{source}\"\nwanted_by = [\"files\"]\n"
        );
    }
    fs::write(path, text).unwrap();
}

pub fn sha256(bytes: &[u8]) -> String {
    labkit::digest::sha256_hex(bytes)
}

/// An image layout that umoci writes.
pub struct Images {
    dir: TempDir,
}

impl Images {
    pub fn new() -> Images {
        let images = Images { dir: tempfile::tempdir().unwrap() };
        images.umoci(&["init", "--layout"], "", &[]);
        images
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().join("layout")
    }

    fn umoci(&self, words: &[&str], tag: &str, more: &[&str]) {
        let place = format!("{}{tag}", self.path().display());
        succeed(Command::new("umoci").args(words).arg(place).args(more).current_dir(self.dir.path()));
    }

    /// An image of one layer.
    pub fn add(&self, tag: &str, architecture: &str, bytes: usize) {
        fs::write(self.dir.path().join("noise"), noise(architecture.len() as u32 + bytes as u32, bytes)).unwrap();
        let tag = format!(":{tag}");
        self.umoci(&["new", "--image"], &tag, &[]);
        self.umoci(&["config", "--os", "linux", "--architecture", architecture, "--image"], &tag, &[]);
        self.umoci(&["insert", "--image"], &tag, &["noise", &format!("/noise-{architecture}")]);
    }

    /// One image for several platforms, of images that are there; each of them with what the index says of it.
    pub fn join(&self, tag: &str, parts: &[(&str, &str)]) {
        let index = self.path().join("index.json");
        let mut top: serde_json::Value = serde_json::from_str(&fs::read_to_string(&index).unwrap()).unwrap();
        let name = "org.opencontainers.image.ref.name";
        let part = |(part, architecture): &(&str, &str)| {
            let manifests = top["manifests"].as_array().unwrap();
            let found = manifests.iter().find(|one| one["annotations"][name] == **part).unwrap();
            json!({
                "mediaType": found["mediaType"], "digest": found["digest"], "size": found["size"],
                "platform": { "architecture": architecture, "os": "linux" },
            })
        };
        let media_type = "application/vnd.oci.image.index.v1+json";
        let parts: Vec<serde_json::Value> = parts.iter().map(part).collect();
        let text = json!({ "schemaVersion": 2, "mediaType": media_type, "manifests": parts }).to_string();
        let digest = sha256(text.as_bytes());
        fs::write(self.path().join("blobs/sha256").join(&digest), &text).unwrap();
        let descriptor = json!({
            "mediaType": media_type, "digest": format!("sha256:{digest}"), "size": text.len(), "annotations": { name: tag },
        });
        top["manifests"].as_array_mut().unwrap().push(descriptor);
        fs::write(index, top.to_string()).unwrap();
    }
}

/// A link, for tests that need one.
pub fn link(to: &str, at: &Path) {
    symlink(to, at).unwrap();
}
