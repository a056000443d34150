//! Ctrl-C and SIGTERM ask the run to stop; asked a second time, the process ends at once.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    flag,
};

use crate::error::{Error, Kind, Result};

static STOP: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Starts listening. Needs no thread, so a user namespace can still be entered afterwards.
pub fn listen() -> Result<()> {
    let stop = STOP.get_or_init(Default::default);
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        flag::register_conditional_shutdown(signal, Kind::Interrupted as i32, Arc::clone(stop))?;
        flag::register(signal, Arc::clone(stop))?;
    }
    Ok(())
}

/// Ends the process with the first of them, also where it is the first of a container, which a signal that it does not
/// listen to leaves alone.
pub fn end_at_once() -> Result<()> {
    listen()?;
    STOP.get_or_init(Default::default).store(true, Ordering::Relaxed);
    Ok(())
}

pub fn asked_to_stop() -> bool {
    STOP.get().is_some_and(|stop| stop.load(Ordering::Relaxed))
}

/// An error once the user asked to stop. Every loop that may take long calls it.
pub fn check() -> Result<()> {
    match asked_to_stop() {
        true => Err(Error::interrupted()),
        false => Ok(()),
    }
}
