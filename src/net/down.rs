//! `net.down`: everything gone, and how long that took.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::{Net, build::Built, topology::Kind};
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
    /// Until the host's ends of the cables had vanished.
    pub gone_ms: f64,
}

const PATIENCE: Duration = Duration::from_secs(60);

impl Net {
    /// Drops the namespaces, waits for the host's ends of cables to go with them, and forgets the topology.
    pub fn down(&mut self, lab: &mut Lab, down: Down) -> Result<DownReport> {
        if !lab.acts() {
            lab.plan("down    everything");
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
        self.wait_until_gone(lab)?;
        let report = DownReport { down_ms, gone_ms: start.elapsed().as_secs_f64() * 1e3 };
        if let Some(case) = &down.case {
            lab.sample(Sample::new("net", case, "down_ms", report.gone_ms)?)?;
        }
        self.forget();
        Ok(report)
    }

    fn forget(&mut self) {
        self.topology = Default::default();
        self.built = Built::default();
        // Numbers are not used twice: a device of the old lab may still be on its way out.
        self.indices.retain(|_, index| *index > 0);
    }

    fn wait_until_gone(&mut self, lab: &Lab) -> Result<()> {
        let host = NsName::host();
        let stays = |name: &str| {
            let here = |device: &&super::Device| device.hop.ns.is_host() && device.hop.dev.as_str() == name;
            self.topology.devices.iter().find(here).map(|device| match &device.kind {
                Kind::Veth { peer } => peer.ns.is_host(),
                _ => true,
            })
        };
        // What has no end in a dropped namespace goes only when told to.
        let connection = self.connections.get_mut(&host);
        let Some(connection) = connection else { return Ok(()) };
        let devices = connection.devices()?;
        let remaining: Vec<u32> =
            devices.values().filter(|state| stays(&state.name) == Some(true)).map(|state| state.index).collect();
        for index in remaining {
            let gone = connection.transact(&[Change::Delete(index).request()]);
            // The other end of a cable goes with the first.
            gone.or_else(|refusal| if refusal.errno == 19 { Ok(()) } else { Err(refusal.error) })
                .context(|| "remove a device of the host")?;
        }
        let deadline = Instant::now() + PATIENCE;
        while connection.devices()?.keys().any(|name| stays(name).is_some()) {
            crate::signal::check()?;
            if Instant::now() > deadline {
                return Err(Error::failed(format!(
                    "wait for the lab to vanish: still there after {} s",
                    PATIENCE.as_secs()
                ))
                .hint("a process may hold one of its namespaces"));
            }
            thread::sleep(Duration::from_millis(1));
        }
        let _ = lab;
        Ok(())
    }
}
