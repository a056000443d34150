//! The path's MTU: the largest packet that passes in one piece.

use std::{collections::BTreeSet, time::Duration};

use super::{Net, path::Path, prove::Prove, topology::Kind};
use crate::{
    error::Result,
    icmp::{Ask, Heard},
    names::Hop,
    results::Proof,
};

/// Bytes of IPv4 and ICMP headers before the payload of an echo.
const ECHO_HEADERS: usize = 28;

impl Net {
    /// An echo of exactly the path's MTU passes unfragmented; one byte more does not.
    pub(super) fn judge_mtu(
        &self,
        args: &Prove,
        path: Option<&Path>,
        proof: &mut Proof,
        ask: impl Fn(Ask) -> Result<Heard>,
    ) -> Result<()> {
        let Some(path) = path else { return Ok(()) };
        let under = self.underlays(path);
        let overlay = path.devices.iter().filter(|hop| !under.contains(hop));
        let Some(mtu) = overlay.map(|hop| self.topology.mtu(hop)).min() else { return Ok(()) };
        let whole = |size: usize| Ask {
            size: size - ECHO_HEADERS,
            whole: true,
            count: 2,
            patience: Duration::from_millis(500),
            ..Ask::new(args.to.0)
        };
        if ask(whole(mtu as usize))?.received() == 0 {
            proof.why.push(format!("a packet of the path's mtu, {mtu} bytes, does not pass unfragmented"));
        } else if mtu < 65535 && ask(whole(mtu as usize + 1))?.received() > 0 {
            proof.why.push(format!("a packet of {} bytes passes, more than the path's mtu {mtu}", mtu + 1));
        } else {
            proof.mtu = Some(mtu);
            proof.held.push(format!("{mtu} bytes pass unfragmented and {} do not", mtu + 1));
        }
        Ok(())
    }

    /// Devices of the path that carry a tunnel, and so larger frames than the tunnel's own.
    fn underlays<'a>(&self, path: &'a Path) -> BTreeSet<&'a Hop> {
        let mut inside: Option<Hop> = None;
        let mut under = BTreeSet::new();
        for hop in &path.devices {
            match &inside {
                Some(end) if hop == end => inside = None,
                Some(_) => {
                    under.insert(hop);
                }
                None => {
                    let device = self.topology.device(hop).filter(|device| matches!(device.kind, Kind::Vxlan(_)));
                    inside = device.and_then(|device| self.topology.partner(device)).map(|far| far.hop.clone());
                }
            }
        }
        under
    }
}
