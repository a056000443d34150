//! A line of text to everyone who connects: what the pods of a proof say to each other.

use std::{
    io::{ErrorKind, Read, Write},
    net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    process, thread,
    time::Duration,
};

use nix::sys::wait::wait;

use crate::error::{Context, Result};

/// Where the pods listen.
pub const PORT: u16 = 8080;
/// Of a connection that is made, or read from.
const LIMIT: Duration = Duration::from_secs(2);
/// How often the first process of a container looks for what it must bury.
const BURY: Duration = Duration::from_secs(1);
/// More than anybody says.
const LONGEST: u64 = 4096;

/// `Hello from pod 1`
pub fn greeting(from: &str) -> String {
    format!("Hello from {from}")
}

/// Buries what others left to it, as the first process of a container must: daemons of MPI leave their ranks.
fn bury() {
    loop {
        if wait().is_err() {
            thread::sleep(BURY);
        }
    }
}

/// Greets everyone, one after the other, until the process ends.
pub fn serve(from: &str, port: u16) -> Result<()> {
    if process::id() == 1 {
        thread::spawn(bury);
    }
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).context(|| format!("listen on port {port}"))?;
    let line = greeting(from) + "\n";
    loop {
        // Whoever hangs up before it is greeted does so for itself.
        if let Ok((mut guest, _)) = listener.accept() {
            let _ = guest.write_all(line.as_bytes()).and_then(|()| guest.shutdown(Shutdown::Write));
        }
    }
}

/// What is said at this address; none where nobody listens, or says anything in time.
pub fn hear(address: IpAddr) -> Result<Option<String>> {
    let said = || {
        let mut stream = TcpStream::connect_timeout(&SocketAddr::new(address, PORT), LIMIT)?;
        stream.set_read_timeout(Some(LIMIT))?;
        let mut text = String::new();
        Read::by_ref(&mut stream).take(LONGEST).read_to_string(&mut text)?;
        Ok::<_, std::io::Error>(text)
    };
    match said() {
        Ok(text) => Ok(Some(text.trim_end().to_owned())),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(error.into()),
        Err(_) => Ok(None),
    }
}
