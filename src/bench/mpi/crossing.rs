//! Whether what ranks sent each other crossed a device of this machine: figures of a network that carried nothing are none.

use serde::Deserialize;

use crate::{
    error::{Error, Result},
    names::IfName,
    netlink::Connection,
};

/// A device, and whether packets are to cross it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Through {
    pub device: IfName,
    /// False for a way that must not be taken.
    #[serde(default = "yes")]
    pub crosses: bool,
}

fn yes() -> bool {
    true
}

/// What a device had carried, both ways.
pub struct Carried(u64);

impl Through {
    pub fn look(&self) -> Result<Carried> {
        let name = self.device.as_str();
        let device = Connection::open()?.devices()?.remove(name);
        let device = device.ok_or_else(|| Error::failed(format!("this machine has no device `{name}`")))?;
        Ok(Carried(device.tx_bytes + device.rx_bytes))
    }

    /// Why it does not hold, given how many bytes HPL alone must have sent.
    pub fn fault(&self, before: &Carried, after: &Carried, least: u64) -> Option<String> {
        let carried = after.0.saturating_sub(before.0);
        match (self.crosses, carried >= least) {
            (true, false) => Some(format!("{carried} bytes crossed {}, and HPL sends {least} at least", self.device)),
            (false, true) => Some(format!("{carried} bytes crossed {}, which is another way", self.device)),
            _ => None,
        }
    }
}

/// Bytes that leave or reach a rank of a row of `ranks`, at the very least: its share of the panels.
pub fn least_bytes(n: u64, ranks: u64) -> u64 {
    if ranks < 2 { 0 } else { n * n * 4 / ranks }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_carries_nothing_or_another_that_does_is_told() {
        let of = |crosses| Through { device: "vxlan0".parse().unwrap(), crosses };
        let (none, all) = (Carried(1000), Carried(5_000_000));
        let least = least_bytes(1000, 3);
        assert_eq!(least, 1_333_333);
        assert_eq!(of(true).fault(&none, &all, least), None);
        let told = of(true).fault(&none, &none, least).unwrap();
        assert_eq!(told, "0 bytes crossed vxlan0, and HPL sends 1333333 at least");
        assert_eq!(of(false).fault(&none, &none, least), None);
        assert!(of(false).fault(&none, &all, least).unwrap().ends_with("which is another way"));
        assert_eq!(least_bytes(1000, 1), 0);
    }
}
