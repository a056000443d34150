"""Booted Debian machines on one kernel: systemd-nspawn over copy-on-write layers, on a bridge that leads nowhere else."""

import os
import subprocess
import sys
from pathlib import Path

# Everything that is made lies here. It must be on a real file system: an overlay cannot be the upper layer of another.
HOME = Path(os.environ.get("LABKIT_TESTBED", "/var/tmp/labkit-testbed"))
# Begins the name of every namespace, cgroup and machine, so that two testbeds stand beside each other.
PREFIX = os.environ.get("LABKIT_TESTBED_PREFIX", "labkit")
# Debian's release on the machines, where it is not this machine's own: `trixie`.
RELEASE = os.environ.get("LABKIT_TESTBED_RELEASE")

# The network of the lab, as Vagrant gives it; the mirror has the first address.
LAB = "192.168.56"
MIRROR = f"{LAB}.1"
MIRROR_PORT = 8080
# What VirtualBox gives the first adapter of *every* machine.
NAT = "10.0.2"

# Besides the tree itself: what tests install, so that every machine gets it from the mirror.
OFFERED = ("chrony conntrack ethtool socat iptables jq tree ansible-core python3-apt "
           "containerd runc containernetworking-plugins ebtables ipset "
           "hpcc openmpi-bin libopenblas0-serial libblas3 openssh-server iperf3 sysbench").split()


def names(count):
    """`master`, `node01`, `node02` … as far as they are wanted."""
    return ["master", *(f"node{n:02}" for n in range(1, count))]


def address(name):
    """The lab address of a machine: master has .10, node01 .11."""
    return f"{LAB}.{10 + (0 if name == 'master' else int(name.removeprefix('node')))}"


def run(*argv, **options):
    """Runs a program to its end; what it said is in the error where it fails."""
    options = {"check": True, "text": True, "capture_output": True, **options}
    try:
        return subprocess.run([str(word) for word in argv], **options)
    except subprocess.CalledProcessError as error:
        said = "\n".join(((error.stdout or "") + (error.stderr or "")).splitlines()[-20:])
        raise SystemExit(f"testbed: {' '.join(map(str, argv))}: status {error.returncode}\n{said}") from None


def say(words):
    print(f"testbed: {words}", file=sys.stderr, flush=True)


def refuse_without_rights():
    """Ends with the reason where machines cannot be booted here."""
    wanted = {"systemd-nspawn": "systemd-container", "mmdebstrap": "mmdebstrap", "apt-ftparchive": "apt-utils",
              "gpg": "gpg", "ip": "iproute2", "nsenter": "util-linux"}
    if os.geteuid() != 0:
        raise SystemExit("testbed: it needs root: machines have namespaces, mounts and cgroups of their own")
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    missing = [package for program, package in wanted.items()
               if not any(Path(place, program).exists() for place in path.split(":"))]
    if missing:
        raise SystemExit(f"testbed: not installed: {' '.join(missing)}")
