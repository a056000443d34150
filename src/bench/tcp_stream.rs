//! A TCP stream of our own: both ends in this process, each on a thread in its namespace.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use nix::sys::socket::getsockopt;

use super::readers::OwnTcp;
use crate::{
    cpu,
    error::{Context, Error, Result},
    lab::{Case, Lab},
    signal,
    sockopt::TcpInfo,
};

/// What iperf3 writes at a time, so that figures compare.
const BLOCK: usize = 128 * 1024;
/// No byte for this long: the path is dead.
const STALLED: Duration = Duration::from_secs(5);

/// What one end saw.
#[derive(Debug, Default)]
struct End {
    bytes: u64,
    elapsed: f64,
    cpu_seconds: f64,
    /// Bytes in each whole second.
    seconds: Vec<u64>,
    retransmits: u64,
    cwnd_bytes: u64,
}

/// Sends for so many seconds from the case's namespace to its address.
pub fn run(lab: &Lab, case: &Case, seconds: u32) -> Result<OwnTcp> {
    let (from, to) = (lab.netns(&case.from)?, lab.netns(&case.to_ns)?);
    let over = AtomicBool::new(false);
    // Listening before the sender starts: there is nothing to wait for.
    let listener = to.enter(|| listen(SocketAddr::new(case.to, 0)))?;
    let address = listener.local_addr().context(|| "read the port")?;
    thread::scope(|scope| {
        let receiver = scope.spawn(|| to.enter(|| receive(listener, &over)));
        let sent = from.enter(|| send(address, seconds)).context(|| format!("send from {} to {}", case.from, case.to));
        over.store(true, Ordering::Release);
        let received = receiver.join().map_err(|_| Error::failed("a thread panicked"))?;
        let (sent, received) = (sent?, received.context(|| format!("receive in {}", case.to_ns))?);
        Ok(OwnTcp {
            labkit: "tcp".to_owned(),
            to: case.to.to_string(),
            received_bytes: received.bytes,
            elapsed_ns: (received.elapsed * 1e9) as u64,
            seconds: received.seconds,
            retransmits: sent.retransmits,
            cwnd_bytes: sent.cwnd_bytes,
            cpu_ns: ((sent.cpu_seconds + received.cpu_seconds) * 1e9) as u64,
        })
    })
}

fn listen(address: SocketAddr) -> Result<TcpListener> {
    let listener = TcpListener::bind(address).context(|| format!("listen on {}", address.ip()))?;
    listener.set_nonblocking(true).context(|| "listen without blocking")?;
    Ok(listener)
}

fn accept(listener: &TcpListener, over: &AtomicBool) -> Result<TcpStream> {
    let deadline = Instant::now() + STALLED;
    loop {
        match listener.accept() {
            Ok((stream, _)) => return Ok(stream),
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error).context(|| "accept"),
            Err(_) if over.load(Ordering::Acquire) || Instant::now() > deadline => {
                return Err(Error::failed("nobody connected"));
            }
            Err(_) => thread::sleep(Duration::from_micros(200)),
        }
    }
}

fn receive(listener: TcpListener, over: &AtomicBool) -> Result<End> {
    let mut stream = accept(&listener, over)?;
    stream.set_nonblocking(false).context(|| "receive")?;
    stream.set_read_timeout(Some(STALLED)).context(|| "receive")?;
    let mut block = vec![0u8; BLOCK];
    let mut end = End::default();
    let (start, cpu) = (Instant::now(), cpu::thread_seconds()?);
    let (mut in_second, mut second_ends) = (0u64, Duration::from_secs(1));
    loop {
        let bytes = match stream.read(&mut block) {
            Ok(0) => break,
            Ok(bytes) => bytes as u64,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(stalled()),
            Err(error) => return Err(error).context(|| "receive"),
        };
        end.bytes += bytes;
        while start.elapsed() >= second_ends {
            end.seconds.push(in_second);
            in_second = 0;
            second_ends += Duration::from_secs(1);
        }
        in_second += bytes;
    }
    end.elapsed = start.elapsed().as_secs_f64();
    // What was sent in the last second may arrive a moment after it.
    if end.elapsed >= second_ends.as_secs_f64() - 0.05 {
        end.seconds.push(in_second);
    }
    end.cpu_seconds = cpu::thread_seconds()? - cpu;
    Ok(end)
}

fn send(to: SocketAddr, seconds: u32) -> Result<End> {
    let mut stream = TcpStream::connect_timeout(&to, STALLED).context(|| format!("connect to {to}"))?;
    stream.set_write_timeout(Some(STALLED)).context(|| "send")?;
    let block = vec![0u8; BLOCK];
    let mut end = End::default();
    let (start, cpu) = (Instant::now(), cpu::thread_seconds()?);
    let last = Duration::from_secs(seconds.into());
    let mut look = Duration::from_millis(500);
    while start.elapsed() < last {
        signal::check()?;
        match stream.write(&block) {
            Ok(bytes) => end.bytes += bytes as u64,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(stalled()),
            Err(error) => return Err(error).context(|| "send"),
        }
        if start.elapsed() >= look {
            read_info(&stream, &mut end)?;
            look += Duration::from_millis(500);
        }
    }
    end.elapsed = start.elapsed().as_secs_f64();
    end.cpu_seconds = cpu::thread_seconds()? - cpu;
    read_info(&stream, &mut end)?;
    stream.shutdown(Shutdown::Write).context(|| "end the stream")?;
    Ok(end)
}

fn read_info(stream: &TcpStream, end: &mut End) -> Result<()> {
    let info = getsockopt(stream, TcpInfo).context(|| "read TCP_INFO")?;
    end.retransmits = info.total_retrans.into();
    end.cwnd_bytes = end.cwnd_bytes.max(u64::from(info.snd_cwnd) * u64::from(info.snd_mss));
    Ok(())
}

fn stalled() -> Error {
    Error::failed(format!("not a byte for {} s", STALLED.as_secs()))
        .hint("does the path carry packets of its full mtu?")
}
