//! The address of the lab on the device that is meant for it, by systemd-networkd.

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use super::own::{devices, mac};
use crate::{
    addresses, command, disk,
    error::{Context, Error, Result},
    names::Cidr,
    nodes::{Node, Nodes},
};

/// Where a node's address is to be.
pub struct LabAddress {
    address: Cidr,
    mac: String,
}

/// Below the root of a machine.
pub const FILE: &str = "etc/systemd/network/20-labkit.network";
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(50);

impl LabAddress {
    pub fn of(node: &Node, nodes: &Nodes) -> LabAddress {
        let address = Cidr { addr: node.address, prefix: nodes.network.prefix };
        LabAddress { address, mac: mac(node.address) }
    }

    /// Whether a device has it.
    pub fn is_there(&self) -> Result<bool> {
        Ok(addresses::read()?.iter().any(|one| one.address == self.address.addr))
    }

    /// `[Match]` by the MAC, and a link that is used as soon as it is there: nothing in the lab answers DHCP.
    fn text(&self) -> String {
        format!(
            "# The lab's network: `labkit identity` writes this.\n[Match]\nMACAddress={}\n\n[Network]\nAddress={}\n\
             LinkLocalAddressing=no\nIPv6AcceptRA=no\nConfigureWithoutCarrier=yes\n",
            self.mac, self.address
        )
    }

    /// Has systemd-networkd set it, now and at every boot; true where anything was changed. Where somebody else gave the
    /// machine its address, it stays as it is.
    pub fn set(&self) -> Result<bool> {
        let path = Path::new("/").join(FILE);
        let text = self.text();
        let is_written = fs::read_to_string(&path).is_ok_and(|now| now == text);
        if self.is_there()? || is_written {
            return Ok(false);
        }
        let devices = devices()?;
        if !devices.contains_key(&self.mac) {
            let has: Vec<String> = devices.iter().map(|(mac, name)| format!("{name} {mac}")).collect();
            let error = format!("no device is on the lab's network: there is {}", has.join(", "));
            return Err(Error::failed(error)
                .hint(format!("give one the MAC {}, or the address {} yourself", self.mac, self.address)));
        }
        let dir = path.parent().unwrap_or(&path);
        fs::create_dir_all(dir).context(|| format!("make `{}`", dir.display()))?;
        disk::replace(&path, text.as_bytes())?;
        // Early at boot it is not running yet, and will find the file.
        if command::attempt(&["systemctl", "--quiet", "is-active", "systemd-networkd"])?.status.success() {
            command::run(&["networkctl", "reload"])?;
        }
        Ok(true)
    }

    /// Waits until the machine has it.
    pub fn wait(&self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !self.is_there()? {
            if Instant::now() > deadline {
                let address = self.address;
                return Err(Error::failed(format!("{address} is on no device after {} s", PATIENCE.as_secs()))
                    .hint("`networkctl status` says what systemd-networkd does with the device"));
            }
            thread::sleep(LOOK);
        }
        Ok(())
    }
}
