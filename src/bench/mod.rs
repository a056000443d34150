//! Measurements of proved cases: latency, throughput, and cases compared fairly.

mod compare;
mod iperf3;
mod iputils;
mod ping;
mod tcp;
mod tcp_stream;

pub use compare::Compare;
pub use iperf3::parse as parse_iperf3;
pub use iputils::parse as parse_ping;
pub use ping::{Ping, PingReport};
pub use tcp::{Tcp, TcpReport};
