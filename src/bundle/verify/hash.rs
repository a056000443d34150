//! Every blob hashed, by all CPUs.

use std::{
    collections::BTreeMap,
    io::Read,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use super::Finding;
use crate::{
    digest::Tally,
    error::Result,
    oci::{Digest, Layout},
    signal,
};

const PIECE: usize = 1 << 20;

/// Blobs that hold something else than they are called, or cannot be read. `passed` is told the bytes of each piece as it
/// goes by.
pub fn hash(
    layout: &Layout,
    blobs: &BTreeMap<Digest, u64>,
    passed: &(dyn Fn(u64) + Sync),
) -> Result<BTreeMap<Digest, Finding>> {
    // The largest first, or the last of them would be waited for alone.
    let mut queue: Vec<(&Digest, u64)> = blobs.iter().map(|(digest, size)| (digest, *size)).collect();
    queue.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    let (next, bad) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let work = || {
        let mut piece = vec![0; PIECE];
        while let Some((digest, _)) = queue.get(next.fetch_add(1, Ordering::Relaxed)) {
            let what = match hash_one(layout, digest, &mut piece, passed) {
                _ if signal::asked_to_stop() => return,
                Ok(found) if found == digest.hex() => continue,
                Ok(found) => format!("it holds something else: its bytes are sha256:{found}"),
                Err(error) => format!("it cannot be read: {error}"),
            };
            let finding = Finding::new(format!("blob {digest}"), what);
            bad.lock().unwrap_or_else(PoisonError::into_inner).insert((*digest).clone(), finding);
        }
    };
    let cpus = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| (0..cpus.min(queue.len())).for_each(|_| drop(scope.spawn(work))));
    signal::check()?;
    Ok(bad.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn hash_one(layout: &Layout, digest: &Digest, piece: &mut [u8], passed: &(dyn Fn(u64) + Sync)) -> Result<String> {
    let mut from = Tally::new(layout.blob(digest)?.reader());
    loop {
        let read = from.read(piece)?;
        if read == 0 || signal::asked_to_stop() {
            return Ok(from.end().0);
        }
        passed(read as u64);
    }
}
