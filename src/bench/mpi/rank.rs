//! `labkit mpi hpcc`: a rank. Rank 0 takes its input from standard input, and gives its output as it grows.

use std::{
    env,
    fs::{self, File},
    io::{self, ErrorKind, Read, Write},
    os::unix::process::{CommandExt, ExitStatusExt},
    path::Path,
    process::{ChildStdin, Command, ExitStatus, Stdio},
    thread,
    time::Duration,
};

use nix::sys::signal::{Signal, raise};

use super::{COMMAND, SWEEP, facts::vector_bits, library::Library, start::STEM, witness::Witness};
use crate::{
    error::{Context, Error, Result},
    raw::die_with_parent,
    scratch::Scratch,
    signal,
};

const HPCC: &str = "hpcc";
const INPUT: &str = "hpccinf.txt";
const OUTPUT: &str = "hpccoutf.txt";
const LOOK: Duration = Duration::from_millis(50);
/// More than any input is.
const LONGEST: u64 = 1 << 20;
/// Ends an output that is whole.
const END: &str = "End of HPC Challenge tests.";

/// Gives the exit code where it returns at all.
pub fn run() -> Result<i32> {
    let rank = ["OMPI_COMM_WORLD_RANK", "PMIX_RANK"].iter().find_map(|name| env::var(name).ok());
    let Some(rank) = rank else {
        return Err(Error::usage("this is no rank of an MPI job").hint("`labkit run base` begins it by mpirun"));
    };
    let status = if rank == "0" { first(&rank)? } else { attend(&rank, hpcc(Path::new("/")), || Ok(()))? };
    // mpirun tells a rank that was killed from one that failed.
    if let Some(signal) = status.signal().and_then(|signal| Signal::try_from(signal).ok()) {
        let _ = raise(signal);
    }
    Ok(status.code().unwrap_or(1))
}

fn hpcc(dir: &Path) -> Command {
    let mut command = Command::new(HPCC);
    command.current_dir(dir).stdin(Stdio::null()).stdout(io::stderr());
    if let Some(library) = Library::find(vector_bits(&fs::read_to_string("/proc/cpuinfo").unwrap_or_default())) {
        library.apply(&mut command);
    }
    command
}

/// hpcc reads and writes where it is begun, and appends: it gets a directory of its own.
fn first(rank: &str) -> Result<ExitStatus> {
    let scratch = Scratch::create(&env::temp_dir(), STEM)?;
    let _sweeper = sweeper(scratch.path())?;
    let mut input = String::new();
    io::stdin().lock().take(LONGEST).read_to_string(&mut input).context(|| "read the input")?;
    fs::write(scratch.path().join(INPUT), input).context(|| format!("write `{INPUT}`"))?;
    let output = scratch.path().join(OUTPUT);
    let mut given = 0;
    let status = attend(rank, hpcc(scratch.path()), || {
        given += give(&output, given)?;
        Ok(())
    })?;
    if !fs::read_to_string(&output).is_ok_and(|text| text.contains(END)) {
        Witness::of(rank).tell_room(scratch.path());
    }
    Ok(status)
}

/// Runs it to its end; `each` is done now and then, and once after that.
fn attend(rank: &str, mut command: Command, mut each: impl FnMut() -> Result<()>) -> Result<ExitStatus> {
    let witness = Witness::of(rank);
    die_with_parent(&mut command);
    let mut child = command.spawn().context(|| format!("run `{HPCC}`"))?;
    // Where memory is full, nothing else is to die for it, nor who tells of it.
    let _ = fs::write(format!("/proc/{}/oom_score_adj", child.id()), "1000");
    let mut is_ended = false;
    loop {
        let status = child.try_wait().context(|| format!("wait for `{HPCC}`"))?;
        each()?;
        match status {
            Some(status) => {
                if !is_ended {
                    witness.tell_end(status);
                }
                return Ok(status);
            }
            None if signal::asked_to_stop() => {
                is_ended = true;
                let _ = child.kill();
            }
            None => thread::sleep(LOOK),
        }
    }
}

/// A process that removes the directory once this one is gone: mpirun kills ranks as it ends.
fn sweeper(dir: &Path) -> Result<ChildStdin> {
    let program = env::current_exe().context(|| "find labkit itself")?;
    let mut command = Command::new(program);
    command.args([COMMAND, SWEEP]).arg(dir).process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn()?.stdin.take().ok_or_else(|| Error::failed("it has no standard input"))
}

/// `labkit mpi sweep DIR`: waits until whoever began it is gone.
pub fn sweep(dir: &Path) -> Result<()> {
    let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// What the file has beyond what was given; how much that is.
fn give(path: &Path, given: u64) -> Result<u64> {
    let Ok(mut file) = File::open(path) else { return Ok(0) };
    io::Seek::seek(&mut file, io::SeekFrom::Start(given))?;
    let mut out = io::stdout().lock();
    let more = io::copy(&mut file, &mut out).and_then(|more| out.flush().map(|()| more));
    more.context(|| "give the output")
}
