//! What servers do to a build on bad days, and what it makes of that.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::{fs, io::Write, path::PathBuf};

use support::{
    Bench, Said, TempDir, installed,
    servers::{Asked, Odd, Server, authority, head, reply, stall},
    stock::{self, build, lock_of_files, noise, sha256, verify},
};

const BYTES: usize = 400_000;

/// One file, wanted by a lock.
struct Wish {
    dir: TempDir,
    bytes: Vec<u8>,
}

impl Wish {
    fn new() -> Wish {
        let wish = Wish { dir: tempfile::tempdir().unwrap(), bytes: noise(1, BYTES) };
        fs::create_dir(wish.path("www")).unwrap();
        fs::write(wish.path("www/file.bin"), &wish.bytes).unwrap();
        wish
    }

    fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    fn www(&self) -> PathBuf {
        self.path("www")
    }

    fn bundle(&self) -> PathBuf {
        self.path("lab.bundle")
    }

    fn lock(&self, url: String) -> PathBuf {
        let lock = self.path("lab.lock");
        lock_of_files(&lock, &[("file.bin", url, &self.bytes)]);
        lock
    }

    fn build(&self, url: String, more: &[&str]) -> Said {
        build(&self.lock(url), &self.bundle(), more)
    }

    /// Builds, with variables of the environment.
    fn build_with(&self, url: String, variables: &[(&str, &str)]) -> Said {
        let (lock, bundle) = (self.lock(url), self.bundle());
        let arguments = ["bundle", "build", lock.to_str().unwrap(), "-o", bundle.to_str().unwrap()];
        let variables = variables.iter().copied();
        Bench::new().command(&arguments).env_remove("no_proxy").envs(variables).output().unwrap().into()
    }

    /// The bundle holds the file, and is whole.
    #[track_caller]
    fn assert_there(&self) {
        verify(&self.bundle(), &[]).ok();
        assert_eq!(fs::read(self.bundle().join("blobs/sha256").join(sha256(&self.bytes))).unwrap(), self.bytes);
    }

    /// No index, and nothing of the file: neither whole nor begun.
    #[track_caller]
    fn assert_not_there(&self) {
        let names: Vec<String> = stock::tree(&self.bundle())
            .into_iter()
            .filter(|(_, bytes)| !bytes.is_empty())
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, ["oci-layout"]);
    }
}

fn nginx() -> bool {
    installed("nginx")
}

/// The bytes of the body of an answer.
fn body(answer: &[u8]) -> usize {
    answer.len() - (answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4)
}

#[test]
fn what_came_is_not_asked_for_again_when_a_server_hangs_up() {
    if !nginx() {
        return;
    }
    let wish = Wish::new();
    let behind = Server::nginx(&wish.www(), "");
    let (odd, passed) = Odd::cutting(behind.port, &[100_000, 400, 200_000]);
    wish.build(odd.url("file.bin"), &[]).ok();
    wish.assert_there();
    let passed: Vec<usize> = passed.lock().unwrap().iter().map(|answer| body(answer)).collect();
    assert_eq!(passed.len(), 4);
    assert_eq!(passed.iter().sum::<usize>(), BYTES, "bytes came twice");
    let asked = behind.asked();
    let mut from = 0;
    for (number, line) in asked.iter().enumerate() {
        let range = if from == 0 { "- 200".to_owned() } else { format!("bytes={from}- 206") };
        assert!(line.starts_with(&format!("GET /file.bin {range} ")), "{number}: {line}");
        from += passed[number];
    }
}

#[test]
fn a_later_build_goes_on_where_an_earlier_one_was_given_up() {
    if !nginx() {
        return;
    }
    let wish = Wish::new();
    let (behind, first) = (Server::nginx(&wish.www(), ""), 150_000);
    let bytes = wish.bytes.clone();
    let odd = Odd::serve(move |asked, stream| match asked.number {
        0 => {
            let _ = stream.write_all(head("200 OK", bytes.len(), "").as_bytes());
            let _ = stream.write_all(&bytes[..first]);
        }
        _ => reply(stream, "404 Not Found", "", b""),
    });
    let said = wish.build(odd.url("file.bin"), &[]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.err.contains("it is not there (404)"), "{}", said.err);
    wish.build(behind.url("file.bin"), &[]).ok();
    wish.assert_there();
    let last = behind.asked().pop().unwrap();
    assert_eq!(last, format!("GET /file.bin bytes={first}- 206 {}", BYTES - first));
}

#[test]
fn a_server_without_ranges_is_asked_for_all_of_it_again() {
    if !nginx() {
        return;
    }
    let wish = Wish::new();
    let behind = Server::nginx(&wish.www(), "max_ranges 0;");
    let (odd, _) = Odd::cutting(behind.port, &[100_000]);
    wish.build(odd.url("file.bin"), &[]).ok();
    wish.assert_there();
    let asked = behind.asked();
    assert!(
        asked.len() == 2 && asked[1].ends_with(&format!("- 200 {BYTES}")) && asked[1].contains(" bytes="),
        "{asked:?}"
    );
}

#[test]
fn a_server_that_never_gives_all_of_it_is_given_up() {
    if !nginx() {
        return;
    }
    let wish = Wish::new();
    let behind = Server::nginx(&wish.www(), "max_ranges 0;");
    let (odd, passed) = Odd::cutting(behind.port, &[100_000; 50]);
    let said = wish.build(odd.url("file.bin"), &[]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("given up after 6 attempts"), "{}", said.err);
    assert!(passed.lock().unwrap().len() < 10);
}

/// Answers a range with bytes from elsewhere, and says so.
fn elsewhere(bytes: Vec<u8>) -> Odd {
    Odd::serve(move |asked, stream| match asked.from() {
        Some(_) => reply(
            stream,
            "206 Partial Content",
            &format!("content-range: bytes 7-{}/{}\r\n", bytes.len() - 1, bytes.len()),
            &bytes[7..],
        ),
        None if asked.number == 0 => {
            let _ = stream.write_all(head("200 OK", bytes.len(), "").as_bytes());
            let _ = stream.write_all(&bytes[..1000]);
        }
        None => reply(stream, "200 OK", "", &bytes),
    })
}

#[test]
fn a_range_that_begins_elsewhere_is_not_appended() {
    let wish = Wish::new();
    let odd = elsewhere(wish.bytes.clone());
    wish.build(odd.url("file.bin"), &[]).ok();
    wish.assert_there();
    assert_eq!(odd.count(), 3);
}

#[test]
fn a_busy_server_is_asked_again_when_it_says() {
    let wish = Wish::new();
    let bytes = wish.bytes.clone();
    let times = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = std::sync::Arc::clone(&times);
    let odd = Odd::serve(move |asked, stream| {
        seen.lock().unwrap().push(std::time::Instant::now());
        match asked.number {
            0 => reply(stream, "503 Service Unavailable", "retry-after: 2\r\n", b"later"),
            1 => reply(stream, "429 Too Many Requests", "retry-after: 1\r\n", b"later"),
            _ => reply(stream, "200 OK", "", &bytes),
        }
    });
    wish.build(odd.url("file.bin"), &[]).ok();
    wish.assert_there();
    let times = times.lock().unwrap();
    assert_eq!(times.len(), 3);
    // As long as it said, and longer than it would have been left alone otherwise.
    assert!((times[1] - times[0]).as_secs_f64() >= 2.0);
    assert!((times[2] - times[1]).as_secs_f64() >= 1.0);
}

#[test]
fn a_server_that_stalls_at_the_end_is_asked_for_the_rest() {
    let wish = Wish::new();
    let bytes = wish.bytes.clone();
    let odd = Odd::serve(move |asked, stream| match asked.from() {
        None => {
            let _ = stream.write_all(head("200 OK", bytes.len(), "").as_bytes());
            let _ = stream.write_all(&bytes[..BYTES / 100 * 99]);
            stall(stream);
        }
        Some(from) => {
            let range = format!("content-range: bytes {from}-{}/{BYTES}\r\n", BYTES - 1);
            reply(stream, "206 Partial Content", &range, &bytes[from..]);
            assert_eq!(from, BYTES / 100 * 99);
        }
    });
    wish.build(odd.url("file.bin"), &["--patience", "1"]).ok();
    wish.assert_there();
    assert_eq!(odd.count(), 2);
}

#[test]
fn other_bytes_are_refused_by_their_digest_and_nothing_is_kept() {
    let wish = Wish::new();
    let other = noise(2, BYTES);
    let sent = other.clone();
    let odd = Odd::serve(move |_, stream| reply(stream, "200 OK", "", &sent));
    let url = odd.url("file.bin");
    let said = wish.build(url.clone(), &[]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    let words = format!("it is not what was wanted: sha256 {}, and not {}", sha256(&other), sha256(&wish.bytes));
    assert!(said.err.contains(&format!("file.bin: fetch `{url}`: ")) && said.err.contains(&words), "{}", said.err);
    assert!(said.err.contains("hint: "), "{}", said.err);
    wish.assert_not_there();
    assert!(odd.count() <= 3, "asked {} times for bytes that are wrong", odd.count());
}

#[test]
fn more_bytes_than_the_lock_says_are_refused() {
    let wish = Wish::new();
    let mut more = wish.bytes.clone();
    more.extend(noise(3, 5_000_000));
    let odd = Odd::serve(move |_, stream| reply(stream, "200 OK", "", &more));
    let said = wish.build(odd.url("file.bin"), &[]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains(&format!("it has more than {BYTES} bytes")), "{}", said.err);
    wish.assert_not_there();
    assert!(odd.count() <= 3, "asked {} times", odd.count());
}

#[test]
fn what_an_earlier_build_left_wrong_is_fetched_anew() {
    if !nginx() {
        return;
    }
    let wish = Wish::new();
    let server = Server::nginx(&wish.www(), "");
    let begun = wish.bundle().join(".build").join(sha256(&wish.bytes));
    for left in [noise(9, 1_000), noise(9, BYTES), noise(9, BYTES + 1)] {
        fs::create_dir_all(begun.parent().unwrap()).unwrap();
        fs::write(&begun, left).unwrap();
        wish.build(server.url("file.bin"), &[]).ok();
        wish.assert_there();
        fs::remove_dir_all(wish.bundle()).unwrap();
    }
}

#[test]
fn what_is_not_there_is_told_at_once_and_the_rest_is_kept() {
    if !nginx() {
        return;
    }
    let wish = Wish::new();
    let server = Server::nginx(&wish.www(), "");
    let (lock, url) = (wish.path("lab.lock"), server.url("none.bin"));
    lock_of_files(&lock, &[("none.bin", url.clone(), b"none"), ("file.bin", server.url("file.bin"), &wish.bytes)]);
    let said = build(&lock, &wish.bundle(), &[]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains(&format!("none.bin: fetch `{url}`: it is not there (404)")), "{}", said.err);
    assert_eq!(server.asked().iter().filter(|line| line.contains("none.bin")).count(), 1);
    wish.build(server.url("file.bin"), &[]).ok();
    assert_eq!(server.asked().iter().filter(|line| line.contains("/file.bin")).count(), 1, "it came twice");
    wish.assert_there();
}

#[test]
fn a_redirect_is_followed_and_resumed_behind_it() {
    if !nginx() {
        return;
    }
    let wish = Wish::new();
    let behind = Server::nginx(&wish.www(), "");
    let (odd, _) = Odd::cutting(behind.port, &[100_000]);
    let front =
        Server::nginx(&wish.www(), &format!("location /moved/ {{ rewrite ^/moved/(.*) {}$1 redirect; }}", odd.url("")));
    wish.build(front.url("moved/file.bin"), &[]).ok();
    wish.assert_there();
    assert_eq!(front.asked().len(), 2);
    assert!(behind.asked()[1].contains(" bytes="), "{:?}", behind.asked());
}

#[test]
fn redirects_in_a_circle_are_an_error() {
    let wish = Wish::new();
    let odd = Odd::serve(|_: &Asked, stream| reply(stream, "302 Found", "location: /file.bin\r\n", b""));
    let said = wish.build(odd.url("file.bin"), &[]);
    assert!([Some(1), Some(2)].contains(&said.code) && said.err.contains("redirect"), "{}", said.err);
}

#[test]
fn a_private_authority_is_trusted_where_ssl_cert_file_names_it() {
    if !nginx() || !installed("openssl") {
        return;
    }
    let wish = Wish::new();
    let (ca, certificate) = authority(wish.dir.path());
    let server = Server::nginx_with(&wish.www(), "ssl", "", &certificate);
    let url = server.url("file.bin").replace("http://", "https://");
    // Whoever is trusted is in no way what this machine's own set says.
    let none = wish.path("none.pem");
    fs::write(&none, "").unwrap();
    for trusted in [None, Some(&none)] {
        let variables = trusted.map(|path| ("SSL_CERT_FILE", path.to_str().unwrap()));
        let said = wish.build_with(url.clone(), variables.as_slice());
        assert_eq!(said.code, Some(1), "{}", said.err);
        assert!(said.err.contains("hint: ") && said.err.contains("SSL_CERT_FILE names the file"), "{}", said.err);
        assert!(!said.err.contains("given up after"), "{}", said.err);
    }
    wish.build_with(url, &[("SSL_CERT_FILE", ca.to_str().unwrap())]).ok();
    wish.assert_there();
}

#[test]
fn the_proxy_of_the_environment_is_asked_but_not_for_this_machine() {
    if !nginx() || !installed("tinyproxy") {
        return;
    }
    let wish = Wish::new();
    let (server, proxy) = (Server::nginx(&wish.www(), ""), Server::tinyproxy());
    let address = proxy.url("");
    let through = |name: &str| proxy.asked().iter().any(|line| line.contains(name));
    for variable in ["http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"] {
        wish.build_with(server.url("file.bin"), &[(variable, &address)]).ok();
        wish.assert_there();
        assert!(!through(&format!("127.0.0.1:{}", server.port)), "{}", proxy.text("access.log"));
        fs::remove_dir_all(wish.bundle()).unwrap();
    }
    // By this name it might be any machine; Linux takes it for this one.
    let elsewhere = server.url("file.bin").replace("127.0.0.1", "0.0.0.0");
    wish.build_with(elsewhere.clone(), &[("http_proxy", &address)]).ok();
    wish.assert_there();
    assert!(through("0.0.0.0"), "{}", proxy.text("access.log"));
    fs::remove_dir_all(wish.bundle()).unwrap();
    let dead = format!("http://127.0.0.1:{}", support::servers::free_port());
    wish.build_with(elsewhere.clone(), &[("http_proxy", &dead), ("no_proxy", "0.0.0.0")]).ok();
    wish.assert_there();
    fs::remove_dir_all(wish.bundle()).unwrap();
    let said = wish.build_with(elsewhere, &[("http_proxy", &dead)]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("http_proxy"), "it does not say that there is a proxy: {}", said.err);
}
