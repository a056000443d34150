//! Packages of a bundle, against the real apt, dpkg and gpg: what they choose, in which order versions stand, what a
//! package file says, and an archive that apt takes.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::{
    cmp::Ordering,
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use labkit::{
    bundle::{
        Deb,
        apt::{
            ArchiveFile, Control, Package, Resolved, Scratch, Source, Version, control_of_deb, files, missing,
            require_same,
        },
    },
    clock,
    error::Error,
    oci::Digest,
};
use proptest::{prelude::*, test_runner::TestRunner};
use support::{
    TempDir,
    debs::{self, Key, Server, deb},
};

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| word.to_string()).collect()
}

/// `libc6_2.36-9_amd64` of each.
fn named(resolved: &[Resolved]) -> Vec<String> {
    resolved.iter().map(|one| format!("{}_{}_{}", one.name, one.version, one.architecture)).collect()
}

fn source(url: &str, suite: &str, key: Option<String>) -> Source {
    let text = format!("Types: deb\nURIs: {url}\nSuites: {suite}\nComponents: main\n");
    Source { name: suite.to_owned(), text, key }
}

fn controls_of(scratch: &Scratch, resolved: &[Resolved]) -> Vec<Control> {
    let exact: Vec<String> = resolved.iter().map(|one| format!("{}={}", one.name, one.version)).collect();
    let mut argv = vec!["apt-cache", "show"];
    argv.extend(exact.iter().map(String::as_str));
    Control::paragraphs(&scratch.look(&argv).unwrap()).unwrap()
}

/// What dpkg says of pairs of versions, one process for each.
fn dpkg_agrees(pairs: &[(String, &str, String)]) -> Vec<bool> {
    let script = r#"while read -r one relation other; do
        dpkg --compare-versions "$one" "$relation" "$other" 2>/dev/null && echo yes || echo no; done"#;
    let mut dpkg =
        Command::new("sh").args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let text: String = pairs.iter().map(|(one, relation, other)| format!("{one} {relation} {other}\n")).collect();
    let mut input = dpkg.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()).unwrap());
    let output = dpkg.wait_with_output().unwrap();
    writer.join().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(|line| line == "yes").collect()
}

fn assert_order_is_dpkgs(versions: &[(String, String)]) {
    let parse = |text: &str| text.parse::<Version>().unwrap();
    let asked = versions.iter().map(|(one, other)| {
        let relation = match parse(one).cmp(&parse(other)) {
            Ordering::Less => "lt",
            Ordering::Equal => "eq",
            Ordering::Greater => "gt",
        };
        (one.clone(), relation, other.clone())
    });
    let asked: Vec<_> = asked.collect();
    let agrees = dpkg_agrees(&asked);
    assert_eq!(agrees.len(), asked.len());
    let wrong: Vec<_> = asked.iter().zip(agrees).filter(|(_, agrees)| !agrees).collect();
    assert!(wrong.is_empty(), "dpkg says otherwise: {wrong:?}");
}

#[test]
fn tricky_versions_stand_in_dpkgs_order() {
    if !support::installed("dpkg") {
        return;
    }
    let tricky = "0 0~ 0~~ 0~0 0-0 0:0-0 00 1 1-0 1-00 1-~ 1~-1 1+ 1. 1a 1a0 1:0 a A 1-1-1 1:1:1-1 1.2.3-4~bpo12+1 1.2.3-4 \
                  1.2.3-4+b1 1.010 1.10 9999999999999999999999 1~rc1 1~rc1~ 2147483647:1 1+dfsg-1 1.dfsg-1 1-1.1 1-1+deb12u1";
    let tricky: Vec<&str> = tricky.split_whitespace().collect();
    let count = tricky.len();
    // Each against the six behind it, in both directions.
    let pairs = (0..count).flat_map(|at| (1..7).map(move |step| (at, (at + step) % count)));
    let pairs = pairs.flat_map(|(one, other)| [(one, other), (other, one)]);
    let pairs: Vec<(String, String)> = pairs.map(|(one, other)| (tricky[one].into(), tricky[other].into())).collect();
    assert_order_is_dpkgs(&pairs);
}

#[test]
fn any_two_versions_stand_in_dpkgs_order() {
    if !support::installed("dpkg") {
        return;
    }
    // Few signs, so that two versions have much in common.
    let version =
        "([01]:)?[0-2a][0-2a~.+-]{0,5}(-[0-2a~.+]{1,4})?|[0-9]{1,25}(\\.[0-9~a-zA-Z+.]{1,8}){0,2}(-[0-9a-z~+.]{1,6})?"
            .prop_filter("a version", |text: &String| text.parse::<Version>().is_ok());
    let pairs = prop::collection::vec((version.clone(), version), 40);
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() });
    let asked = |pairs: Vec<(String, String)>| {
        assert_order_is_dpkgs(&pairs);
        Ok(())
    };
    runner.run(&pairs, asked).unwrap();
}

#[test]
fn a_package_file_says_what_it_is() {
    if !support::installed("dpkg-deb") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let file = deb(dir.path(), ["jq", "1:1.6-2", "arm64"], "Depends: libjq1 (= 1.6-2),\n libc6\n");
    let control = Control::parse(&control_of_deb(&file).unwrap()).unwrap();
    assert_eq!(control.field("depends"), Some("libjq1 (= 1.6-2),\n libc6"));
    let expected = Deb {
        name: "jq".into(),
        architecture: "arm64".into(),
        version: "1:1.6-2".into(),
        sha256: String::new(),
        size: 0,
        source: String::new(),
        wanted_by: Default::default(),
    };
    require_same(&control, &expected).unwrap();
    let other = Deb { version: "1:1.6-3".into(), ..expected };
    assert_eq!(
        require_same(&control, &other).unwrap_err().to_string(),
        "it is another package: its Version is `1:1.6-2`, and `1:1.6-3` is expected"
    );
}

#[test]
fn a_package_file_that_unpacks_to_too_much_is_refused() {
    if !support::installed("dpkg-deb") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let long = format!("X-Long: {}\n", "x".repeat(1 << 20));
    let refused = |file: &Path| control_of_deb(file).unwrap_err().to_string();
    let said = refused(&deb(dir.path(), ["long", "1", "all"], &long));
    assert!(said.ends_with("it has more than 1048576 bytes: no package has so many"), "{said}");
    // Nothing of it reaches the disk, however much it is.
    let root = dir.path().join("bomb");
    fs::create_dir_all(root.join("DEBIAN")).unwrap();
    let control = "Package: bomb\nVersion: 1\nArchitecture: all\nMaintainer: x\nDescription: x\n";
    fs::write(root.join("DEBIAN/control"), control).unwrap();
    fs::File::create(root.join("DEBIAN/zeros")).unwrap().set_len(200 << 20).unwrap();
    let said = refused(&debs::built(&root));
    assert!(said.ends_with("more than 67108864 bytes are packed with it: no package has so many"), "{said}");
}

#[test]
fn a_broken_package_file_is_told_as_one() {
    if !support::installed("dpkg-deb") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let refused = |file: &Path| control_of_deb(file).unwrap_err().to_string();
    let text = dir.path().join("-text.deb");
    fs::write(&text, "no package at all\n").unwrap();
    assert!(refused(&text).contains("not a Debian format archive"), "{}", refused(&text));
    assert!(refused(&dir.path().join("nothing.deb")).contains("No such file"));
    let whole = deb(dir.path(), ["jq", "1", "all"], "");
    let bytes = fs::read(&whole).unwrap();
    fs::write(&whole, &bytes[..150]).unwrap();
    let said = refused(&whole);
    assert!(said.starts_with(&format!("read the control paragraph of `{}`: ", whole.display())), "{said}");
}

/// An archive of packages for two architectures, and its server.
struct Archive {
    dir: TempDir,
    server: Server,
    key: Key,
}

impl Archive {
    fn new(packages: &[([&str; 3], &str)]) -> Archive {
        let dir = tempfile::tempdir().unwrap();
        for (head, more) in packages {
            deb(dir.path(), *head, more);
        }
        let key = Key::new();
        debs::publish(dir.path(), &["amd64", "arm64"], "", Some(&key));
        let server = Server::of(dir.path());
        Archive { dir, server, key }
    }

    fn source(&self) -> Source {
        source(&self.server.url(), "test", Some(self.key.armored()))
    }
}

#[test]
fn apt_chooses_what_is_needed_for_another_architecture() {
    if !debs::programs() {
        return;
    }
    let archive = Archive::new(&[
        (["app", "1:2.0-1", "arm64"], "Depends: lib (>= 1.5), web | server, doc:any\nRecommends: extra\n"),
        (["app", "1:1.0-1", "arm64"], "Depends: lib (<< 1.5)\n"),
        (["app", "1:3.0-1", "amd64"], ""),
        (["lib", "1.6~rc1", "arm64"], "Pre-Depends: start\n"),
        (["lib", "1.4", "arm64"], ""),
        (["start", "1", "all"], "Essential: yes\n"),
        (["nginx", "1.22", "arm64"], "Provides: server (= 1), http\n"),
        (["doc", "1", "arm64"], "Multi-Arch: allowed\n"),
        (["extra", "1", "all"], ""),
        (["usr-is-merged", "37", "all"], ""),
    ]);
    let scratch = Scratch::new("arm64", false, &[archive.source()]).unwrap();
    let resolved = scratch.resolve(&words(&["app"])).unwrap();
    let expected = ["app_1:2.0-1_arm64", "doc_1_arm64", "lib_1.6~rc1_arm64", "nginx_1.22_arm64", "start_1_all"];
    assert_eq!(named(&resolved), expected);
    let file = fs::read(archive.dir.path().join("app_1:2.0-1_arm64.deb")).unwrap();
    assert_eq!((resolved[0].size, resolved[0].sha256.as_str()), (file.len() as u64, Digest::of(&file).hex()));
    let url = resolved[0].url.strip_prefix(&archive.server.url()).unwrap();
    assert_eq!(url.replace("%3a", ":"), "/./app_1:2.0-1_arm64.deb");

    let older = scratch.resolve(&words(&["app=1:1.0-1", "lib=1.4", "extra"])).unwrap();
    assert_eq!(named(&older), ["app_1:1.0-1_arm64", "extra_1_all", "lib_1.4_arm64"]);
    assert_eq!(scratch.essential().unwrap(), ["start", "usr-is-merged"]);

    let controls = controls_of(&scratch, &resolved);
    assert_eq!(missing(&controls, &words(&["app"]), "arm64"), Vec::<String>::new());
    assert_eq!(missing(&controls, &words(&["app"]), "amd64"), ["wanted app: it is not in the bundle"]);
    let without: Vec<Control> =
        controls.iter().filter(|control| control.field("Package") != Some("nginx")).cloned().collect();
    assert_eq!(
        missing(&without, &words(&["app"]), "arm64"),
        ["wanted app: app needs web | server, which is not in the bundle"]
    );
}

#[test]
fn what_apt_cannot_choose_is_told_with_what_there_is() {
    if !debs::programs() {
        return;
    }
    let archive = Archive::new(&[
        (["chrony", "4.3", "amd64"], ""),
        (["chrony", "4.2", "amd64"], ""),
        (["gawk", "5", "amd64"], "Provides: awk\n"),
        (["mawk", "1", "amd64"], "Provides: awk\n"),
        (["needy", "1", "amd64"], "Depends: chrony (>= 5), nowhere\n"),
        (["other", "1", "arm64"], ""),
    ]);
    let scratch = Scratch::new("amd64", false, &[archive.source()]).unwrap();
    let refused = |wanted: &[&str]| -> (String, String) {
        let error = scratch.resolve(&words(wanted)).unwrap_err();
        (error.to_string(), error.what_to_try().unwrap_or_default().to_owned())
    };
    let said = |error: &str, hint: &str| (error.to_owned(), hint.to_owned());
    let unknown = "no source has a package `chorny` for amd64";
    assert_eq!(refused(&["gawk", "chorny"]), said(unknown, "did you mean `chrony`?"));
    // Without a look at the names first, apt would take this for a wish to be without chrony.
    assert!(refused(&["chrony-"]).0.contains("no source has a package `chrony-`"));
    assert!(refused(&["c.rony"]).0.contains("no source has a package `c.rony`"));
    assert!(refused(&["other"]).0.contains("no source has a package `other` for amd64"));
    let virtual_name = "no source has a package `awk` for amd64";
    assert_eq!(refused(&["awk"]), said(virtual_name, "it is provided by gawk, mawk: name one of them"));
    let version = "there is no version 9 of package `chrony`";
    assert_eq!(refused(&["chrony=9"]), said(version, "there is 4.3, 4.2"));
    let (unmet, _) = refused(&["needy"]);
    let expected =
        "choose the packages for needy on amd64: needy : Depends: chrony (>= 5) but it is not going to be installed";
    assert!(unmet.starts_with(expected) && unmet.contains("nowhere"), "{unmet}");
    assert!(scratch.resolve(&[]).unwrap().is_empty());
    assert!(scratch.essential().unwrap_err().to_string().contains("no package of the sources is marked essential"));
}

#[test]
fn an_archive_with_another_key_an_expired_one_or_none_is_refused() {
    if !debs::programs() {
        return;
    }
    let archive = Archive::new(&[(["jq", "1", "all"], "")]);
    let refused = |source: Source| -> Error { Scratch::new("arm64", false, &[source]).unwrap_err() };
    let stranger = Key::new();
    let error = refused(Source { key: Some(stranger.armored()), ..archive.source() });
    assert!(error.to_string().starts_with("fetch the lists of packages: ") && error.to_string().contains("NO_PUBKEY"));
    assert!(error.what_to_try().unwrap().contains("another key"), "{error}");
    // The machine's own keyrings have nothing to do with it.
    let error = refused(Source { key: None, ..archive.source() });
    assert!(error.to_string().contains("NO_PUBKEY"), "{error}");

    let expired = Key::expired();
    debs::publish(archive.dir.path(), &["arm64"], "", Some(&expired));
    let error = refused(Source { key: Some(expired.armored()), ..archive.source() });
    assert!(error.what_to_try().unwrap().contains("expired"), "{error}");

    let stale = "Date: Wed, 01 Jan 2020 00:00:00 UTC\nValid-Until: Thu, 02 Jan 2020 00:00:00 UTC\n";
    debs::publish(archive.dir.path(), &["arm64"], stale, Some(&archive.key));
    let error = refused(archive.source());
    assert!(error.to_string().contains("is expired"), "{error}");

    fs::remove_file(archive.dir.path().join("dists/test/InRelease")).unwrap();
    debs::publish(archive.dir.path(), &["arm64"], "", None);
    let error = refused(archive.source());
    assert!(error.to_string().contains("is not signed"), "{error}");
}

#[test]
fn sources_without_packages_for_an_architecture_are_told() {
    if !debs::programs() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    deb(dir.path(), ["jq", "1", "amd64"], "");
    let key = Key::new();
    debs::publish(dir.path(), &["amd64"], "", Some(&key));
    let source = source(&format!("file:{}", dir.path().display()), "test", Some(key.armored()));
    let error = Scratch::new("arm64", false, std::slice::from_ref(&source))
        .and_then(|scratch| scratch.resolve(&words(&["jq"])));
    assert_eq!(error.unwrap_err().to_string(), "the sources have no packages for arm64");
    let resolved = Scratch::new("amd64", false, &[source]).unwrap().resolve(&words(&["jq"])).unwrap();
    assert_eq!(named(&resolved), ["jq_1_amd64"]);
    assert!(resolved[0].url.starts_with("file:/"), "{}", resolved[0].url);
}

#[test]
fn nothing_lacks_of_what_apt_chose_and_something_does_without_any_of_it() {
    if !support::installed("apt-get") {
        return;
    }
    let scratch = Scratch::new("amd64", true, &[]);
    if !support::mirror(scratch.as_ref().err().map(Error::to_string).as_deref()) {
        return;
    }
    let scratch = scratch.unwrap();
    let wanted = words(&["chrony", "conntrack", "ethtool", "iptables", "socat"]);
    let resolved = scratch.resolve(&wanted).unwrap();
    let controls = controls_of(&scratch, &resolved);
    assert_eq!(controls.len(), resolved.len());
    assert_eq!(missing(&controls, &wanted, "amd64"), Vec::<String>::new());
    for left_out in &controls {
        let rest: Vec<Control> = controls.iter().filter(|control| *control != left_out).cloned().collect();
        let name = left_out.field("Package").unwrap();
        let findings = missing(&rest, &wanted, "amd64");
        assert!(findings.iter().any(|finding| finding.contains(name)), "without {name}: {findings:?}");
    }
}

/// Writes an archive of package files into a directory; gives what lies in it.
fn write_archive(to: &Path, debs: &[PathBuf], key: &Key) -> BTreeMap<String, ArchiveFile> {
    let mut blobs = BTreeMap::new();
    let package = |path: &PathBuf| {
        let bytes = fs::read(path).unwrap();
        let (digest, size) = (Digest::of(&bytes), bytes.len() as u64);
        blobs.insert(digest.clone(), bytes);
        Package { control: Control::parse(&control_of_deb(path).unwrap()).unwrap(), digest, size }
    };
    let packages: Vec<Package> = debs.iter().map(package).collect();
    let sign = |text: &str| key.signed(text);
    let made = files(&packages, &words(&["amd64", "arm64"]), &clock::now(), &sign).unwrap();
    for (path, file) in &made {
        let path = to.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match file {
            ArchiveFile::Text(text) => fs::write(path, text).unwrap(),
            ArchiveFile::Package(digest) => fs::write(path, &blobs[digest]).unwrap(),
        }
    }
    made
}

/// apt-get with its configuration on the command line, and nothing of this machine's but its methods.
fn apt_get(root: &Path, arguments: &[&str]) -> String {
    for below in ["lists/partial", "cache/archives/partial", "etc"] {
        fs::create_dir_all(root.join(below)).unwrap();
    }
    fs::write(root.join("status"), "").unwrap();
    let at = |below: &str| root.join(below).display().to_string();
    let options = [
        format!("Dir::State={}", at("")),
        format!("Dir::State::status={}", at("status")),
        format!("Dir::Cache={}", at("cache")),
        format!("Dir::Etc={}", at("etc")),
        format!("Dir::Etc::sourcelist={}", at("etc/lab.sources")),
        "Dir::Etc::sourceparts=-".to_owned(),
        "APT::Architecture=arm64".to_owned(),
        "APT::Architectures::=arm64".to_owned(),
        "APT::Sandbox::User=root".to_owned(),
        "APT::Update::Error-Mode=any".to_owned(),
        "Acquire::Languages=none".to_owned(),
    ];
    let mut command = Command::new("apt-get");
    command.env("APT_CONFIG", at("apt.conf")).current_dir(root);
    // Hooks of this machine's would be run otherwise.
    fs::write(root.join("apt.conf"), format!("Dir::Etc::parts \"{0}\";\nDir::Etc::main \"{0}\";\n", at("none")))
        .unwrap();
    fs::create_dir_all(root.join("none")).unwrap();
    debs::run(command.args(options.iter().flat_map(|option| ["-o", option])).args(arguments))
}

#[test]
fn apt_updates_and_installs_from_an_archive_of_the_bundle() {
    if !debs::programs() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = |below: &str| {
        let path = dir.path().join(below);
        fs::create_dir_all(&path).unwrap();
        path
    };
    let made = path("made");
    let debs = [
        deb(&made, ["app", "1:2.0~rc1+x-1", "arm64"], "Depends: doc\n"),
        deb(&made, ["app", "1:2.0~rc1+x-1", "amd64"], "Depends: doc\n"),
        deb(&made, ["doc", "1", "all"], ""),
    ];
    let (key, archive, root) = (Key::new(), path("archive"), path("root"));
    let files = write_archive(&archive, &debs, &key);
    let server = Server::of(&archive);
    fs::create_dir_all(root.join("etc")).unwrap();
    fs::write(root.join("etc/lab.asc"), key.armored()).unwrap();
    let source = source(&server.url(), "lab", Some(key.armored()));
    let signed_by = format!("Signed-By: {}\n", root.join("etc/lab.asc").display());
    fs::write(root.join("etc/lab.sources"), source.text.clone() + &signed_by).unwrap();

    apt_get(&root, &["update"]);
    let log = server.log();
    let by_hash = files.keys().find(|path| path.contains("binary-arm64/by-hash")).unwrap();
    assert!(log.contains(&format!("GET /{by_hash} HTTP/1.1\" 200")) && !log.contains("/Packages "), "{log}");
    apt_get(&root, &["--yes", "--download-only", "install", "app"]);
    let fetched = |name: &str| fs::read(root.join("cache/archives").join(name)).unwrap();
    assert_eq!(fetched("app_1%3a2.0~rc1+x-1_arm64.deb"), fs::read(&debs[0]).unwrap());
    assert_eq!(fetched("doc_1_all.deb"), fs::read(&debs[2]).unwrap());
    let scratch = Scratch::new("amd64", false, &[source]).unwrap();
    let resolved = scratch.resolve(&words(&["app"])).unwrap();
    assert_eq!(named(&resolved), ["app_1:2.0~rc1+x-1_amd64", "doc_1_all"]);

    // A package that another was put in the place of is refused.
    let lies = files.iter().find(|(path, _)| path.ends_with("doc_1_all.deb")).unwrap().0;
    let mut bytes = fs::read(archive.join(lies)).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(archive.join(lies), bytes).unwrap();
    fs::remove_file(root.join("cache/archives/doc_1_all.deb")).unwrap();
    let refused = std::panic::catch_unwind(|| apt_get(&root, &["--yes", "--download-only", "install", "app"]));
    assert!(refused.is_err());
}
