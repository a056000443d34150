"""The programs as Debian packages, under the names and with the dependencies that upstream's have."""

import os
import shutil

from .. import run
from . import HERE, PACKAGE_VERSION, PACKAGES, VERSION, program, source
from .mark import Mark

DEPENDS = {
    "cri-tools": "",
    "kubeadm": "kubelet (>= 1.13.0), kubectl (>= 1.13.0), kubernetes-cni (>= 0.8.6), cri-tools (>= 1.13.0)",
    "kubectl": "",
    "kubelet": "iptables (>= 1.4.21), kubernetes-cni (>= 0.8.6), iproute2, socat, util-linux, mount, ebtables, ethtool, "
               "conntrack",
    "kubernetes-cni": "containernetworking-plugins",
}
# Where the program is of another name, or there is none.
PROGRAM = {"cri-tools": ["crictl"], "kubernetes-cni": []}
DIRECTORIES = {"kubelet": ["etc/kubernetes/manifests"]}
# Upstream's package has plugins of its own there; these are Debian's.
LINKS = {"kubernetes-cni": {"opt/cni/bin": "/usr/lib/cni"}}


def build(name):
    """One package; gives its file."""
    if name not in DEPENDS:
        raise SystemExit(f"testbed: no package of Kubernetes: {name} (there are {' '.join(DEPENDS)})")
    deb = PACKAGES / f"{name}_{PACKAGE_VERSION}_{source.machine()}.deb"
    programs = PROGRAM.get(name, [name])
    mark = made_of(name, deb, programs)
    if mark.holds():
        return deb
    binaries = program.build(*programs)
    root = PACKAGES / f".{name}.{os.getpid()}"
    shutil.rmtree(root, ignore_errors=True)
    PACKAGES.mkdir(parents=True, exist_ok=True)
    fill(root, name, [binaries / each for each in programs])
    begun = deb.with_suffix(f".{os.getpid()}.new")
    run("dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", root, begun)
    shutil.rmtree(root)
    begun.rename(deb)
    mark.write()
    return deb


def made_of(name, deb, programs):
    files = [(path, path.read_text()) for path in sorted((HERE / "debian" / name).rglob("*")) if path.is_file()]
    return Mark(deb, control(name), [program.mark(each).digest for each in programs], DIRECTORIES, LINKS,
                [(str(path.relative_to(HERE)), text) for path, text in files])


def fill(root, name, programs):
    """Puts into a directory what the package holds."""
    (root / "DEBIAN").mkdir(parents=True)
    if (HERE / "debian" / name).exists():
        shutil.copytree(HERE / "debian" / name, root, dirs_exist_ok=True)
    for each in programs:
        (root / "usr/bin").mkdir(parents=True, exist_ok=True)
        shutil.copy(each, root / "usr/bin")
    for each in DIRECTORIES.get(name, []):
        (root / each).mkdir(parents=True)
    for link, target in LINKS.get(name, {}).items():
        (root / link).parent.mkdir(parents=True)
        (root / link).symlink_to(target)
    (root / "DEBIAN/control").write_text(control(name))
    settings = [f"/{path.relative_to(root)}\n" for path in sorted((root / "etc").rglob("*")) if path.is_file()]
    if settings:
        (root / "DEBIAN/conffiles").write_text("".join(settings))


def control(name):
    depends = f"Depends: {DEPENDS[name]}\n" if DEPENDS[name] else ""
    return (f"Package: {name}\nVersion: {PACKAGE_VERSION}\nArchitecture: {source.machine()}\n{depends}"
            "Maintainer: testbed <root@localhost>\n"
            f"Description: {name} of Kubernetes {VERSION}, built from Debian's source\n")
