//! `labkit bundle build`: the same lock gives the same bytes, whatever was there before and however it was cut short.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use support::{
    Bench, Said, in_own_host, installed, netns,
    servers::{Odd, Server, head, stall},
    stock::{PROGRAMS, Stock, assert_same_tree, build, built, deb, lock_of_files, noise, sha256, tree, verify},
};

fn possible() -> bool {
    PROGRAMS.iter().all(|program| installed(program))
}

#[test]
fn a_second_build_fetches_nothing_and_changes_nothing() {
    if !possible() {
        return;
    }
    let stock = Stock::shared();
    let (_dir, bundle) = stock.copy_of_bundle();
    let before = tree(&bundle);
    let said = verify(&bundle, &["--lock", stock.path("lab.lock").to_str().unwrap()]).ok();
    assert!(said.contains("items     12\n") && said.ends_with("✓ it is whole\n"), "{said}");
    let result = built(&stock.path("lab.lock"), &bundle, &[]);
    assert_eq!((&result["fetched"], &result["mended"]), (&0.into(), &0.into()));
    assert_eq!(tree(&bundle), before);
}

#[test]
fn a_lock_of_one_other_entry_fetches_that_alone() {
    if !possible() {
        return;
    }
    let stock = Stock::shared();
    let (dir, bundle) = stock.copy_of_bundle();
    let other = noise(99, 12_345);
    let server = Server::nginx(dir.path(), "");
    fs::write(dir.path().join("other.bin"), &other).unwrap();
    let text = stock.lock_text();
    let old = text.split("\n[[file]]\n").skip(1).find(|block| block.contains("noise.bin")).unwrap();
    let sha256 = |bytes: &[u8]| format!("sha256 = \"{}\"", sha256(bytes));
    let new = old
        .replace(&sha256(&noise(7, 300_000)), &sha256(&other))
        .replace("size = 300000", "size = 12345")
        .replace(&stock.nginx.url("files/noise.bin"), &server.url("other.bin"));
    let lock = dir.path().join("lab.lock");
    fs::write(&lock, text.replace(old, &new)).unwrap();
    let result = built(&lock, &bundle, &[]);
    assert_eq!(result["fetched"], 12_345);
    assert_eq!(server.asked(), ["GET /other.bin - 200 12345"]);
    assert!(verify(&bundle, &["--lock", lock.to_str().unwrap()]).ok().ends_with("✓ it is whole\n"));
    assert!(
        !bundle.join("blobs/sha256").join(support::stock::sha256(&noise(7, 300_000))).exists(),
        "the old one stays"
    );
}

#[test]
fn the_same_lock_gives_the_same_tree_wherever_it_is_built_and_whatever_it_is_built_from() {
    if !possible() {
        return;
    }
    let stock = Stock::shared();
    let dir = tempfile::tempdir().unwrap();
    let (lock, first) = (stock.path("lab.lock"), stock.path("lab.bundle"));
    let bytes = built(&lock, &dir.path().join("here/lab.bundle"), &["--parallel", "1"])["bytes"].clone();
    assert_same_tree(&first, &dir.path().join("here/lab.bundle"));
    let from = |place: PathBuf, name: &str, variables: &[(&str, &str)]| {
        let bundle = dir.path().join(name);
        let words = ["bundle", "build", lock.to_str().unwrap(), "-o", bundle.to_str().unwrap(), "--from"];
        let mut command = Bench::new().command(&words);
        Said::from(command.arg(place).envs(variables.iter().copied()).output().unwrap()).ok();
        assert_same_tree(&first, &bundle);
    };
    from(first.clone(), "from-bundle", &[]);
    from(stock.path("www"), "from-files", &[]);
    from(tempfile::tempdir().unwrap().path().to_owned(), "from-nothing", &[]);
    // Nobody is asked where another bundle has all.
    let gone = dir.path().join("gone.lock");
    let dead = |text: String, port: u16| text.replace(&format!("127.0.0.1:{port}/"), "127.0.0.1:1/");
    let text = dead(stock.lock_text().replace(&format!("{}\"", stock.registry.port), "1\""), stock.nginx.port);
    fs::write(&gone, text).unwrap();
    let from = ["--from", first.to_str().unwrap()];
    assert_eq!(
        built(&gone, &dir.path().join("offline"), &from)["bytes"].as_u64().map(|_| ()),
        bytes.as_u64().map(|_| ())
    );
}

#[test]
fn what_was_damaged_is_mended() {
    if !possible() {
        return;
    }
    let stock = Stock::shared();
    let (_dir, bundle) = stock.copy_of_bundle();
    let blob = bundle.join("blobs/sha256").join(sha256(&noise(7, 300_000)));
    let mut bytes = fs::read(&blob).unwrap();
    bytes[77] ^= 1;
    fs::write(&blob, bytes).unwrap();
    let result = built(&stock.path("lab.lock"), &bundle, &[]);
    assert_eq!((&result["mended"], &result["fetched"]), (&1.into(), &300_000.into()));
    assert_same_tree(&stock.path("lab.bundle"), &bundle);
}

#[test]
fn a_deb_that_is_another_package_than_the_lock_says_is_refused() {
    if !possible() {
        return;
    }
    let stock = Stock::shared();
    let dir = tempfile::tempdir().unwrap();
    let lock = dir.path().join("lab.lock");
    for (from, to, words) in [
        ("name = \"lab-tool\"", "name = \"lab-tole\"", "its Package is `lab-tool`, and `lab-tole` is expected"),
        ("version = \"1.0-1\"", "version = \"1.0-2\"", "its Version is `1.0-1`, and `1.0-2` is expected"),
        ("architecture = \"all\"", "architecture = \"amd64\"", "its Architecture is `all`, and `amd64` is expected"),
    ] {
        fs::write(&lock, stock.lock_text().replace(from, to)).unwrap();
        let said = build(&lock, &dir.path().join("lab.bundle"), &[]);
        assert_eq!(said.code, Some(1));
        assert!(said.err.contains(words), "{words}: {}", said.err);
        // What an earlier build found out about the same bytes is no way around it.
        let (_dir, bundle) = stock.copy_of_bundle();
        let said = build(&lock, &bundle, &[]);
        assert!(said.err.contains(words), "{words}: {}{}", said.out, said.err);
    }
}

#[test]
fn a_deb_whose_control_unpacks_to_gigabytes_is_refused() {
    if !possible() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let server = Server::nginx(dir.path(), "");
    let path = deb(dir.path(), "bomb", "1", "amd64", "", 10);
    // The same package with a control archive of two gigabytes of zeros.
    let script = "mkdir x && cd x && ar x ../bomb_1_amd64.deb && { printf 'Package: bomb\\nVersion: 1\\nArchitecture: amd64\\n' >control; \
                  truncate -s 2G big; tar --owner=0 --group=0 -cf - ./control ./big | gzip -1 >control.tar.gz; } && \
                  rm big && ar r ../bomb_1_amd64.deb control.tar.gz";
    let made = std::process::Command::new("sh").args(["-ec", script]).current_dir(dir.path()).output().unwrap();
    Said::from(made).ok();
    let (bytes, lock) = (fs::read(&path).unwrap(), dir.path().join("lab.lock"));
    let text = format!(
        "version = 1\n[wanted]\narchitectures = [\"amd64\"]\n[[deb]]\nname = \"bomb\"\narchitecture = \"amd64\"\nversion = \"1\"\n\
         sha256 = \"{}\"\nsize = {}\nsource = \"{}\"\nwanted_by = []\n",
        sha256(&bytes),
        bytes.len(),
        server.url("bomb_1_amd64.deb")
    );
    fs::write(&lock, text).unwrap();
    let said = build(&lock, &dir.path().join("lab.bundle"), &[]);
    assert_eq!(said.code, Some(1));
    assert!(
        said.err.contains("package bomb 1: read the control paragraph of `")
            && said.err.contains("bytes are packed with it: no package has so many"),
        "{}",
        said.err
    );
    assert!(!dir.path().join("lab.bundle/index.json").exists());
}

/// A build on its own, which can be ended.
fn begin(lock: &Path, bundle: &Path) -> Child {
    let words = ["bundle", "build", lock.to_str().unwrap(), "-o", bundle.to_str().unwrap()];
    Bench::new().command(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn a_build_that_is_killed_fifty_times_ends_in_the_same_bundle() {
    if !possible() {
        return;
    }
    let stock = Stock::shared();
    let dir = tempfile::tempdir().unwrap();
    let (lock, bundle) = (dir.path().join("lab.lock"), dir.path().join("lab.bundle"));
    // Slow enough for a kill to land in the middle of a file.
    let slow = Server::nginx(&stock.path("www"), "limit_rate 400k;");
    let port = |server: &Server| format!("127.0.0.1:{}/", server.port);
    fs::write(&lock, stock.lock_text().replace(&port(&stock.nginx), &port(&slow))).unwrap();
    let mut seed = 1u64;
    let (mut killed, mut whole) = (0, 0);
    while killed < 50 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut child = begin(&lock, &bundle);
        // Where it is by then differs from machine to machine, which is what is wanted.
        thread::sleep(Duration::from_millis((seed >> 33) % 200));
        match child.try_wait().unwrap() {
            Some(status) => {
                assert!(status.success(), "{}", Said::from(child.wait_with_output().unwrap()).err);
                verify(&bundle, &[]).ok();
                whole += 1;
                // Once more from the beginning, with all kinds of things in the way.
                fs::remove_dir_all(&bundle).unwrap();
            }
            None => {
                child.kill().unwrap();
                child.wait().unwrap();
                killed += 1;
            }
        }
        if bundle.join("index.json").exists() {
            // An index is there only with all that it names.
            let said = verify(&bundle, &[]);
            let only_begun = said
                .out
                .lines()
                .filter(|line| line.starts_with('✗'))
                .all(|line| line.contains("a build was cut short"));
            assert!(only_begun, "{}", said.out);
        }
    }
    build(&lock, &bundle, &[]).ok();
    let told = verify(&bundle, &[]).ok();
    assert!(told.ends_with("✓ it is whole\n"), "{told}");
    let twin = dir.path().join("twin");
    build(&lock, &twin, &["--from", stock.path("lab.bundle").to_str().unwrap()]).ok();
    assert_same_tree(&twin, &bundle);
    assert!(
        slow.asked().iter().any(|line| line.contains(" bytes=")),
        "no kill landed in a file ({whole} builds came to an end)"
    );
}

/// Sends Ctrl-C to a program once a server has been asked; its exit, and how long that took.
fn interrupted(mut child: Child, asked: &mpsc::Receiver<()>) -> (Said, Duration) {
    asked.recv_timeout(Duration::from_secs(30)).unwrap();
    let begun = Instant::now();
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
    while child.try_wait().unwrap().is_none() && begun.elapsed() < Duration::from_secs(25) {
        thread::sleep(Duration::from_millis(5));
    }
    let took = begun.elapsed();
    let _ = child.kill();
    (child.wait_with_output().unwrap().into(), took)
}

/// A server that says nothing, or nothing more after the first bytes.
fn silent(is_mute: bool) -> (Odd, mpsc::Receiver<()>) {
    let (tell, told) = mpsc::channel();
    let tell = std::sync::Mutex::new(tell);
    let odd = Odd::serve(move |_, stream| {
        if !is_mute {
            let _ = std::io::Write::write_all(stream, head("200 OK", 1_000_000, "").as_bytes());
            let _ = std::io::Write::write_all(stream, &noise(1, 1_000));
        }
        let _ = tell.lock().unwrap().send(());
        stall(stream);
    });
    (odd, told)
}

#[test]
fn ctrl_c_is_heard_while_a_server_says_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (lock, bundle) = (dir.path().join("lab.lock"), dir.path().join("lab.bundle"));
    let start =
        |words: &[&str]| Bench::new().command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    for is_mute in [true, false] {
        let (odd, asked) = silent(is_mute);
        let url = odd.url("file.bin");
        lock_of_files(&lock, &[("file.bin", url.clone(), &noise(1, 1_000_000))]);
        let image = format!(
            "version = 1\n[wanted]\narchitectures = [\"amd64\"]\n[[image]]\nname = \"docker.io/library/x:1\"\narchitecture = \"amd64\"\n\
             digest = \"sha256:{0}\"\nindex = \"sha256:{0}\"\nsize = 1\nsource = \"{1}\"\nwanted_by = []\n",
            sha256(b""),
            odd.url("").trim_end_matches('/')
        );
        let images = dir.path().join("images.lock");
        fs::write(&images, image).unwrap();
        let out = dir.path().join("out.lock");
        let (out, here) = (out.to_str().unwrap(), odd.url(""));
        let other = dir.path().join("other");
        let calls: [Child; 4] = [
            begin(&lock, &bundle),
            begin(&images, &dir.path().join("images")),
            start(&["bundle", "lock", "-o", out, "--file", &url]),
            start(&["bundle", "fetch", &here, "-o", other.to_str().unwrap()]),
        ];
        // Each has asked once before the first is asked to stop.
        let mut calls = Vec::from(calls);
        (1..calls.len()).for_each(|_| asked.recv_timeout(Duration::from_secs(30)).unwrap());
        let last = calls.pop().unwrap();
        let mut all = vec![interrupted(last, &asked)];
        let (tell, told) = mpsc::channel();
        calls.iter().for_each(|_| tell.send(()).unwrap());
        all.extend(calls.into_iter().map(|child| interrupted(child, &told)));
        for (said, took) in all {
            assert_eq!(said.code, Some(130), "{}", said.err);
            // The patience with the server is 30 seconds.
            assert!(took < Duration::from_secs(15), "{took:?}");
            assert!(said.err.ends_with("interrupted\n"), "{}", said.err);
        }
    }
}

#[test]
fn two_builds_at_once_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let (lock, bundle) = (dir.path().join("lab.lock"), dir.path().join("lab.bundle"));
    let (odd, asked) = silent(false);
    lock_of_files(&lock, &[("file.bin", odd.url("file.bin"), &noise(1, 1_000_000))]);
    let first = begin(&lock, &bundle);
    asked.recv_timeout(Duration::from_secs(30)).unwrap();
    let second = build(&lock, &bundle, &[]);
    assert_eq!(second.code, Some(1));
    let words = format!("error: build in `{}`: another `labkit bundle` is at work in it\n", bundle.display());
    assert_eq!(second.err, words);
    let (tell, told) = mpsc::channel();
    tell.send(()).unwrap();
    assert_eq!(interrupted(first, &told).0.code, Some(130));
}

#[test]
fn a_full_disk_names_the_remedy_and_a_later_build_goes_on() {
    if !possible() || !netns() {
        return;
    }
    // Its own network: the files come from another bundle.
    let stock = Stock::shared();
    let bench = Bench::new();
    let script = format!(
        "mkdir /run/small; mount -t tmpfs -o size=700k tmpfs /run/small
         $LABKIT bundle build {lock} -o /run/small/b --from {from} && exit 9
         test ! -e /run/small/b/index.json
         $LABKIT bundle pack {from} -q -o /run/small/packed.tar && exit 8
         $LABKIT bundle pack {from} -q --split 1M -o /run/small/parts.tar && exit 7
         $LABKIT bundle embed {from} -q -o /run/small/lab && exit 6
         ls -A /run/small
         mount -t tmpfs -o remount,size=20m tmpfs /run/small
         $LABKIT bundle build {lock} -q -o /run/small/b --from {from}
         $LABKIT bundle verify -q /run/small/b | tail -n 1
         diff -r /run/small/b {from}",
        lock = stock.path("lab.lock").display(),
        from = stock.path("lab.bundle").display()
    );
    let said = in_own_host(&bench, &script);
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    assert!(said.out.starts_with("b\nbuilt "), "{}", said.out);
    assert!(said.out.ends_with("✓ it is whole\n"), "{}", said.out);
    let errors =
        said.err.lines().filter(|line| line.starts_with("error: ") && line.contains("No space left on device"));
    assert_eq!(errors.count(), 4, "{}", said.err);
    let hint = "hint: free some space and run the same command again: what is there already is kept";
    assert_eq!(said.err.matches(hint).count(), 1, "{}", said.err);
    assert_eq!(
        said.err.matches("hint: free some space, or write it to another disk: -o FILE").count(),
        3,
        "{}",
        said.err
    );
}
