//! A network namespace without a name: created, entered on a thread of its own, gone with its last descriptor.

use std::{
    fs::File,
    os::{
        fd::{AsFd, AsRawFd, RawFd},
        unix::fs::MetadataExt,
    },
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use nix::sched::{CloneFlags, setns, unshare};

use crate::error::{Context, Error, Result};

/// Holds a network namespace open (`ip netns add`, but anonymous).
#[derive(Debug)]
pub struct Netns {
    file: File,
}

impl Netns {
    /// The namespace of the calling thread.
    pub fn current() -> Result<Netns> {
        // /proc/self would be the first thread's namespace, not this one's.
        Netns::open(Path::new("/proc/thread-self/ns/net"))
    }

    /// A namespace that has a path: `/run/netns/NAME`, `/proc/PID/ns/net`.
    pub fn open(path: &Path) -> Result<Netns> {
        let file = File::open(path).context(|| format!("open namespace `{}`", path.display()))?;
        Ok(Netns { file })
    }

    /// Makes `count` namespaces, on every CPU at once, and runs `furnish` inside each as it is born.
    ///
    /// Gives them in order, each with what `furnish(index)` gave. Needs CAP_SYS_ADMIN.
    pub fn create_many<T: Send>(count: usize, furnish: impl Fn(usize) -> Result<T> + Sync) -> Result<Vec<(Netns, T)>> {
        let next = AtomicUsize::new(0);
        let workers = thread::available_parallelism().map_or(1, usize::from).min(count);
        let work = || -> Result<Vec<(usize, (Netns, T))>> {
            let mut made = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= count {
                    return Ok(made);
                }
                crate::signal::check()?;
                unshare(CloneFlags::CLONE_NEWNET).context(|| "make a network namespace")?;
                let ns = Netns::current()?;
                made.push((index, (ns, furnish(index)?)));
            }
        };
        let mut all = thread::scope(|scope| {
            let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            let mut all = Vec::with_capacity(count);
            for worker in workers {
                all.extend(worker.join().map_err(|_| Error::failed("a thread panicked"))??);
            }
            Ok::<_, Error>(all)
        })?;
        all.sort_by_key(|(index, _)| *index);
        Ok(all.into_iter().map(|(_, made)| made).collect())
    }

    /// Runs `visit` inside the namespace, on a thread that ends with it: there is nothing to restore.
    ///
    /// Sockets opened there stay in the namespace wherever they are used later.
    pub fn enter<T: Send>(&self, visit: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        thread::scope(|scope| {
            let visitor = scope.spawn(|| {
                setns(self.file.as_fd(), CloneFlags::CLONE_NEWNET).context(|| "enter a network namespace")?;
                visit()
            });
            visitor.join().map_err(|_| Error::failed("a thread panicked"))?
        })
    }

    /// For `IFLA_NET_NS_FD`; valid as long as `self` lives.
    pub fn fd(&self) -> RawFd {
        self.file.as_raw_fd()
    }

    /// The kernel's number of the namespace: `net:[4026532231]`.
    pub fn inode(&self) -> Result<u64> {
        Ok(self.file.metadata().context(|| "look at a network namespace")?.ino())
    }

    pub fn file(&self) -> &File {
        &self.file
    }
}
