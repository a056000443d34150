//! `labkit identity`

use std::path::Path;

use argh::FromArgs;
use serde_json::json;

use super::output;
use crate::{
    boot::{Handover, LabAddress, Sign, Wishes, make_host_key, own_node, with_seed},
    command,
    error::{Error, Result},
    nodes::{Node, Nodes, etc_dir},
    rights, secret,
};

/// Which node of the lab this machine is: told, and made so where its image left that open.
#[derive(FromArgs)]
#[argh(
    subcommand,
    name = "identity",
    note = "Without options it only tells. At each boot of an image, labkit-identity.service makes the host key of ssh and \
            sets the lab's address, and labkit-seed@.service takes what a disk labelled LABKIT hands over.",
    error_code(1, "the machine has no identity yet, or it cannot be told which node it is")
)]
pub struct Identity {
    /// make the host key of ssh where there is none, and give the machine its address in the lab
    #[argh(switch)]
    set: bool,

    /// take lab.toml, secret and provision.toml from this disk first
    #[argh(option, arg_name = "DEVICE")]
    seed: Option<String>,

    /// for machines
    #[argh(switch)]
    json: bool,
}

/// The unit that does what a machine is to become.
pub const UNIT: &str = "labkit-provision.service";

impl Identity {
    pub fn run(self) -> Result<()> {
        if self.set || self.seed.is_some() {
            rights::need("change this machine's identity")?;
        }
        if let Some(device) = &self.seed {
            with_seed(device, take_from)?;
        }
        if (self.set || self.seed.is_some()) && make_host_key()? {
            output::note("made      the host key of ssh");
        }
        if self.set && !is_known() {
            output::note("waiting   for an identity: a disk labelled LABKIT, or `labkit provision --from DIR`");
            return Ok(());
        }
        let (node, sign, nodes) = find()?;
        if self.set || self.seed.is_some() {
            settle(&node, &nodes)?;
        }
        if self.seed.is_some() {
            command::run(&["systemctl", "start", "--no-block", UNIT])?;
        }
        self.tell(&node, sign, &nodes)
    }

    fn tell(&self, node: &Node, sign: Sign, nodes: &Nodes) -> Result<()> {
        let has_address = LabAddress::of(node, nodes).is_there()?;
        if self.json {
            return output::json(
                &json!({ "lab": nodes.name, "node": node, "known_by": sign, "has_address": has_address }),
            );
        }
        let address = if has_address { "" } else { ", which no device has yet" };
        output::print(&format!(
            "{} of lab {}, told {sign}; {} in {}{address}\n",
            node.name, nodes.name, node.address, nodes.network
        ))
    }
}

/// Whether the machine was told which lab it belongs to.
pub fn is_known() -> bool {
    secret::path().exists() && etc_dir().join("lab.toml").exists()
}

/// The node that this machine is.
pub fn find() -> Result<(Node, Sign, Nodes)> {
    if !is_known() {
        return Err(Error::failed("this machine was not told yet which lab it belongs to")
            .hint("`labkit provision --from DIR` hands over lab.toml and secret, or a disk labelled LABKIT has them"));
    }
    let nodes = Nodes::read()?;
    let (node, sign) = own_node(&nodes, Wishes::read()?.node.as_ref())?;
    Ok((node, sign, nodes))
}

/// Takes what a directory hands over; an error where there is nothing.
pub fn take_from(dir: &Path) -> Result<()> {
    let Some(handover) = Handover::read(dir)? else {
        // A disk may have nothing but a bundle.
        output::note(&format!("nothing   is handed over in {}: there is no lab.toml and no secret", dir.display()));
        return Ok(());
    };
    handover.take()?;
    output::note("took      lab.toml and the lab secret");
    Ok(())
}

/// The address of the lab, on the device that is meant for it.
pub fn settle(node: &Node, nodes: &Nodes) -> Result<()> {
    if LabAddress::of(node, nodes).set()? {
        output::note(&format!("set       {} on the device with its MAC, by systemd-networkd", node.address));
    }
    Ok(())
}
