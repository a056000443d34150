//! Images on their way into a bundle: by a registry that wants a token, for two platforms, and read again by skopeo.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::{fs, process::Command};

use support::{
    installed,
    servers::{Server, succeed},
    stock::{Images, PROGRAMS, Stock, build, sha256, verify},
};

fn possible() -> bool {
    PROGRAMS.iter().all(|program| installed(program))
}

/// nginx before a registry: who has no token is told where to get one.
fn with_token(stock: &Stock, token: &str) -> Server {
    let map = "map $http_authorization $known { default 0; \"Bearer let-me-in\" 1; }";
    let more = format!(
        "location = /token {{ default_type application/json; return 200 '{token}'; }}
         location /v2/ {{
             if ($known = 0) {{ return 401; }}
             proxy_pass http://127.0.0.1:{};
             proxy_set_header Authorization '';
         }}
         error_page 401 = @who;
         location @who {{
             add_header WWW-Authenticate 'Bearer realm=\"http://$http_host/token\",service=\"lab\",scope=\"repository:library/x:pull\"' always;
             return 401;
         }}",
        stock.registry.port
    );
    Server::nginx_with(&stock.path("www"), "", map, &more)
}

#[test]
fn a_registry_that_wants_a_token_gives_one_to_anybody() {
    if !possible() {
        return;
    }
    let stock = Stock::shared();
    let dir = tempfile::tempdir().unwrap();
    let (lock, bundle) = (dir.path().join("lab.lock"), dir.path().join("lab.bundle"));
    let server = with_token(&stock, r#"{"access_token":"let-me-in","expires_in":60}"#);
    let registry = format!("docker.io={}", server.url(""));
    stock.lock_of(&lock, &["--image", "x:1", "--arch", "amd64,arm64", "--registry", &registry]).ok();
    build(&lock, &bundle, &[]).ok();
    assert!(verify(&bundle, &[]).ok().ends_with("✓ it is whole\n"));
    let asked = server.asked();
    assert!(asked.iter().any(|line| line.starts_with("GET /token ")), "{asked:?}");
    assert!(asked.iter().any(|line| line.contains("/manifests/1 - 401")), "{asked:?}");
    // A token is good for all that follows.
    let refused = asked.iter().filter(|line| line.contains(" 401 ")).count();
    assert!(refused * 2 <= asked.len(), "{asked:?}");
}

#[test]
fn a_token_that_is_none_or_not_good_is_told() {
    if !possible() {
        return;
    }
    let stock = Stock::shared();
    let dir = tempfile::tempdir().unwrap();
    let lock = dir.path().join("lab.lock");
    for (token, words) in [
        (r#"{"expires_in":60}"#, "there is no token in the answer"),
        ("no JSON", "get a token from `http://"),
        (r#"{"token":"wrong"}"#, "it wants to know who asks (401)"),
    ] {
        let server = with_token(&stock, token);
        let registry = format!("docker.io={}", server.url(""));
        let said = stock.lock_of(&lock, &["--image", "x:1", "--registry", &registry]);
        assert_eq!(said.code, Some(1));
        assert!(
            said.err.contains("image `docker.io/library/x:1` for amd64: ") && said.err.contains(words),
            "{words}: {}",
            said.err
        );
    }
}

#[test]
fn skopeo_reads_the_images_of_a_bundle() {
    if !possible() {
        return;
    }
    let stock = Stock::shared();
    let dir = tempfile::tempdir().unwrap();
    for architecture in ["amd64", "arm64"] {
        let from = format!("oci:{}:docker.io/library/x:1", stock.path("lab.bundle").display());
        let to = format!("dir:{}", dir.path().join(architecture).display());
        succeed(Command::new("skopeo").args([
            "--insecure-policy",
            "--override-arch",
            architecture,
            "copy",
            "--quiet",
            &from,
            &to,
        ]));
        let manifest = fs::read(dir.path().join(architecture).join("manifest.json")).unwrap();
        let digest = format!("digest = \"sha256:{}\"", sha256(&manifest));
        assert!(stock.lock_text().contains(&digest), "{architecture}");
    }
}

#[test]
fn only_the_platforms_of_the_lock_are_fetched() {
    if !possible() {
        return;
    }
    let stock = Stock::shared();
    let dir = tempfile::tempdir().unwrap();
    let (lock, bundle) = (dir.path().join("lab.lock"), dir.path().join("lab.bundle"));
    stock.lock_of(&lock, &["--image", "x:1", "--arch", "amd64"]).ok();
    build(&lock, &bundle, &[]).ok();
    assert!(verify(&bundle, &[]).ok().ends_with("✓ it is whole\n"));
    let size: u64 =
        fs::read_dir(bundle.join("blobs/sha256")).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    assert!(size < 500_000, "{size}");
}

#[test]
fn an_image_of_a_wrong_architecture_is_found_in_a_bundle() {
    if !possible() {
        return;
    }
    let stock = Stock::new();
    let layout = Images::new();
    layout.add("one", "amd64", 1_000);
    layout.add("two", "arm64", 1_000);
    layout.join("liar", &[("one", "arm64"), ("two", "amd64")]);
    stock.copy(&layout, "liar", "liar", "1");
    stock.push_for_two("honest", "1", 1_000);
    let (lock, bundle) = (stock.path("lab.lock"), stock.path("lab.bundle"));
    stock.lock_of(&lock, &["--image", "honest:1", "--arch", "amd64,arm64"]).ok();
    // What lock refuses, written by hand: the digests of the one under the name of the other.
    let index = fs::read_to_string(layout.path().join("index.json")).unwrap();
    let index: serde_json::Value = serde_json::from_str(&index).unwrap();
    let digest = |at: usize| index["manifests"][at]["digest"].as_str().unwrap().to_owned();
    let text = fs::read_to_string(&lock).unwrap();
    let mut blocks = text.split("[[image]]").map(str::to_owned).collect::<Vec<_>>();
    for (block, at) in blocks[1..].iter_mut().zip([1, 0]) {
        let line = |key: &str| block.lines().find(|line| line.starts_with(key)).unwrap().to_owned();
        let (old, top) = (line("digest"), line("index"));
        *block = block.replace(&old, &format!("digest = \"{}\"", digest(at)));
        *block = block.replace(&top, &format!("index = \"{}\"", digest(2))).replace("honest", "liar");
    }
    fs::write(&lock, blocks.join("[[image]]")).unwrap();
    build(&lock, &bundle, &[]).ok();
    let said = verify(&bundle, &[]);
    assert_eq!(said.code, Some(4), "{}", said.out);
    let words = "✗ docker.io/library/liar:1: its image for arm64 is made for amd64\n✗ docker.io/library/liar:1: its image for amd64 is made for arm64\n";
    assert!(said.out.contains(words), "{}", said.out);
}

#[test]
fn an_index_without_the_image_of_the_lock_is_refused_by_build() {
    if !possible() {
        return;
    }
    let stock = Stock::shared();
    let dir = tempfile::tempdir().unwrap();
    let lock = dir.path().join("lab.lock");
    let text = stock.lock_text();
    let value = |name: &str, key: &str| {
        let block = text.split("[[image]]").skip(1).find(|block| block.contains(name)).unwrap();
        block.lines().find(|line| line.starts_with(key)).unwrap().to_owned()
    };
    fs::write(&lock, text.replace(&value("/x:1", "index"), &value("/named:1", "index"))).unwrap();
    let said = build(&lock, &dir.path().join("lab.bundle"), &[]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("image `docker.io/library/x:1` for amd64: "), "{}", said.err);
}
