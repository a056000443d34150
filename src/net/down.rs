//! `net.down`: everything gone, and how long that took.

use std::time::Instant;

use nix::errno::Errno;
use serde::{Deserialize, Serialize};

use super::{Net, built::Built};
use crate::{
    error::{Context, Error, Result},
    lab::{Lab, Place},
    names::NsName,
    netlink::Change,
    results::Sample,
};

/// Take the whole lab down now instead of at the end of the run.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Down {
    /// Case under which the time is kept; none keeps none.
    pub case: Option<String>,
}

/// What `net.down` gives.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DownReport {
    /// Until the call could go on: the namespaces are let go of.
    pub down_ms: f64,
    /// Until every device of the lab had vanished from its host.
    pub gone_ms: f64,
}

/// Of all devices on the lab's own host, so that one message removes them (`ip link del group`).
pub(super) const GROUP: u32 = 1;

impl Net {
    /// Drops the namespaces, removes what is on the host, and forgets the topology.
    pub fn down(&mut self, lab: &mut Lab, down: Down) -> Result<DownReport> {
        if !lab.acts() {
            lab.plan("down    everything");
            lab.cases.clear();
            self.forget();
            return Ok(DownReport::default());
        }
        if lab.place != Place::Anonymous {
            return Err(Error::usage("a lab on the host is taken down by `labkit down`"));
        }
        let start = Instant::now();
        self.connections.retain(|name, _| name.is_host());
        lab.drop_namespaces();
        let down_ms = start.elapsed().as_secs_f64() * 1e3;
        self.remove_from_host()?;
        let report = DownReport { down_ms, gone_ms: start.elapsed().as_secs_f64() * 1e3 };
        if let Some(case) = &down.case {
            lab.sample(Sample::new("net", case, "down_ms", report.gone_ms)?)?;
        }
        // What was proved is gone.
        lab.cases.clear();
        self.forget();
        Ok(report)
    }

    fn forget(&mut self) {
        self.topology = Default::default();
        self.built = Built::default();
        // The numbers stay, so that none is used twice: a device of the old lab may still be on its way out.
        self.is_used = true;
    }

    /// Removes what the lab has on its host, in one message that returns when all of it is gone.
    ///
    /// Cables would also go with the namespaces of their other ends, but one after another and in the kernel's own
    /// time; a bridge told to go before its ports drops them one by one.
    fn remove_from_host(&mut self) -> Result<()> {
        let Some(connection) = self.connections.get_mut(&NsName::host()) else { return Ok(()) };
        match connection.transact(&[Change::DeleteGroup(GROUP).request()]) {
            // Nothing was on the host, or all of it went with the namespaces.
            Err(refusal) if refusal.errno == Errno::ENODEV as i32 => Ok(()),
            other => other.map_err(|refusal| refusal.error).context(|| "remove the lab's devices on its host"),
        }
    }
}
