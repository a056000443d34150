//! Images on their way into a bundle: by a registry that wants a token, for two platforms, and read again by skopeo.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::{fs, path::Path, process::Command};

use support::{
    LABKIT, Said, installed,
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

const SLOW: &str = "bundle.image { name = \"localhost/slow:1\", packages = { \"liblapack3\" } }\n";
const FAST: &str =
    "bundle.image { name = \"localhost/fast:1\", packages = { \"liblapack3\", \"libopenblas0-serial\" } }\n";

/// labkit, with the archives of this machine.
fn labkit(dir: &Path, arguments: &[&str]) -> Said {
    Command::new(LABKIT).current_dir(dir).args(arguments).env("LABKIT_BUNDLE", "none").output().unwrap().into()
}

fn recipe(dir: &Path, name: &str, text: &str) {
    fs::write(dir.join(name), format!("--- What do its pods compute with?\n{text}")).unwrap();
}

/// What is in an image of a bundle, as tar lists it.
fn files_of(dir: &Path, image: &str) -> String {
    let (from, to) = (format!("oci:lab.bundle:{image}"), dir.join(image.replace('/', "-")));
    let copy = ["--insecure-policy", "copy", "--quiet", &from, &format!("dir:{}", to.display())];
    succeed(Command::new("skopeo").current_dir(dir).args(copy));
    let manifest: serde_json::Value = serde_json::from_slice(&fs::read(to.join("manifest.json")).unwrap()).unwrap();
    let layers = manifest["layers"].as_array().unwrap().iter();
    let list = |layer: &serde_json::Value| {
        let file = layer["digest"].as_str().unwrap().trim_start_matches("sha256:");
        succeed(Command::new("tar").arg("tvzf").arg(to.join(file)))
    };
    layers.map(list).collect()
}

#[test]
fn images_that_a_recipe_wants_of_packages_are_locked_and_made_each_as_if_alone() {
    if !["mmdebstrap", "skopeo"].into_iter().all(installed) {
        return;
    }
    let work = tempfile::tempdir().unwrap();
    let dir = work.path();
    recipe(dir, "pods.lua", &format!("{SLOW}{FAST}"));
    let said = labkit(dir, &["bundle", "lock", "./pods.lua"]).ok();
    assert!(said.contains(" 0 images, "), "{said}");
    let text = fs::read_to_string(dir.join("lab.lock")).unwrap();
    let made = "[[made]]\nname = \"localhost/slow:1\"\npackages = [\"liblapack3\"]\n";
    assert!(text.contains(made), "{}", &text[text.len().saturating_sub(2000)..]);
    let blas = text.split("name = \"libblas3\"").nth(1).unwrap().split("\n\n").next().unwrap();
    assert!(blas.contains("wanted_by = [\"image localhost/slow:1\"]"), "{blas}");
    // Nothing named, it is the same.
    labkit(dir, &["bundle", "lock"]).ok();
    assert_eq!(fs::read_to_string(dir.join("lab.lock")).unwrap(), text);
    assert_eq!(labkit(dir, &["bundle", "lock", "--check"]).ok(), "nothing moved: everything is as the lock has it\n");

    let built = labkit(dir, &["bundle", "build"]);
    assert!(built.err.contains("make      image localhost/slow:1 for amd64 of "), "{}{}", built.out, built.err);
    assert!(labkit(dir, &["bundle", "verify", "--lock", "lab.lock", "--quiet"]).ok().ends_with("✓ it is whole\n"));
    let (slow, fast) = (files_of(dir, "localhost/slow:1"), files_of(dir, "localhost/fast:1"));
    // With OpenBLAS at hand, apt would have left the reference library out of the other one as well.
    assert!(slow.contains("/blas/libblas.so.3") && !slow.contains("openblas"), "{slow}");
    assert!(fast.contains("/openblas-serial/libblas.so.3") && !fast.contains("/blas/libblas.so.3"), "{fast}");
    assert!(slow.contains("usr/local/bin/labkit") && fast.contains("usr/local/bin/labkit"));

    recipe(dir, "pods.lua", SLOW);
    let said = labkit(dir, &["bundle", "lock", "--check"]);
    assert_eq!(said.code, Some(3), "{}", said.err);
    let gone = "- image localhost/fast:1 of packages liblapack3 libopenblas0-serial\n";
    assert!(said.out.contains(gone) && said.out.contains("- deb libopenblas0-serial amd64 "), "{}", said.out);
    labkit(dir, &["bundle", "lock"]).ok();
    let again = labkit(dir, &["bundle", "build"]);
    // The other one is as it was.
    assert!(again.code == Some(0) && !again.err.contains("make "), "{}{}", again.out, again.err);
    let held = labkit(dir, &["bundle", "ls", "lab.bundle"]).ok();
    assert!(held.contains("localhost/slow:1") && !held.contains("localhost/fast:1"), "{held}");
}

#[test]
fn an_image_is_wanted_of_the_same_packages_by_all_recipes() {
    let work = tempfile::tempdir().unwrap();
    let dir = work.path();
    recipe(dir, "one.lua", SLOW);
    recipe(dir, "two.lua", &FAST.replace("fast", "slow"));
    let said = labkit(dir, &["bundle", "lock", "./one.lua", "./two.lua"]);
    assert_eq!(said.code, Some(2), "{}{}", said.out, said.err);
    let words = "error: image `localhost/slow:1` is wanted of these packages: liblapack3, and of these: liblapack3, libopenblas0-serial\n";
    assert!(said.err.starts_with(words), "{}", said.err);
    recipe(dir, "bad.lua", &SLOW.replace("localhost/slow:1", "No Name"));
    let said = labkit(dir, &["bundle", "lock", "./bad.lua"]);
    let words = "error: bad.lua:2: recipe `./bad.lua`: bundle.image: `No Name` is no name of an image";
    assert!(said.err.starts_with(words), "{}", said.err);
    // Where nothing is gathered it is a name, and no more.
    recipe(
        dir,
        "one.lua",
        &SLOW.replace("bundle.image", "assert(\"localhost/slow:1\" == bundle.image").replace("}\n", "})\n"),
    );
    labkit(dir, &["plan", "./one.lua"]).ok();
}
