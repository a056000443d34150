//! Machines that have a bundle of Kubernetes, and what is asked of the cluster that they become.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
    thread,
};

use super::{
    LABKIT, Said,
    common::Common,
    installed, kubernetes,
    servers::{Server, succeed},
    testbed::{LAB, NAMES, Testbed},
};

pub const MASTER: &str = "master";
pub const KUBECTL: &str = "kubectl --cache-dir /run/kubectl --kubeconfig /etc/kubernetes/admin.conf";

/// One bundle for all tests.
static BUNDLE: Mutex<Option<Common>> = Mutex::new(None);

/// An image for HPCC with Netlib's BLAS and no other.
pub const REFERENCE_IMAGE: &str = "localhost/reference:1";

/// What asks for it.
const REFERENCE: &str = r#"
--- What did the reference report's pods compute with?
bundle.image { name = "localhost/reference:1", packages = { "hpcc", "libblas3", "liblapack3", "openmpi-bin" } }
"#;

/// Without what pods compute, which takes a while.
pub const EX2: [&str; 4] = ["run", "ex2", "--set", "hpl=false"];

fn labkit(dir: &Path, arguments: &[&str]) -> Said {
    Command::new(LABKIT).current_dir(dir).args(arguments).env("LABKIT_BUNDLE", "none").output().unwrap().into()
}

/// The keys of a key ring in their armour.
fn armored(ring: &Path, to: &Path) {
    let home = tempfile::tempdir().unwrap();
    let mut gpg = Command::new("gpg");
    gpg.arg("--homedir").arg(home.path()).args(["--batch", "--quiet", "--no-default-keyring", "--keyring"]).arg(ring);
    fs::write(to, succeed(gpg.args(["--armor", "--export"]))).unwrap();
}

/// This machine's own archives of Debian's, and that of Kubernetes which the testbed made, as deb822.
fn sources(dir: &Path, testbed: &Testbed, kubernetes: &Server) -> [PathBuf; 2] {
    let format = "$(CREATED_BY)|$(ORIGIN)|$(SITE)|$(RELEASE)|$(COMPONENT)";
    let known = succeed(Command::new("apt-get").args(["indextargets", "--format", format]));
    let mut lines: Vec<&str> = known.lines().filter_map(|line| line.strip_prefix("Packages|Debian|")).collect();
    lines.sort_unstable();
    lines.dedup();
    let entry = |site: &str, suite: &str, component: &str, key: &Path| {
        let key = key.display();
        format!("Types: deb\nURIs: {site}\nSuites: {suite}\nComponents: {component}\nSigned-By: {key}\n")
    };
    let (debian, own) = (dir.join("debian.asc"), dir.join("own.asc"));
    armored(Path::new("/usr/share/keyrings/debian-archive-keyring.gpg"), &debian);
    armored(&testbed.home().join("mirror.gpg"), &own);
    let entries = lines.iter().map(|line| {
        let words: Vec<&str> = line.split('|').collect();
        entry(words[0], words[1], words[2], &debian)
    });
    let files = [dir.join("debian.sources"), dir.join("kubernetes.sources")];
    fs::write(&files[0], entries.collect::<Vec<_>>().join("\n")).unwrap();
    fs::write(&files[1], entry(&kubernetes.url(""), "lab", "main", &own)).unwrap();
    files
}

/// A bundle for the recipe, as one file: packages of Debian's and Kubernetes', and the images that its kubeadm names.
fn bundle(testbed: &Testbed) -> PathBuf {
    let mut made = BUNDLE.lock().unwrap();
    let dir = made.get_or_insert_with(|| {
        let dir = Common::new();
        let layout = kubernetes::images().unwrap();
        let registry = Server::registry(&dir.path().join("registry"));
        let index: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(layout.join("index.json")).unwrap()).unwrap();
        for image in index["manifests"].as_array().unwrap() {
            let name = image["annotations"]["org.opencontainers.image.ref.name"].as_str().unwrap();
            let from = format!("oci:{}:{name}", layout.display());
            let to = format!("docker://127.0.0.1:{}/{}", registry.port, name.split_once('/').unwrap().1);
            let copy = ["--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false"];
            succeed(Command::new("skopeo").args(copy).args([from, to]));
        }
        let archive = Server::nginx(&testbed.home().join("mirror/kubernetes"), "");
        let [debian, own] = sources(dir.path(), testbed, &archive).map(|file| file.display().to_string());
        let mirror = format!("k8s.gcr.io={}", registry.url(""));
        fs::write(dir.path().join("reference.lua"), REFERENCE).unwrap();
        let wanted = ["bundle", "lock", "ex2", "reference.lua", "--sources", &debian, "--sources", &own];
        labkit(dir.path(), &[&wanted[..], &["--registry", &mirror]].concat()).ok();
        labkit(dir.path(), &["bundle", "build", "--quiet"]).ok();
        labkit(dir.path(), &["bundle", "pack", "--quiet"]).ok();
        dir
    });
    dir.path().join("lab.bundle.tar")
}

/// The same bundle without an image, whose name holds this word.
pub fn bundle_without(testbed: &Testbed, word: &str) -> PathBuf {
    let whole = bundle(testbed);
    let dir = whole.parent().unwrap();
    let lock = fs::read_to_string(dir.join("lab.lock")).unwrap();
    let (kept, left): (Vec<&str>, Vec<&str>) = lock.split("\n\n").partition(|entry| !entry.contains(word));
    assert_eq!(left.len(), 1, "{lock}");
    fs::write(dir.join("less.lock"), kept.join("\n\n")).unwrap();
    labkit(dir, &["bundle", "build", "--quiet", "-o", "less", "--from", "lab.bundle", "less.lock"]).ok();
    labkit(dir, &["bundle", "pack", "--quiet", "-o", "less.tar", "less"]).ok();
    dir.join("less.tar")
}

/// Where a machine looks for it.
pub const BUNDLE_THERE: &str = "var/lib/labkit/lab.bundle.tar";

/// Machines with a bundle, and nowhere else to get anything from.
pub fn machines(count: usize) -> Option<Testbed> {
    if !["nginx", "docker-registry", "skopeo", "gpg"].into_iter().all(installed) {
        return None;
    }
    kubernetes::images()?;
    let testbed = Testbed::up_with_kubernetes(count)?;
    let bundle = bundle(&testbed);
    for name in NAMES.iter().take(count) {
        testbed.sh(name, "mkdir -p /var/lib/labkit; rm /etc/apt/sources.list.d/*").ok();
        fs::copy(&bundle, testbed.root(name).join(BUNDLE_THERE)).unwrap();
    }
    Some(testbed)
}

/// The same command on several machines at once; what each said.
pub fn at_once(testbed: &Testbed, names: &[&str], arguments: &[&str]) -> Vec<Said> {
    thread::scope(|scope| {
        let all: Vec<_> = names.iter().map(|name| scope.spawn(move || testbed.labkit(name, arguments))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

#[track_caller]
pub fn all_proved(all: &[Said], network: &str) {
    for said in all {
        assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
        let proved: Vec<&str> =
            said.err.lines().filter(|line| line.starts_with(&format!("✓ {network}: pod on "))).collect();
        // Every other pod, and the service behind which all of them are.
        assert_eq!(proved.len(), all.len(), "{}{}", said.out, said.err);
        let greets = |line: &&str| line.contains("“Hello from pod ");
        assert!(proved.iter().all(greets), "{}{}", said.out, said.err);
        assert!(proved.iter().any(|line| line.contains(" → service: hello.labkit-proof.svc.cluster.local is ")));
        let carried =
            if network == "vxlan" { "over eth1 in VXLAN 42 to port 4789" } else { "over eth1 as the pods sent them" };
        assert_eq!(proved.iter().filter(|line| line.contains(carried)).count(), all.len() - 1, "{}", said.err);
        // Each of them can be told from the others in the report as well.
        assert!(said.out.contains(&format!("✓ {network} to ")), "{}", said.out);
    }
}

/// Name, address and readiness of each node, as the cluster has them.
pub fn nodes(testbed: &Testbed) -> Vec<(String, String, String)> {
    let list = testbed.sh(MASTER, &format!("{KUBECTL} get nodes --output json")).ok();
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let find = |items: &serde_json::Value, kind: &str, key: &str| {
        let item = items.as_array().unwrap().iter().find(|item| item["type"] == kind).unwrap();
        item[key].as_str().unwrap().to_owned()
    };
    let items = list["items"].as_array().unwrap().iter();
    let facts = items.map(|node| {
        let status = &node["status"];
        let name = node["metadata"]["name"].as_str().unwrap().to_owned();
        (name, find(&status["addresses"], "InternalIP", "address"), find(&status["conditions"], "Ready", "status"))
    });
    facts.collect()
}

pub fn expected(count: usize) -> Vec<(String, String, String)> {
    let of = |(at, name): (usize, &&str)| ((*name).to_owned(), format!("192.168.56.{}", 10 + at), "True".to_owned());
    NAMES.iter().take(count).enumerate().map(of).collect()
}

/// The lab without its last machine.
pub fn of_two() -> String {
    LAB.rsplit_once("[[node]]").unwrap().0.to_owned()
}
