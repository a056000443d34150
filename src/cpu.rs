//! CPU time used, user and system together.

use nix::sys::resource::{UsageWho, getrusage};

use crate::error::{Context, Result};

fn seconds(who: UsageWho) -> Result<f64> {
    let usage = getrusage(who).context(|| "read the CPU time used")?;
    let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}

/// Of this process and all its threads.
pub fn process_seconds() -> Result<f64> {
    seconds(UsageWho::RUSAGE_SELF)
}

/// Of the calling thread.
pub fn thread_seconds() -> Result<f64> {
    seconds(UsageWho::RUSAGE_THREAD)
}
