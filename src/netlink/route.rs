//! Routes by way of a gateway.

use std::net::IpAddr;

use netlink_packet_route::{
    RouteNetlinkMessage,
    route::{RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteProtocol, RouteScope, RouteType},
};

use super::{Request, address::family};
use crate::names::Cidr;

/// `ip route add TO via VIA`
#[derive(Debug, Clone, Copy)]
pub struct Gateway {
    pub to: Cidr,
    pub via: IpAddr,
}

impl Gateway {
    fn message(self) -> RouteNetlinkMessage {
        let mut message = RouteMessage::default();
        message.header.address_family = family(self.via);
        message.header.destination_prefix_length = self.to.prefix;
        message.header.table = RouteHeader::RT_TABLE_MAIN;
        message.header.protocol = RouteProtocol::Static;
        message.header.scope = RouteScope::Universe;
        message.header.kind = RouteType::Unicast;
        if self.to.prefix > 0 {
            message.attributes.push(RouteAttribute::Destination(RouteAddress::from(self.to.network().addr)));
        }
        message.attributes.push(RouteAttribute::Gateway(RouteAddress::from(self.via)));
        RouteNetlinkMessage::NewRoute(message)
    }

    pub fn create(self) -> Request {
        Request::create(self.message())
    }

    /// Puts the route back whether or not it is still there (`ip route replace`).
    pub fn restore(self) -> Request {
        Request::replace(self.message())
    }
}
