//! Machines in QEMU, by software emulation and without a network but that between themselves. They end with their test.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use crate::support::{TempDir, servers::succeed};

/// Longer than anything here takes on the slowest machine.
const DEADLINE: Duration = Duration::from_secs(900);

/// A machine that is switched off: its disk over the image's, which stays as it is.
pub struct Machine {
    dir: TempDir,
    seed: Option<PathBuf>,
    lan: Vec<String>,
    firmware: Option<&'static str>,
}

/// One that is on; it is as if its plug were pulled when this goes.
pub struct Running<'a> {
    child: Child,
    console: Arc<Mutex<Vec<u8>>>,
    /// Its disk goes with the machine.
    _machine: &'a Machine,
}

impl Machine {
    pub fn of(image: &Path) -> Machine {
        let dir = tempfile::tempdir_in("/var/tmp").unwrap();
        let (base, disk) = (format!("backing_file={},backing_fmt=qcow2", image.display()), dir.path().join("disk"));
        succeed(Command::new("qemu-img").args(["create", "-q", "-f", "qcow2", "-o", &base]).arg(disk));
        Machine { dir, seed: None, lan: Vec::new(), firmware: None }
    }

    /// A disk labelled LABKIT with these files.
    pub fn seeded(mut self, files: &[(&str, &str)]) -> Machine {
        let (from, iso) = (self.dir.path().join("seed"), self.dir.path().join("seed.iso"));
        fs::create_dir(&from).unwrap();
        files.iter().for_each(|(name, text)| fs::write(from.join(name), text).unwrap());
        succeed(Command::new("genisoimage").args(["-quiet", "-V", "LABKIT", "-r", "-o"]).arg(&iso).arg(from));
        self.seed = Some(iso);
        self
    }

    /// A device with this MAC on a cable: what it sends goes to the socket of the other end.
    pub fn on_cable(mut self, own: &Path, other: &Path, mac: &str) -> Machine {
        let (own, other) = (own.display(), other.display());
        let ends = format!("local.type=unix,local.path={own},remote.type=unix,remote.path={other}");
        self.lan = vec!["-netdev".to_owned(), format!("dgram,id=lab,{ends}"), "-device".to_owned()];
        self.lan.push(format!("virtio-net-pci,netdev=lab,mac={mac}"));
        self
    }

    /// Started by UEFI in place of a BIOS.
    pub fn by_uefi(mut self, firmware: &'static str) -> Machine {
        self.firmware = Some(firmware);
        self
    }

    pub fn start(&self) -> Running<'_> {
        let mut qemu = Command::new("qemu-system-x86_64");
        // One processor: with two, each in a thread of its own, QEMU 7.2 now and then runs for ever where one changes code of
        // the kernel that the other is in.
        qemu.args("-accel tcg -smp 1 -m 1024 -nodefaults -display none -serial stdio".split(' '));
        qemu.args(["-device", "virtio-rng-pci", "-nic", "none"]);
        qemu.args(self.firmware.iter().flat_map(|path| ["-bios", path]));
        let drive = |path: &Path, more: &str| format!("file={},if=virtio,{more}", path.display());
        qemu.args(["-drive", &drive(&self.dir.path().join("disk"), "format=qcow2")]);
        if let Some(seed) = &self.seed {
            qemu.args(["-drive", &drive(seed, "format=raw,readonly=on")]);
        }
        qemu.args(&self.lan);
        let mut child = qemu.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let (mut serial, console) = (child.stdout.take().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let kept = Arc::clone(&console);
        thread::spawn(move || {
            let mut some = [0; 4096];
            while let Ok(length @ 1..) = serial.read(&mut some) {
                kept.lock().unwrap().extend_from_slice(&some[..length]);
            }
        });
        Running { child, console, _machine: self }
    }
}

impl Running<'_> {
    /// Waits until its console has shown these words.
    #[track_caller]
    pub fn shows(&mut self, words: &str) {
        let deadline = Instant::now() + DEADLINE;
        while !self.console().contains(words) {
            let console = self.console();
            let last: Vec<&str> = console.lines().rev().take(60).collect();
            let last = last.into_iter().rev().collect::<Vec<_>>().join("\n");
            assert!(Instant::now() < deadline, "its console never shows `{words}`:\n{last}");
            assert!(self.child.try_wait().unwrap().is_none(), "it ended before `{words}`:\n{last}");
            assert!(!console.contains("labkit-provision.service: Failed"), "it fails before `{words}`:\n{last}");
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// All that it has shown: what is read at once may end within a character, the whole does not.
    pub fn console(&self) -> String {
        String::from_utf8_lossy(&self.console.lock().unwrap()).into_owned()
    }

    /// Seconds of a processor that it took (`utime` and `stime` of proc_pid_stat(5)).
    pub fn cpu_s(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let ticks: f64 =
            stat.rsplit(") ").next().unwrap().split(' ').skip(11).take(2).map(|n| n.parse::<f64>().unwrap()).sum();
        ticks / 100.0
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
