//! Socket options that nix has no name for, by its own macro.

use nix::{
    getsockopt_impl, libc,
    libc::{IP_MTU_DISCOVER, IPPROTO_IP, IPPROTO_TCP, TCP_INFO, tcp_info},
    setsockopt_impl, sockopt_impl,
};

sockopt_impl!(
    /// Whether the kernel may fragment (`ping -M`).
    MtuDiscover,
    SetOnly,
    IPPROTO_IP,
    IP_MTU_DISCOVER,
    i32
);

sockopt_impl!(
    /// What the kernel knows of a connection: retransmissions, congestion window, round trip.
    TcpInfo,
    GetOnly,
    IPPROTO_TCP,
    TCP_INFO,
    tcp_info
);
