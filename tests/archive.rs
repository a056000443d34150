//! A run handed in: packed, taken apart again in spite of whoever made it, and checked against its own raw texts.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::{
    collections::BTreeSet,
    fs,
    io::{Read, Write},
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use labkit::{
    archive::{MOST_BYTES, verify},
    results::{Outcome, Proof, Reading, Sample, Writer},
};
use proptest::prelude::*;
use support::{
    Bench, Said, in_own_host, installed, netns,
    runs::{self, ID, append, edit},
};
use tar::{Builder, EntryType, Header};

/// The archive of a run, as bytes.
fn packed(bench: &Bench) -> Vec<u8> {
    let output = bench.command(&["archive", ID, "-o", "-"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn verified(archive: &[u8]) -> Said {
    let bench = Bench::new();
    let mut child = bench
        .command(&["verify", "/dev/stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    // What is refused early is not read to its end.
    let _ = input.write_all(archive);
    drop(input);
    child.wait_with_output().unwrap().into()
}

/// An entry made by hand: name, kind, the size its head claims, what it holds.
struct Made<'a>(&'a str, EntryType, u64, &'a [u8]);

fn file<'a>(name: &'a str, text: &'a [u8]) -> Made<'a> {
    Made(name, EntryType::Regular, text.len() as u64, text)
}

fn by_hand(entries: &[Made]) -> Vec<u8> {
    let mut tar = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for Made(name, kind, size, text) in entries {
        let mut header = Header::new_gnu();
        let gnu = header.as_gnu_mut().unwrap();
        gnu.name[..name.len()].copy_from_slice(name.as_bytes());
        gnu.linkname[..4].copy_from_slice(b"/etc");
        header.set_entry_type(*kind);
        header.set_size(*size);
        header.set_cksum();
        tar.append(&header, *text).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

/// Path and content of each entry.
type Entries = Vec<(String, Vec<u8>)>;

/// The entries of an archive, changed and packed again.
fn repacked(archive: &[u8], change: impl Fn(&mut Entries)) -> Vec<u8> {
    let mut entries = Vec::new();
    for entry in tar::Archive::new(GzDecoder::new(archive)).entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut text = Vec::new();
        entry.read_to_end(&mut text).unwrap();
        entries.push((entry.path().unwrap().display().to_string(), text));
    }
    change(&mut entries);
    by_hand(&entries.iter().map(|(name, text)| file(name, text)).collect::<Vec<_>>())
}

#[test]
fn what_was_packed_comes_back_as_it_was() {
    let bench = Bench::new();
    let dir = runs::write(&bench, ID);
    fs::write(dir.join("raw/empty.txt"), b"").unwrap();
    let all_bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    fs::write(dir.join("raw/bytes.bin"), &all_bytes).unwrap();
    let long = format!("raw/{}.txt", "ö".repeat(120));
    fs::write(dir.join(&long), "a name longer than the head of an entry\n").unwrap();
    let out = tempfile::tempdir().unwrap();
    let said = bench.command(&["archive", "latest"]).current_dir(out.path()).output().unwrap();
    assert_eq!(Said::from(said).ok(), format!("{ID}.tar.gz\n"));
    let archive = out.path().join(format!("{ID}.tar.gz"));
    let said = bench.labkit(&["verify", archive.to_str().unwrap()]).ok();
    assert!(said.contains("✓ nothing contradicts"), "{said}");
    // tar and sha256sum are the second opinion.
    let unpacked = Command::new("tar").arg("-xzf").arg(&archive).current_dir(out.path()).status().unwrap();
    assert!(unpacked.success());
    let copy = out.path().join(ID);
    for name in
        ["run.json", "samples.jsonl", "proofs.jsonl", "raw/empty.txt", "raw/bytes.bin", "raw/ping-veth.txt", &long]
    {
        assert_eq!(fs::read(copy.join(name)).unwrap(), fs::read(dir.join(name)).unwrap(), "{name}");
    }
    assert!(!copy.join("lock").exists());
    let manifest = fs::read_to_string(copy.join("MANIFEST")).unwrap();
    assert!(manifest.starts_with(&format!("# labkit {}, run {ID}\n", env!("CARGO_PKG_VERSION"))), "{manifest}");
    let sums: String = manifest
        .lines()
        .skip(1)
        .map(|line| line.splitn(3, "  ").collect::<Vec<_>>())
        .map(|words| format!("{}  {}\n", words[0], words[2]))
        .collect();
    fs::write(copy.join("SUMS"), sums).unwrap();
    let summed =
        Command::new("sha256sum").args(["--strict", "--quiet", "-c", "SUMS"]).current_dir(&copy).status().unwrap();
    assert!(summed.success());
    fs::remove_file(copy.join("SUMS")).unwrap();
    let said = bench.labkit(&["verify", copy.to_str().unwrap()]).ok();
    assert!(said.contains("held against MANIFEST"), "{said}");
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let bench = Bench::new();
    let dir = runs::write(&bench, ID);
    let first = packed(&bench);
    // What belongs to this copy and this moment does not show.
    for name in ["lock", "collected.json", "MANIFEST", ".run.json.77.part", "raw/.x.1.part"] {
        fs::write(dir.join(name), "x").unwrap();
    }
    let samples = fs::File::options().append(true).open(dir.join("samples.jsonl")).unwrap();
    samples.set_modified(std::time::UNIX_EPOCH).unwrap();
    fs::set_permissions(dir.join("run.json"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::remove_file(dir.join("MANIFEST")).unwrap();
    assert!(packed(&bench) == first);
    let mut archive = tar::Archive::new(GzDecoder::new(&first[..]));
    let mut names: Vec<String> = archive
        .entries()
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let header = entry.header();
            assert_eq!(
                (header.mtime().unwrap(), header.uid().unwrap(), header.gid().unwrap(), header.mode().unwrap()),
                (0, 0, 0, 0o644)
            );
            entry.path().unwrap().display().to_string()
        })
        .collect();
    names.retain(|name| !name.ends_with("readings.jsonl"));
    let expected =
        ["MANIFEST", "proofs.jsonl", "raw/iperf3-veth.json", "raw/ping-veth.txt", "run.json", "samples.jsonl"];
    assert_eq!(names, expected.map(|name| format!("{ID}/{name}")));
}

#[test]
fn a_run_in_progress_is_not_packed() {
    let bench = Bench::new();
    let _writer = Writer::create(bench.state.path(), &runs::run(ID)).unwrap();
    for command in [&["archive", ID, "-o", "-"][..], &["verify", ID]] {
        let said = bench.labkit(command);
        assert!(
            said.code == Some(1) && said.out.is_empty() && said.err.contains("is still in progress"),
            "{}",
            said.err
        );
    }
}

#[test]
fn an_archive_lands_only_where_it_may() {
    let bench = Bench::new();
    let dir = runs::write(&bench, ID);
    let refused = |to: &Path| {
        let said = bench.labkit(&["archive", ID, "-o", to.to_str().unwrap()]);
        assert_eq!(said.code, Some(2), "{}", said.err);
        said.err
    };
    assert!(refused(Path::new("/dev/null")).contains("is there and no plain file"));
    assert!(refused(bench.state.path()).contains("is there and no plain file"));
    assert!(refused(&dir.join("x.tar.gz")).contains("would lie in the run that it holds"));
    symlink("/nowhere", dir.join("raw/link")).unwrap();
    let kept = bench.state.path().join("kept.tar.gz");
    fs::write(&kept, "from before").unwrap();
    let said = bench.labkit(&["archive", ID, "-o", kept.to_str().unwrap()]);
    assert!(said.code == Some(1) && said.err.contains("`raw/link` is no file"), "{}", said.err);
    assert_eq!(fs::read_to_string(&kept).unwrap(), "from before");
    fs::remove_file(dir.join("raw/link")).unwrap();
    bench.labkit(&["archive", ID, "-o", kept.to_str().unwrap()]).ok();
    assert_eq!(fs::read(&kept).unwrap(), packed(&bench));
    assert_eq!(bench.labkit(&["archive"]).code, Some(2));
}

#[test]
fn a_terminal_gets_no_archive() {
    if !installed("script") {
        return;
    }
    let bench = Bench::new();
    runs::write(&bench, ID);
    let command = format!("{} archive {ID} -o -", support::LABKIT);
    let mut script = Command::new("script");
    script.args(["-qec", &command, "/dev/null"]).env("LABKIT_STATE", bench.state.path()).stdin(Stdio::null());
    let said = Said::from(script.output().unwrap());
    assert!(said.code == Some(2) && said.out.contains("an archive is nothing for a terminal"), "{}", said.out);
}

#[test]
fn every_sample_with_a_raw_text_is_derived_again() {
    let bench = Bench::new();
    runs::write(&bench, ID);
    let said = bench.labkit(&["verify", ID, "--json"]).ok();
    let json: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(json["holds"], true);
    let verified = &json["verified"];
    let samples = verified["samples"].as_u64().unwrap();
    assert!(samples > 12 && verified["rederived"] == samples - 1 && verified["raw_texts"] == 2, "{verified}");
    assert_eq!((&verified["without_raw"]["build_ms"], &verified["hashed"]), (&1.into(), &false.into()));
    let text = verified_text(&bench);
    assert!(text.contains("1 have no raw text: build_ms"), "{text}");
}

fn verified_text(bench: &Bench) -> String {
    let said = verified(&packed(bench));
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    said.out
}

/// What verify finds in the archive of a run after `change`, packed with hashes that fit.
fn found(change: impl FnOnce(&Path)) -> String {
    let bench = Bench::new();
    let dir = runs::write(&bench, ID);
    change(&dir);
    let said = verified(&packed(&bench));
    assert_eq!(said.code, Some(4), "{}{}", said.out, said.err);
    assert!(said.err.contains("contradicts itself in"), "{}", said.err);
    said.out
}

/// Number and text of the first line of samples.jsonl with all of these in it.
fn line_with(dir: &Path, marks: &[&str]) -> (usize, String) {
    let text = fs::read_to_string(dir.join("samples.jsonl")).unwrap();
    let found = text.lines().zip(1..).find(|(line, _)| marks.iter().all(|mark| line.contains(mark)));
    found.map(|(line, number)| (number, line.to_owned())).unwrap()
}

#[test]
fn a_changed_value_is_found_although_its_hash_fits() {
    let mut number = 0;
    let told = found(|dir| {
        let (line, text) = line_with(dir, &["throughput_gbit_s", r#""second":"2""#]);
        number = line;
        let mut sample: Sample = serde_json::from_str(&text).unwrap();
        sample.value = 99.5;
        edit(dir.join("samples.jsonl"), |all| all.replace(&text, &serde_json::to_string(&sample).unwrap()));
    });
    let expected = format!(
        "✗ samples.jsonl line {number}: throughput_gbit_s of veth, round 1, second 2 is 99.5, raw/iperf3-veth.json says "
    );
    assert!(told.contains(&expected) && told.matches('✗').count() == 1, "{told}");
}

#[test]
fn a_change_of_the_last_bit_is_found() {
    let told = found(|dir| {
        let (_, text) = line_with(dir, &["ping_median_ms"]);
        let mut sample: Sample = serde_json::from_str(&text).unwrap();
        sample.value = f64::from_bits(sample.value.to_bits() + 1);
        edit(dir.join("samples.jsonl"), |all| all.replace(&text, &serde_json::to_string(&sample).unwrap()));
    });
    assert!(told.contains("ping_median_ms of veth, round 1 is "), "{told}");
}

#[test]
fn a_sample_that_was_left_out_or_moved_to_another_case_is_found() {
    let told = found(|dir| {
        let (_, text) = line_with(dir, &["ping_max_ms"]);
        edit(dir.join("samples.jsonl"), |all| all.replace(&format!("{text}\n"), ""));
    });
    assert!(told.contains("✗ raw/ping-veth.txt: ping_max_ms of veth, round 1 is "), "{told}");
    let told = found(|dir| {
        let (_, text) = line_with(dir, &["ping_max_ms"]);
        let moved = text.replace(r#""case":"veth""#, r#""case":"vxlan""#);
        edit(dir.join("samples.jsonl"), |all| all.replace(&text, &moved));
    });
    assert!(told.contains("ping_max_ms of vxlan, round 1 is ") && told.contains("has no such figure"), "{told}");
}

#[test]
fn a_whole_text_that_no_sample_speaks_of_is_found_in_a_run_that_is_over() {
    let leave_out = |dir: &Path| {
        edit(dir.join("samples.jsonl"), |all| {
            all.lines().filter(|line| !line.contains("ping-veth")).map(|line| format!("{line}\n")).collect()
        });
    };
    let told = found(leave_out);
    assert!(told.contains("✗ raw/ping-veth.txt: ping_avg_ms is "), "{told}");
    // Nobody chose what a run that was broken off came to write.
    let bench = Bench::new();
    let dir = runs::write(&bench, ID);
    let lines = |dir: &Path| fs::read_to_string(dir.join("samples.jsonl")).unwrap().lines().count();
    let all = lines(&dir);
    leave_out(&dir);
    let lacking = all - lines(&dir);
    let run = labkit::results::Run { outcome: Outcome::Interrupted, ..runs::run(ID) };
    fs::write(dir.join("run.json"), serde_json::to_vec(&run).unwrap()).unwrap();
    // It is no contradiction; that it may be somebody's choice is for the reader to see.
    let told = verified_text(&bench);
    let words = format!("! the run is interrupted: {lacking} figures of its raw texts were not recorded\n");
    assert!(told.contains(&words), "{words}{told}");
}

#[test]
fn a_setting_that_was_written_over_is_found_though_every_sample_fits() {
    let bench = Bench::new();
    let capture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures/hpcc-ok.txt");
    bench.labkit(&["import", capture.to_str().unwrap(), "--case", "x"]).ok();
    let dir = fs::read_dir(bench.state.path().join("runs")).unwrap().next().unwrap().unwrap().path();
    rewrite(dir.join("readings.jsonl"), |line| {
        let mut reading: serde_json::Value = serde_json::from_str(line).unwrap();
        reading["facts"]["HPL_NB"] = "1".into();
        reading.to_string()
    });
    let said = bench.labkit(&["verify", dir.to_str().unwrap()]);
    assert_eq!((said.code, said.out.matches('✗').count()), (Some(4), 1), "{}", said.out);
    assert!(said.out.contains("raw/hpcc-ok.txt is said to be HPL_NB 1, and is HPL_NB "), "{}", said.out);
}

#[test]
fn a_sample_that_counts_against_its_proof_is_found() {
    let refute = |dir: &Path| {
        let refuted = Proof { case: "veth".into(), why: vec!["no packet".into()], ..Proof::default() };
        fs::write(dir.join("proofs.jsonl"), serde_json::to_string(&refuted).unwrap() + "\n").unwrap();
    };
    let told = found(refute);
    assert!(told.contains("counts as valid, and is not: the proof of its case failed"), "{told}");
    // Marked invalid for that reason they are what they should be.
    let bench = Bench::new();
    let dir = runs::write(&bench, ID);
    refute(&dir);
    edit(dir.join("samples.jsonl"), |all| all.replace(r#""valid":true"#, r#""valid":false,"why":"no packet""#));
    verified_text(&bench);
}

#[test]
fn readings_say_where_a_text_belongs_and_what_limits_it() {
    let write = |bench: &Bench, keep: &dyn Fn(Sample) -> Sample| {
        let mut writer = Writer::create(bench.state.path(), &runs::run(ID)).unwrap();
        let mut reading = runs::reading(&writer, "iperf3-veth.json", "cluster", 3);
        reading.samples().unwrap().into_iter().for_each(|sample| writer.sample(&keep(sample)).unwrap());
        reading.provenance.insert("link_gbit_s".into(), "1".into());
        let dir = runs::end(writer);
        append(dir.join("readings.jsonl"), &serde_json::to_string(&reading).unwrap());
    };
    let bench = Bench::new();
    write(&bench, &|sample| sample);
    let said = verified(&packed(&bench));
    assert!(said.code == Some(4) && said.out.contains("are more than the link's 1 Gbit/s"), "{}{}", said.out, said.err);
    let bench = Bench::new();
    write(&bench, &|sample| match sample.labels.is_empty() && sample.metric == "throughput_gbit_s" {
        true => sample.invalidate("more than the link"),
        false => sample,
    });
    verified_text(&bench);
}

#[test]
fn a_text_that_was_changed_or_leads_elsewhere_is_found() {
    let told = found(|dir| edit(dir.join("raw/ping-veth.txt"), |_| "nothing that ping wrote\n".into()));
    assert!(told.contains("✗ raw/ping-veth.txt: no tool is known that wrote this"), "{told}");
    let told = found(|dir| {
        edit(dir.join("samples.jsonl"), |all| all.replace("ping-veth.txt", "../../../../../../etc/passwd"));
    });
    assert!(told.contains("leads out of the run with `..`") && !told.contains("root:"), "{told}");
    let told = found(|dir| append(dir.join("samples.jsonl"), "{\"bench\": 7}"));
    assert!(told.contains("✗ samples.jsonl line "), "{told}");
}

/// Changes a file of a run line by line.
fn rewrite(path: PathBuf, change: impl Fn(&str) -> String) {
    let text = fs::read_to_string(&path).unwrap();
    fs::write(path, text.lines().map(|line| change(line) + "\n").collect::<String>()).unwrap();
}

#[test]
fn a_result_that_does_not_please_cannot_be_put_aside_or_put_in() {
    let told = found(|dir| {
        rewrite(dir.join("samples.jsonl"), |line| match line.contains("throughput_gbit_s") {
            true => line.replace("\"valid\":true", "\"valid\":false,\"why\":\"warm-up\""),
            false => line.to_owned(),
        });
    });
    assert!(told.contains("is marked invalid (warm-up), and nothing else says so"), "{told}");
    let told = found(|dir| {
        let added = Sample::new("hpcc", "veth", "hpl_gflops", 99.0).unwrap();
        append(dir.join("samples.jsonl"), &serde_json::to_string(&added).unwrap());
    });
    assert!(told.contains("hpl_gflops of veth counts as valid, and names no raw text"), "{told}");
    let told = found(|dir| {
        fs::remove_dir_all(dir.join("raw")).unwrap();
        rewrite(dir.join("samples.jsonl"), |line| {
            let mut sample: serde_json::Value = serde_json::from_str(line).unwrap();
            sample.as_object_mut().unwrap().remove("raw");
            sample.to_string()
        });
    });
    assert!(told.contains("throughput_gbit_s of veth, round 1 counts as valid, and names no raw text"), "{told}");
}

#[test]
fn a_mismatch_cannot_be_made_valid_again() {
    let bench = Bench::new();
    let capture =
        |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(name).display().to_string();
    let said = bench.labkit(&["import", &capture("hpcc-none.txt"), &capture("hpccinf.txt"), "--case", "x"]);
    assert_eq!(said.code, Some(4));
    let dir = fs::read_dir(bench.state.path().join("runs")).unwrap().next().unwrap().unwrap().path();
    let honest = bench.labkit(&["verify", dir.to_str().unwrap()]);
    assert_eq!(honest.code, Some(0), "{}{}", honest.out, honest.err);
    rewrite(dir.join("readings.jsonl"), |line| line.replace("\"verdict\":\"mismatch\"", "\"verdict\":\"valid\""));
    rewrite(dir.join("samples.jsonl"), |line| {
        let mut sample: serde_json::Value = serde_json::from_str(line).unwrap();
        sample["valid"] = true.into();
        sample.as_object_mut().unwrap().remove("why");
        sample.to_string()
    });
    let forged = bench.labkit(&["verify", dir.to_str().unwrap()]);
    assert_eq!(forged.code, Some(4), "{}", forged.out);
    assert!(forged.out.contains("raw/hpcc-none.txt is said to be valid, and is mismatch"), "{}", forged.out);
    assert!(forged.out.contains("counts as valid, and is not: mismatch"), "{}", forged.out);
}

#[test]
fn what_is_not_as_listed_is_found() {
    let bench = Bench::new();
    runs::write(&bench, ID);
    let archive = packed(&bench);
    let told = |change: &dyn Fn(&mut Entries)| {
        let said = verified(&repacked(&archive, change));
        assert_eq!(said.code, Some(4), "{}{}", said.out, said.err);
        said.out + &said.err
    };
    let flip = |entries: &mut Entries| entries[3].1[40] ^= 1;
    assert!(told(&flip).contains("✗ MANIFEST: `raw/ping-veth.txt` is not what was packed"));
    assert!(told(&|entries| drop(entries.remove(2))).contains("`raw/iperf3-veth.json` is listed and missing"));
    assert!(
        told(&|entries| entries.retain(|(name, _)| !name.ends_with("run.json"))).contains("there is no `run.json`")
    );
    let add = |entries: &mut Entries| entries.push((format!("{ID}/more"), b"x".to_vec()));
    assert!(told(&add).contains("`more` is there and not listed"));
    let order = |entries: &mut Entries| entries.reverse();
    assert_eq!(verified(&repacked(&archive, order)).code, Some(0), "packed anew in another order");
}

fn inflated(archive: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(archive).read_to_end(&mut text).map(|_| text)
}

#[test]
fn no_damaged_or_shortened_archive_passes() {
    let bench = Bench::new();
    runs::write(&bench, ID);
    let archive = packed(&bench);
    for end in (0..archive.len()).step_by(61).chain([archive.len() - 1]) {
        let error = verify::archive(&archive[..end]).unwrap_err().to_string();
        assert!(error.contains("the archive is damaged: it ends early"), "{end} of {}: {error}", archive.len());
    }
    // Ten bytes of gzip's head say nothing of what is in it.
    for at in (10..archive.len()).step_by(37) {
        let mut damaged = archive.clone();
        damaged[at] ^= 0x10;
        // A bit of a code that no byte of the text uses changes nothing.
        let same = inflated(&damaged).is_ok_and(|text| text == inflated(&archive).unwrap());
        assert!(same || verify::archive(&damaged[..]).is_err(), "byte {at}");
    }
    let followed = [&archive[..], b"more"].concat();
    assert_eq!(verify::archive(&followed[..]).unwrap_err().to_string(), "something follows the end of the archive");
    let twice = archive.repeat(2);
    assert_eq!(verify::archive(&twice[..]).unwrap_err().to_string(), "something follows the end of the archive");
}

/// Every path below a directory.
fn below(dir: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        found.insert(entry.path());
        if entry.path().is_dir() {
            found.extend(below(&entry.path()));
        }
    }
    found
}

#[test]
fn an_archive_that_would_do_harm_is_refused_by_the_name_of_the_entry() {
    use EntryType::{Block, Char, Directory, Fifo, GNUSparse, Link, Regular, Symlink, XHeader};
    let good = || file("r/a", b"x");
    let cases: [(&str, Vec<Made>); 20] = [
        ("entry `r/../../x`: `r/../../x` leads out of the run with `..`", vec![file("r/../../x", b"x")]),
        ("entry `../x`: `../x` leads out of the run with `..`", vec![file("../x", b"x")]),
        ("entry `/tmp/x`: `/tmp/x` is an absolute path", vec![file("/tmp/x", b"x")]),
        ("entry `r//x`: `r//x` is no plain path", vec![file("r//x", b"x")]),
        ("entry `r/\\nx`: `r/\\nx` has control characters", vec![file("r/\nx", b"x")]),
        ("entry `r/l`: it is a symbolic link", vec![Made("r/l", Symlink, 0, b""), file("r/l/x", b"x")]),
        ("entry `r/l`: it is a hard link", vec![Made("r/l", Link, 0, b"")]),
        ("entry `r/d`: it is a device", vec![Made("r/d", Char, 0, b"")]),
        ("entry `r/d`: it is a device", vec![Made("r/d", Block, 0, b"")]),
        ("entry `r/p`: it is a named pipe", vec![Made("r/p", Fifo, 0, b"")]),
        ("entry `r/s`: it is a file with holes", vec![Made("r/s", GNUSparse, 0, b"")]),
        ("entry `r/x`: it is an extension that others write", vec![Made("r/x", XHeader, 9, b"9 path=x\n")]),
        ("entry `r/a`: it comes twice", vec![good(), file("r/a", b"y")]),
        ("entry `r/a/b`: File exists", vec![good(), file("r/a/b", b"y")]),
        ("entry `s/a`: it is outside of `r`", vec![good(), file("s/a", b"y")]),
        ("entry `r`: it is in no directory", vec![file("r", b"x")]),
        ("entry `r/lock`: it belongs to no archive", vec![file("r/lock", b"")]),
        ("unpacks to more than 2147483648: no run does", vec![Made("r/a", Regular, MOST_BYTES + 1, b"x")]),
        ("there is no `r/MANIFEST` in the archive", vec![Made("r/", Directory, 0, b""), good()]),
        ("the archive is empty", vec![]),
    ];
    for (why, entries) in cases {
        let room = tempfile::tempdir().unwrap();
        let (temp, archive) = (room.path().join("a/b/temp"), room.path().join("x.tar.gz"));
        fs::create_dir_all(&temp).unwrap();
        fs::write(&archive, by_hand(&entries)).unwrap();
        let before = below(room.path());
        let mut command = Bench::new().command(&["verify".as_ref(), archive.as_os_str()]);
        let said = Said::from(command.env("TMPDIR", &temp).output().unwrap());
        assert!(said.code == Some(1) && said.err.contains(why), "{why}: {}", said.err);
        assert_eq!(below(room.path()), before, "{why}: something was left");
    }
}

#[test]
fn a_few_bytes_that_unpack_to_more_than_any_run_are_refused() {
    // A long name is read into memory, so it may not be long; files may not be many.
    let name = by_hand(&[Made("././@LongLink", EntryType::GNULongName, 1 << 20, b"")]);
    let error = verify::archive(&name[..]).unwrap_err().to_string();
    assert_eq!(error, "read a long name: it has 1048576 bytes, at most 4096 can be");
    let names: Vec<String> = (0..10_001).map(|number| format!("r/{number}")).collect();
    let many = by_hand(&names.iter().map(|name| file(name, b"")).collect::<Vec<_>>());
    let error = verify::archive(&many[..]).unwrap_err().to_string();
    assert_eq!(error, "entry `r/10000`: the archive has more than 10000 files: no run has");
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    let list = by_hand(&[Made("r/MANIFEST", EntryType::Regular, 17 << 20, b"")]);
    gzip.write_all(&list).unwrap();
    assert!(verify::archive(&list[..]).unwrap_err().to_string().contains("at most 16777216 can be"));
    assert!(verify::archive(&gzip.finish().unwrap()[..]).is_err(), "packed twice");
}

#[test]
fn a_full_disk_is_told_and_leaves_no_half_archive() {
    if !netns() {
        return;
    }
    let bench = Bench::new();
    let dir = runs::write(&bench, ID);
    // Nothing that gzip could make smaller.
    let mut seed = 1u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (seed >> 56) as u8
    })
    .take(300_000)
    .collect();
    fs::write(dir.join("raw/noise.bin"), noise).unwrap();
    let archive = bench.state.path().join("whole.tar.gz");
    bench.labkit(&["archive", ID, "-o", archive.to_str().unwrap()]).ok();
    let script = format!(
        "mkdir /run/small; mount -t tmpfs -o size=96k tmpfs /run/small; echo before > /run/small/x.tar.gz
         $LABKIT archive {ID} -o /run/small/x.tar.gz && exit 9
         TMPDIR=/run/small $LABKIT verify {} && exit 8
         ls -A /run/small; cat /run/small/x.tar.gz",
        archive.display()
    );
    let said = in_own_host(&bench, &script);
    assert_eq!((said.code, said.out.as_str()), (Some(0), "x.tar.gz\nbefore\n"), "{}", said.err);
    assert_eq!(said.err.matches("No space left on device").count(), 2, "{}", said.err);
    assert!(said.err.contains("write it to another disk: -o FILE"), "{}", said.err);
    assert!(said.err.contains("set TMPDIR to a directory on another disk"), "{}", said.err);
}

#[test]
fn two_texts_of_the_same_words_are_told_apart_by_their_rounds() {
    let bench = Bench::new();
    let mut writer = Writer::create(bench.state.path(), &runs::run(ID)).unwrap();
    let readings: Vec<Reading> = (1..=2).map(|round| runs::reading(&writer, "ping-veth.txt", "veth", round)).collect();
    for sample in readings.iter().rev().flat_map(|reading| reading.samples().unwrap()) {
        writer.sample(&sample).unwrap();
    }
    runs::end(writer);
    let text = verified_text(&bench);
    assert!(text.contains("from 2 raw texts"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_bytes_make_verify_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000), at in 0usize..4000) {
        let mut tar = GzEncoder::new(Vec::new(), Compression::fast());
        tar.write_all(&bytes).unwrap();
        let _ = verify::archive(&tar.finish().unwrap()[..]);
        let mut made = by_hand(&[file("r/MANIFEST", b"# labkit 1, run r\n"), file("r/a", &bytes)]);
        let at = at % made.len();
        made[at] ^= 1;
        prop_assert!(verify::archive(&made[..]).is_err());
    }
}
