//! Devices: made in the namespace they belong to, changed, read back with their counters.

use std::{collections::BTreeMap, net::IpAddr, os::fd::RawFd};

use nix::libc::{
    IFF_RUNNING, IFF_UP, IFLA_ADDRESS, IFLA_EXT_MASK, IFLA_GROUP, IFLA_IFALIAS, IFLA_IFNAME, IFLA_INFO_DATA,
    IFLA_INFO_KIND, IFLA_INFO_SLAVE_DATA, IFLA_INFO_SLAVE_KIND, IFLA_LINKINFO, IFLA_MASTER, IFLA_MTU, IFLA_NET_NS_FD,
    IFLA_NUM_RX_QUEUES, IFLA_NUM_TX_QUEUES, IFLA_STATS64, RTEXT_FILTER_SKIP_STATS, RTM_DELLINK, RTM_GETLINK,
    RTM_NEWLINK, RTM_SETLINK,
};

use super::{
    Connection, Request,
    address::octets,
    attribute::{attributes, nest, push, text, u32_at, u64_at},
    message::Answer,
};
use crate::error::Result;

// linux/veth.h and linux/if_link.h
const VETH_INFO_PEER: u16 = 1;
const IFLA_BR_STP_STATE: u16 = 5;
const IFLA_BR_MCAST_SNOOPING: u16 = 23;
const IFLA_BRPORT_STATE: u16 = 1;
const IFLA_VXLAN_ID: u16 = 1;
const IFLA_VXLAN_GROUP: u16 = 2;
const IFLA_VXLAN_LINK: u16 = 3;
const IFLA_VXLAN_LOCAL: u16 = 4;
const IFLA_VXLAN_LEARNING: u16 = 7;
const IFLA_VXLAN_PORT: u16 = 15;
const IFLA_VXLAN_GROUP6: u16 = 16;
const IFLA_VXLAN_LOCAL6: u16 = 17;

/// struct ifinfomsg
const HEADER: usize = 16;
const UP: u32 = IFF_UP as u32;

/// The device of this index, with these of its flags set to what `flags` has of them.
fn header(index: u32, flags: u32, change: u32) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    for (at, number) in [(4, index), (8, flags), (12, change)] {
        header[at..at + 4].copy_from_slice(&number.to_ne_bytes());
    }
    header
}

/// What every new device is told.
#[derive(Debug, Clone, Default)]
pub struct Endpoint<'a> {
    /// Chosen by us, so that later messages need no answer. Both ends of a veth must differ: where they are
    /// equal the kernel's link watch takes the device for a plain one and reports its carrier up to 1 s late.
    pub index: u32,
    pub name: &'a str,
    pub mac: [u8; 6],
    pub mtu: Option<u32>,
    /// Index of the bridge it is a port of.
    pub master: Option<u32>,
    /// `ip link set … group`, so that all can be removed by one message.
    pub group: Option<u32>,
    pub up: bool,
}

impl Endpoint<'_> {
    fn header(&self) -> [u8; HEADER] {
        let up = if self.up { UP } else { 0 };
        header(self.index, up, up)
    }

    fn attributes(&self, bytes: &mut Vec<u8>) {
        push(bytes, IFLA_IFNAME, self.name.as_bytes());
        push(bytes, IFLA_ADDRESS, &self.mac);
        for (kind, number) in [(IFLA_MTU, self.mtu), (IFLA_MASTER, self.master), (IFLA_GROUP, self.group)] {
            if let Some(number) = number {
                push(bytes, kind, &number.to_ne_bytes());
            }
        }
    }

    /// A new device of a kind, with what that kind is told besides.
    fn create(&self, kind: &str, fill: impl FnOnce(&mut Vec<u8>)) -> Request {
        Request::create(RTM_NEWLINK, &self.header()).filled(|bytes| {
            self.attributes(bytes);
            nest(bytes, IFLA_LINKINFO, |bytes| {
                push(bytes, IFLA_INFO_KIND, kind.as_bytes());
                nest(bytes, IFLA_INFO_DATA, fill);
            });
        })
    }
}

/// One queue instead of one per possible CPU: on a machine of 64 CPUs a pair costs six times as much with them.
fn one_queue(bytes: &mut Vec<u8>) {
    push(bytes, IFLA_NUM_TX_QUEUES, &1u32.to_ne_bytes());
    push(bytes, IFLA_NUM_RX_QUEUES, &1u32.to_ne_bytes());
}

/// `ip link add NAME type veth peer name PEER netns NS`, each end born where it belongs.
#[derive(Debug)]
pub struct Veth<'a> {
    pub near: Endpoint<'a>,
    pub far: Endpoint<'a>,
    /// Namespace of the far end, or none where both are in one.
    pub far_ns: Option<RawFd>,
}

impl Veth<'_> {
    pub fn create(&self) -> Request {
        let request = self.near.create("veth", |bytes| {
            nest(bytes, VETH_INFO_PEER, |bytes| {
                bytes.extend(self.far.header());
                self.far.attributes(bytes);
                one_queue(bytes);
                if let Some(ns) = self.far_ns {
                    push(bytes, IFLA_NET_NS_FD, &ns.to_ne_bytes());
                }
            });
        });
        request.filled(one_queue)
    }
}

/// `ip link add NAME type bridge stp_state 0 mcast_snooping 0`
#[derive(Debug)]
pub struct Bridge<'a> {
    pub end: Endpoint<'a>,
    pub stp: bool,
}

impl Bridge<'_> {
    pub fn create(&self) -> Request {
        self.end.create("bridge", |bytes| {
            push(bytes, IFLA_BR_STP_STATE, &u32::from(self.stp).to_ne_bytes());
            // Snooping sends queries of its own, which would show in the counters.
            push(bytes, IFLA_BR_MCAST_SNOOPING, &[0]);
        })
    }
}

/// `ip link add NAME type vxlan id VNI local … remote … dstport … dev DEV`
#[derive(Debug)]
pub struct Vxlan<'a> {
    pub end: Endpoint<'a>,
    pub vni: u32,
    pub port: u16,
    pub local: IpAddr,
    pub remote: IpAddr,
    /// Index of the underlay's device; with it the kernel checks the MTU.
    pub dev: Option<u32>,
}

impl Vxlan<'_> {
    pub fn create(&self) -> Request {
        let kind = |addr: IpAddr, v4, v6| if addr.is_ipv4() { v4 } else { v6 };
        self.end.create("vxlan", |bytes| {
            push(bytes, IFLA_VXLAN_ID, &self.vni.to_ne_bytes());
            push(bytes, IFLA_VXLAN_PORT, &self.port.to_be_bytes());
            push(bytes, IFLA_VXLAN_LEARNING, &[1]);
            push(bytes, kind(self.local, IFLA_VXLAN_LOCAL, IFLA_VXLAN_LOCAL6), &octets(self.local));
            push(bytes, kind(self.remote, IFLA_VXLAN_GROUP, IFLA_VXLAN_GROUP6), &octets(self.remote));
            if let Some(dev) = self.dev {
                push(bytes, IFLA_VXLAN_LINK, &dev.to_ne_bytes());
            }
        })
    }
}

/// `ip link set dev …`
#[derive(Debug, Clone, Copy)]
pub enum Change {
    Up(u32),
    Down(u32),
    /// `ip link set dev … up`, and enslave it in the same message (`master`).
    UpAsPort {
        index: u32,
        master: u32,
    },
    /// `ip link del group …`: all of them at once; one by one each costs the kernel 20 ms.
    DeleteGroup(u32),
    Delete(u32),
}

impl Change {
    pub fn request(self) -> Request {
        match self {
            Change::Up(index) => Request::change(RTM_SETLINK, &header(index, UP, UP)),
            Change::Down(index) => Request::change(RTM_SETLINK, &header(index, 0, UP)),
            Change::UpAsPort { index, master } => {
                Request::change(RTM_SETLINK, &header(index, UP, UP)).with(IFLA_MASTER, &master.to_ne_bytes())
            }
            Change::Delete(index) => Request::change(RTM_DELLINK, &header(index, 0, 0)),
            Change::DeleteGroup(group) => {
                Request::change(RTM_DELLINK, &header(0, 0, 0)).with(IFLA_GROUP, &group.to_ne_bytes())
            }
        }
    }
}

/// `ip link set dev … alias …`; the kernel takes no alias when a device is made.
pub fn set_alias(index: u32, alias: &str) -> Request {
    Request::change(RTM_SETLINK, &header(index, 0, 0)).with(IFLA_IFALIAS, alias.as_bytes())
}

/// A bridge port as spanning tree sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortState {
    Forwarding,
    Waiting,
}

/// A device as the kernel shows it (`ip -s -d link show`).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeviceState {
    pub index: u32,
    pub name: String,
    pub kind: String,
    pub alias: String,
    pub group: u32,
    pub up: bool,
    /// Its carrier is on *and* the kernel has drawn the consequences: packets pass. LOWER_UP alone is the first half.
    pub running: bool,
    pub mtu: u32,
    pub port: Option<PortState>,
    pub rx_packets: u64,
    pub tx_packets: u64,
    pub rx_bytes: u64,
    pub tx_bytes: u64,
    pub tx_errors: u64,
    pub dropped: u64,
}

/// What the kernel calls a bridge port's state that lets packets pass (linux/if_bridge.h).
const FORWARDING: u8 = 3;

impl DeviceState {
    fn read(answer: &Answer) -> Option<DeviceState> {
        let attributed = answer.body.get(HEADER..).filter(|_| answer.kind == RTM_NEWLINK)?;
        let flags = u32_at(answer.body, 8);
        let mut state = DeviceState {
            index: u32_at(answer.body, 4),
            up: flags & UP != 0,
            running: flags & IFF_RUNNING as u32 != 0,
            ..DeviceState::default()
        };
        for (kind, value) in attributes(attributed) {
            match kind {
                IFLA_IFNAME => state.name = text(value),
                IFLA_IFALIAS => state.alias = text(value),
                IFLA_GROUP => state.group = u32_at(value, 0),
                IFLA_MTU => state.mtu = u32_at(value, 0),
                IFLA_STATS64 => state.read_counters(value),
                IFLA_LINKINFO => state.read_info(value),
                _ => {}
            }
        }
        Some(state)
    }

    /// struct rtnl_link_stats64
    fn read_counters(&mut self, value: &[u8]) {
        let number = |at: usize| u64_at(value, 8 * at);
        self.rx_packets = number(0);
        self.tx_packets = number(1);
        self.rx_bytes = number(2);
        self.tx_bytes = number(3);
        self.tx_errors = number(5);
        self.dropped = number(6) + number(7);
    }

    fn read_info(&mut self, value: &[u8]) {
        let mut is_port = false;
        for (kind, value) in attributes(value) {
            match kind {
                IFLA_INFO_KIND => self.kind = text(value),
                IFLA_INFO_SLAVE_KIND => is_port = text(value) == "bridge",
                IFLA_INFO_SLAVE_DATA if is_port => {
                    let state = attributes(value).find(|(kind, _)| *kind == IFLA_BRPORT_STATE);
                    self.port = state.map(|(_, state)| match state {
                        [FORWARDING, ..] => PortState::Forwarding,
                        _ => PortState::Waiting,
                    });
                }
                _ => {}
            }
        }
    }
}

impl Connection {
    /// Every device of the namespace by name (`ip -s -d link show`).
    pub fn devices(&mut self) -> Result<BTreeMap<String, DeviceState>> {
        let mut devices = BTreeMap::new();
        self.dump(&Request::change(RTM_GETLINK, &header(0, 0, 0)), &mut |answer| {
            devices.extend(DeviceState::read(&answer).map(|state| (state.name.clone(), state)));
        })?;
        Ok(devices)
    }

    /// These devices, by index, in order (`ip link show dev`).
    ///
    /// Asked for a single device the kernel first acts on a change of its carrier (linkwatch_sync_dev). Left to
    /// itself it does so up to a second later, and several where other namespaces come and go.
    pub fn look_at(&mut self, indices: &[u32]) -> Result<Vec<DeviceState>> {
        // An answer is fifty times as long as a request, and all answers to a send must fit into the socket.
        const SEND: usize = 2048;
        let request = |index: &u32| {
            // Counters are not asked for here, and filling them in takes as long as all the rest.
            let mask = RTEXT_FILTER_SKIP_STATS.to_ne_bytes();
            Request::change(RTM_GETLINK, &header(*index, 0, 0)).with(IFLA_EXT_MASK, &mask)
        };
        let requests: Vec<Request> = indices.iter().map(request).collect();
        let mut found = Vec::with_capacity(indices.len());
        let seen = self.exchange(&requests, SEND, &mut |answer| found.extend(DeviceState::read(&answer)));
        seen.map_err(|refusal| refusal.error)?;
        Ok(found)
    }
}
