//! Bundles that are damaged, or made to do harm: what is wrong is named, and nothing comes of it.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::{
    fs,
    io::{Read, Seek, SeekFrom, Write},
    os::unix::fs::{FileExt, symlink},
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use serde_json::{Value, json};
use support::{
    Bench, Said, TempDir, installed,
    servers::succeed,
    stock::{FILE_BYTES, PROGRAMS, Stock, noise, sha256, verify},
};
use tar::{Builder, EntryType, Header};

/// A copy of the shared bundle.
struct Victim {
    stock: Arc<Stock>,
    dir: TempDir,
    bundle: PathBuf,
}

const NAME: &str = "org.opencontainers.image.ref.name";
const TITLE: &str = "org.opencontainers.image.title";
const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";

impl Victim {
    fn new() -> Option<Victim> {
        if !PROGRAMS.iter().all(|program| installed(program)) {
            return None;
        }
        let stock = Stock::shared();
        let (dir, bundle) = stock.copy_of_bundle();
        Some(Victim { stock, dir, bundle })
    }

    fn blob(&self, sha256: &str) -> PathBuf {
        self.bundle.join("blobs/sha256").join(sha256)
    }

    /// The file of noise that the bundle carries.
    fn noise(&self) -> (String, PathBuf) {
        let digest = sha256(&noise(7, FILE_BYTES));
        (digest.clone(), self.blob(&digest))
    }

    fn index(&self) -> Value {
        serde_json::from_str(&fs::read_to_string(self.bundle.join("index.json")).unwrap()).unwrap()
    }

    fn write_index(&self, index: &Value) {
        fs::write(self.bundle.join("index.json"), index.to_string()).unwrap();
    }

    /// Takes the items of these names out of the index.
    fn without(&self, names: &[&str]) {
        let mut index = self.index();
        let manifests = index["manifests"].as_array_mut().unwrap();
        let before = manifests.len();
        manifests.retain(|one| !names.contains(&one["annotations"][NAME].as_str().unwrap()));
        assert_eq!(manifests.len(), before - names.len());
        self.write_index(&index);
    }

    /// Writes a document; gives a descriptor of it.
    fn put(&self, media_type: &str, text: &str) -> Value {
        let digest = sha256(text.as_bytes());
        fs::write(self.blob(&digest), text).unwrap();
        json!({ "mediaType": media_type, "digest": format!("sha256:{digest}"), "size": text.len() })
    }

    /// Puts something into the index under a name.
    fn name(&self, mut descriptor: Value, name: &str) {
        descriptor["annotations"] = json!({ NAME: name });
        let mut index = self.index();
        index["manifests"].as_array_mut().unwrap().push(descriptor);
        self.write_index(&index);
    }

    /// The manifest of an item.
    fn manifest(&self, name: &str) -> Value {
        let index = self.index();
        let found =
            index["manifests"].as_array().unwrap().iter().find(|one| one["annotations"][NAME] == *name).unwrap();
        let digest = found["digest"].as_str().unwrap().trim_start_matches("sha256:");
        serde_json::from_str(&fs::read_to_string(self.blob(digest)).unwrap()).unwrap()
    }

    fn pack(&self) -> PathBuf {
        let tar = self.dir.path().join("lab.tar");
        Bench::new()
            .labkit(&["bundle".as_ref(), "pack".as_ref(), self.bundle.as_os_str(), "-o".as_ref(), tar.as_os_str()])
            .ok();
        tar
    }

    /// `bundle verify` finds this, and says so with its exit code.
    #[track_caller]
    fn finds(&self, more: &[&str], words: &[&str]) {
        finds(&self.bundle, more, words);
    }
}

#[track_caller]
fn finds(bundle: &Path, more: &[&str], words: &[&str]) {
    let said = verify(bundle, more);
    assert_eq!(said.code, Some(4), "{}{}", said.out, said.err);
    assert!(said.err.contains("wrong") && !said.out.contains("it is whole"), "{}{}", said.out, said.err);
    for word in words {
        assert!(said.out.contains(word), "{word}: {}", said.out);
    }
}

/// Not even opened.
#[track_caller]
fn refused(bundle: &Path, words: &[&str]) {
    let said = verify(bundle, &[]);
    assert!([Some(1), Some(2)].contains(&said.code), "{:?} {}{}", said.code, said.out, said.err);
    assert!(said.err.contains(&format!("open the bundle `{}`", bundle.display())), "{}", said.err);
    for word in words {
        assert!(said.err.contains(word), "{word}: {}", said.err);
    }
}

fn flip(path: &Path, at: u64) {
    let file = fs::File::options().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 4], at).unwrap();
}

/// Where the head of a blob's entry stands in a tar.
fn entry(tar: &[u8], sha256: &str) -> usize {
    let name = format!("blobs/sha256/{sha256}");
    (0..tar.len()).step_by(512).find(|at| tar[*at..].starts_with(name.as_bytes())).unwrap()
}

#[test]
fn a_flipped_bit_in_a_blob_is_found_in_a_directory_and_in_a_tar() {
    let Some(victim) = Victim::new() else { return };
    let tar = victim.pack();
    let (digest, blob) = victim.noise();
    flip(&blob, 123_456);
    let found = sha256(&fs::read(&blob).unwrap());
    let words = format!("✗ blob sha256:{digest}: it holds something else: its bytes are sha256:{found}\n");
    victim.finds(&[], &[&words]);
    // Where the blob begins in the tar: behind the head with its name.
    let bytes = fs::read(&tar).unwrap();
    let head = entry(&bytes, &digest) as u64;
    flip(&tar, head + 512 + 123_456);
    finds(&tar, &[], &[&words]);
}

#[test]
fn a_flipped_bit_in_the_index_is_found() {
    let Some(victim) = Victim::new() else { return };
    let index = victim.bundle.join("index.json");
    let text = fs::read_to_string(&index).unwrap();
    // A digit of a digest leads to nothing.
    let at = text.find("sha256:").unwrap() + 9;
    flip(&index, at as u64);
    let said = verify(&victim.bundle, &[]);
    assert_eq!(said.code, Some(4), "{}", said.out);
    assert!(said.out.contains("which is not there") || said.out.contains("index.json"), "{}", said.out);
    // JSON that is none.
    fs::write(&index, text.replacen('{', "[", 1)).unwrap();
    victim.finds(&[], &["✗ index.json: read `index.json`: "]);
}

#[test]
fn no_bit_of_the_heads_of_a_tar_can_be_flipped_unseen() {
    let Some(victim) = Victim::new() else { return };
    let tar = victim.pack();
    let whole = fs::read(&tar).unwrap();
    let digest = victim.noise().0;
    let head = entry(&whole, &digest);
    // Name, size, kind, sum, and `ustar`; mode, owner and time are of no account but are summed.
    for at in [0, 20, 100, 124, 130, 136, 148, 156, 257] {
        flip(&tar, (head + at) as u64);
        let said = verify(&tar, &[]);
        assert!([Some(1), Some(4)].contains(&said.code), "byte {at}: {}{}", said.out, said.err);
        fs::write(&tar, &whole).unwrap();
    }
    verify(&tar, &[]).ok();
}

#[test]
fn a_tar_that_ends_early_is_named_wherever_that_is() {
    let Some(victim) = Victim::new() else { return };
    let tar = victim.pack();
    let whole = fs::read(&tar).unwrap();
    let digest = victim.noise().0;
    let entry = entry(&whole, &digest);
    for length in [whole.len() - 1, whole.len() - 600, entry + 700, entry + 512, entry + 100, entry, 512, 100, 0] {
        fs::write(&tar, &whole[..length]).unwrap();
        let words: &[&str] = if length == 0 { &[] } else { &["it ends early"] };
        refused(&tar, words);
    }
}

#[test]
fn a_missing_blob_and_a_size_that_lies_are_named_by_the_item() {
    let Some(victim) = Victim::new() else { return };
    let (digest, blob) = victim.noise();
    let bytes = fs::read(&blob).unwrap();
    fs::remove_file(&blob).unwrap();
    victim.finds(&[], &[&format!("✗ file/noise.bin: names sha256:{digest}, which is not there\n")]);
    fs::write(&blob, bytes).unwrap();
    let mut manifest = victim.manifest("file/noise.bin");
    manifest["layers"][0]["size"] = 7.into();
    victim.name(victim.put("application/vnd.oci.image.manifest.v1+json", &manifest.to_string()), "liar");
    victim.finds(&[], &[&format!("✗ liar: says that sha256:{digest} has 7 bytes, and it has {FILE_BYTES}\n")]);
}

#[test]
fn a_size_that_no_blob_has_is_no_size() {
    let Some(victim) = Victim::new() else { return };
    let mut index = victim.index();
    index["manifests"][0]["size"] = u64::MAX.into();
    victim.write_index(&index);
    victim.finds(&[], &[&format!("✗ index.json: read `index.json`: a blob of {} bytes: none has so many", u64::MAX)]);
}

/// A tar of entries made by hand: name, kind, the size its head claims, what it holds.
fn tar_of(path: &Path, entries: &[(&str, EntryType, u64, &[u8])]) {
    let mut tar = Builder::new(fs::File::create(path).unwrap());
    for (name, kind, size, bytes) in entries {
        let mut header = Header::new_gnu();
        let gnu = header.as_gnu_mut().unwrap();
        gnu.name[..name.len()].copy_from_slice(name.as_bytes());
        gnu.linkname[..6].copy_from_slice(b"/etc/x");
        header.set_entry_type(*kind);
        header.set_size(*size);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append(&header, *bytes).unwrap();
    }
    tar.into_inner().unwrap();
}

#[test]
fn an_entry_of_a_tar_that_would_do_harm_is_named() {
    use EntryType::{Block, Char, Fifo, GNULongName, Link, Regular, Symlink, XHeader};
    let dir = tempfile::tempdir().unwrap();
    let tar = dir.path().join("lab.tar");
    let (mark, index) = (br#"{"imageLayoutVersion":"1.0.0"}"#, br#"{"schemaVersion":2,"manifests":[]}"#);
    let good = [
        ("oci-layout", Regular, mark.len() as u64, &mark[..]),
        ("index.json", Regular, index.len() as u64, &index[..]),
    ];
    tar_of(&tar, &good);
    assert!(verify(&tar, &[]).ok().ends_with("✓ it is whole\n"));
    let with = |entry: (&'static str, EntryType, u64, &'static [u8])| {
        tar_of(&tar, &[good[0], good[1], entry]);
        verify(&tar, &[])
    };
    for name in ["../x", "/etc/x", "blobs/sha256/../../../x", "blobs/sha256/0f", "more"] {
        let said = with((name, Regular, 1, b"x"));
        assert_eq!(said.code, Some(4), "{}", said.err);
        assert!(
            said.out.contains(&format!("✗ layout: `{name}` does not belong into an image layout\n")),
            "{}",
            said.out
        );
        let out = Bench::new().labkit(&[
            "bundle",
            "extract",
            "--bundle",
            tar.to_str().unwrap(),
            "-o",
            dir.path().join("out").to_str().unwrap(),
        ]);
        assert_eq!(out.ok(), "");
    }
    for (kind, called) in [
        (Symlink, "a symbolic link"),
        (Link, "a hard link"),
        (Char, "a device"),
        (Block, "a device"),
        (Fifo, "a named pipe"),
        (XHeader, "an extension that others write"),
        (GNULongName, "an extension that others write"),
    ] {
        let said = with(("blobs/x", kind, 0, b""));
        let words = format!("entry `blobs/x`: it is {called}, and only files belong here");
        assert!(said.code == Some(1) && said.err.contains(&words), "{called}: {}", said.err);
    }
    for name in ["index.json", "./index.json", "././index.json"] {
        let said = with((name, Regular, 1, b"x"));
        let is_told = said.err.contains("index.json`: it comes twice")
            || said.out.contains("does not belong into an image layout");
        assert!(said.code != Some(0) && is_told, "{name}: {}{}", said.out, said.err);
    }
    for size in [1 << 60, 1 << 63, u64::MAX] {
        let said = with(("blobs/big", Regular, size, b"x"));
        assert!(said.code == Some(1) && said.err.contains("open the bundle"), "{size}: {}", said.err);
        assert!(said.err.contains("ends early") || said.err.contains("damaged"), "{size}: {}", said.err);
    }
}

#[test]
fn a_tar_of_more_entries_than_any_bundle_has_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let tar = dir.path().join("lab.tar");
    let mut out = std::io::BufWriter::new(fs::File::create(&tar).unwrap());
    let mut header = Header::new_gnu();
    header.set_size(0);
    header.set_entry_type(EntryType::Regular);
    for number in 0..200_001 {
        header.as_gnu_mut().unwrap().name[..7].copy_from_slice(format!("x{number:06}").as_bytes());
        header.set_cksum();
        out.write_all(header.as_bytes()).unwrap();
    }
    out.into_inner().unwrap();
    refused(&tar, &["entry `x200000`: it is one more than 200000, the most that can be"]);
}

#[test]
fn what_is_no_file_in_a_directory_is_named_and_not_followed() {
    let Some(victim) = Victim::new() else { return };
    let (digest, blob) = victim.noise();
    let elsewhere = victim.dir.path().join("elsewhere");
    fs::rename(&blob, &elsewhere).unwrap();
    symlink(&elsewhere, &blob).unwrap();
    victim.finds(&[], &[&format!("✗ layout: `blobs/sha256/{digest}` is no file\n")]);
    let out = victim.dir.path().join("out");
    let extract = [
        "bundle",
        "extract",
        "file/noise.bin",
        "--bundle",
        victim.bundle.to_str().unwrap(),
        "-o",
        out.to_str().unwrap(),
    ];
    let said = Bench::new().labkit(&extract);
    assert!(said.code == Some(1) && said.err.contains("it is no file"), "{}", said.err);
    fs::remove_file(&blob).unwrap();
    succeed(Command::new("mkfifo").arg(&blob));
    victim.finds(&[], &[&format!("✗ layout: `blobs/sha256/{digest}` is no file\n")]);
    fs::remove_file(&blob).unwrap();
    fs::rename(&elsewhere, &blob).unwrap();
    symlink("/etc", victim.bundle.join("etc")).unwrap();
    victim.finds(&[], &["✗ layout: `etc` is no file\n"]);
    fs::remove_file(victim.bundle.join("etc")).unwrap();
    let mark = victim.bundle.join("oci-layout");
    fs::rename(&mark, &elsewhere).unwrap();
    symlink(&elsewhere, &mark).unwrap();
    refused(&victim.bundle, &["read `oci-layout`: it is no file"]);
}

#[test]
fn what_is_no_bundle_is_refused_with_what_one_is() {
    let dir = tempfile::tempdir().unwrap();
    refused(dir.path(), &["read `oci-layout`: it is not there", "hint: an image layout has"]);
    refused(&dir.path().join("none"), &["No such file"]);
    let file = dir.path().join("text");
    fs::write(&file, noise(1, 5_000)).unwrap();
    refused(&file, &["the archive is damaged"]);
    fs::write(dir.path().join("oci-layout"), r#"{"imageLayoutVersion":"2.0.0"}"#).unwrap();
    refused(dir.path(), &["names version `2.0.0`, and 1.0.0 is known"]);
    let pipe = dir.path().join("pipe");
    succeed(Command::new("mkfifo").arg(&pipe));
    refused(&pipe, &["it is no file"]);
}

#[test]
fn an_index_that_is_too_long_too_deep_or_goes_in_circles_is_told_quickly() {
    let Some(victim) = Victim::new() else { return };
    let whole = victim.index();
    let index_of =
        |inner: &[Value]| json!({ "schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": inner }).to_string();
    // Six deep, and none leads to anything.
    let mut inner = victim.put(INDEX_TYPE, &index_of(&[]));
    for _ in 0..6 {
        inner = victim.put(INDEX_TYPE, &index_of(&[inner]));
    }
    victim.name(inner, "deep");
    victim.finds(&[], &["✗ deep: leads deeper than images do\n"]);
    // One that is named by what it does not hold can lead to itself.
    let own = format!("sha256:{}", "ab".repeat(32));
    let circle = index_of(&[json!({ "mediaType": INDEX_TYPE, "digest": own, "size": 1 })]);
    fs::write(victim.blob(&"ab".repeat(32)), &circle).unwrap();
    victim.write_index(&whole);
    victim.name(json!({ "mediaType": INDEX_TYPE, "digest": own, "size": circle.len() }), "circle");
    victim.finds(&[], &[&format!("✗ blob {own}: it holds something else: its bytes are sha256:")]);
    let said = Bench::new()
        .labkit(&["bundle", "ls"].map(Path::new).iter().chain([&victim.bundle.as_path()]).collect::<Vec<_>>());
    assert!(said.code == Some(1) && said.err.contains("`circle`: blob sha256:abab"), "{}", said.err);
    fs::remove_file(victim.blob(&"ab".repeat(32))).unwrap();
    // Four levels of a thousand that are all the same: a few bytes, and a million millions of steps.
    let mut inner = victim.put(INDEX_TYPE, &index_of(&[]));
    for _ in 0..3 {
        inner = victim.put(INDEX_TYPE, &index_of(&vec![inner; 1_000]));
    }
    victim.write_index(&whole);
    victim.name(inner, "bomb");
    let said = verify(&victim.bundle, &[]);
    assert!(
        said.code == Some(1) && said.err.contains("its indexes lead to the same things again and again"),
        "{}",
        said.err
    );
    // A gigabyte that is no JSON.
    let index = fs::File::create(victim.bundle.join("index.json")).unwrap();
    index.set_len(1 << 30).unwrap();
    victim.finds(&[], &["✗ index.json: read `index.json`: it is longer than 16 MiB\n"]);
    fs::write(victim.bundle.join("index.json"), vec![b' '; 15 << 20]).unwrap();
    victim.finds(&[], &["✗ index.json: read `index.json`: EOF while parsing"]);
    fs::write(victim.bundle.join("index.json"), "[".repeat(1 << 20)).unwrap();
    victim.finds(&[], &["✗ index.json: read `index.json`: "]);
}

#[test]
fn what_is_missing_for_what_is_there_is_named() {
    let Some(victim) = Victim::new() else { return };
    victim.without(&["deb/lab-libs/amd64"]);
    victim.finds(
        &[],
        &["✗ lock: deb lab-libs amd64 is not in the bundle\n", "✗ packages for amd64: wanted lab-tool: ", "lab-libs"],
    );
    // Without the lock in it the packages speak for themselves.
    victim.without(&["lab.lock"]);
    let said = verify(&victim.bundle, &[]);
    assert!(
        said.out.contains("✗ packages for amd64: wanted lab-tool: ") && !said.out.contains("✗ lock"),
        "{}",
        said.out
    );
    assert!(!said.out.contains("packages for arm64"), "{}", said.out);

    let victim = Victim::new().unwrap();
    victim.without(&["docker.io/library/named:1", "lab.lock"]);
    victim
        .finds(&[], &["✗ manifest/pod.yaml: it names image `docker.io/library/named:1`, which is not in the bundle\n"]);
}

#[test]
fn a_bundle_of_another_lock_is_told_entry_by_entry() {
    let Some(victim) = Victim::new() else { return };
    let lock = victim.dir.path().join("new.lock");
    fs::write(&lock, victim.stock.lock_text().replace("version = \"1.0-1\"", "version = \"1.0-2\"")).unwrap();
    let lock = lock.to_str().unwrap();
    victim.finds(
        &["--lock", lock],
        &["✗ lock: deb lab-tool amd64 is 1.0-1 here, and 1.0-2 in that lock\n", "arm64 is 1.0-1 here"],
    );
    verify(&victim.bundle, &[]).ok();
    victim.without(&["lab.lock"]);
    victim.finds(&["--lock", lock], &["✗ lock: the bundle was built from none\n"]);
}

/// A pair of minisign's keys.
fn keys(dir: &Path, name: &str) -> (String, String) {
    let path = |end: &str| dir.join(format!("{name}.{end}")).display().to_string();
    succeed(Command::new("minisign").args(["-G", "-W", "-p", &path("pub"), "-s", &path("key")]));
    (path("pub"), path("key"))
}

#[test]
fn only_what_the_holder_of_the_key_signed_is_signed() {
    let Some(victim) = Victim::new() else { return };
    if !installed("minisign") {
        return;
    }
    let (public, secret) = keys(victim.dir.path(), "own");
    let (other, _) = keys(victim.dir.path(), "other");
    victim.finds(&["--key", &public], &["✗ signature: nobody signed it\n"]);
    let sign = |secret: &str| {
        Bench::new().labkit(&[
            "bundle",
            "sign",
            victim.bundle.to_str().unwrap(),
            "--key",
            secret,
            "--comment",
            "for class 4b",
        ])
    };
    sign(&secret).ok();
    let said = verify(&victim.bundle, &["--key", &public]).ok();
    assert!(said.contains("signed    for class 4b\n"), "{said}");
    // minisign is the second opinion.
    succeed(Command::new("minisign").args(["-V", "-q", "-p", &public, "-m"]).arg(victim.bundle.join("index.json")));
    let text = fs::read_to_string(&public).unwrap();
    verify(&victim.bundle, &["--key", text.lines().nth(1).unwrap()]).ok();
    let tar = victim.pack();
    assert!(verify(&tar, &["--key", &public]).ok().contains("signed    for class 4b\n"));
    victim.finds(&["--key", &other], &["✗ signature: "]);
    let signature = victim.bundle.join("index.json.minisig");
    let whole = fs::read_to_string(&signature).unwrap();
    fs::write(&signature, whole.replace("class 4b", "class 4c")).unwrap();
    victim.finds(&["--key", &public], &["✗ signature: "]);
    fs::write(&signature, &whole).unwrap();
    let mut index = fs::read(victim.bundle.join("index.json")).unwrap();
    index.push(b'\n');
    fs::write(victim.bundle.join("index.json"), index).unwrap();
    verify(&victim.bundle, &[]).ok();
    victim.finds(&["--key", &public], &["✗ signature: "]);
    let said = verify(&victim.bundle, &["--key", "nonsense"]);
    assert!(said.code == Some(1) && said.err.contains("hint: minisign -G makes a pair of keys"), "{}", said.err);
}

#[test]
fn a_title_that_climbs_out_is_not_extracted() {
    let Some(victim) = Victim::new() else { return };
    let out = victim.dir.path().join("a/out");
    for title in ["../../climbed", "/tmp/climbed-by-labkit", "a/b", "..", "."] {
        let victim = Victim::new().unwrap();
        let mut manifest = victim.manifest("file/noise.bin");
        manifest["layers"][0]["annotations"] = json!({ TITLE: title });
        victim.without(&["file/noise.bin"]);
        victim.name(victim.put("application/vnd.oci.image.manifest.v1+json", &manifest.to_string()), "file/bad");
        let words =
            ["bundle", "extract", "file/bad", "--bundle", victim.bundle.to_str().unwrap(), "-o", out.to_str().unwrap()];
        let said = Bench::new().labkit(&words);
        assert_eq!(said.code, Some(1), "{title}: {}", said.err);
        assert!(said.err.contains(&format!("`{title}` is no name of a file")), "{}", said.err);
        assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
    }
    assert!(!victim.dir.path().join("climbed").exists() && !Path::new("/tmp/climbed-by-labkit").exists());
}

#[test]
fn what_is_extracted_is_what_was_locked_and_nothing_is_replaced() {
    let Some(victim) = Victim::new() else { return };
    let out = victim.dir.path().join("out");
    let extract = |names: &[&str]| {
        let bundle = ["--bundle", victim.bundle.to_str().unwrap(), "-o", out.to_str().unwrap()];
        Bench::new().labkit(&[&["bundle", "extract"], names, &bundle].concat())
    };
    // Somebody else's file, which only looks like one of ours.
    fs::create_dir(&out).unwrap();
    fs::write(out.join("noise.bin.part"), "mine").unwrap();
    extract(&[]).ok();
    assert_eq!(fs::read(out.join("noise.bin")).unwrap(), noise(7, FILE_BYTES));
    assert_eq!(fs::read_to_string(out.join("noise.bin.part")).unwrap(), "mine");
    let deb = out.join("lab-libs_1.2-3_amd64.deb");
    let version = succeed(Command::new("dpkg-deb").arg("-f").arg(deb).arg("Version"));
    assert_eq!(version, "1:1.2-3\n");
    let said: Said = extract(&["lab-docs"]);
    assert!(said.code == Some(2) && said.err.contains("it is there already"), "{}", said.err);
    let said = extract(&["lab-dogs"]);
    assert!(said.code == Some(2) && said.err.contains("the bundle has no `lab-dogs`"), "{}", said.err);
    fs::remove_dir_all(&out).unwrap();
    flip(&victim.noise().1, 5);
    let said = extract(&["file/noise.bin"]);
    assert!(said.code == Some(4) && said.err.contains("holds something else"), "{}", said.err);
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
}

#[test]
fn a_deb_under_another_name_in_the_index_is_found_by_its_closure() {
    let Some(victim) = Victim::new() else { return };
    // Whoever makes a bundle by hand may write anything: what is read must be text.
    let mut file = fs::File::open(victim.noise().1).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).unwrap();
    let mut manifest = victim.manifest("deb/lab-docs/all");
    manifest["layers"][0] = json!({ "mediaType": "application/vnd.labkit.deb.control.v1", "digest": format!("sha256:{}", sha256(&bytes)), "size": bytes.len() });
    victim.name(victim.put("application/vnd.oci.image.manifest.v1+json", &manifest.to_string()), "deb/bad/all");
    let said = verify(&victim.bundle, &[]);
    assert!(said.code != Some(0), "{}", said.out);
    assert!(format!("{}{}", said.out, said.err).contains("deb/bad/all"), "{}{}", said.out, said.err);
}
