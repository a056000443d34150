//! The lab secret, 32 random bytes that the nodes of a lab share, and what is derived from it (RFC 5869).

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::PathBuf,
};

use crate::{
    digest,
    encoding::{from_hex, hex},
    error::{Context, Error, Result},
    nodes,
};

/// The secret itself. It shows itself nowhere.
pub struct Secret([u8; 32]);

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str("Secret(…)")
    }
}

/// What a value is for: with another purpose comes another value, and none leads back to the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The key by which nodes log in to each other.
    SshUser,
    /// The key that vouches for the host keys of the nodes.
    SshHosts,
    /// The key that a bundle's archive of packages is signed with.
    Archive,
    /// The key of the cluster's certificate authority.
    ClusterAuthority,
    /// The token by which nodes join the cluster.
    ClusterToken,
}

impl Purpose {
    const fn label(self) -> &'static str {
        match self {
            Purpose::SshUser => "labkit/1/ssh/user",
            Purpose::SshHosts => "labkit/1/ssh/hosts",
            Purpose::Archive => "labkit/1/archive",
            Purpose::ClusterAuthority => "labkit/1/cluster/authority",
            Purpose::ClusterToken => "labkit/1/cluster/token",
        }
    }
}

/// Where it is kept, on every node the same.
pub fn path() -> PathBuf {
    nodes::etc_dir().join("secret")
}

/// 32 bytes that nobody knows.
pub fn fresh() -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    let mut draw = || File::open("/dev/urandom")?.read_exact(&mut bytes);
    draw().context(|| "draw a secret from `/dev/urandom`")?;
    Ok(bytes)
}

impl Secret {
    /// Fresh from the kernel.
    pub fn new() -> Result<Secret> {
        fresh().map(Secret)
    }

    /// Reads the lab's secret; an error where others may read it as well.
    pub fn read() -> Result<Secret> {
        let path = path();
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(Error::failed(format!("there is no lab secret in `{}`", path.display()))
                    .hint("`labkit secret new` makes one; every node of a lab has the same"));
            }
            text => text.context(|| format!("read `{}`", path.display()))?,
        };
        let mode = fs::metadata(&path).context(|| format!("look at `{}`", path.display()))?.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(Error::failed(format!("others may read `{}`: its mode is {mode:04o}", path.display()))
                .hint(format!("chmod 0600 {}; and if anybody did, make another secret on all nodes", path.display())));
        }
        Secret::parse(&text).ok_or_else(|| {
            Error::failed(format!("`{}` is no lab secret: 64 hexadecimal digits are expected", path.display()))
        })
    }

    /// 64 hexadecimal digits in lower case.
    pub fn parse(text: &str) -> Option<Secret> {
        Some(Secret(from_hex(text.trim_end())?.try_into().ok()?))
    }

    /// Writes it for its owner alone; an error where there is one already.
    pub fn create(&self) -> Result<PathBuf> {
        let path = path();
        let beside = path.with_file_name(format!(".secret.{}.part", std::process::id()));
        let written = || -> Result<()> {
            fs::DirBuilder::new().recursive(true).mode(0o755).create(nodes::etc_dir())?;
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
            file.write_all(format!("{}\n", hex(&self.0)).as_bytes())?;
            file.sync_all()?;
            // Whole under its name or not there, and never in the place of another.
            Ok(fs::hard_link(&beside, &path)?)
        };
        let written = written();
        let _ = fs::remove_file(&beside);
        match written {
            Ok(()) => Ok(path),
            Err(error) if path.exists() => Err(error
                .context(format!("write `{}`", path.display()))
                .hint("a lab has one secret: with another the nodes would not know each other")),
            Err(error) => Err(error.context(format!("write `{}`", path.display())).hint("run it as root")),
        }
    }

    /// Makes it this machine's own, unless it is already; an error where the machine has another one.
    pub fn adopt(&self) -> Result<()> {
        if !self.agrees_with_own()? {
            self.create()?;
        }
        Ok(())
    }

    /// Whether the machine has this one; false where it has none, and an error where it has another.
    pub fn agrees_with_own(&self) -> Result<bool> {
        if !path().exists() {
            return Ok(false);
        }
        match Secret::read()?.0 == self.0 {
            true => Ok(true),
            false => Err(Error::failed(format!("`{}` is the secret of another lab", path().display()))
                .hint("a machine belongs to one lab: `labkit seal` on it, or a new machine, comes first")),
        }
    }

    /// 32 bytes for a purpose, and for one thing of it where there are several.
    pub fn derive(&self, purpose: Purpose, of: &[u8]) -> [u8; 32] {
        digest::derive(&self.0, b"labkit", &[purpose.label().as_bytes(), b"\0", of].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_values_are_the_same_each_time_and_other_ones_for_another_purpose() {
        let secret = || Secret([7; 32]);
        let derive = |purpose, of: &[u8]| secret().derive(purpose, of);
        assert_eq!(derive(Purpose::SshUser, b""), derive(Purpose::SshUser, b""));
        let all =
            [derive(Purpose::SshUser, b""), derive(Purpose::SshHosts, b""), derive(Purpose::SshHosts, b"x"), [7; 32]];
        assert!((1..all.len()).all(|at| !all[..at].contains(&all[at])));
        // The same by OpenSSL: kdf HKDF with digest SHA256, key 07…07, salt "labkit", info "labkit/1/ssh/user\0".
        assert_eq!(hex(&derive(Purpose::SshUser, b"")), openssl());
    }

    fn openssl() -> String {
        let key = "07".repeat(32);
        let argv = ["kdf", "-keylen", "32", "-kdfopt", "digest:SHA256", "-kdfopt", &format!("hexkey:{key}"), "-kdfopt"];
        let info = hex(b"labkit/1/ssh/user\0");
        let out = std::process::Command::new("openssl")
            .args(argv)
            .args(["salt:labkit", "-kdfopt", &format!("hexinfo:{info}"), "HKDF"])
            .output()
            .unwrap();
        String::from_utf8(out.stdout).unwrap().trim().replace(':', "").to_lowercase()
    }

    #[test]
    fn a_secret_is_64_digits_and_shows_itself_nowhere() {
        let text = "0f".repeat(32);
        assert!(Secret::parse(&format!("{text}\n")).is_some());
        assert!(
            Secret::parse(&text[1..]).is_none()
                && Secret::parse("").is_none()
                && Secret::parse(&text.to_uppercase()).is_none()
        );
        assert_eq!(format!("{:?}", Secret::parse(&text).unwrap()), "Secret(…)");
    }
}
