//! `labkit mpi start`: mpirun, on the machine or in the pod that it is to run on, for as long as whoever asked is there.

use std::{
    env, fs,
    io::{self, BufRead, Read, Write},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::{
    AGENT,
    mpirun::{is_open_mpi, unknown},
    order::Order,
    preflight,
};
use crate::{
    command, disk,
    error::{Context, Error, Result},
    machine::Machine,
    raw::die_with_parent,
    scratch::Scratch,
};

const LOOK: Duration = Duration::from_millis(10);
/// For mpirun to end its ranks, and those of other hosts.
const PATIENCE: Duration = Duration::from_secs(5);
/// Begins the names of what is kept while it runs.
pub const STEM: &str = "labkit-mpi-";

/// Takes an order from standard input, runs it, and ends it when the input ends. Gives mpirun's exit code.
pub fn start() -> Result<i32> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).context(|| "read the order")?;
    let order: Order = serde_json::from_str(&line).context(|| "read the order")?;
    if let Some(left) = disk::left(&env::temp_dir()) {
        preflight::room(&Machine::read().host, left >> 20)?;
    }
    let version = command::run(&["mpirun", "--version"])
        .map_err(|error| error.hint("apt-get install openmpi-bin; no other MPI will do"))?;
    if !is_open_mpi(&version) {
        return Err(Error::failed(format!("mpirun is not Open MPI's: {}", version.lines().next().unwrap_or_default())));
    }
    check_parameters(&order)?;
    // Not this file's own name, which it loses where another version takes its place.
    let agent = format!("{} {AGENT}", order.program.first().map_or("", String::as_str));
    let scratch = Scratch::create(&env::temp_dir(), STEM)?;
    let hostfile = scratch.path().join("hostfile");
    fs::write(&hostfile, &order.hostfile).context(|| "write the hostfile")?;
    let argv = order.argv(&hostfile.display().to_string(), &agent);
    let mut command = Command::new(&argv[0]);
    // The directory is everywhere, so that no rank begins elsewhere than the others.
    command.args(&argv[1..]).current_dir("/").stdin(Stdio::piped());
    die_with_parent(&mut command);
    let mut child = command.spawn().context(|| "run mpirun")?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(order.input.as_bytes()).context(|| "give mpirun its input")?;
    }
    attend(&mut child)
}

/// Asks Open MPI for the parameters that it has, which takes a quarter of a second: not where none was given.
fn check_parameters(order: &Order) -> Result<()> {
    if order.mca.is_empty() {
        return Ok(());
    }
    let listed = command::run(&["ompi_info", "--all", "--parsable"])?;
    let Some((name, near)) = unknown(order.mca.keys().map(String::as_str), &listed) else { return Ok(()) };
    let hint = near.map_or_else(|| "ompi_info --all lists them".to_owned(), |near| format!("did you mean `{near}`?"));
    Err(Error::usage(format!("Open MPI has no parameter `{name}`, and would not say so")).hint(hint))
}

/// Waits for its end, or makes one where nobody is there any more.
fn attend(child: &mut Child) -> Result<i32> {
    static LEFT_ALONE: AtomicBool = AtomicBool::new(false);
    thread::spawn(|| {
        // Nothing more comes; what counts is the end.
        let _ = io::copy(&mut io::stdin().lock().take(u64::MAX), &mut io::sink());
        LEFT_ALONE.store(true, Ordering::Release);
    });
    let mut patience = None;
    loop {
        if let Some(status) = child.try_wait().context(|| "wait for mpirun")? {
            use std::os::unix::process::ExitStatusExt;
            return Ok(status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(1));
        }
        if LEFT_ALONE.load(Ordering::Acquire) || crate::signal::asked_to_stop() {
            match patience {
                None => {
                    let _ = kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGTERM);
                    patience = Some(Instant::now() + PATIENCE);
                }
                Some(end) if end < Instant::now() => {
                    let _ = child.kill();
                }
                Some(_) => {}
            }
        }
        thread::sleep(LOOK);
    }
}
