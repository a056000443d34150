"""libvirt in the enclosure: a daemon with its own configuration, networks and storage."""

import shutil
import subprocess
import time
from pathlib import Path

NEEDED = {"vagrant": "vagrant", "libvirtd": "libvirt-daemon", "virsh": "libvirt-clients", "virtlogd": "libvirt-daemon",
          "dnsmasq": "dnsmasq-base", "qemu-img": "qemu-utils", "qemu-system-x86_64": "qemu-system-x86",
          "iptables": "iptables", "dmidecode": "dmidecode"}
# The driver, the plugin: files, not programs.
FILES = {"/usr/lib/*/libvirt/connection-driver/libvirt_driver_qemu.so": "libvirt-daemon-driver-qemu",
         "/usr/share/rubygems-integration/*/specifications/vagrant-libvirt-*.gemspec": "vagrant-libvirt"}
# What libvirt writes to, and this computer's own libvirt as well.
PRIVATE = ("/run", "/etc/libvirt", "/var/log/libvirt", "/var/cache/libvirt", "/var/lib/libvirt")
# As root, without cgroups, which belong to systemd, and without AppArmor, which knows other paths.
QEMU = 'user = "root"\ngroup = "root"\nsecurity_driver = "none"\ncgroup_controllers = [ ]\n'
PATIENCE = 60


def refuse_without_programs():
    missing = {package for program, package in NEEDED.items() if not which(program)}
    missing |= {package for pattern, package in FILES.items() if not list(Path("/").glob(pattern.lstrip("/")))}
    if missing:
        raise SystemExit(f"tests/vagrant/up: not installed: {', '.join(sorted(missing))}")


def which(program):
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")


class Host:
    """The computer that the lab's machines are on."""

    def __init__(self, home):
        self.pool = home / "pool"

    def start(self):
        for path in PRIVATE:
            Path(path).mkdir(parents=True, exist_ok=True)
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", path], check=True)
        Path("/etc/libvirt/qemu.conf").write_text(QEMU)
        for daemon in ("virtlogd", "libvirtd"):
            subprocess.run([which(daemon), "--daemon"], check=True)
        deadline = time.monotonic() + PATIENCE
        while subprocess.run(["virsh", "--quiet", "version"], capture_output=True).returncode != 0:
            if time.monotonic() > deadline:
                raise SystemExit(f"tests/vagrant/up: libvirtd does not answer within {PATIENCE} s")
            time.sleep(0.1)
        self.pool.mkdir()
        for command in (["pool-define-as", "default", "dir", "--target", self.pool], ["pool-start", "default"]):
            self.virsh(*command)

    def virsh(self, *words):
        """What it prints, line by line."""
        argv = ["virsh", "--quiet", *map(str, words)]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.split("\n")

    def leftovers(self):
        """Machines, networks and volumes that there are."""
        kinds = {"domain": ["list", "--all", "--name"], "network": ["net-list", "--all", "--name"]}
        found = [f"{kind} {name}" for kind, words in kinds.items() for name in self.virsh(*words) if name]
        return found + [f"volume {path.name}" for path in self.pool.iterdir()]
