"""Kubernetes as machines install it: its programs, built from Debian's own source package, in packages as upstream's are,
and in images of the names that kubeadm asks for."""

import os
from pathlib import Path

VERSION = "1.20.2"
# Of the packages, as upstream's apt repository had them.
PACKAGE_VERSION = f"{VERSION}-00"
# The build takes minutes and gigabytes, and is the same for every testbed.
HOME = Path(os.environ.get("LABKIT_KUBERNETES") or Path.home() / ".cache/labkit-kubernetes")
PROGRAMS = HOME / "bin"
PACKAGES = HOME / "packages"
IMAGES = HOME / "images"
HERE = Path(__file__).parent
