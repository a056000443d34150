"""A signed apt archive of the packages that tests install, and the server that gives it to the machines."""

import gzip
import os
import signal
import subprocess
import sys
from pathlib import Path

from . import HOME, MIRROR, MIRROR_PORT, lan, process, run

ROOT = HOME / "mirror"
GNUPG = HOME / "gnupg"


class Signer:
    """A key, and the day on which it signs: for one that has expired, a day on which it had not."""

    def __init__(self, name, expires="never", day=None):
        self.name, self.expires = name, expires
        self.clock = ["--faked-system-time", day] if day else []

    def __call__(self, *arguments):
        GNUPG.mkdir(mode=0o700, parents=True, exist_ok=True)
        return run("gpg", "--homedir", GNUPG, "--batch", "--yes", "--quiet", *self.clock, "--local-user", self.name, *arguments)

    def prepare(self):
        """Makes the key, unless it is there."""
        if run("gpg", "--homedir", GNUPG, "--batch", "--list-keys", self.name, check=False).returncode:
            self("--passphrase", "", "--quick-generate-key", self.name, "ed25519", "sign", self.expires)


OWN = Signer("labkit testbed")
EXPIRED = Signer("expired testbed", "1d", "20200101T000000")


def armored(signer):
    return signer("--armor", "--export", signer.name).stdout


def key():
    """The file of the public key of the mirror's own archive."""
    OWN.prepare()
    public = HOME / "mirror.gpg"
    OWN("--export", "--output", public, OWN.name)
    return public


def publish(root=ROOT, signer=OWN):
    """Writes the lists of what lies in the pool, and signs them."""
    packages = run("apt-ftparchive", "packages", "pool", cwd=root).stdout
    lists = root / "dists/lab/main" / f"binary-{run('dpkg', '--print-architecture').stdout.strip()}"
    lists.mkdir(parents=True, exist_ok=True)
    (lists / "Packages").write_text(packages)
    (lists / "Packages.gz").write_bytes(gzip.compress(packages.encode(), mtime=0))
    suite = root / "dists/lab"
    for old in ("InRelease", "Release"):
        (suite / old).unlink(missing_ok=True)
    options = ["Origin=labkit", "Suite=lab", "Codename=lab", "Components=main", f"Architectures={lists.name[7:]} all"]
    options = [word for option in options for word in ("-o", f"APT::FTPArchive::Release::{option}")]
    (suite / "Release").write_text(run("apt-ftparchive", *options, "release", "dists/lab", cwd=root).stdout)
    signer.prepare()
    signer("--clearsign", "--output", suite / "InRelease", suite / "Release")


def start():
    """Serves the archive on the lab's network, unless somebody already does."""
    running = process.Kept("mirror")
    if running.pid():
        return
    argv = ["ip", "netns", "exec", lan.NAME, sys.executable, Path(__file__).with_name("server.py"), ROOT, MIRROR, MIRROR_PORT]
    running.start(argv)
    running.wait_for_output("serving")


def stop():
    process.Kept("mirror").stop(signal.SIGTERM)
