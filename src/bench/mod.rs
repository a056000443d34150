//! Measurements of proved cases: latency, throughput, and cases compared fairly.

mod compare;
mod iperf3;
mod iputils;
mod ping;
pub mod readers;
mod taken;
mod tcp;
mod tcp_stream;

pub use compare::Compare;
pub use ping::{Ping, PingReport};
pub use tcp::{Tcp, TcpReport};
