//! What a registry answers to those who pull (OCI distribution specification 1.1).

use std::fs;

use labkit::oci::media_type;
use serde_json::json;

use crate::{
    layout::{SIGNATURE_TYPE, Sample, digest},
    served::Served,
};

#[test]
fn an_image_is_found_by_each_of_its_names_and_no_other() {
    let sample = Sample::new();
    let served = Served::bundle(sample.written.path());
    let [manifest, config, layer] = &sample.small;
    let text = fs::read(sample.written.place(manifest)).unwrap();
    for (name, ns) in [
        ("library/small", ""),
        ("library/small", "?ns=docker.io"),
        ("docker.io/library/small", ""),
        ("docker.io/library/small", "?ns=docker.io"),
    ] {
        for reference in ["1.0", manifest] {
            let heard = served.get(&format!("/v2/{name}/manifests/{reference}{ns}"));
            assert_eq!((heard.status, &heard.body), (200, &text), "{name}{ns}");
            assert_eq!(heard.header("docker-content-digest"), manifest);
            assert_eq!(heard.header("content-type"), media_type::MANIFEST);
        }
        for digest in [config, layer] {
            let heard = served.get(&format!("/v2/{name}/blobs/{digest}{ns}"));
            assert_eq!((heard.status, &heard.body), (200, &fs::read(sample.written.place(digest)).unwrap()));
            assert_eq!(heard.header("docker-content-digest"), digest);
        }
    }
    for (name, ns) in [
        ("small", ""),
        ("library/small", "?ns=quay.io"),
        ("docker.io/library/small", "?ns=quay.io"),
        ("quay.io/library/small", ""),
        // Two registries have it, and which one is meant nobody can know.
        ("team/both", ""),
        ("charts/one", ""),
        ("docker.io/charts/one", ""),
        ("", ""),
    ] {
        let heard = served.get(&format!("/v2/{name}/manifests/1.0{ns}"));
        assert_eq!((heard.status, heard.code().as_str()), (404, "NAME_UNKNOWN"), "{name}{ns}");
    }
    assert_eq!(served.get("/v2/team/both/manifests/3?ns=quay.io").header("content-type"), media_type::INDEX);
    assert_eq!(served.get("/v2/ghcr.io/team/both/manifests/4").header("content-type"), media_type::MANIFEST);
}

#[test]
fn a_repository_gives_what_its_images_lead_to_and_nothing_else() {
    let sample = Sample::new();
    let served = Served::bundle(sample.written.path());
    let [list, amd64, arm64] = &sample.both;
    let [manifest, config, layer] = &sample.small;
    for (path, code) in [
        (format!("quay.io/team/both/manifests/{list}"), ""),
        (format!("quay.io/team/both/manifests/{amd64}"), ""),
        // Its index names it, and it was not wanted in this bundle.
        (format!("quay.io/team/both/manifests/{arm64}"), "MANIFEST_UNKNOWN"),
        (format!("ghcr.io/team/both/manifests/{amd64}"), "MANIFEST_UNKNOWN"),
        (format!("quay.io/team/both/manifests/{manifest}"), "MANIFEST_UNKNOWN"),
        (format!("quay.io/team/both/blobs/{layer}"), "BLOB_UNKNOWN"),
        (format!("library/small/manifests/{config}"), "MANIFEST_UNKNOWN"),
        (format!("library/small/blobs/{manifest}"), "BLOB_UNKNOWN"),
        (format!("library/small/blobs/{}", sample.artifact[1]), "BLOB_UNKNOWN"),
        (format!("library/small/manifests/{}", sample.artifact[0]), "MANIFEST_UNKNOWN"),
        (format!("library/small/manifests/{}", sample.signature[0]), ""),
        (format!("library/small/blobs/{}", sample.signature[1]), ""),
        ("library/small/manifests/9".to_owned(), "MANIFEST_UNKNOWN"),
        ("library/small/manifests/sha256:0".to_owned(), "MANIFEST_UNKNOWN"),
        (format!("library/small/blobs/sha512:{}", "0".repeat(128)), "BLOB_UNKNOWN"),
        ("library/small/blobs/1.0".to_owned(), "DIGEST_INVALID"),
        (format!("library/small/blobs/{}", layer.to_uppercase()), "DIGEST_INVALID"),
    ] {
        let heard = served.get(&format!("/v2/{path}"));
        let expected = match code {
            "" => 200,
            "DIGEST_INVALID" => 400,
            _ => 404,
        };
        assert_eq!((heard.status, heard.code().as_str()), (expected, code), "{path}");
    }
    for path in
        ["/v2/_catalog", "/v2/library/small/tags", "/v2/library/small/tags/1.0", "/v2/x", "/v2//", "/v2x", "/v3/"]
    {
        assert_eq!(served.get(path).status, 404, "{path}");
    }
    for path in ["/v2", "/v2/"] {
        assert_eq!((served.get(path).status, served.get(path).text()), (200, "{}".to_owned()));
    }
}

#[test]
fn tags_come_in_their_order_and_in_pages() {
    let sample = Sample::new();
    let served = Served::bundle(sample.written.path());
    let page = |query: &str| {
        let heard = served.get(&format!("/v2/library/small/tags/list{query}"));
        assert_eq!(heard.status, 200);
        assert_eq!(heard.json()["name"], "library/small");
        (heard.json()["tags"].clone(), heard.header("link").to_owned())
    };
    assert_eq!(page(""), (json!(["1.0", "Alpha", "beta"]), String::new()));
    let next = "</v2/library/small/tags/list?n=2&last=Alpha>; rel=\"next\"";
    assert_eq!(page("?n=2"), (json!(["1.0", "Alpha"]), next.to_owned()));
    assert_eq!(page("?n=2&last=Alpha"), (json!(["beta"]), String::new()));
    assert!(page("?n=1&ns=docker.io").1.contains("?n=1&last=1.0&ns=docker.io>"));
    for (query, tags) in [
        ("?n=3", json!(["1.0", "Alpha", "beta"])),
        ("?n=0", json!([])),
        ("?last=zzz", json!([])),
        ("?last=ALPHA", json!(["Alpha", "beta"])),
    ] {
        assert_eq!(page(query), (tags, String::new()), "{query}");
    }
    assert_eq!(served.get("/v2/library/small/tags/list?n=x").status, 400);
    assert_eq!(served.get("/v2/library/none/tags/list").code(), "NAME_UNKNOWN");
}

#[test]
fn who_refers_to_a_manifest_is_listed() {
    let sample = Sample::new();
    let served = Served::bundle(sample.written.path());
    let [manifest, config, _] = &sample.small;
    let listed = served.get(&format!("/v2/library/small/referrers/{manifest}"));
    assert_eq!((listed.status, listed.header("content-type")), (200, media_type::INDEX));
    let one = &listed.json()["manifests"][0];
    assert_eq!(one["digest"], sample.signature[0]);
    assert_eq!((&one["artifactType"], &one["annotations"]["by"]), (&json!(SIGNATURE_TYPE), &json!("us")));
    let none = |path: &str| {
        let heard = served.get(path);
        assert_eq!((heard.status, &heard.json()["manifests"]), (200, &json!([])), "{path}");
        heard.header("oci-filters-applied").to_owned()
    };
    assert_eq!(none(&format!("/v2/library/small/referrers/{config}")), "");
    assert_eq!(none(&format!("/v2/library/small/referrers/{manifest}?artifactType=x")), "artifactType");
    assert_eq!(none(&format!("/v2/quay.io/team/both/referrers/{manifest}")), "");
    assert_eq!(served.get("/v2/library/small/referrers/1.0").status, 400);
}

#[test]
fn nothing_can_be_pushed() {
    let sample = Sample::new();
    let served = Served::bundle(sample.written.path());
    for (method, path) in [
        ("POST", "/v2/library/small/blobs/uploads/".to_owned()),
        ("PUT", "/v2/library/small/manifests/2".to_owned()),
        ("DELETE", format!("/v2/library/small/manifests/{}", sample.small[0])),
        ("PATCH", "/v2/".to_owned()),
    ] {
        let heard = served.ask(method, &path, &["Content-Length: 2"]);
        assert_eq!((heard.status, heard.code().as_str()), (405, "UNSUPPORTED"), "{method} {path}");
        assert_eq!(heard.header("allow"), "GET, HEAD");
    }
    assert_eq!(served.ask("PUT", "/bundle/index.json", &["Content-Length: 2"]).status, 405);
}

#[test]
fn a_bundle_comes_over_file_by_file() {
    let sample = Sample::new();
    let dir = tempfile::tempdir().unwrap();
    for path in [sample.written.path().to_owned(), sample.written.packed(dir.path())] {
        let served = Served::bundle(&path);
        let mut files: Vec<String> = ["oci-layout", "index.json", "index.json.minisig"].map(str::to_owned).to_vec();
        let blobs = fs::read_dir(sample.written.path().join("blobs/sha256")).unwrap();
        files.extend(blobs.map(|blob| format!("blobs/sha256/{}", blob.unwrap().file_name().to_str().unwrap())));
        assert!(files.len() > 12, "{files:?}");
        for file in files {
            let heard = served.get(&format!("/bundle/{file}"));
            assert_eq!(
                (heard.status, heard.body),
                (200, fs::read(sample.written.path().join(&file)).unwrap()),
                "{file}"
            );
        }
    }
}

#[test]
fn what_is_damaged_is_left_out_and_the_rest_is_served() {
    let sample = Sample::new();
    fs::write(sample.written.place(&sample.small[0]), "{}").unwrap();
    fs::remove_file(sample.written.place(&sample.small[1])).unwrap();
    let served = Served::bundle(sample.written.path());
    assert_eq!(served.get("/v2/docker.io/library/small/manifests/1.0").status, 404);
    assert_eq!(served.get("/v2/quay.io/team/both/manifests/3").status, 200);
}

#[test]
fn a_name_that_stands_there_twice_is_the_first() {
    let mut sample = Sample::new();
    let other = sample.written.blob(media_type::LAYER_GZIP, b"another");
    let [other, ..] = sample.written.image("arm64", &other);
    sample.written.name("docker.io/library/small:1.0", &other);
    let served = Served::bundle(sample.written.path());
    assert_eq!(served.get("/v2/library/small/manifests/1.0").header("docker-content-digest"), sample.small[0]);
    assert_eq!(served.get(&format!("/v2/library/small/manifests/{}", digest(&other))).status, 200);
}
