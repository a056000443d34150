//! Many clients, slow ones, and large files.

use std::{fs::File, io::Read, process::Command, thread};

use labkit::oci::media_type;
use serde_json::json;

use crate::{
    layout::{Sample, Written, digest},
    served::Served,
    support::Said,
};

const LARGE: u64 = 300 << 20;

/// A layout with a layer of 300 MiB; gives it and the path of the layer.
fn large() -> (Written, String) {
    let mut written = Written::new();
    let place = written.path().join("large");
    File::create(&place).unwrap().set_len(LARGE).unwrap();
    let sum = Said::from(Command::new("sha256sum").arg(&place).output().unwrap()).ok();
    let layer =
        json!({ "mediaType": media_type::LAYER_GZIP, "digest": format!("sha256:{}", &sum[..64]), "size": LARGE });
    std::fs::rename(&place, written.place(&digest(&layer))).unwrap();
    let [manifest, ..] = written.image("amd64", &layer);
    written.name("docker.io/library/large:1", &manifest);
    (written, format!("/v2/library/large/blobs/{}", digest(&layer)))
}

fn asked_for(served: &Served, path: &str) -> std::net::TcpStream {
    served.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes())
}

#[test]
fn a_hundred_clients_at_once_all_get_it() {
    let sample = Sample::new();
    let served = Served::bundle(sample.written.path());
    let layer = &sample.small[2];
    let (path, all) = (format!("/v2/library/small/blobs/{layer}"), std::fs::read(sample.written.place(layer)).unwrap());
    thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| {
                let heard = served.get(&path);
                assert!(heard.status == 200 && heard.body == all);
            });
        }
    });
}

#[test]
fn a_slow_reader_keeps_nobody_waiting() {
    let (written, path) = large();
    let served = Served::bundle(written.path());
    let slow: Vec<_> = (0..20)
        .map(|_| {
            let mut stream = asked_for(&served, &path);
            stream.read_exact(&mut [0; 1000]).unwrap();
            stream
        })
        .collect();
    for _ in 0..20 {
        assert_eq!(served.get("/v2/library/large/manifests/1").status, 200);
    }
    drop(slow);
    assert_eq!(served.get("/").status, 200);
}

#[test]
fn a_large_blob_costs_no_memory_from_a_directory_or_from_one_file() {
    let (written, path) = large();
    let dir = tempfile::tempdir().unwrap();
    for place in [written.path().to_owned(), written.packed(dir.path())] {
        let served = Served::bundle(&place);
        let clients = [asked_for(&served, &path), asked_for(&served, &path)].map(|mut stream| {
            thread::spawn(move || {
                let mut piece = vec![0; 1 << 20];
                let mut come = 0;
                loop {
                    match stream.read(&mut piece).unwrap() {
                        0 => return come,
                        read => come += read as u64,
                    }
                }
            })
        });
        for client in clients {
            let come = client.join().unwrap();
            assert!((LARGE..LARGE + 1000).contains(&come), "{come}");
        }
        let most = served.most_memory_kib();
        eprintln!("most memory: {most} KiB");
        assert!(most <= 64 << 10, "{most} KiB");
    }
}
