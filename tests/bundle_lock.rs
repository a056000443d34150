//! `labkit bundle lock` against an archive of packages, a registry and a web server that are real.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::{fs, path::Path};

use support::{
    Said, installed,
    stock::{MANIFEST, PROGRAMS, Stock, noise},
};

fn possible() -> bool {
    PROGRAMS.iter().all(|program| installed(program))
}

/// The names of a lock's entries of a kind, each with its architecture, in their order.
fn entries(text: &str, kind: &str) -> Vec<String> {
    let value = |block: &str, key: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(&format!("{key} = \"")));
        line.unwrap_or_default().trim_end_matches('"').to_owned()
    };
    let blocks = text.split("\n[[").filter_map(|block| block.strip_prefix(&format!("{kind}]]\n")));
    blocks.map(|block| format!("{} {}", value(block, "name"), value(block, "architecture")).trim().to_owned()).collect()
}

#[test]
fn a_lock_is_sorted_and_the_same_twice() {
    if !possible() {
        return;
    }
    let stock = Stock::shared();
    let text = stock.lock_text();
    let debs =
        ["lab-docs all", "lab-libs amd64", "lab-libs arm64", "lab-tool amd64", "lab-tool arm64"].map(str::to_owned);
    assert_eq!(entries(&text, "deb"), debs);
    assert_eq!(entries(&text, "file"), ["noise.bin", "pod.yaml"]);
    let images =
        ["named:1 amd64", "named:1 arm64", "x:1 amd64", "x:1 arm64"].map(|one| format!("docker.io/library/{one}"));
    assert_eq!(entries(&text, "image"), images);
    let dir = tempfile::tempdir().unwrap();
    let again = dir.path().join("lab.lock");
    stock.lock(&again, &["--arch", "arm64,amd64"]).ok();
    assert_eq!(fs::read_to_string(&again).unwrap(), text);
    // Nothing named: all is looked up again.
    let said = stock.lock_of(&again, &[]).ok();
    assert!(said.starts_with("locked    5 packages, 4 images, 2 files for amd64, arm64: "), "{said}");
    assert_eq!(fs::read_to_string(&again).unwrap(), text);
}

#[test]
fn images_named_in_a_manifest_are_locked_and_say_so() {
    if !possible() {
        return;
    }
    let text = Stock::shared().lock_text();
    let image = text.split("\n[[image]]\n").find(|block| block.contains("library/named:1\"")).unwrap();
    assert!(image.contains("wanted_by = [\"manifest pod.yaml\"]"), "{image}");
}

#[test]
fn check_names_what_moved_and_leaves_the_lock_alone() {
    if !possible() {
        return;
    }
    let stock = Stock::new();
    let lock = stock.path("moving.lock");
    stock.lock(&lock, &["--arch", "amd64,arm64"]).ok();
    let before = fs::read_to_string(&lock).unwrap();
    let same = stock.lock_of(&lock, &["--check"]);
    assert_eq!(
        (same.code, same.out.as_str()),
        (Some(0), "nothing moved: everything is as the lock has it\n"),
        "{}",
        same.err
    );

    stock.add_deb("lab-libs", "1:1.2-4", "amd64", "Depends: lab-docs, lab-extra\n", 60_000);
    stock.publish();
    fs::write(stock.path("www/files/noise.bin"), noise(8, 1_000)).unwrap();
    fs::write(stock.path("www/files/pod.yaml"), MANIFEST.replace("named:1", "alone:1")).unwrap();
    stock.push_for_two("x", "1", 500_000);
    let said = stock.lock_of(&lock, &["--check"]);
    // The image alone is for amd64 alone, and the lock is for both.
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    assert!(said.err.contains("image `docker.io/library/alone:1` for arm64: it is for amd64 alone"), "{}", said.err);
    stock.push_for_two("alone", "1", 10_000);

    let said = stock.lock_of(&lock, &["--check"]);
    assert_eq!(said.code, Some(3), "{}{}", said.out, said.err);
    let lines: Vec<&str> = said.out.lines().collect();
    let beginnings = [
        "+ deb lab-extra amd64 2",
        "~ deb lab-libs amd64: 1:1.2-3 → 1:1.2-4",
        "~ file noise.bin: sha256:",
        "+ image docker.io/library/alone:1 amd64 sha256:",
        "+ image docker.io/library/alone:1 arm64 sha256:",
        "- image docker.io/library/named:1 amd64 sha256:",
        "- image docker.io/library/named:1 arm64 sha256:",
        "~ image docker.io/library/x:1 amd64: sha256:",
        "~ image docker.io/library/x:1 arm64: sha256:",
        "~ manifest pod.yaml: sha256:",
    ];
    assert_eq!(lines.len(), beginnings.len(), "{}", said.out);
    for (line, beginning) in lines.iter().zip(beginnings) {
        assert!(line.starts_with(beginning), "{line}: {beginning}");
    }
    assert_eq!(fs::read_to_string(&lock).unwrap(), before, "--check wrote");
    let written = stock.lock_of(&lock, &[]).ok();
    assert!(written.starts_with(&said.out), "{written}");
    assert_eq!(stock.lock_of(&lock, &["--check"]).code, Some(0));
}

#[test]
fn a_package_of_the_same_version_with_other_bytes_is_told() {
    if !possible() {
        return;
    }
    let stock = Stock::new();
    let lock = stock.path("same.lock");
    stock.lock_of(&lock, &["--package", "lab-extra"]).ok();
    stock.add_deb("lab-extra", "2", "amd64", "", 10_001);
    stock.publish();
    let said = stock.lock_of(&lock, &["--check"]);
    assert_eq!(said.code, Some(3), "{}", said.err);
    assert!(
        said.out.starts_with("~ deb lab-extra amd64: 2 sha256:") && said.out.contains(" → 2 sha256:"),
        "{}",
        said.out
    );
}

/// What is wrong with a wish, and that no lock was written.
#[track_caller]
fn refused(stock: &Stock, lock: &Path, arguments: &[&str]) -> Said {
    let said = stock.lock_of(lock, arguments);
    assert!([Some(1), Some(2)].contains(&said.code), "{}{}", said.out, said.err);
    assert!(!lock.exists());
    said
}

#[test]
fn what_is_not_to_be_had_is_told_by_its_name() {
    if !possible() {
        return;
    }
    let stock = Stock::shared();
    let dir = tempfile::tempdir().unwrap();
    let lock = dir.path().join("lab.lock");
    let says = |arguments: &[&str], words: &[&str]| {
        let said = refused(&stock, &lock, arguments);
        for word in words {
            assert!(said.err.contains(word), "{arguments:?}: {word}\n{}", said.err);
        }
    };
    says(&["--package", "lab-tol"], &["no source has a package `lab-tol` for amd64", "hint: did you mean `lab-tool`?"]);
    says(&["--package", "lab-tool=9"], &["there is no version 9 of package `lab-tool`", "hint: there is 1.0-1"]);
    let registry = format!("127.0.0.1:{}/library", stock.registry.port);
    says(
        &["--image", "nothing:1"],
        &["image `docker.io/library/nothing:1` for amd64: ", &format!("`{registry}/nothing:1`: it is not there (404)")],
    );
    says(
        &["--image", "x:9"],
        &[&format!("image `docker.io/library/x:9` for amd64: `{registry}/x:9`: it is not there (404)")],
    );
    says(
        &["--image", "alone:1", "--arch", "arm64"],
        &["image `docker.io/library/alone:1` for arm64: it is for amd64 alone"],
    );
    says(&["--image", "A/B"], &["`A/B` is no name of an image"]);
    says(&["--image", "x:1", "--arch", "amd64,riscv64"], &["`riscv64` is no architecture: amd64, arm64"]);
    let url = stock.nginx.url("files/none.txt");
    says(&["--file", &url], &[&format!("file `none.txt`: `{url}`: it is not there (404)")]);
    says(&["--file", "poster:x=http://x/y"], &["`poster` is no kind of a file: chart, file, keyring, manifest"]);
    says(&["--registry", "docker.io"], &["`docker.io` is no registry: NAME=http://… or NAME=https://…"]);
    says(&[], &["nothing is wanted"]);
}

#[test]
fn an_image_that_lies_about_its_architecture_is_not_locked() {
    if !possible() {
        return;
    }
    let stock = Stock::new();
    let layout = support::stock::Images::new();
    layout.add("one", "amd64", 1_000);
    layout.join("liar", &[("one", "arm64")]);
    stock.copy(&layout, "liar", "liar", "1");
    let said = refused(&stock, &stock.path("none.lock"), &["--image", "liar:1", "--arch", "arm64"]);
    assert!(said.err.contains("image `docker.io/library/liar:1` for arm64: it is for amd64 alone"), "{}", said.err);
    let said = refused(&stock, &stock.path("none.lock"), &["--image", "liar:1", "--arch", "amd64"]);
    assert!(
        said.err.contains("there is none for this architecture") && said.err.contains("hint: there is: arm64"),
        "{}",
        said.err
    );
}

#[test]
fn what_is_named_is_added_and_anew_begins_with_nothing() {
    if !possible() {
        return;
    }
    let stock = Stock::shared();
    let dir = tempfile::tempdir().unwrap();
    let lock = dir.path().join("lab.lock");
    stock.lock_of(&lock, &["--package", "lab-docs"]).ok();
    let said = stock.lock_of(&lock, &["--package", "lab-extra", "--image", "alone:1"]).ok();
    assert!(said.starts_with("+ deb lab-extra amd64 2\n+ image docker.io/library/alone:1 amd64 sha256:"), "{said}");
    let text = fs::read_to_string(&lock).unwrap();
    assert_eq!(entries(&text, "deb"), ["lab-docs all", "lab-extra amd64"]);
    // The order in which it was said does not count, nor how.
    let other = dir.path().join("other.lock");
    stock.lock_of(&other, &["--image", "alone:1", "--package", "lab-extra,lab-docs"]).ok();
    assert_eq!(fs::read_to_string(&other).unwrap(), text);
    let said = stock.lock_of(&lock, &["--anew", "--package", "lab-tool"]).ok();
    assert!(said.contains("- deb lab-extra amd64 2\n") && said.contains("+ deb lab-tool amd64 1.0-1\n"), "{said}");
    assert_eq!(entries(&fs::read_to_string(&lock).unwrap(), "image"), Vec::<String>::new());
}

#[test]
fn a_file_has_one_address() {
    if !possible() {
        return;
    }
    let stock = Stock::shared();
    let dir = tempfile::tempdir().unwrap();
    let lock = dir.path().join("lab.lock");
    let [first, second] = ["files/noise.bin", "files/pod.yaml"].map(|path| stock.nginx.url(path));
    let [first, second] = [first, second].map(|url| format!("file:same={url}"));
    let said = refused(&stock, &lock, &["--file", &first, "--file", &second]);
    assert!(said.err.contains("file `same` is wanted from two addresses"), "{}", said.err);
    // Of another kind it is another file.
    let chart = second.replace("file:", "chart:");
    stock.lock_of(&lock, &["--file", &first, "--file", &chart]).ok();
    assert_eq!(entries(&fs::read_to_string(&lock).unwrap(), "file"), ["same", "same"]);
    stock.lock_of(&lock, &["--check"]).ok();
}
