//! Runs made by hand: genuine output of tools, read by labkit's own readers.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use labkit::{
    bench::readers,
    results::{Outcome, Proof, Reading, Run, Sample, Writer},
};

use super::Bench;

pub const ID: &str = "20261122-140000-ex1-abcd";

pub fn run(id: &str) -> Run {
    Run {
        id: id.into(),
        labkit: "0.1.0".into(),
        recipe: "ex1".into(),
        question: "What does each way cost?".into(),
        recipe_sha256: "00".into(),
        params: Default::default(),
        machine: Default::default(),
        start: "2026-11-22T14:00:00Z".into(),
        end: Some("2026-11-22T14:01:00Z".into()),
        outcome: Outcome::Done,
        why: None,
        baseline: None,
        control: None,
        cases: vec!["veth".into()],
        seed: 1,
        sections: vec![],
        bundle: None,
        imported: false,
    }
}

pub fn capture(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(name)).unwrap()
}

/// A capture as it is read in a place; its file stands under `raw/`.
pub fn reading(writer: &Writer, name: &str, case: &str, round: u32) -> Reading {
    let text = capture(name);
    let (stem, ending) = name.rsplit_once('.').unwrap();
    let raw = writer.raw(stem, ending, &text).unwrap();
    Reading { case: case.into(), round: Some(round), raw: Some(raw), ..readers::read_one(&text).unwrap() }
}

/// One round of ping and iperf3, and a sample that labkit's own clock gave.
pub fn write(bench: &Bench, id: &str) -> PathBuf {
    let mut writer = Writer::create(bench.state.path(), &run(id)).unwrap();
    writer.proof(&Proof { case: "veth".into(), valid: true, ..Proof::default() }).unwrap();
    writer.sample(&Sample::new("net", "veth", "build_ms", 12.5).unwrap()).unwrap();
    for name in ["iperf3-veth.json", "ping-veth.txt"] {
        let reading = reading(&writer, name, "veth", 1);
        reading.samples().unwrap().iter().for_each(|sample| writer.sample(sample).unwrap());
    }
    end(writer)
}

/// Ends a run; gives its directory. The lock itself goes: a child that another test starts at this moment would hold it.
pub fn end(writer: Writer) -> PathBuf {
    let dir = writer.dir().to_owned();
    drop(writer);
    fs::remove_file(dir.join("lock")).unwrap();
    dir
}

/// Writes a file of a run anew.
pub fn edit(file: PathBuf, change: impl FnOnce(String) -> String) {
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, change(text)).unwrap();
}

/// Adds a line to a file of a run.
pub fn append(file: PathBuf, line: &str) {
    let mut file = OpenOptions::new().create(true).append(true).open(file).unwrap();
    writeln!(file, "{line}").unwrap();
}
