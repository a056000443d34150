//! The `ping` of iputils as a second opinion.

use std::{sync::atomic::AtomicBool, time::Duration};

use super::ping::Ping;
use crate::{
    error::Result,
    exec::Program,
    lab::{Case, Lab},
};

/// Runs ping over the case; gives what it printed.
pub fn run(ping: &Ping, lab: &Lab, case: &Case) -> Result<Vec<u8>> {
    let (count, interval) = (ping.count.to_string(), format!("{}", ping.interval_ms / 1e3));
    let (size, to) = (ping.size.to_string(), case.to.to_string());
    let argv = ["ping", "-n", "-c", &count, "-i", &interval, "-s", &size, "-W", "1", &to];
    let limit = Duration::from_secs_f64(10.0 + 2.0 * f64::from(ping.count) * ping.interval_ms.max(1.0) / 1e3);
    let output = lab.netns(&case.from)?.enter(|| Program { argv: &argv, limit }.run(&AtomicBool::new(false)))?;
    // Status 1 means that packets were lost: a result, not a failure.
    if output.status.code() != Some(1) {
        output.require_success(&argv)?;
    }
    Ok(output.stdout)
}
