//! Debian packages made for a test, keys to sign with, archives of packages, and a server on this machine for them.
#![allow(dead_code, clippy::unwrap_used, reason = "test code; each test file uses a part of it")]

use std::{
    fs,
    io::Write,
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{Said, TempDir, installed};

/// True where packages can be made, signed, served and chosen.
pub fn programs() -> bool {
    ["apt-get", "apt-ftparchive", "dpkg-deb", "gpg", "python3"].iter().all(|program| installed(program))
}

/// Runs a program to its success; gives what it printed.
pub fn run(command: &mut Command) -> String {
    Said::from(command.output().unwrap()).ok()
}

/// Makes a package in a directory; `more` is further fields of its control paragraph. Gives its file.
pub fn deb(dir: &Path, head: [&str; 3], more: &str) -> PathBuf {
    let [name, version, architecture] = head;
    let root = dir.join(format!("{name}_{version}_{architecture}"));
    fs::create_dir_all(root.join("DEBIAN")).unwrap();
    let control = format!(
        "Package: {name}\nVersion: {version}\nArchitecture: {architecture}\nMaintainer: nobody <nobody@example.org>\n\
         {more}Description: made for a test\n of apt\n"
    );
    fs::write(root.join("DEBIAN/control"), control).unwrap();
    built(&root)
}

/// Packs a prepared directory.
pub fn built(root: &Path) -> PathBuf {
    let deb = PathBuf::from(format!("{}.deb", root.display()));
    run(Command::new("dpkg-deb").args(["-Zgzip", "-z1", "--root-owner-group", "--build"]).args([root, &deb]));
    fs::remove_dir_all(root).unwrap();
    deb
}

/// A key of its own to sign archives with; its agent ends with it.
pub struct Key {
    home: TempDir,
    /// Makes gpg believe that it is another day; nothing for today.
    day: Vec<&'static str>,
}

impl Key {
    pub fn new() -> Key {
        Key::made(Vec::new(), "never")
    }

    /// A key that was good for a day, long ago.
    pub fn expired() -> Key {
        Key::made(vec!["--faked-system-time", "20200101T000000!"], "1d")
    }

    fn made(day: Vec<&'static str>, ends: &str) -> Key {
        let key = Key { home: tempfile::tempdir().unwrap(), day };
        fs::set_permissions(key.home.path(), fs::Permissions::from_mode(0o700)).unwrap();
        run(key.gpg().args(["--passphrase", "", "--quick-generate-key", "lab", "ed25519", "sign", ends]));
        key
    }

    fn gpg(&self) -> Command {
        let mut gpg = Command::new("gpg");
        gpg.arg("--homedir").arg(self.home.path()).args(["--batch", "--quiet"]).args(&self.day);
        gpg
    }

    pub fn armored(&self) -> String {
        run(self.gpg().args(["--armor", "--export"]))
    }

    /// The text, signed in clear.
    pub fn signed(&self, text: &str) -> String {
        let mut gpg = self.gpg().arg("--clearsign").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        gpg.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        Said::from(gpg.wait_with_output().unwrap()).ok()
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        let ended = Command::new("gpgconf").args(["--kill", "gpg-agent"]).env("GNUPGHOME", self.home.path()).status();
        drop(ended);
    }
}

/// Makes an archive of the packages that lie in a directory, as Debian makes its own; `more` is further fields of its
/// Release file. Unsigned where there is no key.
pub fn publish(dir: &Path, architectures: &[&str], more: &str, key: Option<&Key>) {
    let suite = dir.join("dists/test");
    for architecture in architectures {
        let below = suite.join(format!("main/binary-{architecture}"));
        fs::create_dir_all(&below).unwrap();
        let list = run(Command::new("apt-ftparchive").args(["--arch", architecture, "packages", "."]).current_dir(dir));
        fs::write(below.join("Packages"), list).unwrap();
    }
    let hashes = run(Command::new("apt-ftparchive").args(["release", "."]).current_dir(&suite));
    let release = format!(
        "Suite: test\nCodename: test\nArchitectures: {}\nComponents: main\n{more}{hashes}",
        architectures.join(" ")
    );
    match key {
        Some(key) => fs::write(suite.join("InRelease"), key.signed(&release)).unwrap(),
        None => fs::write(suite.join("Release"), release).unwrap(),
    }
}

/// Gives out the files of a directory by HTTP on this machine; ends with the test.
pub struct Server {
    server: Child,
    port: u16,
    log: TempDir,
}

impl Server {
    pub fn of(dir: &Path) -> Server {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = tempfile::tempdir().unwrap();
        let mut server = Command::new("python3")
            .args(["-m", "http.server", "--bind", "127.0.0.1", &port.to_string()])
            .current_dir(dir)
            .stdout(Stdio::null())
            .stderr(fs::File::create(log.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(server.try_wait().unwrap().is_none() && Instant::now() < deadline, "no server on port {port}");
            thread::sleep(Duration::from_millis(20));
        }
        Server { server, port, log }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What was asked of it, and answered.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log.path().join("log")).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}
