//! Who listens for TCP connections on this machine.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The port, and the socket's number, of each that listens in the calling thread's network namespace (`ss -tln`).
pub fn read() -> BTreeMap<u16, String> {
    let tables = ["tcp", "tcp6"].map(|table| fs::read_to_string(format!("/proc/thread-self/net/{table}")));
    tables.iter().flatten().flat_map(|table| table.lines().filter_map(listener)).collect()
}

/// The program that holds a socket, and its process: `nginx (pid 812)`; none where only root may see that.
pub fn holder(socket: &str) -> Option<String> {
    let wanted = PathBuf::from(format!("socket:[{socket}]"));
    let holds = |process: &PathBuf| {
        let files = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
        files.into_iter().any(|file| fs::read_link(file.path()).is_ok_and(|target| target == wanted))
    };
    // What is no number is not a process of its own: `self`.
    let names = fs::read_dir("/proc").ok()?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut pids = names.filter(|name| name.parse::<u32>().is_ok());
    let pid = pids.find(|pid| holds(&Path::new("/proc").join(pid)))?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(format!("{} (pid {pid})", name.trim_end()))
}

/// A line of /proc/net/tcp: `0: 0100007F:1388 00000000:0000 0A … 0 4711 …`
fn listener(line: &str) -> Option<(u16, String)> {
    const LISTEN: &str = "0A";
    let columns: Vec<&str> = line.split_whitespace().collect();
    let port = u16::from_str_radix(columns.get(1)?.rsplit(':').next()?, 16).ok()?;
    (*columns.get(3)? == LISTEN).then_some((port, (*columns.get(9)?).to_owned()))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_port_that_is_listened_on_has_a_holder() {
        let own = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = own.local_addr().unwrap().port();
        let socket = read().remove(&port).unwrap();
        assert!(holder(&socket).unwrap().ends_with(&format!("(pid {})", std::process::id())));
        drop(own);
        assert!(!read().contains_key(&port));
    }
}
