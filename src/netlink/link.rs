//! Devices: made in the namespace they belong to, changed, read back with their counters.

use std::{collections::BTreeMap, net::IpAddr, os::fd::RawFd};

use netlink_packet_route::{
    RouteNetlinkMessage,
    link::{
        BridgePortState, BridgeStpState, InfoBridge, InfoBridgePort, InfoData, InfoKind, InfoPortData, InfoVeth,
        InfoVxlan, LinkAttribute, LinkExtentMask, LinkFlags, LinkInfo, LinkMessage,
    },
};

use super::{Connection, Request};
use crate::error::Result;

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
    fn message(&self) -> LinkMessage {
        let mut message = LinkMessage::default();
        message.header.index = self.index;
        if self.up {
            set_up(&mut message, true);
        }
        message.attributes.push(LinkAttribute::IfName(self.name.to_owned()));
        message.attributes.push(LinkAttribute::Address(self.mac.to_vec()));
        message.attributes.extend(self.mtu.map(LinkAttribute::Mtu));
        message.attributes.extend(self.master.map(LinkAttribute::Controller));
        message.attributes.extend(self.group.map(LinkAttribute::Group));
        message
    }
}

fn set_up(message: &mut LinkMessage, up: bool) {
    message.header.change_mask = LinkFlags::Up;
    message.header.flags = if up { LinkFlags::Up } else { LinkFlags::empty() };
}

/// One queue instead of one per possible CPU: on a machine of 64 CPUs a pair costs six times as much with them.
const ONE_QUEUE: [LinkAttribute; 2] = [LinkAttribute::NumTxQueues(1), LinkAttribute::NumRxQueues(1)];

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
        let mut peer = self.far.message();
        peer.attributes.extend(ONE_QUEUE);
        peer.attributes.extend(self.far_ns.map(LinkAttribute::NetNsFd));
        let mut message = self.near.message();
        message.attributes.extend(ONE_QUEUE);
        message.attributes.push(LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::Veth),
            LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(peer))),
        ]));
        Request::create(RouteNetlinkMessage::NewLink(message))
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
        let stp = if self.stp { BridgeStpState::KernelStp } else { BridgeStpState::Disabled };
        let mut message = self.end.message();
        message.attributes.push(LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::Bridge),
            LinkInfo::Data(InfoData::Bridge(vec![
                InfoBridge::StpState(stp),
                // Snooping sends queries of its own, which would show in the counters.
                InfoBridge::MulticastSnooping(false),
            ])),
        ]));
        Request::create(RouteNetlinkMessage::NewLink(message))
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
        let mut data = vec![InfoVxlan::Id(self.vni), InfoVxlan::Port(self.port), InfoVxlan::Learning(true)];
        data.push(match self.local {
            IpAddr::V4(local) => InfoVxlan::Local(local),
            IpAddr::V6(local) => InfoVxlan::Local6(local),
        });
        data.push(match self.remote {
            IpAddr::V4(remote) => InfoVxlan::Group(remote),
            IpAddr::V6(remote) => InfoVxlan::Group6(remote),
        });
        data.extend(self.dev.map(InfoVxlan::Link));
        let mut message = self.end.message();
        message.attributes.push(LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::Vxlan),
            LinkInfo::Data(InfoData::Vxlan(data)),
        ]));
        Request::create(RouteNetlinkMessage::NewLink(message))
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
        let mut message = LinkMessage::default();
        match self {
            Change::Up(index) | Change::Down(index) => {
                message.header.index = index;
                set_up(&mut message, matches!(self, Change::Up(_)));
            }
            Change::UpAsPort { index, master } => {
                message.header.index = index;
                message.attributes.push(LinkAttribute::Controller(master));
                set_up(&mut message, true);
            }
            Change::Delete(index) => message.header.index = index,
            Change::DeleteGroup(group) => message.attributes.push(LinkAttribute::Group(group)),
        }
        Request::change(match self {
            Change::Delete(_) | Change::DeleteGroup(_) => RouteNetlinkMessage::DelLink(message),
            _ => RouteNetlinkMessage::SetLink(message),
        })
    }
}

/// `ip link set dev … alias …`; the kernel takes no alias when a device is made.
pub fn set_alias(index: u32, alias: &str) -> Request {
    let mut message = LinkMessage::default();
    message.header.index = index;
    message.attributes.push(LinkAttribute::IfAlias(alias.to_owned()));
    Request::change(RouteNetlinkMessage::SetLink(message))
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

impl DeviceState {
    fn read(message: LinkMessage) -> DeviceState {
        let mut state = DeviceState {
            index: message.header.index,
            up: message.header.flags.contains(LinkFlags::Up),
            running: message.header.flags.contains(LinkFlags::Running),
            ..DeviceState::default()
        };
        for attribute in message.attributes {
            match attribute {
                LinkAttribute::IfName(name) => state.name = name,
                LinkAttribute::IfAlias(alias) => state.alias = alias,
                LinkAttribute::Group(group) => state.group = group,
                LinkAttribute::Mtu(mtu) => state.mtu = mtu,
                LinkAttribute::Stats64(stats) => {
                    state.rx_packets = stats.rx_packets;
                    state.tx_packets = stats.tx_packets;
                    state.rx_bytes = stats.rx_bytes;
                    state.tx_bytes = stats.tx_bytes;
                    state.tx_errors = stats.tx_errors;
                    state.dropped = stats.rx_dropped + stats.tx_dropped;
                }
                LinkAttribute::LinkInfo(infos) => state.read_infos(infos),
                _ => {}
            }
        }
        state
    }

    fn read_infos(&mut self, infos: Vec<LinkInfo>) {
        for info in infos {
            match info {
                LinkInfo::Kind(kind) => self.kind = kind.to_string(),
                LinkInfo::PortData(InfoPortData::BridgePort(port)) => {
                    let state = port.into_iter().find_map(|attribute| match attribute {
                        InfoBridgePort::State(state) => Some(state),
                        _ => None,
                    });
                    self.port = state.map(|state| match state {
                        BridgePortState::Forwarding => PortState::Forwarding,
                        _ => PortState::Waiting,
                    });
                }
                _ => {}
            }
        }
    }
}

fn device(answer: RouteNetlinkMessage) -> Option<DeviceState> {
    match answer {
        RouteNetlinkMessage::NewLink(message) => Some(DeviceState::read(message)),
        _ => None,
    }
}

impl Connection {
    /// Every device of the namespace by name (`ip -s -d link show`).
    pub fn devices(&mut self) -> Result<BTreeMap<String, DeviceState>> {
        let answers = self.dump(RouteNetlinkMessage::GetLink(LinkMessage::default()))?;
        Ok(answers.into_iter().filter_map(device).map(|state| (state.name.clone(), state)).collect())
    }

    /// These devices, by index, in order (`ip link show dev`).
    ///
    /// Asked for a single device the kernel first acts on a change of its carrier (linkwatch_sync_dev). Left to
    /// itself it does so up to a second later, and several where other namespaces come and go.
    pub fn look_at(&mut self, indices: &[u32]) -> Result<Vec<DeviceState>> {
        // An answer is fifty times as long as a request, and all answers to a send must fit into the socket.
        const SEND: usize = 2048;
        let request = |index: &u32| {
            let mut message = LinkMessage::default();
            message.header.index = *index;
            // Counters are not asked for here, and filling them in takes as long as all the rest.
            message.attributes.push(LinkAttribute::ExtMask(vec![LinkExtentMask::SkipStats]));
            Request::change(RouteNetlinkMessage::GetLink(message))
        };
        let requests: Vec<Request> = indices.iter().map(request).collect();
        let answers = self.exchange(&requests, SEND).map_err(|refusal| refusal.error)?;
        Ok(answers.into_iter().filter_map(device).collect())
    }
}
