//! The key by which a machine is known to ssh: an image has none, or all its clones would have the same.

use std::{fs::Permissions, io::Write, os::unix::fs::PermissionsExt, path::Path};

use crate::{
    disk,
    error::{Context, Result},
    secret,
    ssh_key::SshKey,
};

const KEY: &str = "/etc/ssh/ssh_host_ed25519_key";

/// Makes one where there is none and sshd is installed; true where it did. The key's public part comes last: where the
/// power goes in between, the next boot makes both anew.
pub fn make_host_key() -> Result<bool> {
    let (private, public) = (Path::new(KEY), Path::new(KEY).with_extension("pub"));
    if !Path::new("/etc/ssh").is_dir() || (private.exists() && public.exists()) {
        return Ok(false);
    }
    let key = SshKey::from_seed(&secret::fresh()?);
    let made = || -> Result<()> {
        disk::replace_with(private, |file| {
            file.set_permissions(Permissions::from_mode(0o600))?;
            Ok(file.write_all(key.private("").as_bytes())?)
        })?;
        disk::replace(&public, format!("{}\n", key.public("").trim_end()).as_bytes())
    };
    made().context(|| "make this machine's host key for ssh")?;
    Ok(true)
}
