//! iperf3 as a second opinion.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::{
    error::{Error, Result},
    exec::Program,
    lab::{Case, Lab},
    listeners,
};

/// The lab's namespaces are its own: no other server is there.
const PORT: u16 = 5201;
const START: Duration = Duration::from_secs(10);

/// Runs a one-shot server and a client; gives what the client printed.
pub fn run(lab: &Lab, case: &Case, seconds: u32) -> Result<Vec<u8>> {
    let (port, to, seconds_text) = (PORT.to_string(), case.to.to_string(), seconds.to_string());
    let server = ["iperf3", "-s", "-1", "-p", &port, "-B", &to];
    let client = ["iperf3", "-c", &to, "-p", &port, "-t", &seconds_text, "-J", "--connect-timeout", "5000"];
    let limit = Duration::from_secs(u64::from(seconds) + 20);
    let (stop, never) = (AtomicBool::new(false), AtomicBool::new(false));
    let (from_ns, to_ns) = (lab.netns(&case.from)?, lab.netns(&case.to_ns)?);
    let output = thread::scope(|scope| {
        let served = scope.spawn(|| to_ns.enter(|| Program { argv: &server, limit }.run(&stop)));
        let asked = to_ns
            .enter(|| wait_until_listening(|| served.is_finished()))
            .and_then(|()| from_ns.enter(|| Program { argv: &client, limit }.run(&never)));
        // A server whose client failed would wait for ever.
        if asked.as_ref().map_or(true, |output| !output.status.success()) {
            stop.store(true, Ordering::Release);
        }
        let served = served.join().map_err(|_| Error::failed("a thread panicked"))?;
        match (asked, served) {
            (Ok(output), _) => Ok(output),
            // Why the server did not come up is nearer the cause than that nobody listened.
            (Err(_), Err(error)) => Err(error),
            (Err(error), Ok(output)) => output.require_success(&server).and(Err(error)),
        }
    })?;
    // In JSON mode 3.12 exits 0 even on errors, and newer ones print JSON and exit 1: the text decides.
    if output.stdout.is_empty() {
        output.require_success(&client)?;
    }
    Ok(output.stdout)
}

/// Looks at the listening sockets of the calling thread's namespace until the port is among them.
fn wait_until_listening(ended: impl Fn() -> bool) -> Result<()> {
    let deadline = Instant::now() + START;
    loop {
        match () {
            () if listeners::read().contains_key(&PORT) => return Ok(()),
            () if ended() => return Err(Error::failed("the iperf3 server ended before it listened")),
            () if Instant::now() > deadline => return Err(Error::failed("the iperf3 server does not listen")),
            () => {}
        }
        crate::signal::check()?;
        thread::sleep(Duration::from_millis(2));
    }
}
