//! Keys and host certificates of ssh, in the forms that OpenSSH reads (RFC 4251, RFC 8709, PROTOCOL.key,
//! PROTOCOL.certkeys).

use crate::{
    digest::sha256,
    ed25519::KeyPair,
    encoding::{base64, from_base64},
    error::{Error, Result},
};

const KIND: &str = "ssh-ed25519";
const CERTIFICATE: &str = "ssh-ed25519-cert-v01@openssh.com";
/// OpenSSH's number for a certificate of a host.
const OF_HOST: u32 = 2;
/// Private keys are padded to blocks of the cipher `none`.
const BLOCK: usize = 8;
/// PEM lines of OpenSSH.
const WIDTH: usize = 70;

/// A pair of keys for ed25519.
pub struct SshKey(KeyPair);

/// A string of RFC 4251: its length in four bytes, then itself.
fn string(into: &mut Vec<u8>, bytes: &[u8]) {
    into.extend((bytes.len() as u32).to_be_bytes());
    into.extend(bytes);
}

impl SshKey {
    /// The one pair that these 32 bytes are.
    pub fn from_seed(seed: &[u8; 32]) -> SshKey {
        SshKey(KeyPair::from_seed(seed))
    }

    fn public_blob(&self) -> Vec<u8> {
        let mut blob = Vec::new();
        string(&mut blob, KIND.as_bytes());
        string(&mut blob, &self.0.public());
        blob
    }

    /// `ssh-ed25519 AAAA… comment`
    pub fn public(&self, comment: &str) -> String {
        format!("{KIND} {} {comment}", base64(&self.public_blob()))
    }

    /// The file of the private key, without a passphrase.
    pub fn private(&self, comment: &str) -> String {
        let public = self.0.public();
        // The same number twice shows that it was decrypted; it need not be a random one where nothing is encrypted.
        let check = sha256(&public);
        let mut inner = [&check[..4], &check[..4]].concat();
        string(&mut inner, KIND.as_bytes());
        string(&mut inner, &public);
        string(&mut inner, &[self.0.seed().as_slice(), &public].concat());
        string(&mut inner, comment.as_bytes());
        let padding = inner.len().next_multiple_of(BLOCK) - inner.len();
        inner.extend((1..=padding).map(|byte| byte as u8));

        let mut outer = b"openssh-key-v1\0".to_vec();
        string(&mut outer, b"none");
        string(&mut outer, b"none");
        string(&mut outer, b"");
        outer.extend(1u32.to_be_bytes());
        string(&mut outer, &self.public_blob());
        string(&mut outer, &inner);
        let text = base64(&outer);
        let lines = (0..text.len()).step_by(WIDTH).map(|at| format!("{}\n", &text[at..text.len().min(at + WIDTH)]));
        format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{}-----END OPENSSH PRIVATE KEY-----\n", lines.collect::<String>())
    }

    /// A certificate that a host's public key (`ssh-ed25519 AAAA…`) belongs to a host of these names, for ever: the
    /// line of its `…-cert.pub`. The same key and names always give the same line.
    pub fn certify_host(&self, host_key: &str, names: &[&str]) -> Result<String> {
        let host = public_bytes(host_key)?;
        let mut blob = Vec::new();
        string(&mut blob, CERTIFICATE.as_bytes());
        // It keeps signatures from colliding, and so must be another one for each certificate.
        string(&mut blob, &sha256(&[host.as_slice(), names.join(",").as_bytes()].concat()));
        string(&mut blob, &host);
        blob.extend(0u64.to_be_bytes());
        blob.extend(OF_HOST.to_be_bytes());
        string(&mut blob, format!("labkit {}", names.first().unwrap_or(&"")).as_bytes());
        let mut principals = Vec::new();
        names.iter().for_each(|name| string(&mut principals, name.as_bytes()));
        string(&mut blob, &principals);
        // From the beginning of time to its end: the lab has no other clock to trust.
        blob.extend(0u64.to_be_bytes());
        blob.extend(u64::MAX.to_be_bytes());
        // No critical options, no extensions, nothing reserved.
        for _ in 0..3 {
            string(&mut blob, b"");
        }
        string(&mut blob, &self.public_blob());
        let mut signature = Vec::new();
        string(&mut signature, KIND.as_bytes());
        string(&mut signature, &self.0.sign(&blob));
        string(&mut blob, &signature);
        Ok(format!("{CERTIFICATE} {}\n", base64(&blob)))
    }
}

/// The 32 bytes of a public key in the form of `ssh_host_ed25519_key.pub`.
fn public_bytes(line: &str) -> Result<[u8; 32]> {
    let blob = line.split_whitespace().nth(1).and_then(from_base64);
    let mut head = Vec::new();
    string(&mut head, KIND.as_bytes());
    head.extend(32u32.to_be_bytes());
    let bytes = blob.and_then(|blob| blob.strip_prefix(head.as_slice())?.try_into().ok());
    bytes.ok_or_else(|| Error::failed("it is no public key of ssh-ed25519"))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt, process::Command};

    use super::*;

    fn ssh_keygen(arguments: &[&str]) -> String {
        let out = Command::new("ssh-keygen").args(arguments).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    }

    #[test]
    fn openssh_reads_the_private_key_as_the_same_public_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        // Comments of every length, and so every padding.
        for length in 0..9 {
            let (key, comment) = (SshKey::from_seed(&[9; 32]), "c".repeat(length));
            fs::write(&path, key.private(&comment)).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            assert_eq!(ssh_keygen(&["-y", "-f", path.to_str().unwrap()]).trim_end(), key.public(&comment).trim_end());
        }
    }

    #[test]
    fn openssh_reads_the_certificate_and_trusts_its_signature() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("host-cert.pub");
        let (ca, host) = (SshKey::from_seed(&[1; 32]), SshKey::from_seed(&[2; 32]));
        let line = ca.certify_host(&host.public("host"), &["node01", "192.168.56.11"]).unwrap();
        fs::write(&path, &line).unwrap();
        // It checks the signature before it prints anything.
        let said = ssh_keygen(&["-L", "-f", path.to_str().unwrap()]);
        let fingerprint = |key: &SshKey| {
            let file = dir.path().join("key.pub");
            fs::write(&file, key.public("x")).unwrap();
            ssh_keygen(&["-l", "-f", file.to_str().unwrap()]).split(' ').nth(1).unwrap().to_owned()
        };
        for words in ["host certificate", "labkit node01", "Valid: forever", "192.168.56.11"] {
            assert!(said.contains(words), "{words}: {said}");
        }
        assert!(said.contains(&fingerprint(&ca)) && said.contains(&fingerprint(&host)), "{said}");
        assert_eq!(line, ca.certify_host(&host.public("other"), &["node01", "192.168.56.11"]).unwrap());
    }

    #[test]
    fn only_a_key_of_this_kind_is_certified() {
        let ca = SshKey::from_seed(&[1; 32]);
        for bad in ["", "ssh-rsa AAAA", "ssh-ed25519", "ssh-ed25519 AAAAC3Nza", "ssh-ed25519 !!!"] {
            assert!(ca.certify_host(bad, &["x"]).is_err(), "{bad}");
        }
    }
}
