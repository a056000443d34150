//! The counter-check: with the device under test down, the traffic must stop.

use std::time::Duration;

use super::{
    Net,
    prove::{Prove, ask_until_answered},
};
use crate::{
    error::{Context, Result},
    icmp::{self, Ask},
    lab::Lab,
    names::Hop,
    netlink::{Assign, Change, Gateway},
    results::Proof,
};

/// Packets sent while the device is down.
const MUTATION_PACKETS: u32 = 3;

impl Net {
    /// With the device under test down the traffic must stop; else something else carries it.
    pub(super) fn judge_mutation(&mut self, lab: &mut Lab, args: &Prove, proof: &mut Proof) -> Result<()> {
        let Some(target) = args.through.0.first().cloned() else { return Ok(()) };
        let index = self.index(&target);
        let sender = |lab: &Lab, how: Ask| lab.netns(&args.from)?.enter(|| icmp::ask(how));
        let brief = Ask { count: MUTATION_PACKETS, patience: Duration::from_millis(200), ..Ask::new(args.to.0) };
        self.change(lab, &target, Change::Down(index))?;
        let heard = sender(lab, brief);
        self.change(lab, &target, Change::Up(index))?;
        self.restore(lab, &target)?;
        self.wait_until_settled(lab)?;
        let heard = heard?;
        proof.mutated = Some(target.to_string());
        proof.received_while_down = Some(heard.received());
        if heard.received() > 0 {
            let (came, of) = (heard.received(), heard.sent);
            proof.why.push(format!("with {target} down, {came} of {of} packets still arrived"));
        } else if proof.received > 0 {
            proof.held.push(format!("with {target} down the traffic stops"));
            if ask_until_answered(|how| sender(lab, how), args.to.0)?.received() == 0 {
                proof.why.push(format!("with {target} up again the traffic did not come back"));
            }
        }
        Ok(())
    }

    fn change(&mut self, lab: &Lab, hop: &Hop, change: Change) -> Result<()> {
        let sent = self.connection(lab, &hop.ns)?.transact(&[change.request()]);
        sent.map_err(|refusal| refusal.error).context(|| format!("{change:?} on `{hop}`"))
    }

    /// The kernel forgets the IPv6 addresses of a device that goes down, and the routes by way of it.
    fn restore(&mut self, lab: &Lab, target: &Hop) -> Result<()> {
        let index = self.index(target);
        let six = self.topology.addresses_of(target).filter(|address| address.cidr.addr.is_ipv6());
        let addresses = six.map(|address| Assign { index, cidr: address.cidr }.restore());
        let routes = self.topology.routes.iter().filter(|route| route.ns == target.ns);
        let routes = routes.map(|route| Gateway { to: route.to, via: route.via }.restore());
        let requests: Vec<_> = addresses.chain(routes).collect();
        let sent = self.connection(lab, &target.ns)?.transact(&requests);
        sent.map_err(|refusal| refusal.error).context(|| format!("put back what `{target}` lost"))
    }
}
