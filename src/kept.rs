//! Labs that outlive their run: a holder process keeps the namespaces, a file says where they are.

use std::{
    collections::BTreeMap,
    fs,
    io::ErrorKind,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    fcntl::{FcntlArg, FdFlag, fcntl},
    mount::{MsFlags, mount},
    sched::{CloneFlags, setns, unshare},
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde::{Deserialize, Serialize};

use crate::{
    error::{Context, Error, Result, nearest},
    lab::Lab,
    names::NsName,
};

/// `labs/ID.json`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// The run's id.
    pub id: String,
    pub recipe: String,
    pub since: String,
    /// None where the lab is on the real host, under names.
    pub holder: Option<Holder>,
    /// Descriptor of each namespace in the holder; the path where there is none.
    pub namespaces: BTreeMap<NsName, String>,
}

/// The process that keeps a lab alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub pid: i32,
    /// Clock ticks since boot: the same pid with another start is another process.
    pub started: u64,
}

impl Holder {
    fn of(pid: i32) -> Result<Holder> {
        let started = started(pid).ok_or_else(|| Error::failed(format!("process {pid} ended at once")))?;
        Ok(Holder { pid, started })
    }

    pub fn is_alive(&self) -> bool {
        started(self.pid) == Some(self.started)
    }
}

/// When a process began; none where there is none, or only its remains.
fn started(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may contain anything.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    (!["Z", "X"].contains(&state)).then(|| fields.nth(18)?.parse().ok())?
}

fn directory(state: &Path) -> PathBuf {
    state.join("labs")
}

fn file(state: &Path, id: &str) -> PathBuf {
    directory(state).join(format!("{id}.json"))
}

/// Leaves a holder behind that keeps the namespaces of `lab`.
pub fn keep(lab: &Lab, state: &Path) -> Result<Kept> {
    let mut namespaces = BTreeMap::new();
    for (name, ns) in lab.namespaces() {
        fcntl(ns.file(), FcntlArg::F_SETFD(FdFlag::empty())).context(|| "hand a namespace over")?;
        namespaces.insert(name.clone(), ns.fd().to_string());
    }
    let mut command = Command::new("/proc/self/exe");
    command.arg0("labkit-holder").args(["hold", &lab.run.id]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().context(|| "start the process that keeps the lab")?;
    let holder = Holder::of(child.id() as i32)?;
    register(lab, state, Some(holder), namespaces).inspect_err(|_| {
        let _ = kill(Pid::from_raw(holder.pid), Signal::SIGKILL);
    })
}

/// Notes a lab on the real host that is to stay.
pub fn keep_on_host(lab: &Lab, state: &Path) -> Result<Kept> {
    let path = |name: &NsName| if name.is_host() { "/proc/1/ns/net".to_owned() } else { format!("/run/netns/{name}") };
    register(lab, state, None, lab.namespaces().map(|(name, _)| (name.clone(), path(name))).collect())
}

fn register(lab: &Lab, state: &Path, holder: Option<Holder>, namespaces: BTreeMap<NsName, String>) -> Result<Kept> {
    let kept =
        Kept { id: lab.run.id.clone(), recipe: lab.run.recipe.clone(), since: crate::clock::now(), holder, namespaces };
    fs::create_dir_all(directory(state)).context(|| "make the directory of kept labs")?;
    crate::disk::replace(&file(state, &kept.id), &serde_json::to_vec_pretty(&kept)?)?;
    Ok(kept)
}

/// All labs whose holder is alive, oldest first; files of the others are removed.
pub fn all(state: &Path) -> Result<Vec<Kept>> {
    let Ok(entries) = fs::read_dir(directory(state)) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for path in
        entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "json"))
    {
        let kept: Kept = match fs::read(&path).map(|text| serde_json::from_slice(&text)) {
            Ok(Ok(kept)) => kept,
            // Taken down by another labkit just now.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(error).context(|| format!("read `{}`", path.display())),
            Ok(Err(error)) => {
                log::warn!("`{}` does not describe a lab: {error}", path.display());
                continue;
            }
        };
        match kept.holder {
            Some(holder) if !holder.is_alive() => forget(&path)?,
            _ => found.push(kept),
        }
    }
    found.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(found)
}

/// The lab with this id or the beginning of it; without one, the only lab there is.
pub fn find(state: &Path, id: Option<&str>) -> Result<Kept> {
    let mut labs = all(state)?;
    labs.retain(|lab| id.is_none_or(|id| lab.id.starts_with(id) || lab.recipe == id));
    match (labs.len(), id) {
        (1, _) => Ok(labs.remove(0)),
        (0, None) => Err(Error::usage("no lab is kept").hint("labkit run ex1 --keep leaves one")),
        (0, Some(id)) => Err(Error::usage(format!("no kept lab is called `{id}`")).hint("`labkit ls` lists them")),
        (several, _) => Err(Error::usage(format!("{several} labs are kept")).hint("say which: `labkit ls` lists them")),
    }
}

impl Kept {
    /// Moves this process, which must have one thread, into a namespace of the lab.
    pub fn enter(&self, name: &NsName) -> Result<()> {
        let Some(place) = self.namespaces.get(name) else {
            let known: Vec<&str> = self.namespaces.keys().map(NsName::as_str).collect();
            return Err(Error::usage(format!("lab {} has no namespace `{name}`", self.id)).hint(
                match nearest(name.as_str(), known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("it has: {}", known.join(", ")),
                },
            ));
        };
        // Entering a mount namespace leads to its root.
        let here = std::env::current_dir();
        let network = match self.holder {
            None => PathBuf::from(place),
            Some(holder) => {
                self.enter_holder(holder)?;
                PathBuf::from(format!("/proc/{}/fd/{place}", holder.pid))
            }
        };
        let network = fs::File::open(&network).context(|| format!("open namespace `{name}`"))?;
        setns(&network, CloneFlags::CLONE_NEWNET).context(|| format!("enter namespace `{name}`"))?;
        show_its_devices();
        if let Ok(here) = here
            && let Err(error) = std::env::set_current_dir(&here)
        {
            log::debug!("`{}` cannot be entered in the lab: {error}", here.display());
        }
        Ok(())
    }

    fn enter_holder(&self, holder: Holder) -> Result<()> {
        for (kind, flag) in [("user", CloneFlags::CLONE_NEWUSER), ("mnt", CloneFlags::CLONE_NEWNS)] {
            let path = format!("/proc/{}/ns/{kind}", holder.pid);
            let own = fs::read_link(format!("/proc/self/ns/{kind}")).ok();
            let its = fs::read_link(&path).context(|| format!("look at the lab's {kind} namespace"))?;
            if own.as_ref() == Some(&its) {
                continue;
            }
            let file = fs::File::open(&path).context(|| format!("open the lab's {kind} namespace"))?;
            setns(&file, flag).context(|| format!("enter the lab's {kind} namespace"))?;
        }
        Ok(())
    }

    /// Kernel numbers of the lab's network namespaces: `net:[4026532231]`.
    fn numbers(&self) -> Vec<PathBuf> {
        let Some(holder) = self.holder else { return Vec::new() };
        let link = |fd: &String| fs::read_link(format!("/proc/{}/fd/{fd}", holder.pid)).ok();
        self.namespaces.values().filter_map(link).collect()
    }

    /// Ends the holder; the kernel removes the namespaces and all in them, unless other processes are inside.
    ///
    /// Gives those processes: they keep their namespace until they end.
    pub fn end(&self, state: &Path) -> Result<Vec<i32>> {
        let numbers = self.numbers();
        if let Some(holder) = self.holder.filter(Holder::is_alive) {
            match kill(Pid::from_raw(holder.pid), Signal::SIGKILL) {
                Ok(()) | Err(Errno::ESRCH) => {}
                Err(errno) => return Err(errno).context(|| format!("end process {}", holder.pid)),
            }
            let deadline = Instant::now() + Duration::from_secs(10);
            while holder.is_alive() {
                if Instant::now() > deadline {
                    return Err(Error::failed(format!("process {} does not end", holder.pid)));
                }
                thread::sleep(Duration::from_micros(100));
            }
        }
        let path = file(state, &self.id);
        forget(&path)?;
        Ok(processes_inside(&numbers))
    }
}

/// Removes a lab's file, unless another labkit has.
fn forget(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other.context(|| format!("remove `{}`", path.display())),
    }
}

/// Processes in one of these network namespaces; those of other users cannot be seen.
fn processes_inside(numbers: &[PathBuf]) -> Vec<i32> {
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let inside = |pid: &i32| fs::read_link(format!("/proc/{pid}/ns/net")).is_ok_and(|number| numbers.contains(&number));
    pids.filter(inside).collect()
}

/// /sys shows the devices of the namespace it was mounted in; programs that look there want these.
fn show_its_devices() {
    let shown = unshare(CloneFlags::CLONE_NEWNS)
        .and_then(|()| mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_SLAVE, None::<&str>))
        .and_then(|()| mount(Some("sysfs"), "/sys", Some("sysfs"), MsFlags::empty(), None::<&str>));
    if let Err(errno) = shown {
        log::debug!("/sys shows the host's devices: {errno}");
    }
}
