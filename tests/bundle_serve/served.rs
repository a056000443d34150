//! The program as a server, and a client that shows every byte.

use std::{
    collections::BTreeMap,
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::support::Bench;

/// A server that listens, whichever it is. It ends with this value.
pub struct Served {
    child: Child,
    pub address: SocketAddr,
}

/// Longer than anything here takes on a machine with much else to do.
pub const PATIENCE: Duration = Duration::from_secs(120);

impl Served {
    pub fn bundle(path: &Path) -> Served {
        let path = path.to_str().unwrap();
        let mut command = Bench::new().command(&["bundle", "serve", path, "--address", "127.0.0.1:0"]);
        Served::begin(&mut command, |line| line.split_once("http://")?.1.split_once('/')?.0.parse().ok())
    }

    /// Runs a server until a line of its standard error says where it listens.
    pub fn begin(command: &mut Command, address: impl Fn(&str) -> Option<SocketAddr>) -> Served {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut served = Served { child, address: SocketAddr::from(([0, 0, 0, 0], 0)) };
        let mut all = String::new();
        while served.address.port() == 0 {
            let begin = all.len();
            assert!(said.read_line(&mut all).unwrap() > 0, "{command:?} ended: {all}");
            served.address = address(&all[begin..]).unwrap_or(served.address);
        }
        // Read on, or a server with much to say would wait for somebody who reads.
        thread::spawn(move || io::copy(&mut said, &mut io::sink()));
        served
    }

    pub fn pid(&self) -> i32 {
        self.child.id().try_into().unwrap()
    }

    /// Most memory that it ever had, in KiB.
    pub fn most_memory_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    pub fn end(&mut self, signal: Signal) -> ExitStatus {
        kill(Pid::from_raw(self.pid()), signal).unwrap();
        self.child.wait().unwrap()
    }

    /// Sends bytes as they are and leaves the connection open.
    pub fn send(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // Refused early, the rest of a long head is not taken.
        let _ = stream.write_all(bytes);
        stream
    }

    pub fn ask(&self, method: &str, path: &str, headers: &[&str]) -> Heard {
        let more: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n{more}Connection: close\r\n\r\n", self.address);
        Heard::read(self.send(request.as_bytes()))
    }

    pub fn get(&self, path: &str) -> Heard {
        let heard = self.ask("GET", path, &[]);
        assert!(heard.is_whole("GET"), "{path}: {heard:?}");
        heard
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.end(Signal::SIGTERM);
        }
    }
}

/// An answer, its headers by their names in lower case.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Heard {
    /// Everything up to the end of the connection.
    pub fn read(mut from: impl Read) -> Heard {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers: BTreeMap<String, String> = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let body = bytes.split_off(end + 4);
        Heard { status, headers, body }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// True where the body is as long as its head says, none where it should be none.
    pub fn is_whole(&self, method: &str) -> bool {
        let said = self.headers.get("content-length").map(|length| length.parse().unwrap());
        let is_none = method == "HEAD" || self.status == 304;
        self.body.len() == if is_none { 0 } else { said.expect("a length") }
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The code of the first error in a body as registries have them.
    pub fn code(&self) -> String {
        self.json()["errors"][0]["code"].as_str().unwrap_or_default().to_owned()
    }
}
