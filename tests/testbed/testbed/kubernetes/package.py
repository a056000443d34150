"""The programs as Debian packages."""

import os
import shutil

from .. import run
from . import PACKAGE_VERSION, PACKAGES, VERSION, program, source


def build(name):
    """The package of one program; gives its file."""
    deb = PACKAGES / f"{name}_{PACKAGE_VERSION}_{source.machine()}.deb"
    if deb.exists():
        return deb
    binary = program.build(name) / name
    root = PACKAGES / f".{name}.{os.getpid()}"
    shutil.rmtree(root, ignore_errors=True)
    (root / "DEBIAN").mkdir(parents=True)
    (root / "usr/bin").mkdir(parents=True)
    shutil.copy(binary, root / "usr/bin")
    (root / "DEBIAN/control").write_text(
        f"Package: {name}\nVersion: {PACKAGE_VERSION}\nArchitecture: {source.machine()}\nMaintainer: testbed <root@localhost>\n"
        f"Description: {name} of Kubernetes {VERSION}, built from Debian's source\n")
    begun = deb.with_suffix(f".{os.getpid()}.new")
    run("dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", root, begun)
    shutil.rmtree(root)
    begun.rename(deb)
    return deb
