//! A real sshd on a port of its own, with keys that are thrown away.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{Bench, LABKIT, TempDir};

/// Lets root in with one key; ends with the test.
pub struct Sshd {
    dir: TempDir,
    server: Child,
    port: u16,
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

impl Sshd {
    /// Starts it and waits until it listens. /run is its own there, for the directory that sshd wants in it.
    pub fn start() -> Sshd {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name).display().to_string();
        for key in ["host", "user", "stranger"] {
            let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &path(key)]).status();
            assert!(made.unwrap().success());
        }
        fs::copy(path("user.pub"), path("authorized")).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let host_key = fs::read_to_string(path("host.pub")).unwrap();
        fs::write(path("known"), format!("[127.0.0.1]:{port} {host_key}")).unwrap();
        let config = format!(
            "ListenAddress 127.0.0.1\nPort {port}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nUsePAM no\n\
             StrictModes no\nPermitRootLogin prohibit-password\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n",
            path("host"),
            path("authorized")
        );
        fs::write(path("config"), config).unwrap();
        let script = format!(
            "mount -t tmpfs tmpfs /run && mkdir /run/sshd && exec \"$(command -v sshd)\" -D -e -f {}",
            path("config")
        );
        let server = Command::new("unshare")
            .args(["--mount", "sh", "-eu", "-c", &script])
            .env("PATH", "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(path("log")).unwrap())
            .spawn()
            .unwrap();
        let mut sshd = Sshd { dir, server, port };
        sshd.wait_until_it_listens();
        sshd
    }

    fn wait_until_it_listens(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.server.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < deadline, "sshd does not listen: {}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// labkit as it is on the node: with the state of `bench`.
    pub fn labkit_of(&self, bench: &Bench) -> String {
        let script = format!("#!/bin/sh\nLABKIT_STATE={} exec {LABKIT} \"$@\"\n", bench.state.path().display());
        self.program("labkit there", &script)
    }

    /// A program of the node.
    pub fn program(&self, name: &str, script: &str) -> String {
        let path = self.path(name);
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.display().to_string()
    }

    /// Arguments of `labkit collect` that reach it, with one of its keys and one of its files of known hosts.
    pub fn arguments(&self, key: &str, known: &str, labkit: &str) -> Vec<String> {
        let option = |option: String| ["--ssh-option".to_owned(), option];
        let mut arguments = vec!["collect".to_owned(), "root@127.0.0.1".to_owned()];
        arguments.extend(option(format!("Port={}", self.port)));
        arguments.extend(option(format!("UserKnownHostsFile={}", self.path(known).display())));
        arguments.extend(option("GlobalKnownHostsFile=/dev/null".to_owned()));
        arguments.extend(["--identity".to_owned(), self.path(key).display().to_string()]);
        arguments.extend(["--remote-labkit".to_owned(), labkit.to_owned()]);
        arguments
    }
}
