//! The same images behind docker-registry: both must answer alike, or it is said here why not.

use std::fs;

use crate::{
    clients::{IMAGES, Made},
    served::{Heard, Served},
};

/// A path below `/v2/`, and what the two may differ in.
struct Asked {
    method: &'static str,
    path: String,
    headers: &'static [&'static str],
    may_differ: May,
}

#[derive(PartialEq)]
enum May {
    Nothing,
    /// Status and code are alike, and the words of the error are each server's own.
    Words,
    /// Where the image has no such name, docker-registry looks for the manifest first and says that this is unknown. The
    /// specification has both codes for it; ours names what is truly missing.
    Code,
    /// docker-registry 2.8 is older than the specification: no pages of tags, no referrers.
    Newer,
    /// docker-registry answers with a page of its own where no route fits; ours stays with JSON.
    Body,
}

fn asked(made: &Made) -> Vec<Asked> {
    let small = made.digest(IMAGES[0]);
    let both = made.digest(IMAGES[1]);
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(made.layout().join("blobs").join(small.replace(':', "/"))).unwrap()).unwrap();
    let config = manifest["config"]["digest"].as_str().unwrap();
    let layer = manifest["layers"][0]["digest"].as_str().unwrap();
    let none = format!("sha256:{}", "0".repeat(64));
    let mut all = Vec::new();
    for method in ["GET", "HEAD"] {
        let mut add = |path: &str, headers: &'static [&'static str], may_differ: May| {
            all.push(Asked { method, path: format!("/v2/{path}"), headers, may_differ });
        };
        const OCI: &[&str] =
            &["Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json"];
        add("", &[], May::Nothing);
        add("library/small/manifests/1.0", OCI, May::Nothing);
        add(&format!("library/small/manifests/{small}"), OCI, May::Nothing);
        add("team/both/manifests/3", OCI, May::Nothing);
        add(&format!("team/both/manifests/{both}"), OCI, May::Nothing);
        add(&format!("team/both/manifests/{small}"), OCI, May::Nothing);
        add("library/small/manifests/9", OCI, May::Words);
        add(&format!("library/small/manifests/{none}"), OCI, May::Words);
        add(&format!("library/small/manifests/{both}"), OCI, May::Words);
        add("library/none/manifests/1.0", OCI, May::Code);
        add(&format!("library/small/referrers/{small}"), &[], May::Newer);
        for blob in [config, layer] {
            add(&format!("library/small/blobs/{blob}"), &[], May::Nothing);
        }
        // docker-registry has no HEAD of lists, and answers a HEAD in parts, which only a GET has (RFC 9110, 14.2).
        if method == "GET" {
            add("library/none/tags/list", &[], May::Words);
            add("library/small/tags/list", &[], May::Nothing);
            add("library/small/tags/list?n=0", &[], May::Newer);
            let path = format!("library/small/blobs/{layer}");
            add(&path, &["Range: bytes=10-19"], May::Nothing);
            add(&path, &["Range: bytes=100-"], May::Nothing);
            add(&path, &["Range: bytes=-7"], May::Nothing);
            add(&path, &["Range: bytes=99999999-"], May::Body);
        }
        add(&format!("library/small/blobs/{none}"), &[], May::Words);
        add(&format!("library/small/blobs/{small}"), &[], May::Words);
        add(&format!("library/none/blobs/{layer}"), &[], May::Code);
        add("library/small/blobs/sha256:0", &[], May::Words);
        add("library/small", &[], May::Body);
    }
    all
}

/// What is each server's own business.
fn plain(mut heard: Heard) -> Heard {
    for name in ["date", "connection", "x-content-type-options", "accept-ranges", "cache-control"] {
        heard.headers.remove(name);
    }
    for value in heard.headers.values_mut() {
        *value = value.replace("; charset=utf-8", "");
    }
    // It ends its documents with a line break.
    if let Ok(json) = serde_json::from_slice::<serde_json::Value>(&heard.body)
        && heard.header("content-type") == "application/json"
    {
        heard.body = json.to_string().into_bytes();
        heard.headers.remove("content-length");
    }
    heard
}

fn compare(asked: &Asked, ours: Heard, theirs: Heard) {
    let what = format!("{} {} {:?}", asked.method, asked.path, asked.headers);
    // Not asked of docker-registry: with 416 it promises the length of the whole blob, and sends a line of text.
    assert!(ours.is_whole(asked.method), "{what}");
    if asked.may_differ == May::Newer {
        return assert_eq!(ours.status, 200, "{what}");
    }
    assert_eq!(ours.status, theirs.status, "{what}");
    match asked.may_differ {
        May::Words => assert_eq!(ours.code(), theirs.code(), "{what}"),
        May::Code | May::Newer => {}
        May::Body => assert_eq!(ours.header("content-range"), theirs.header("content-range"), "{what}"),
        May::Nothing => assert_eq!(plain(ours), plain(theirs), "{what}"),
    }
}

#[test]
fn it_answers_as_docker_registry_does() {
    let Some(made) = Made::new(&["docker-registry"]) else { return };
    let config = "version: 0.1\nstorage: {filesystem: {rootdirectory: registry}}\nhttp: {addr: \"127.0.0.1:0\"}\n";
    fs::write(made.path().join("registry.yml"), config).unwrap();
    let mut command = std::process::Command::new("docker-registry");
    command.args(["serve", "registry.yml"]).current_dir(made.path());
    let theirs =
        Served::begin(&mut command, |line| line.split_once("listening on ")?.1.split('"').next()?.parse().ok());
    for image in IMAGES {
        let (from, to) = (format!("oci:lay:{image}"), image.split_once('/').unwrap().1);
        let copy = "skopeo --insecure-policy copy -q --all --preserve-digests --dest-tls-verify=false";
        made.sh(&format!("{copy} {from} docker://{}/{to}", theirs.address)).ok();
    }
    let ours = Served::bundle(&made.layout());
    for asked in asked(&made) {
        let ask = |served: &Served| served.ask(asked.method, &asked.path, asked.headers);
        compare(&asked, ask(&ours), ask(&theirs));
    }
}
