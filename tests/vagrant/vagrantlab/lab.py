"""The lab: what a student types, what must hold after each step, and how long it took."""

import os
import shutil
import stat
import subprocess
import sys
import time

NODES = {"master": "192.168.56.10", "node01": "192.168.56.11", "node02": "192.168.56.12"}
# Where a machine is, what is left that should not be, its secret. It ends with another code where the machine is not
# provisioned, or not as `node` makes it.
LOOK = """hostname; ip -4 -o addr; echo ==
systemctl --failed --no-legend; ls -A .labkit || :; echo ==
sudo cat /etc/labkit/secret && labkit provision --status >&2 && sudo labkit plan node >&2"""


class Failed(SystemExit):
    pass


def require(holds, what):
    if not holds:
        raise Failed(f"tests/vagrant/up: it does not hold: {what}")


class Lab:
    def __init__(self, source, home, asked, host):
        self.dir, self.host, self.log = home / "vagrant", host, asked.log
        shutil.copytree(source, self.dir, ignore=shutil.ignore_patterns(".*", "*.box"))
        self.phases = []
        self.said = ""
        own = {"HOME": home / "home", "VAGRANT_HOME": home / "vagrant.d", "VAGRANT_CHECKPOINT_DISABLE": 1,
               "VAGRANT_DEFAULT_PROVIDER": "libvirt", "LABKIT_BOX": asked.box.resolve(), "LABKIT_DRIVER": "qemu",
               "LABKIT_MEMORY": asked.memory, "LABKIT_EXERCISE": asked.exercise, "LC_ALL": "C.UTF-8"}
        self.env = {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"} | {name: str(value) for name, value in own.items()}
        (home / "home").mkdir()

    def vagrant(self, *words, fails=False, **env):
        """What it says; its time is a phase. An end that was not meant ends all."""
        began = time.monotonic()
        child = subprocess.Popen(["vagrant", *words], cwd=self.dir, env=self.env | env, text=True, errors="replace",
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said = ""
        for line in child.stdout:
            said += line
            if "VAGRANT_LOG" not in env:
                print(f"{time.monotonic() - began:7.1f}  {line}", end="", flush=True)
        if "VAGRANT_LOG" not in env:
            self.said += f"$ vagrant {' '.join(words)}\n{said}"
        self.phases.append((f"vagrant {' '.join(words)}", time.monotonic() - began))
        require((child.wait() != 0) == fails, f"`vagrant {' '.join(words)}` ended with {child.returncode}")
        return said

    def ssh(self, name, command):
        """What a command prints on a machine."""
        argv = ["vagrant", "ssh", name, "--no-tty", "--command", command]
        done = subprocess.run(argv, cwd=self.dir, env=self.env, text=True, capture_output=True,
                              stdin=subprocess.DEVNULL)
        require(done.returncode == 0, f"`{command}` on {name} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def run(self):
        """All that a lab goes through."""
        self.vagrant("up")
        self.look("after the first `vagrant up`")
        self.collect()
        self.again()
        self.pause()
        self.vagrant("halt")
        self.vagrant("up")
        self.look("after `vagrant halt` and `vagrant up`")
        self.destroy()

    def look(self, when):
        """Whether three nodes of one lab are there, by what they say of themselves."""
        secret = (self.dir / ".labkit/secret").read_text()
        for path, mode in ((".labkit", 0o700), (".labkit/secret", 0o600)):
            has = stat.S_IMODE((self.dir / path).stat().st_mode)
            require(has == mode, f"{path} has mode {mode:o}: {has:o}")
        for name, address in NODES.items():
            said = self.ssh(name, LOOK)
            where, left, has = said.split("==\n")
            require(where.startswith(f"{name}\n"), f"{name} has its name {when}: {where}")
            require(f" {address}/24 " in where, f"{name} has {address} {when}: {where}")
            require(not left, f"no unit of {name} failed, and nothing is left of what was handed over, {when}: {left}")
            require(has == secret, f"{name} has the lab's secret {when}")
        for peer in ("node01", "192.168.56.12"):
            said = self.ssh("master", f"sudo ssh -o BatchMode=yes {peer} cat /etc/hostname")
            require(said.strip() in NODES, f"master reaches {peer} by the lab's keys {when}: {said}")
        require(secret.strip() not in self.said, f"the secret is in nothing that Vagrant said {when}")

    def collect(self):
        """Every machine ran the exercise, and the master has the results of all."""
        began = time.monotonic()
        print(self.ssh("master", "sudo labkit collect node01 node02 2>&1 && sudo labkit results"), end="", flush=True)
        runs = self.ssh("master", "sudo sh -c 'cat /var/lib/labkit/runs/*/run.json'")
        for name in NODES:
            require(f'"{name}"' in runs, f"the master has a run of {name}: {runs}")
        self.phases.append(("vagrant ssh master -c 'sudo labkit collect node01 node02'", time.monotonic() - began))
        page = self.ssh("master", "sudo labkit report -o -")
        require(page.startswith("<!DOCTYPE html>") and page.endswith("</html>"), f"the report is a page: {page[:200]}")

    def again(self):
        """Nothing is done twice, the secret stands in no log, and nothing of another lab is taken."""
        # It is handed over once more, with all that Vagrant can say.
        self.ssh("node01", "sudo rm /etc/labkit/provision.toml")
        said = self.vagrant("provision", VAGRANT_LOG="debug")
        require(".labkit/secret" in said, "the secret was handed over again")
        require("begins    " not in said, "a second `vagrant provision` has nothing to do")
        require((self.dir / ".labkit/secret").read_text().strip() not in said, "the secret is in no log of Vagrant")
        beside = self.dir.parent / "beside"
        shutil.copytree(self.dir, beside, ignore=shutil.ignore_patterns(".*"))
        own, self.dir = self.dir, beside
        said = self.vagrant("up", fails=True)
        is_told = "another lab on this computer" in said and str(own) in said
        require(is_told, f"a second lab is told of the first: {said}")
        self.dir = own

    def pause(self):
        """A machine that stood still knows the time again."""
        self.vagrant("suspend", "node01")
        time.sleep(15)
        self.vagrant("resume", "node01")
        off = abs(time.time() - int(self.ssh("node01", "date +%s")))
        require(off < 10, f"the clock of a machine that stood still for 15 s is right: {off:.0f} s off")

    def destroy(self):
        self.vagrant("destroy", "--force")
        left = self.host.leftovers()
        require(not left, f"`vagrant destroy` leaves nothing: {left}")
        require(not (self.dir / ".labkit").exists(), "the secret is gone")
        ids = list(self.dir.glob(".vagrant/machines/*/*/id"))
        require(not ids, f"Vagrant knows no machine any more: {ids}")

    def report(self):
        if self.log:
            self.log.write_text(self.said)
        width = max((len(phase) for phase, _ in self.phases), default=0)
        for phase, seconds in self.phases:
            print(f"{phase:{width}}  {seconds:7.1f} s")
        sys.stdout.flush()
