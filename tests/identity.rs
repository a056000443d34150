//! What a cluster is known by, with openssl as the second opinion.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use std::{fs, process::Command};

use labkit::authority::Authority;
use support::{installed, servers::succeed};

#[test]
fn openssl_reads_the_authority_and_its_pin() {
    if !installed("openssl") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::from_seed(&[0x5a; 32]);
    fs::write(dir.path().join("ca.crt"), authority.certificate("kubernetes").unwrap()).unwrap();
    fs::write(dir.path().join("ca.key"), authority.private_key().unwrap()).unwrap();
    let openssl = |words: &[&str]| succeed(Command::new("openssl").args(words).current_dir(dir.path()));
    assert!(openssl(&["verify", "-CAfile", "ca.crt", "-check_ss_sig", "ca.crt"]).contains("ca.crt: OK"));
    let text = openssl(&["x509", "-in", "ca.crt", "-noout", "-text"]);
    let expected = [
        "Issuer: CN = kubernetes",
        "Subject: CN = kubernetes",
        "Not Before: Jan  1 00:00:00 2020 GMT",
        "Not After : Dec 31 23:59:59 2049 GMT",
        "NIST CURVE: P-256",
        "CA:TRUE",
        "Digital Signature, Key Encipherment, Certificate Sign",
        "ecdsa-with-SHA256",
    ];
    expected.iter().for_each(|line| assert!(text.contains(line), "`{line}` is not in\n{text}"));
    // The key is that of the certificate.
    let public = openssl(&["x509", "-in", "ca.crt", "-noout", "-pubkey"]);
    assert_eq!(public, openssl(&["pkey", "-in", "ca.key", "-pubout"]));
    // kubernetes.io: the digest of the DER-encoded public key.
    fs::write(dir.path().join("public.pem"), public).unwrap();
    openssl(&["pkey", "-pubin", "-in", "public.pem", "-outform", "DER", "-out", "public.der"]);
    let digest = openssl(&["dgst", "-sha256", "-r", "public.der"]);
    assert_eq!(authority.pin().unwrap(), format!("sha256:{}", digest.split(' ').next().unwrap()));
}
