//! Programs that people pull images with.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{
    served::Served,
    support::{Said, TempDir, installed, root},
};

/// A layout that skopeo, umoci and buildah made, and a place for what is pulled.
pub struct Made {
    dir: TempDir,
}

/// What is in it.
pub const IMAGES: [&str; 3] = ["docker.io/library/small:1.0", "quay.io/team/both:3", "ghcr.io/team/zipped:2"];

/// All of it runs with what is there and nothing of this machine's own configuration.
const MAKE: &str = r#"
: >registries.conf
umoci init --layout work
umoci new --image work:base
mkdir -p tree/etc
echo hello >tree/etc/motd
head -c 300000 /dev/urandom >tree/noise
umoci insert --image work:base --tag small tree /
for arch in amd64 arm64; do umoci config --image work:small --os linux --architecture $arch --tag $arch; done
skopeo --insecure-policy copy -q oci:work:amd64 oci:lay:docker.io/library/small:1.0
skopeo --insecure-policy copy -q --dest-decompress oci:work:amd64 dir:plain
skopeo --insecure-policy copy -q --dest-compress --dest-compress-format zstd dir:plain oci:lay:ghcr.io/team/zipped:2
buildah="buildah --root $PWD/store --runroot $PWD/run --storage-driver vfs"
$buildah manifest create both
for arch in amd64 arm64; do $buildah manifest add --arch $arch both oci:work:$arch; done
$buildah manifest push --all both oci:lay:quay.io/team/both:3
"#;

impl Made {
    /// None where a program is missing.
    pub fn new(also: &[&str]) -> Option<Made> {
        let programs = ["skopeo", "umoci", "buildah"].iter().chain(also);
        if !root() || !programs.into_iter().all(|program| installed(program)) {
            return None;
        }
        let made = Made { dir: tempfile::tempdir().unwrap() };
        made.sh(MAKE).ok();
        Some(made)
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn layout(&self) -> PathBuf {
        self.path().join("lay")
    }

    /// Runs a shell script there.
    pub fn sh(&self, script: &str) -> Said {
        let mut command = Command::new("sh");
        let at_home = ["HOME", "XDG_RUNTIME_DIR", "TMPDIR"];
        command.args(["-eu", "-c", script]).current_dir(self.path()).envs(at_home.map(|name| (name, self.path())));
        command.env("CONTAINERS_REGISTRIES_CONF", self.path().join("registries.conf"));
        command.output().unwrap().into()
    }

    pub fn json(&self, script: &str) -> serde_json::Value {
        serde_json::from_str(&self.sh(script).ok()).unwrap()
    }

    /// The digest of what the layout calls so.
    pub fn digest(&self, name: &str) -> String {
        let index: serde_json::Value =
            serde_json::from_slice(&fs::read(self.layout().join("index.json")).unwrap()).unwrap();
        let named = |one: &&serde_json::Value| one["annotations"]["org.opencontainers.image.ref.name"] == name;
        let found = index["manifests"].as_array().unwrap().iter().find(named).unwrap();
        found["digest"].as_str().unwrap().to_owned()
    }
}

#[test]
fn skopeo_inspects_and_copies() {
    let Some(made) = Made::new(&[]) else { return };
    let served = Served::bundle(&made.layout());
    let at = served.address;
    for image in IMAGES {
        let (short, digest) = (image.split_once('/').unwrap().1, made.digest(image));
        for name in [image, short, &format!("{}@{digest}", image.rsplit_once(':').unwrap().0)] {
            let found = made.json(&format!("skopeo inspect --tls-verify=false docker://{at}/{name}"));
            assert_eq!((&found["Digest"], &found["Os"]), (&digest.as_str().into(), &"linux".into()), "{name}");
        }
        // What was copied is the same to the last byte, or its digest would be another.
        made.sh(&format!(
            "skopeo --insecure-policy copy -q --all --src-tls-verify=false docker://{at}/{image} oci:got:it"
        ))
        .ok();
        let got = made.json("skopeo inspect --raw oci:got:it");
        assert_eq!(got, made.json(&format!("skopeo inspect --raw oci:lay:{image}")));
        made.sh("rm -r got").ok();
    }
    let tags = made.json(&format!("skopeo list-tags --tls-verify=false docker://{at}/docker.io/library/small"));
    assert_eq!(tags["Tags"], serde_json::json!(["1.0"]));
    let said = made.sh(&format!("skopeo inspect --tls-verify=false docker://{at}/docker.io/library/none:1"));
    assert!(said.err.contains("no image of this name is in the bundle"), "{}", said.err);
    let said = made.sh(&format!(
        "skopeo --insecure-policy copy -q --dest-tls-verify=false oci:lay:{} docker://{at}/library/new:1",
        IMAGES[0]
    ));
    assert_ne!(said.code, Some(0));
    assert!(said.err.contains("405") || said.err.contains("only be read"), "{}", said.err);
}

/// A registry of ours for every name; the true one is where nobody listens.
fn mirrors(made: &Made, served: &Served) {
    let mirror = |prefix: &str, location: &str| {
        format!(
            "[[registry]]\nprefix = \"{prefix}\"\nlocation = \"127.0.0.1:1/{prefix}\"\n\
             [[registry.mirror]]\nlocation = \"{location}\"\ninsecure = true\n"
        )
    };
    let at = served.address;
    let text = "unqualified-search-registries = [\"docker.io\"]\nshort-name-mode = \"disabled\"\n".to_owned()
        + &mirror("docker.io", &at.to_string())
        + &mirror("quay.io", &format!("{at}/quay.io"))
        + &mirror("ghcr.io", &at.to_string());
    fs::write(made.path().join("registries.conf"), text).unwrap();
}

/// What podman and buildah have in common: short names, names in full, digests, and another architecture.
fn pulls_through_mirrors(program: &str) {
    let Some(made) = Made::new(&[program]) else { return };
    let served = Served::bundle(&made.layout());
    mirrors(&made, &served);
    let own = format!("{program} --root $PWD/pulled --runroot $PWD/pulled-run --storage-driver vfs");
    let pull = |words: &str| made.sh(&format!("{own} pull -q {words}")).ok().trim().to_owned();
    let small = pull("small:1.0");
    for name in [IMAGES[0].to_owned(), format!("docker.io/library/small@{}", made.digest(IMAGES[0]))] {
        assert_eq!(pull(&name), small, "{name}");
    }
    assert_eq!(pull(IMAGES[1]), small);
    assert_eq!(pull(&format!("quay.io/team/both@{}", made.digest(IMAGES[1]))), small);
    assert_ne!(pull(&format!("--arch arm64 {}", IMAGES[1])), small);
    assert_eq!(pull(IMAGES[2]), small);
    assert_ne!(made.sh(&format!("{own} pull -q docker.io/library/none:1")).code, Some(0));
    let said = made.sh(&format!("{own} images -q --no-trunc")).ok();
    assert!(said.contains(&small), "{said}");
}

#[test]
fn podman_pulls_through_mirrors() {
    pulls_through_mirrors("podman");
}

#[test]
fn buildah_pulls_through_mirrors() {
    pulls_through_mirrors("buildah");
}

/// A containerd of the test's own.
struct Containerd(Child);

impl Containerd {
    fn begin(dir: &Path) -> Containerd {
        let at = dir.display();
        let config = format!(
            "version = 2\nroot = \"{at}/cd-root\"\nstate = \"{at}/cd-state\"\n\
             disabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n[grpc]\naddress = \"{at}/cd.sock\"\n\
             [plugins.\"io.containerd.internal.v1.opt\"]\npath = \"{at}/cd-opt\"\n"
        );
        fs::write(dir.join("cd.toml"), config).unwrap();
        let mut command = Command::new("containerd");
        command.arg("--config").arg(dir.join("cd.toml")).current_dir(dir).env("TMPDIR", dir).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        assert!(lines.by_ref().any(|line| line.contains("successfully booted")), "containerd did not begin");
        // Read on, or it would wait for somebody who reads.
        std::thread::spawn(move || lines.for_each(drop));
        Containerd(child)
    }
}

impl Drop for Containerd {
    fn drop(&mut self) {
        let _ = kill(Pid::from_raw(self.0.id().try_into().unwrap()), Signal::SIGTERM);
        let _ = self.0.wait();
    }
}

#[test]
fn containerd_pulls_through_its_hosts_directory() {
    let Some(made) = Made::new(&["containerd", "ctr"]) else { return };
    let served = Served::bundle(&made.layout());
    let at = served.address;
    let hosts = |registry: &str, host: &str, more: &str| {
        let dir = made.path().join("hosts").join(registry);
        fs::create_dir_all(&dir).unwrap();
        let text = format!(
            "server = \"http://127.0.0.1:1\"\n[host.\"{host}\"]\ncapabilities = [\"pull\", \"resolve\"]\n{more}"
        );
        fs::write(dir.join("hosts.toml"), text).unwrap();
    };
    hosts("_default", &format!("http://{at}"), "");
    hosts("quay.io", &format!("http://{at}/v2/quay.io"), "override_path = true\n");
    let _containerd = Containerd::begin(made.path());
    let ctr = "ctr --address ./cd.sock --namespace test";
    let pull = |words: &str| made.sh(&format!("{ctr} images pull --hosts-dir ./hosts --snapshotter native {words}"));
    pull(IMAGES[0]).ok();
    pull(&format!("docker.io/library/small@{}", made.digest(IMAGES[0]))).ok();
    pull(&format!("--all-platforms {}", IMAGES[1])).ok();
    pull(IMAGES[2]).ok();
    let listed = made.sh(&format!("{ctr} images ls")).ok();
    for image in IMAGES {
        let line = listed.lines().find(|line| line.starts_with(image)).unwrap_or_default();
        assert!(line.contains(&made.digest(image)), "{listed}");
    }
    assert!(listed.contains("linux/amd64,linux/arm64"), "{listed}");
    let said = pull("docker.io/team/zipped:2");
    assert_ne!(said.code, Some(0), "the image of another registry was given: {}", said.out);
}
