//! What cannot be built, and a build that is broken off: nothing is left of either.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{BUILD, build, can_build, said, support::LABKIT};

#[test]
fn what_cannot_be_built_is_told_before_anything_is_made() {
    if !can_build() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("labkit");
    fs::write(&script, "#!/bin/sh\n").unwrap();
    let mut other = fs::read(LABKIT).unwrap();
    other[18] = 183;
    let arm = dir.path().join("arm");
    fs::write(&arm, other).unwrap();
    let (script, arm) = (script.to_str().unwrap(), arm.to_str().unwrap());
    let cases: [(&[&str], &str); 8] = [
        (&["--labkit", "/nowhere/labkit"], "there is no /nowhere/labkit"),
        (&["--labkit", script], "labkit is no program of 64 bits for Linux"),
        (&["--labkit", arm], "arm is for arm64, and the image for amd64"),
        (&["--labkit", LABKIT, "--machine-bundle", "/nowhere/lab.bundle.tar"], "there is no /nowhere/lab.bundle.tar"),
        (&["--labkit", LABKIT, "--size", "1"], "--size 1: a disk of 1 GB has no room for 1500 MB"),
        (&["--labkit", LABKIT, "--bundle", "/nowhere/lab.bundle"], "there is no /nowhere/lab.bundle"),
        (&["--arch", "riscv64"], "invalid choice: 'riscv64'"),
        (&["--release", "sid"], "invalid choice: 'sid'"),
    ];
    for (arguments, expected) in cases {
        let out = dir.path().join("out");
        let refused = said(build(arguments).arg("-o").arg(&out));
        assert_ne!(refused.code, Some(0));
        assert!(refused.err.contains(expected), "{expected}: {}", refused.err);
        assert!(!out.exists(), "{expected}: something was made");
    }
}

#[test]
fn a_disk_that_is_too_small_is_told_with_its_numbers() {
    if !can_build() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    // A file system of its own, for as long as the build is there.
    let small = "mount -t tmpfs -o size=100m none \"$1\" && shift && exec \"$@\"";
    let mut little = Command::new("unshare");
    little.args(["--mount", "--", "sh", "-c", small, "sh"]).arg(dir.path()).args([BUILD, "--labkit", LABKIT]);
    let refused = said(little.arg("-o").arg(dir.path().join("out")));
    assert_ne!(refused.code, Some(0));
    assert!(refused.err.contains("out has 104 MB free, and 1000 MB are wanted"), "{}", refused.err);
    assert!(refused.err.contains("hint: make room there, or name another place: TMPDIR, -o DIR"), "{}", refused.err);
}

/// Processes whose root or directory is below a place.
fn processes_in(place: &Path) -> Vec<String> {
    let below =
        |process: &Path, name: &str| fs::read_link(process.join(name)).is_ok_and(|path| path.starts_with(place));
    let all = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    let there = all.filter(|process| below(process, "root") || below(process, "cwd"));
    there.map(|process| fs::read_to_string(process.join("comm")).unwrap_or_default()).collect()
}

#[test]
fn ctrl_c_in_the_midst_of_it_leaves_nothing() {
    if !can_build() {
        return;
    }
    let dir = tempfile::tempdir_in("/var/tmp").unwrap();
    let mut begun = build(&["--labkit", LABKIT, "-o"]);
    begun.arg(dir.path().join("out")).env("TMPDIR", dir.path()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut begun = begun.spawn().unwrap();
    let tree = || {
        fs::read_dir(dir.path()).unwrap().flatten().find_map(|made| {
            let usr = made.path().join("tree/usr/bin/dpkg");
            usr.exists().then_some(usr)
        })
    };
    let deadline = Instant::now() + Duration::from_secs(600);
    // Programs of the tree run by then, in namespaces with its mounts.
    while tree().is_none() {
        assert!(Instant::now() < deadline, "no tree is ever made");
        assert!(begun.try_wait().unwrap().is_none(), "it ended before it was broken off");
        thread::sleep(Duration::from_millis(100));
    }
    kill(Pid::from_raw(begun.id().cast_signed()), Signal::SIGINT).unwrap();
    assert_eq!(begun.wait().unwrap().code(), Some(130));
    assert_eq!(processes_in(dir.path()), Vec::<String>::new());
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["out"], "the output's directory alone, with nothing in it");
    assert_eq!(fs::read_dir(dir.path().join("out")).unwrap().count(), 0);
}
