"""A signed apt archive of the packages that tests install, and the server that gives it to the machines."""

import gzip
import shutil
import signal
import sys
from pathlib import Path

from . import HOME, MIRROR, MIRROR_PORT, lan, process, run

ROOT = HOME / "mirror"
GNUPG = HOME / "gnupg"


class Signer:
    """A key. One that ends signs first, and is given its end afterwards: what it signed is younger than that."""

    def __init__(self, name, ends=False):
        self.name, self.ends = name, ends

    def __call__(self, *arguments):
        GNUPG.mkdir(mode=0o700, parents=True, exist_ok=True)
        return run("gpg", "--homedir", GNUPG, "--batch", "--yes", "--quiet", "--local-user", self.name, *arguments)

    def is_there(self):
        return not run("gpg", "--homedir", GNUPG, "--batch", "--list-keys", self.name, check=False).returncode

    def fingerprint(self):
        return self("--with-colons", "--list-keys", self.name).stdout.split("fpr:::::::::")[1].split(":")[0]

    def prepare(self):
        """Makes the key, unless it is there and signs."""
        if self.ends and self.is_there():
            self("--delete-secret-and-public-key", self.fingerprint())
        if not self.is_there():
            began = ["--faked-system-time", "20200101T000000"] if self.ends else []
            self(*began, "--passphrase", "", "--quick-generate-key", self.name, "ed25519", "sign", "never")

    def end(self):
        """Lets a key that ends have ended, on the day after its first."""
        if self.ends:
            self("--faked-system-time", "20200101T010000", "--quick-set-expire", self.fingerprint(), "1d")


OWN = Signer("labkit testbed")
EXPIRED = Signer("expired testbed", ends=True)


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
    signer.end()


def offer(name, debs, signer=OWN):
    """Makes another archive, of these packages."""
    root = ROOT / name
    shutil.rmtree(root, ignore_errors=True)
    (root / "pool").mkdir(parents=True)
    for deb in debs:
        shutil.copy(deb, root / "pool")
    publish(root, signer)


def source(place=""):
    """What apt is told of an archive that has the mirror's own key."""
    return (f"Types: deb\nURIs: http://{MIRROR}:{MIRROR_PORT}{place}\nSuites: lab\nComponents: main\n"
            "Signed-By: /etc/apt/keyrings/mirror.gpg\n")


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
    # Signing began an agent that would stay.
    if GNUPG.exists():
        run("gpgconf", "--homedir", GNUPG, "--kill", "all", check=False)
