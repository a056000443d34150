"""One machine: a layer of its own over the tree, booted by systemd-nspawn."""

import os
import shlex
import shutil
import signal
from pathlib import Path

from . import HOME, PREFIX, cgroup, lan, mirror, process, run

# A machine filters no system calls, and may set what its network's namespace lets it set.
SURROUNDINGS = {"SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network", "SYSTEMD_NSPAWN_USE_CGNS": "1", "SYSTEMD_SECCOMP": "0"}
INSIDE = {"HOME": "/root", "LANG": "C.UTF-8", "TERM": "dumb", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
# What a cluster keeps below /var/lib: containerd lays overlays over its part.
KUBERNETES = ("containerd", "etcd", "kubelet")
# Which all machines share, and five of a cluster with the kernel's usual 128 do not have enough of.
INSTANCES = Path("/proc/sys/fs/inotify/max_user_instances")
# systemd's "power off".
POWER_OFF = signal.SIGRTMIN + 4


class Machine:
    def __init__(self, name):
        self.name = name
        self.disk = HOME / "machines" / name
        self.root = self.disk / "root"
        # No layer over another: what an overlay cannot hold, such as a swap file.
        self.plain = self.disk / "plain"
        self.nspawn = process.Kept(name)
        self.door = HOME / "run" / f"{name}.door"

    def leader(self):
        """The pid of its systemd, seen from here."""
        for child in process.children(self.nspawn.pid() or 0):
            if process.name(child) == "systemd":
                return child
        return None

    def start(self, tree, kubernetes=False):
        """Boots it; `kubernetes` gives a fresh one that archive, and a disk for a cluster."""
        if self.nspawn.pid():
            return
        self.clear()
        for layer in ("upper", "work", "root", "plain"):
            (self.disk / layer).mkdir(parents=True, exist_ok=True)
        options = f"lowerdir={tree},upperdir={self.disk}/upper,workdir={self.disk}/work"
        run("mount", "-t", "overlay", lan.of(self.name), "-o", options, self.root)
        lan.plug(self.name)
        cgroup.make(self.name)
        argv = ["systemd-nspawn", "--quiet", "--boot", f"--directory={self.root}", f"--machine={lan.of(self.name)}",
                "--hostname=debian", "--register=no", "--keep-unit", "--settings=no", "--resolv-conf=off",
                "--timezone=off", "--link-journal=no", "--capability=all", "--console=read-only",
                f"--network-namespace-path=/run/netns/{lan.of(self.name)}", "--bind=/dev/kmsg",
                f"--bind={self.plain}:/var/tmp/plain"]
        if kubernetes:
            if not self.has_kubernetes():
                (self.root / "etc/apt/sources.list.d/kubernetes.sources").write_text(mirror.source("/kubernetes"))
            for name in KUBERNETES:
                # As those that fill them would make them.
                (self.plain / name).mkdir(mode=0o700, exist_ok=True)
                argv.append(f"--bind={self.plain}/{name}:/var/lib/{name}")
        self.nspawn.start(argv, env={**os.environ, **SURROUNDINGS}, preexec_fn=lambda: cgroup.enter(self.name))

    def wait(self):
        """Until systemd says that it is up; a unit that failed is said."""
        def state():
            if not self.nspawn.pid():
                raise SystemExit(f"testbed: {self.name} ended: {self.nspawn.output.read_text(errors='replace')[-2000:]}")
            said = self.leader() and self.run("systemctl", "is-system-running", check=False).stdout.strip()
            return said if said in ("running", "degraded") else None

        said = process.wait(state, f"{self.name} boots")
        self.make_door()
        return said

    def argv(self, command):
        leader = self.leader()
        if not leader:
            raise SystemExit(f"testbed: {self.name} is not up: tests/testbed/up first")
        variables = [f"{name}={value}" for name, value in INSIDE.items()]
        # Not its cgroup namespace's root: systemd wants that for itself.
        return ["nsenter", f"--target={leader}", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root",
                "--wdns=/root", "--", "env", "-i", *variables, *command]

    def run(self, *command, **options):
        return run(*self.argv(command), preexec_fn=lambda: cgroup.enter(self.name), **options)

    def make_door(self):
        """A program that becomes a command in the machine: tests go there a thousand times, and Python would take a tenth
        of a second each time to begin."""
        leader = self.leader()
        stat, procs = f"/proc/{leader}/stat", [place / "cgroup.procs" for place in cgroup.places(self.name)]
        inside = shlex.join(self.argv([])).replace("TERM=dumb", '"TERM=${TERM:-dumb}"')
        self.door.write_text(f"""#!/bin/sh
started() {{ shift 19; echo "$1"; }}
read -r stat <{stat} && [ "$(started ${{stat##*)}})" = {process.started(leader)} ] || exit 1
for procs in {shlex.join(map(str, procs))}; do echo $$ >"$procs" || exit 1; done
exec {inside} "$@"
""")
        self.door.chmod(0o755)

    def stop(self):
        """Powers it off, or pulls the plug where it does not."""
        if leader := self.leader():
            os.kill(leader, POWER_OFF)
            try:
                # A container that hears no SIGTERM would be waited for.
                process.wait(lambda: not self.nspawn.pid(), f"{self.name} powers off", 10)
            except SystemExit:
                pass
        self.clear()

    def clear(self):
        """Takes away what a power-off, a crash or a kill left; the disk stays."""
        self.nspawn.stop()
        self.door.unlink(missing_ok=True)
        # The kernel has one swap for all.
        for line in Path("/proc/swaps").read_text().splitlines():
            if line.startswith(f"{self.plain}/"):
                run("swapoff", line.split()[0])
        cgroup.drop(self.name)
        lan.unplug(self.name)
        if os.path.ismount(self.root):
            run("umount", "--recursive", self.root)

    def has_kubernetes(self):
        return (self.plain / KUBERNETES[0]).exists()

    def forget(self):
        """Throws the disk away."""
        shutil.rmtree(self.disk, ignore_errors=True)


def make_room():
    """Until this machine boots again."""
    if int(INSTANCES.read_text()) < 1024:
        INSTANCES.write_text("1024")


def known():
    """Machines with a disk or a process."""
    places = [HOME / "machines", HOME / "run"]
    files = [path.name for place in places if place.exists() for path in place.iterdir()]
    return [Machine(name) for name in sorted(set(files)) if name == "master" or name.startswith("node") and "." not in name]
