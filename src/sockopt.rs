//! Socket options that nix has no name for, by its own macro.

use nix::{
    getsockopt_impl, libc,
    libc::{IP_MTU_DISCOVER, IPPROTO_IP, IPPROTO_TCP, TCP_INFO},
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

/// The part of `struct tcp_info` that every kernel since 2.6 has. Later ones have longer ones, each its own, and fill
/// as much as they are asked for: 232 bytes in Linux 6.1, 280 in 6.18.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct TcpInfoHead {
    _state: [u8; 8],
    _before_mss: [u32; 2],
    /// Bytes of a full segment.
    pub snd_mss: u32,
    _before_cwnd: [u32; 15],
    /// Congestion window, segments.
    pub snd_cwnd: u32,
    _before_retrans: [u32; 4],
    /// Segments that were sent again since the connection began.
    pub total_retrans: u32,
}

sockopt_impl!(
    /// What the kernel knows of a connection: retransmissions, congestion window, round trip.
    TcpInfo,
    GetOnly,
    IPPROTO_TCP,
    TCP_INFO,
    TcpInfoHead
);

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        net::{TcpListener, TcpStream},
    };

    use nix::sys::socket::getsockopt;

    use super::*;

    #[test]
    fn what_the_kernel_knows_of_a_connection_stands_where_it_is_read() {
        // tcpi_total_retrans ends there (linux/tcp.h).
        assert_eq!(size_of::<TcpInfoHead>(), 104);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        stream.write_all(b"x").unwrap();
        let info = getsockopt(&stream, TcpInfo).unwrap();
        // Ten segments (RFC 6928), and loopback loses none.
        assert!(info.snd_cwnd >= 10 && info.total_retrans == 0, "{info:?}");
        assert!((536..=65_536).contains(&info.snd_mss), "{info:?}");
    }
}
