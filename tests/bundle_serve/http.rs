//! HTTP as such: parts, known versions, and what is none.

use std::fs;

use nix::sys::signal::Signal;

use crate::{
    layout::Sample,
    served::{Heard, Served},
    support::Bench,
};

#[test]
fn a_head_is_a_get_without_its_body() {
    let sample = Sample::new();
    let served = Served::bundle(sample.written.path());
    let [manifest, _, layer] = &sample.small;
    for path in [
        "/".to_owned(),
        "/none".to_owned(),
        "/v2/".to_owned(),
        "/v2/library/small/manifests/1.0".to_owned(),
        "/v2/library/small/manifests/9".to_owned(),
        format!("/v2/library/small/blobs/{layer}"),
        "/v2/library/small/tags/list?n=1".to_owned(),
        format!("/v2/library/small/referrers/{manifest}"),
        "/bundle/index.json".to_owned(),
        format!("/bundle/blobs/sha256/{}", &layer[7..]),
    ] {
        let (mut get, mut head) = (served.get(&path), served.ask("HEAD", &path, &[]));
        for heard in [&mut get, &mut head] {
            assert!(heard.headers.remove("date").is_some_and(|date| date.ends_with(" GMT")));
        }
        assert!(head.is_whole("HEAD"), "{path}");
        assert!(!get.body.is_empty() && get.headers.contains_key("content-length"), "{path}");
        get.body.clear();
        assert_eq!(get, head, "{path}");
    }
}

#[test]
fn a_download_goes_on_where_it_ended() {
    let sample = Sample::new();
    let dir = tempfile::tempdir().unwrap();
    let layer = &sample.small[2];
    let all = fs::read(sample.written.place(layer)).unwrap();
    let path = format!("/v2/library/small/blobs/{layer}");
    for place in [sample.written.path().to_owned(), sample.written.packed(dir.path())] {
        let served = Served::bundle(&place);
        let etag = format!("If-Range: {}", served.get(&path).header("etag"));
        let mut come = Vec::new();
        for range in ["0-99999", "100000-100000", "100001-"] {
            let part = served.ask("GET", &path, &[&format!("Range: bytes={range}"), &etag]);
            assert!(part.status == 206 && part.is_whole("GET"));
            let end = come.len() + part.body.len();
            assert_eq!(part.header("content-range"), format!("bytes {}-{}/{}", come.len(), end - 1, all.len()));
            come.extend(part.body);
        }
        assert!(come == all);
        let last = served.ask("GET", &path, &["Range: bytes=-5"]);
        assert_eq!((last.status, &last.body[..]), (206, &all[all.len() - 5..]));
        for (range, status) in [("400000-", 416), ("-0", 416), ("0-1,5-6", 200), ("5-1", 200), ("x", 200)] {
            let heard = served.ask("GET", &path, &[&format!("Range: bytes={range}")]);
            assert!(heard.status == status && heard.is_whole("GET"), "{range}");
            assert_eq!(heard.header("content-range"), if status == 416 { "bytes */400000" } else { "" });
        }
        let other = served.ask("GET", &path, &["Range: bytes=5-", "If-Range: \"another\""]);
        assert_eq!((other.status, other.body.len()), (200, all.len()));
    }
}

#[test]
fn what_the_client_has_is_not_sent_again() {
    let sample = Sample::new();
    let served = Served::bundle(sample.written.path());
    for path in ["/v2/library/small/manifests/1.0", "/bundle/index.json"] {
        let etag = served.get(path).header("etag").to_owned();
        assert!(etag.starts_with("\"sha256:"), "{etag}");
        let known = served.ask("GET", path, &[&format!("If-None-Match: \"x\", {etag}")]);
        assert!(known.is_whole("GET"));
        assert_eq!((known.status, known.body.len(), known.header("etag")), (304, 0, etag.as_str()));
        assert_eq!(served.ask("GET", path, &["If-None-Match: \"x\""]).status, 200);
    }
}

#[test]
fn a_path_never_leads_out_of_the_bundle() {
    let sample = Sample::new();
    let served = Served::bundle(sample.written.path());
    for path in [
        "/../etc/passwd",
        "//etc/passwd",
        "/bundle/../bundle/index.json",
        "/bundle/../../../../../../etc/passwd",
        "/bundle/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/bundle/..%2f..%2f..%2fetc%2fpasswd",
        "/bundle//etc/passwd",
        "/bundle/blobs/sha256/../../index.json",
        "/bundle/blobs/sha256/",
        "/bundle/blobs/../index.json",
        "/bundle/",
        "/bundle",
        "/v2/library/small/blobs/../../bundle/index.json",
        "/v2/../bundle/index.json",
        "/v2/library/small/manifests/../../../bundle/index.json",
    ] {
        assert_eq!(served.get(path).status, 404, "{path}");
    }
    for path in ["/bundle/index.json%00", "/%ff", "/%zz", "/?x=%00"] {
        assert_eq!(served.get(path).status, 400, "{path}");
    }
}

#[test]
fn what_is_no_request_is_refused_and_the_server_goes_on() {
    let sample = Sample::new();
    let served = Served::bundle(sample.written.path());
    let long = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "y".repeat(200_000));
    for (bytes, status) in [
        (long.as_bytes(), 431),
        (b"hello\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"\0\0\0\0", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"GET /\r\n\r\n", 400),
    ] {
        let heard = Heard::read(served.send(bytes));
        assert_eq!(
            (heard.status, heard.header("connection")),
            (status, "close"),
            "{}",
            bytes[..9.min(bytes.len())].escape_ascii()
        );
    }
    assert_eq!(served.get("/").status, 200);
}

#[test]
fn the_first_page_says_what_there_is() {
    let sample = Sample::new();
    let served = Served::bundle(sample.written.path());
    let page = served.get("/").text();
    for line in ["docker.io/library/small:1.0\n", "quay.io/team/both:3\n", "/bundle/", "/v2/"] {
        assert!(page.contains(line), "{page}");
    }
    assert!(page.contains(&format!("docker://{}/docker.io/library/small", served.address)), "{page}");
    assert!(!page.contains("charts"), "{page}");
    let sneaky = Heard::read(served.send(b"GET / HTTP/1.0\r\nHost: <x>\x1b[31m\r\n\r\n"));
    assert!(sneaky.status == 400 || !sneaky.text().contains(['<', '\x1b']), "{}", sneaky.text());
}

#[test]
fn it_runs_until_it_is_told_to_stop() {
    let sample = Sample::new();
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let mut served = Served::bundle(sample.written.path());
        let _idle = served.send(b"GET / HTTP/1.1\r\n");
        assert_eq!(served.end(signal).code(), Some(0), "{signal}");
    }
}

#[test]
fn what_cannot_be_served_is_said() {
    let sample = Sample::new();
    let served = Served::bundle(sample.written.path());
    let address = served.address.to_string();
    let serve = |path: &str, address: &str| Bench::new().labkit(&["bundle", "serve", path, "--address", address]);
    let path = sample.written.path().to_str().unwrap();
    let said = serve(path, &address);
    assert_eq!(said.code, Some(1));
    assert!(said.err.starts_with(&format!("error: listen on {address}: Address already in use")), "{}", said.err);
    assert!(said.err.contains(&format!("hint: `ss -ltnp sport = :{}`", served.address.port())), "{}", said.err);
    let said = serve(&format!("{path}/none"), "127.0.0.1:0");
    assert!(
        said.err.starts_with(&format!("error: open the bundle `{path}/none`: open `{path}/none`: No such file")),
        "{}",
        said.err
    );
    let said = serve(&format!("{path}/index.json"), "127.0.0.1:0");
    assert!(said.err.starts_with(&format!("error: open the bundle `{path}/index.json`: ")), "{}", said.err);
    let said = serve(&format!("{path}/blobs"), "127.0.0.1:0");
    assert!(said.err.contains("read `oci-layout`: it is not there\nhint: an image layout has"), "{}", said.err);
    assert_eq!(serve(path, "localhost").code, Some(2));
}
