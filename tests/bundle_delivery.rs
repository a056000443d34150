//! A bundle on its way to where it is needed: as one file, in parts, in a program, over the network, and found there.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use support::{
    Bench, LABKIT, Said, TempDir, installed,
    servers::{Odd, Server, succeed},
    stock::{MANIFEST, PROGRAMS, Stock, assert_same_tree, sha256, tree, verify},
};

/// The shared bundle, and a directory to deliver it to.
struct Delivery {
    stock: Arc<Stock>,
    dir: TempDir,
}

impl Delivery {
    fn new() -> Option<Delivery> {
        let possible = PROGRAMS.iter().all(|program| installed(program));
        possible.then(|| Delivery { stock: Stock::shared(), dir: tempfile::tempdir().unwrap() })
    }

    fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    fn bundle(&self) -> PathBuf {
        self.stock.path("lab.bundle")
    }

    fn digest(&self) -> String {
        sha256(&fs::read(self.bundle().join("index.json")).unwrap())
    }

    /// `labkit bundle …`, called in the directory.
    fn labkit(&self, arguments: &[&str]) -> Said {
        self.program(Path::new(LABKIT), arguments, &[])
    }

    fn program(&self, program: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Said {
        let mut command = Command::new(program);
        command.arg("bundle").args(arguments).current_dir(self.dir.path()).env("LABKIT_STATE", self.dir.path());
        command.envs(variables.iter().copied()).output().unwrap().into()
    }
}

/// Whole, and by all means the same.
#[track_caller]
fn assert_whole(place: &Path, digest: &str) {
    let said = verify(place, &[]).ok();
    assert!(said.contains(&format!("digest    sha256:{digest}\n")) && said.ends_with("✓ it is whole\n"), "{said}");
}

#[test]
fn the_same_bundle_is_packed_to_the_same_bytes() {
    let Some(delivery) = Delivery::new() else { return };
    let bundle = delivery.bundle();
    for name in ["a.tar", "b.tar"] {
        delivery.labkit(&["pack", bundle.to_str().unwrap(), "-o", name]).ok();
    }
    let packed = fs::read(delivery.path("a.tar")).unwrap();
    assert!(packed == fs::read(delivery.path("b.tar")).unwrap(), "two packs differ");
    assert_whole(&delivery.path("a.tar"), &delivery.digest());
    // Packed from what was packed, it is the same once more, and tar unpacks it to the directory.
    delivery.labkit(&["pack", "a.tar", "-q", "-o", "c.tar"]).ok();
    assert!(packed == fs::read(delivery.path("c.tar")).unwrap());
    fs::create_dir(delivery.path("unpacked")).unwrap();
    succeed(Command::new("tar").args(["-xf", "a.tar", "-C", "unpacked"]).current_dir(delivery.dir.path()));
    assert_same_tree(&bundle, &delivery.path("unpacked"));
    // What tar packs by itself is a bundle as well.
    succeed(Command::new("tar").args(["-cf", "d.tar", "-C", "unpacked", "."]).current_dir(delivery.dir.path()));
    assert_whole(&delivery.path("d.tar"), &delivery.digest());
}

#[test]
fn parts_are_the_bundle_and_a_missing_or_short_one_is_named() {
    let Some(delivery) = Delivery::new() else { return };
    let bundle = delivery.bundle();
    delivery.labkit(&["pack", bundle.to_str().unwrap(), "-o", "whole.tar"]).ok();
    // Four parts: the bundle three times, under other names of items, would be no bundle; so the parts are small.
    let said = delivery.labkit(&["pack", bundle.to_str().unwrap(), "--split", "1M", "-o", "lab.tar"]).ok();
    assert_eq!(said, "lab.tar.001\nlab.tar.002\n");
    let part = |number: usize| delivery.path(&format!("lab.tar.{number:03}"));
    let bytes: Vec<u8> = (1..=2).flat_map(|number| fs::read(part(number)).unwrap()).collect();
    assert!(bytes == fs::read(delivery.path("whole.tar")).unwrap(), "the parts are not the whole");
    assert_eq!(fs::metadata(part(1)).unwrap().len(), 1_000_000);
    assert_whole(&part(1), &delivery.digest());
    // Of several parts any may be lost: cut finer by hand.
    fs::remove_file(part(1)).unwrap();
    fs::remove_file(part(2)).unwrap();
    let pieces: Vec<&[u8]> = bytes.chunks(bytes.len() / 4 + 1).collect();
    assert_eq!(pieces.len(), 4);
    let write = || pieces.iter().enumerate().for_each(|(at, piece)| fs::write(part(at + 1), piece).unwrap());
    write();
    assert_whole(&part(1), &delivery.digest());
    let refused = |words: &str| {
        let said = verify(&part(1), &[]);
        assert!(said.code == Some(1) && said.err.contains(words), "{words}: {}{}", said.out, said.err);
        write();
    };
    for number in [2, 3] {
        fs::remove_file(part(number)).unwrap();
        refused(&format!("open `{}`: No such file", part(number).display()));
        fs::write(part(number), &pieces[number - 1][..1_000]).unwrap();
        refused(&format!("part `{}` is cut short", part(number).display()));
    }
    fs::write(part(1), &pieces[0][..1_000]).unwrap();
    refused(&format!("part `{}` is cut short", part(1).display()));
    fs::remove_file(part(4)).unwrap();
    refused(&format!("or is there a `{}` that is missing here?", part(4).display()));
    fs::write(part(4), &pieces[3][..pieces[3].len() - 1]).unwrap();
    refused(&format!("hint: is `{}` cut short", part(4).display()));
}

#[test]
fn fewer_parts_replace_more_and_a_size_is_a_size() {
    let Some(delivery) = Delivery::new() else { return };
    let bundle = delivery.bundle();
    let pack =
        |size: &str| delivery.labkit(&["pack", bundle.to_str().unwrap(), "-q", "--split", size, "-o", "lab.tar"]);
    pack("1M").ok();
    assert_eq!(pack("4G").ok(), "lab.tar.001\n");
    assert!(!delivery.path("lab.tar.002").exists());
    assert_whole(&delivery.path("lab.tar.001"), &delivery.digest());
    for bad in ["0", "1", "999K", "-1M", "4T", "M", ""] {
        let said = pack(bad);
        assert!(
            said.code == Some(2) && said.err.contains("is no size of a part: 4G, 700M, at least 1M"),
            "{bad}: {}",
            said.err
        );
    }
}

#[test]
fn a_program_carries_the_bundle_into_an_empty_directory() {
    let Some(delivery) = Delivery::new() else { return };
    let (bundle, digest) = (delivery.bundle(), delivery.digest());
    delivery.labkit(&["embed", bundle.to_str().unwrap(), "-q", "-o", "lab"]).ok();
    let carrier = delivery.path("lab");
    assert_eq!(fs::metadata(&carrier).unwrap().permissions().mode() & 0o777, 0o755);
    let own = fs::metadata(LABKIT).unwrap().len();
    let size = fs::metadata(&carrier).unwrap().len();
    // Alone, elsewhere, and without anything of the environment.
    let room = tempfile::tempdir().unwrap();
    let alone = room.path().join("labkit");
    fs::rename(&carrier, &alone).or_else(|_| fs::copy(&carrier, &alone).map(|_| ())).unwrap();
    let empty = tempfile::tempdir().unwrap();
    let call = |words: &[&str]| -> Said {
        let mut command = Command::new(&alone);
        command.arg("bundle").args(words).current_dir(empty.path()).env_clear().env("LABKIT_STATE", empty.path());
        command.output().unwrap().into()
    };
    let said = call(&["verify", "-q"]).ok();
    assert!(said.contains(&digest) && said.ends_with("✓ it is whole\n"), "{said}");
    assert!(call(&["ls"]).ok().contains("lab-tool_1.0-1_amd64.deb"));
    assert_whole(&alone, &digest);
    // Embedded anew, by itself, it is no larger; with another bundle that one takes the place.
    assert_eq!(call(&["embed", "-q", "-o", "again"]).ok(), "again\n");
    let again = empty.path().join("again");
    assert!(fs::read(&again).unwrap() == fs::read(&alone).unwrap(), "it is another");
    let (_dir, other) = delivery.stock.copy_of_bundle();
    let index = fs::read_to_string(other.join("index.json")).unwrap();
    fs::write(other.join("index.json"), format!("{index}\n")).unwrap();
    call(&["embed", other.to_str().unwrap(), "-q", "-o", "other"]).ok();
    assert_whole(&empty.path().join("other"), &sha256(format!("{index}\n").as_bytes()));
    assert!(size > own && fs::metadata(empty.path().join("other")).unwrap().len() < size + 4_096);
    // A bit of it is found by what it carries.
    let mut bytes = fs::read(&again).unwrap();
    let at = bytes.len() - 5_000;
    bytes[at] ^= 1;
    fs::write(&again, bytes).unwrap();
    assert!([Some(1), Some(4)].contains(&verify(&again, &[]).code));
}

/// nginx in the place of `labkit bundle serve`: the bundle below /bundle/.
fn serving(bundle: &Path) -> Server {
    let nowhere = Path::new("/nonexistent");
    Server::nginx(nowhere, &format!("location /bundle/ {{ alias {}/; }}", bundle.display()))
}

#[test]
fn what_is_fetched_is_the_bundle_and_fetching_again_fetches_nothing() {
    let Some(delivery) = Delivery::new() else { return };
    let server = serving(&delivery.bundle());
    let fetch = || delivery.labkit(&["fetch", &server.url(""), "-q", "-o", "here"]).ok();
    let said = fetch();
    assert!(said.starts_with("fetched   here: 36 blobs, of which 1.7 MB came now\n"), "{said}");
    assert!(said.ends_with(&format!("digest    sha256:{}\n", delivery.digest())), "{said}");
    assert_same_tree(&delivery.bundle(), &delivery.path("here"));
    let before = server.asked().len();
    assert!(fetch().starts_with("fetched   here: 36 blobs, of which 0 B came now\n"));
    // The index, and whether there is a signature.
    assert_eq!(server.asked().len(), before + 2, "{:?}", &server.asked()[before..]);
    let wrong = delivery.labkit(&["fetch", &server.url("elsewhere"), "-o", "there"]);
    assert_eq!(wrong.code, Some(1));
    assert!(
        wrong.err.contains("it is not there (404)") && wrong.err.contains("hint: is it the address"),
        "{}",
        wrong.err
    );
    assert!(!delivery.path("there").exists());
}

#[test]
fn a_fetch_that_is_cut_goes_on_where_it_ended() {
    let Some(delivery) = Delivery::new() else { return };
    let server = serving(&delivery.bundle());
    // Every answer longer than this is cut once it comes to it.
    let (odd, passed) = Odd::cutting(server.port, &[150_000; 60]);
    delivery.labkit(&["fetch", &odd.url(""), "-q", "-o", "here"]).ok();
    assert_same_tree(&delivery.bundle(), &delivery.path("here"));
    let resumed = server.asked().iter().filter(|line| line.contains(" bytes=") && line.contains(" 206 ")).count();
    assert!(resumed >= 4, "{resumed} answers went on");
    let total: usize = passed.lock().unwrap().iter().map(Vec::len).sum();
    let size: usize = tree(&delivery.bundle()).iter().map(|(_, bytes)| bytes.len()).sum();
    // Once each, and the heads.
    assert!(total < size + 60_000, "{total} bytes came for {size}");
}

#[test]
fn a_blob_that_was_changed_on_the_server_is_named_and_not_taken() {
    let Some(delivery) = Delivery::new() else { return };
    let (_dir, bundle) = delivery.stock.copy_of_bundle();
    let largest = fs::read_dir(bundle.join("blobs/sha256")).unwrap().map(|entry| entry.unwrap().path());
    let largest = largest.max_by_key(|path| path.metadata().unwrap().len()).unwrap();
    let mut bytes = fs::read(&largest).unwrap();
    bytes[1_000] ^= 1;
    fs::write(&largest, bytes).unwrap();
    let server = serving(&bundle);
    let said = delivery.labkit(&["fetch", &server.url(""), "-q", "-o", "here"]);
    assert_eq!(said.code, Some(1));
    let name = largest.file_name().unwrap().to_str().unwrap();
    assert!(said.err.contains(&format!("error: sha256:{name}: fetch `")), "{}", said.err);
    assert!(said.err.contains("it is not what was wanted: sha256 "), "{}", said.err);
    assert!(!delivery.path("here/index.json").exists());
    fs::copy(delivery.bundle().join("blobs/sha256").join(name), &largest).unwrap();
    delivery.labkit(&["fetch", &server.url(""), "-q", "-o", "here"]).ok();
    assert_same_tree(&delivery.bundle(), &delivery.path("here"));
}

#[test]
fn only_a_signed_bundle_is_fetched_where_a_key_is_given() {
    let Some(delivery) = Delivery::new() else { return };
    if !installed("minisign") {
        return;
    }
    let (_dir, bundle) = delivery.stock.copy_of_bundle();
    let server = serving(&bundle);
    for name in ["own", "other"] {
        let (public, secret) = (format!("{name}.pub"), format!("{name}.key"));
        succeed(
            Command::new("minisign").args(["-G", "-W", "-p", &public, "-s", &secret]).current_dir(delivery.dir.path()),
        );
    }
    let fetch = |key: &str, to: &str| delivery.labkit(&["fetch", &server.url(""), "-q", "-o", to, "--key", key]);
    let refused = |key: &str, words: &str| {
        let said = fetch(key, "refused");
        assert!(said.code == Some(4) && said.err.contains(words), "{words}: {:?} {}", said.code, said.err);
        assert!(!delivery.path("refused").exists());
    };
    refused("own.pub", "nobody signed this bundle");
    delivery.labkit(&["sign", bundle.to_str().unwrap(), "--key", "own.key"]).ok();
    refused("other.pub", "key");
    assert!(fetch("own.pub", "here").ok().contains(", signed\n"));
    assert_same_tree(&bundle, &delivery.path("here"));
    verify(&delivery.path("here"), &["--key", delivery.path("own.pub").to_str().unwrap()]).ok();
    let index = bundle.join("index.json");
    fs::write(&index, fs::read_to_string(&index).unwrap() + " ").unwrap();
    refused("own.pub", "signature");
}

#[test]
fn an_index_that_goes_in_circles_is_fetched_once() {
    let Some(delivery) = Delivery::new() else { return };
    let www = delivery.path("bomb");
    fs::create_dir_all(www.join("blobs/sha256")).unwrap();
    let media_type = "application/vnd.oci.image.index.v1+json";
    let index = |inner: &str| format!(r#"{{"schemaVersion":2,"mediaType":"{media_type}","manifests":[{inner}]}}"#);
    let mut text = index("");
    for _ in 0..3 {
        fs::write(www.join("blobs/sha256").join(sha256(text.as_bytes())), &text).unwrap();
        let inner = format!(
            r#"{{"mediaType":"{media_type}","digest":"sha256:{}","size":{}}}"#,
            sha256(text.as_bytes()),
            text.len()
        );
        text = index(&vec![inner; 1_000].join(","));
    }
    fs::write(www.join("index.json"), &text).unwrap();
    let server = serving(&www);
    let said = delivery.labkit(&["fetch", &server.url(""), "-q", "-o", "here"]);
    assert!(said.code == Some(0), "{}", said.err);
    assert!(server.asked().len() < 10);
}

#[test]
fn a_bundle_is_found_by_the_variable_beside_the_program_and_in_it() {
    let Some(delivery) = Delivery::new() else { return };
    let (bundle, digest) = (delivery.bundle(), delivery.digest());
    // The program alone, in a directory of its own.
    let room = tempfile::tempdir().unwrap();
    let program = room.path().join("labkit");
    succeed(Command::new("cp").arg(LABKIT).arg(&program));
    let none = delivery.program(&program, &["verify", "-q"], &[]);
    assert_eq!(none.code, Some(2));
    assert!(
        none.err.contains("there is no bundle here, beside this program, in it, in /var/lib/labkit")
            && none.err.contains("hint: name one"),
        "{}",
        none.err
    );
    let finds = |variables: &[(&str, &str)]| delivery.program(&program, &["verify", "-q"], variables);
    assert!(finds(&[("LABKIT_BUNDLE", bundle.to_str().unwrap())]).ok().contains(&digest));
    // One that is named and not there is an error, whatever else there is.
    succeed(Command::new("cp").arg("-r").arg(&bundle).arg(room.path().join("lab.bundle")));
    assert!(finds(&[]).ok().contains(&digest));
    let said = finds(&[("LABKIT_BUNDLE", "/nonexistent")]);
    assert!(
        said.code == Some(1) && said.err.contains("$LABKIT_BUNDLE: open the bundle `/nonexistent`"),
        "{}",
        said.err
    );
    assert_eq!(finds(&[("LABKIT_BUNDLE", "none")]).code, Some(2));
    // Beside it, packed.
    let packed = room.path().join("lab.bundle.tar");
    delivery.labkit(&["pack", bundle.to_str().unwrap(), "-q", "-o", packed.to_str().unwrap()]).ok();
    fs::remove_dir_all(room.path().join("lab.bundle")).unwrap();
    assert!(finds(&[]).ok().contains(&digest));
    fs::remove_file(&packed).unwrap();
    delivery.labkit(&["pack", bundle.to_str().unwrap(), "-q", "--split", "1M", "-o", packed.to_str().unwrap()]).ok();
    assert!(finds(&[]).ok().contains(&digest));
    // One that is damaged is no reason to look on.
    fs::remove_file(room.path().join("lab.bundle.tar.002")).unwrap();
    let said = finds(&[]);
    assert!(said.code == Some(1) && said.err.contains("it ends early"), "{}", said.err);
    fs::remove_file(room.path().join("lab.bundle.tar.001")).unwrap();
    // In it.
    delivery.labkit(&["embed", bundle.to_str().unwrap(), "-q", "-o", program.to_str().unwrap()]).ok();
    assert!(finds(&[]).ok().contains(&digest));
    // In the directory where one works.
    let bench = Bench::new();
    symlink_bundle(&bundle, bench.state.path());
    let said = bench.command(&["bundle", "verify", "-q"]).current_dir(bench.state.path()).output().unwrap();
    assert!(Said::from(said).ok().contains(&digest));
}

#[test]
fn a_recipe_reads_a_file_of_the_bundle_and_is_told_where_that_cannot_be() {
    let Some(delivery) = Delivery::new() else { return };
    let bench = Bench::new();
    let packed = delivery.path("lab.bundle.tar");
    delivery.labkit(&["pack", delivery.bundle().to_str().unwrap(), "-q", "-o", packed.to_str().unwrap()]).ok();
    let run = |file: &str| {
        let recipe = bench.recipe("x.lua", &format!("--- Is it there?\nprint(bundle.file \"{file}\")\n"));
        let mut command = bench.command(&["run", recipe.to_str().unwrap()]);
        Said::from(command.env("LABKIT_BUNDLE", &packed).output().unwrap())
    };
    for name in ["pod.yaml", "manifest/pod.yaml"] {
        let said = run(name);
        assert!(said.code == Some(0) && said.err.contains(MANIFEST.trim_end()), "{}", said.err);
    }
    for (name, why) in [
        ("pod.yml", "the bundle has no `pod.yml`"),
        ("noise.bin", "`noise.bin` is no UTF-8 text"),
        ("docker.io/library/x:1", "`docker.io/library/x:1` is an image, and no file"),
    ] {
        let said = run(name);
        assert!(said.code != Some(0) && said.err.contains(why), "{}", said.err);
    }
}

fn symlink_bundle(bundle: &Path, dir: &Path) {
    support::stock::link(bundle.to_str().unwrap(), &dir.join("lab.bundle"));
}
