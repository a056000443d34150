//! What other tools printed, read into figures with units, or a reason why not. Pure: text in, readings out.

mod beside;
mod hpcc;
mod hpl;
mod iozone;
mod iperf3;
mod iperf3_text;
mod lines;
mod open_mpi;
mod own;
mod ping;
mod sysbench;

pub use beside::Beside;
pub use hpcc::{Request, SUMMARY as HPCC_SUMMARY};
pub use own::{OwnPing, OwnTcp};

use std::io::{BufRead, Read};

use crate::{
    error::{Context, Error, Result},
    results::Reading,
};

/// Kinds of text that are recognised by what stands in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// hpccoutf.txt, with any number of runs in it.
    Hpcc,
    /// hpccinf.txt or HPL.dat: what was asked for, not what came of it.
    HpccInput,
    /// HPL.out, or what xhpl printed.
    Hpl,
    Iozone,
    Iperf3Json,
    Iperf3Text,
    /// What mpirun and its ranks wrote to standard error.
    OpenMpi,
    /// labkit's own echo and stream.
    OwnPing,
    OwnTcp,
    /// iputils or busybox.
    Ping,
    Sysbench,
}

/// Text that tells one tool from another; the first that is found decides.
const MARKS: &[(&str, Tool)] = &[
    ("DARPA/DOE HPC Challenge Benchmark", Tool::Hpcc),
    ("HPLinpack benchmark input file", Tool::HpccInput),
    ("\"labkit\":\"ping\"", Tool::OwnPing),
    ("\"labkit\":\"tcp\"", Tool::OwnTcp),
    ("HPLinpack", Tool::Hpl),
    ("HPL WARNING from process", Tool::OpenMpi),
    ("HPL ERROR from process", Tool::OpenMpi),
    ("Iozone: Performance Test", Tool::Iozone),
    ("sysbench ", Tool::Sysbench),
    ("\"intervals\"", Tool::Iperf3Json),
    ("Connecting to host ", Tool::Iperf3Text),
    ("iperf3: ", Tool::Iperf3Text),
    ("iperf Done.", Tool::Iperf3Text),
    ("PING ", Tool::Ping),
    ("ping: ", Tool::Ping),
];

/// As much of a text as decides what it is.
const HEAD: usize = 64 * 1024;
/// The largest text of a tool that prints one result; hpcc's may be of any size.
const MOST: u64 = 256 * 1024 * 1024;
/// Parsed it takes sixteen times as much; iperf3 writes 3 MB in an hour.
const MOST_JSON: u64 = 16 * 1024 * 1024;

impl Tool {
    /// The tool that wrote a text, by its beginning.
    pub fn recognise(head: &[u8]) -> Option<Tool> {
        let head = &head[..head.len().min(HEAD)];
        let text = String::from_utf8_lossy(head);
        let marked = MARKS.iter().find(|(mark, _)| text.contains(mark)).map(|(_, tool)| *tool);
        marked.or_else(|| open_mpi::recognise(&text).then_some(Tool::OpenMpi))
    }
}

/// Reads everything in `text`, handing over each run of the tool as soon as it is whole; gives the tool.
///
/// A text that stops early or is damaged is no error: its reading says so. An error is what no tool wrote, and what
/// cannot be read at all.
pub fn read(mut text: impl BufRead, each: &mut dyn FnMut(Reading) -> Result<()>) -> Result<Tool> {
    let mut head = Vec::new();
    text.by_ref().take(HEAD as u64).read_to_end(&mut head).context(|| "read")?;
    let tool = Tool::recognise(&head).ok_or_else(|| unknown(&head))?;
    let whole = head.chain(text);
    if tool == Tool::Hpcc {
        return hpcc::read(whole, each).map(|()| tool);
    }
    let most = if tool == Tool::Iperf3Json { MOST_JSON } else { MOST };
    let text = lines::text(whole, most)?;
    let reading = match tool {
        Tool::Hpcc | Tool::HpccInput => return Ok(tool),
        Tool::Hpl => hpl::read(&text),
        Tool::Iozone => iozone::read(&text),
        Tool::Iperf3Json => iperf3::read(&text),
        Tool::Iperf3Text => iperf3_text::read(&text),
        Tool::OpenMpi => open_mpi::read(&text),
        Tool::OwnPing => own::read_ping(&text),
        Tool::OwnTcp => own::read_tcp(&text),
        Tool::Ping => ping::read(&text),
        Tool::Sysbench => sysbench::read(&text),
    };
    each(reading).map(|()| tool)
}

/// Reads a text that holds one run.
pub fn read_one(text: &[u8]) -> Result<Reading> {
    let mut found = Vec::new();
    read(text, &mut |reading| {
        found.push(reading);
        Ok(())
    })?;
    found.pop().ok_or_else(|| Error::failed("no run of a tool is in it"))
}

fn unknown(head: &[u8]) -> Error {
    let what = match head {
        [] => "it is empty".to_owned(),
        head if head.contains(&0) => "it is not text".to_owned(),
        head => {
            let first = String::from_utf8_lossy(head);
            let first: String = first.trim_start().chars().take_while(|c| *c != '\n').take(60).collect();
            format!("it begins with `{}`", first.escape_debug())
        }
    };
    Error::usage(format!("no tool is known that wrote this: {what}"))
        .hint("known are hpcc, HPL, iperf3, ping, sysbench, iozone and what mpirun writes to standard error")
}
