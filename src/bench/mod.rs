//! Measurements of proved cases: latency, throughput, and cases compared fairly.

mod compare;
mod host;
mod iperf3;
mod iputils;
mod link;
pub mod mpi;
mod ping;
pub mod readers;
mod rounds;
mod sysbench;
mod taken;
mod tcp;
mod tcp_stream;

pub use compare::Compare;
pub use link::HostLink;
pub use mpi::Gathering;
pub use mpi::{Advise, CompareHpcc, Hpcc};
pub use ping::{Ping, PingReport};
pub use sysbench::Sysbench;
pub use tcp::{Tcp, TcpReport};
