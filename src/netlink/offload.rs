//! What a device leaves to its driver (`ethtool -k`), by ethtool's generic netlink family.
//!
//! Segmentation is what decides throughput between namespaces: with it off every figure is a fifth.

use netlink_sys::{Socket, protocols::NETLINK_GENERIC};
use nix::libc::NLM_F_REQUEST;

use super::attribute::{attribute, attributes};
use crate::error::{Context, Error, Result};

// linux/genetlink.h and linux/ethtool_netlink.h
const CONTROLLER: u16 = 16;
const GET_FAMILY: u8 = 3;
const FAMILY_ID: u16 = 1;
const FAMILY_NAME: u16 = 2;
const GET_FEATURES: u8 = 11;
const HEADER: u16 = 1;
const DEVICE_INDEX: u16 = 1;
const ACTIVE: u16 = 4;
const BITS: u16 = 3;
const BIT: u16 = 1;
const BIT_NAME: u16 = 2;
const NESTED: u16 = 0x8000;

/// The offloads that matter here, by the kernel's name and by the one that people use.
const KNOWN: [(&str, &str); 5] = [
    ("rx-gro", "gro"),
    ("tx-checksum-ip-generic", "tx-checksum"),
    ("tx-generic-segmentation", "gso"),
    ("tx-tcp-segmentation", "tso"),
    ("tx-udp_tnl-segmentation", "udp-tunnel-segmentation"),
];

/// A socket to ethtool in the namespace it was opened in.
pub struct Ethtool {
    socket: Socket,
    family: u16,
}

impl Ethtool {
    /// Opens it in the calling thread's namespace; an error where the kernel has no such family.
    pub fn open() -> Result<Ethtool> {
        let socket = Socket::new(NETLINK_GENERIC).context(|| "open a generic netlink socket")?;
        let name = attribute(FAMILY_NAME, b"ethtool\0");
        let answer = ask(&socket, CONTROLLER, GET_FAMILY, &name).context(|| "look for ethtool's netlink family")?;
        let id = attributes(&answer).find(|(kind, _)| *kind == FAMILY_ID).and_then(|(_, id)| id.try_into().ok());
        let family = id.map(u16::from_ne_bytes).ok_or_else(|| Error::failed("ethtool's netlink family has no id"))?;
        Ok(Ethtool { socket, family })
    }

    /// Those of the known offloads that are on.
    pub fn offloads(&mut self, index: u32) -> Result<Vec<String>> {
        let header = attribute(HEADER | NESTED, &attribute(DEVICE_INDEX, &index.to_ne_bytes()));
        let answer = ask(&self.socket, self.family, GET_FEATURES, &header).context(|| "ask for the offloads")?;
        let mut on = Vec::new();
        for (_, active) in attributes(&answer).filter(|(kind, _)| *kind == ACTIVE) {
            for (_, bits) in attributes(active).filter(|(kind, _)| *kind == BITS) {
                for (_, bit) in attributes(bits).filter(|(kind, _)| *kind == BIT) {
                    let name = attributes(bit).find(|(kind, _)| *kind == BIT_NAME).map(|(_, name)| name);
                    let name = String::from_utf8_lossy(name.unwrap_or_default());
                    let known = KNOWN.iter().find(|(kernels, _)| *kernels == name.trim_end_matches('\0'));
                    on.extend(known.map(|(_, short)| (*short).to_owned()));
                }
            }
        }
        on.sort();
        Ok(on)
    }
}

/// Sends one generic request; gives the attributes of its answer.
fn ask(socket: &Socket, family: u16, command: u8, attributes: &[u8]) -> Result<Vec<u8>> {
    const HEADERS: usize = 20;
    let mut request = Vec::with_capacity(HEADERS + attributes.len());
    request.extend(((HEADERS + attributes.len()) as u32).to_ne_bytes());
    request.extend(family.to_ne_bytes());
    request.extend((NLM_F_REQUEST as u16).to_ne_bytes());
    request.extend([0; 8]);
    request.extend([command, 1, 0, 0]);
    request.extend(attributes);
    socket.send(&request, 0).context(|| "send to netlink")?;
    let mut answer = Vec::with_capacity(32 * 1024);
    socket.recv(&mut answer, 0).context(|| "receive from netlink")?;
    match answer.get(4..6) {
        // NLMSG_ERROR, whose code stands where the generic header would.
        Some([2, 0]) => {
            let code = answer.get(16..20).and_then(|code| code.try_into().ok()).map_or(0, i32::from_ne_bytes);
            Err(std::io::Error::from_raw_os_error(-code).into())
        }
        _ => Ok(answer.split_off(HEADERS.min(answer.len()))),
    }
}
