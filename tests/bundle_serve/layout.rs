//! A layout written by hand, with what no tool would make in one go.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use labkit::oci::{Digest, media_type};
use serde_json::{Value, json};

use crate::support::{Said, TempDir};

pub struct Written {
    pub dir: TempDir,
    index: Vec<Value>,
}

pub const SIGNATURE_TYPE: &str = "application/vnd.example.signature.v1";

/// What the tests ask for.
pub struct Sample {
    pub written: Written,
    /// `docker.io/library/small:1.0`: its manifest, configuration and layer.
    pub small: [String; 3],
    /// Manifests of `quay.io/team/both:3`: the index, that for amd64, and that for arm64, which is not there.
    pub both: [String; 3],
    /// An artifact's manifest and what it carries.
    pub artifact: [String; 2],
    /// The manifest that refers to `small`, and what it carries.
    pub signature: [String; 2],
}

impl Written {
    pub fn new() -> Written {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("blobs/sha256")).unwrap();
        fs::write(dir.path().join("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}").unwrap();
        Written { dir, index: Vec::new() }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn place(&self, digest: &str) -> PathBuf {
        self.path().join("blobs").join(digest.replace(':', "/"))
    }

    /// Writes a blob; gives its descriptor.
    pub fn blob(&self, media_type: &str, bytes: &[u8]) -> Value {
        let digest = Digest::of(bytes).to_string();
        fs::write(self.place(&digest), bytes).unwrap();
        json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() })
    }

    pub fn document(&self, media_type: &str, of: &Value) -> Value {
        self.blob(media_type, of.to_string().as_bytes())
    }

    /// An image of one layer; gives the descriptors of manifest, configuration and layer.
    pub fn image(&self, architecture: &str, layer: &Value) -> [Value; 3] {
        let config =
            json!({ "architecture": architecture, "os": "linux", "rootfs": { "type": "layers", "diff_ids": [] } });
        let config = self.document(media_type::CONFIG, &config);
        let manifest =
            json!({ "schemaVersion": 2, "mediaType": media_type::MANIFEST, "config": config, "layers": [layer] });
        [self.document(media_type::MANIFEST, &manifest), config, layer.clone()]
    }

    /// What index.json names it.
    pub fn name(&mut self, name: &str, descriptor: &Value) {
        let mut named = descriptor.clone();
        named["annotations"] = json!({ "org.opencontainers.image.ref.name": name });
        self.index.push(named);
        self.write_index();
    }

    pub fn write_index(&self) {
        let index = json!({ "schemaVersion": 2, "mediaType": media_type::INDEX, "manifests": self.index });
        fs::write(self.path().join("index.json"), index.to_string()).unwrap();
    }

    /// The same in one file.
    pub fn packed(&self, to: &Path) -> PathBuf {
        let file = to.join("bundle.tar");
        let tar = Command::new("tar").arg("-cf").arg(&file).arg("-C").arg(self.path()).arg(".").output().unwrap();
        Said::from(tar).ok();
        file
    }
}

pub fn digest(descriptor: &Value) -> String {
    descriptor["digest"].as_str().unwrap().to_owned()
}

impl Sample {
    pub fn new() -> Sample {
        let mut written = Written::new();
        let layer: Vec<u8> = (0..100_000u32).flat_map(u32::to_le_bytes).collect();
        let layer = written.blob(media_type::LAYER_GZIP, &layer);
        let small = written.image("amd64", &layer);
        for tag in ["1.0", "beta", "Alpha"] {
            written.name(&format!("docker.io/library/small:{tag}"), &small[0]);
        }
        let amd64 = written.image("amd64", &written.blob(media_type::LAYER_GZIP, b"of both"));
        let arm64 = written.image("arm64", &written.blob(media_type::LAYER_GZIP, b"of arm64"));
        fs::remove_file(written.place(&digest(&arm64[0]))).unwrap();
        let list = json!({ "schemaVersion": 2, "mediaType": media_type::INDEX, "manifests": [amd64[0], arm64[0]] });
        let list = written.document(media_type::INDEX, &list);
        written.name("quay.io/team/both:3", &list);
        let other = written.image("amd64", &written.blob(media_type::LAYER_GZIP, b"of another team"));
        written.name("ghcr.io/team/both:4", &other[0]);
        let empty = written.blob(media_type::EMPTY, b"{}");
        let chart = written.blob("application/x-chart", b"a chart");
        let artifact = json!({ "schemaVersion": 2, "mediaType": media_type::MANIFEST, "config": empty, "layers": [chart],
            "artifactType": "application/vnd.cncf.helm.chart.v1" });
        let artifact = written.document(media_type::MANIFEST, &artifact);
        written.name("docker.io/charts/one:1", &artifact);
        let signed = written.blob("application/x-signature", b"signed");
        let signature = json!({ "schemaVersion": 2, "mediaType": media_type::MANIFEST, "config": empty, "layers": [signed],
            "artifactType": SIGNATURE_TYPE, "subject": small[0], "annotations": { "by": "us" } });
        let signature = written.document(media_type::MANIFEST, &signature);
        written.index.push(signature.clone());
        written.write_index();
        fs::write(written.path().join("index.json.minisig"), "untrusted comment: x\n").unwrap();
        Sample {
            small: [0, 1, 2].map(|at| digest(&small[at])),
            both: [&list, &amd64[0], &arm64[0]].map(digest),
            artifact: [&artifact, &chart].map(digest),
            signature: [&signature, &signed].map(digest),
            written,
        }
    }
}
