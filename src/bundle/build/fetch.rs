//! What is missing, fetched by several at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
};

use super::{
    Origin, origin,
    site::{Site, disk_full},
};
use crate::{
    error::{Error, Result},
    http::{Client, Download, Source},
    oci::Digest,
    progress::Progress,
    signal,
};

/// A blob that the bundle needs.
pub struct Need<'a> {
    /// What it is, for people.
    pub what: String,
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
    /// Where the world has it.
    pub source: Box<dyn Source + 'a>,
}

/// Errors that are told one by one.
const SHOWN: usize = 5;

/// How blobs are fetched.
pub struct Fetching<'a> {
    pub client: &'a Client,
    /// Asked before the world is.
    pub from: &'a [Origin],
    /// Downloads at once.
    pub parallel: usize,
    pub progress: &'a Progress,
}

/// Fetches what is not there yet; gives the bytes that came. What can be had is had, also where something else cannot.
pub fn all(site: &Site, how: &Fetching, mut needs: Vec<Need>) -> Result<u64> {
    let there = site.there()?;
    let mut once = BTreeSet::new();
    needs.retain(|need| !there.contains_key(&need.digest) && once.insert(need.digest.clone()));
    // The largest first, or the last of them would be waited for alone.
    needs.sort_by_key(|need| std::cmp::Reverse(need.size));
    let total = needs.iter().fold(0, |total: u64, need| total.saturating_add(need.size));
    if needs.is_empty() {
        return Ok(0);
    }
    how.progress.begin_bytes("fetch", total);
    how.progress.line(&format!("fetch     {} blobs, {}", needs.len(), crate::columns::bytes(total)));
    let work = Work {
        site,
        how,
        needs: &needs,
        next: AtomicUsize::new(0),
        bytes: AtomicU64::new(0),
        failed: Mutex::default(),
        is_over: AtomicBool::new(false),
    };
    work.run()
}

struct Work<'a> {
    site: &'a Site,
    how: &'a Fetching<'a>,
    needs: &'a [Need<'a>],
    next: AtomicUsize,
    bytes: AtomicU64,
    failed: Mutex<BTreeMap<String, Error>>,
    /// Nothing more can come of it: the disk is full.
    is_over: AtomicBool,
}

impl Work<'_> {
    fn run(self) -> Result<u64> {
        thread::scope(|scope| {
            (0..self.how.parallel.clamp(1, self.needs.len())).for_each(|_| drop(scope.spawn(|| self.work())));
        });
        signal::check()?;
        let failed = self.failed.into_inner().unwrap_or_else(PoisonError::into_inner);
        let count = failed.len();
        let mut shown = failed.into_values().take(SHOWN);
        match shown.next() {
            None => Ok(self.bytes.into_inner()),
            Some(first) if count == 1 => Err(first),
            Some(first) => Err(shown
                .fold(first, |first, later| first.then(&later))
                .context(format!("{count} of {} blobs are not to be had", self.needs.len()))
                .hint("what came is kept: the same command goes on from there")),
        }
    }

    fn work(&self) {
        while let Some(need) = self.needs.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            if signal::asked_to_stop() || self.is_over.load(Ordering::Relaxed) {
                return;
            }
            self.how.progress.doing(&need.what);
            match self.fetch(need) {
                Ok(()) => {
                    self.bytes.fetch_add(need.size, Ordering::Relaxed);
                }
                Err(error) => {
                    let error = disk_full(error.context(&need.what));
                    self.is_over.fetch_or(error.is_of_full_disk(), Ordering::Relaxed);
                    self.failed.lock().unwrap_or_else(PoisonError::into_inner).insert(need.what.clone(), error);
                }
            }
        }
    }

    fn fetch(&self, need: &Need) -> Result<()> {
        let (begun, whole) = (self.site.begun(&need.digest), self.site.blob(&need.digest));
        let passed = |bytes: i64| self.how.progress.advance(bytes);
        for candidate in self.how.from.iter().flat_map(|origin| origin.candidates(&need.digest, need.size)) {
            if origin::copy(&candidate, &need.digest, &begun, &whole, &passed)? {
                return Ok(());
            }
        }
        let download = |source: &dyn Source| {
            Download { source, sha256: need.digest.hex(), size: need.size }.fetch(
                self.how.client,
                &begun,
                &whole,
                &passed,
            )
        };
        for source in self.how.from.iter().filter_map(|origin| origin.source(&need.digest)) {
            match download(source.as_ref()) {
                Err(error) if !signal::asked_to_stop() => log::debug!("{error}"),
                other => return other,
            }
        }
        download(need.source.as_ref())
    }
}
