//! What a program prints, kept so that it can go on printing when nobody reads any more.

use std::{fs::File, os::unix::fs::FileExt, process::Stdio};

use nix::sys::memfd::{MFdFlags, memfd_create};

use crate::error::{Context, Result};

/// Memory that a program writes to as to a file, and all that was read of it. A pipe would end its writer with its reader:
/// whoever kills labkit would kill a package's script between two lines.
pub struct Printed {
    file: File,
    pub text: Vec<u8>,
}

const PIECE: usize = 64 << 10;

impl Printed {
    /// Without anything in it (memfd_create(2)).
    pub fn new() -> Result<Printed> {
        let file = memfd_create(c"printed", MFdFlags::MFD_CLOEXEC).context(|| "keep what a program prints")?;
        Ok(Printed { file: File::from(file), text: Vec::new() })
    }

    /// For a program to write to.
    pub fn end(&self) -> Result<Stdio> {
        Ok(self.file.try_clone()?.into())
    }

    /// Reads what has come since.
    pub fn read(&mut self) -> Result<()> {
        let mut piece = vec![0; PIECE];
        loop {
            // Without moving the place at which the program writes.
            match self.file.read_at(&mut piece, self.text.len() as u64).context(|| "read what it prints")? {
                0 => return Ok(()),
                count => self.text.extend_from_slice(&piece[..count]),
            }
        }
    }
}
