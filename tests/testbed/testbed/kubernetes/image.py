"""Images of the control plane under the names that kubeadm asks for: the programs, on packages of Debian's where they call
others."""

import shutil
import tempfile
from pathlib import Path

from .. import run, say
from . import HERE, HOME, IMAGES, VERSION, lock, program, source
from .layout import Layout
from .mark import Mark

REGISTRY = "k8s.gcr.io"
# Each program alone in an image: its tag, and where it is.
PROGRAMS = {
    "coredns": ("1.7.0", "coredns"),
    "kube-apiserver": (f"v{VERSION}", "usr/local/bin/kube-apiserver"),
    "kube-controller-manager": (f"v{VERSION}", "usr/local/bin/kube-controller-manager"),
    "kube-scheduler": (f"v{VERSION}", "usr/local/bin/kube-scheduler"),
}
# etcd, and what kube-proxy and the script before it call.
# usr-is-merged stands for what would bring perl.
DEBIAN = "etcd-server iptables ipset conntrack kmod dash sed usr-is-merged".split()
UNREAD = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/bash-completion", "var/lib/dpkg")
PROXY = HERE / "kube-proxy"
BUILT = [*PROGRAMS, "kube-proxy"]


def build():
    """Makes them, unless they are there; gives the directory of the layout."""
    mark = Mark(IMAGES, [program.mark(name).digest for name in BUILT],
                [path.read_text() for path in (Path(__file__), HERE / "layout.py", PROXY)])
    if mark.holds():
        return IMAGES
    binaries = program.build(*BUILT)
    with lock.held():
        if not mark.holds():
            say("make the images of the control plane")
            mark.remove()
            shutil.rmtree(IMAGES, ignore_errors=True)
            with tempfile.TemporaryDirectory(dir=HOME) as scratch:
                make(Layout(IMAGES, source.machine()), binaries, Path(scratch))
            mark.write()
    return IMAGES


def make(layout, binaries, scratch):
    for name, (tag, place) in PROGRAMS.items():
        root = scratch / name
        put(binaries / name, root / place)
        layout.image(f"{REGISTRY}/{name}:{tag}", [layout.layer(root)], Entrypoint=[f"/{place}"])
    layout.image(f"{REGISTRY}/pause:3.2", [layout.layer(pause(scratch / "pause"))], Entrypoint=["/pause"])
    debian = layout.layer(unpacked(scratch / "debian"))
    layout.image(f"{REGISTRY}/etcd:3.4.13-0", [debian])
    root = scratch / "kube-proxy"
    put(binaries / "kube-proxy", root / "usr/local/lib/kube-proxy")
    put(PROXY, root / "usr/local/bin/kube-proxy")
    layout.image(f"{REGISTRY}/kube-proxy:v{VERSION}", [debian, layout.layer(root)])
    layout.finish()


def put(file, place):
    place.parent.mkdir(parents=True)
    shutil.copy(file, place)


def pause(root):
    """Upstream's own: it waits, and buries the processes of a pod."""
    root.mkdir()
    run("cc", "-Os", "-static", "-s", "-DVERSION=3.2", "-o", root / "pause", source.unpacked() / "build/pause/linux/pause.c")
    return root


def unpacked(root):
    """Debian's packages and all that they depend on, unpacked only: no script of theirs runs."""
    root.mkdir()
    (root / "tmp").mkdir()
    source.apt("-qq", "update")
    source.apt("clean")
    source.apt("-qq", "-y", "--download-only", "--no-install-recommends", "install", *DEBIAN)
    for deb in sorted((HOME / "apt/cache/archives").glob("*.deb")):
        run("dpkg-deb", "-x", deb, root)
    for place in UNREAD:
        shutil.rmtree(root / place, ignore_errors=True)
    # What the package's own script would have chosen.
    for family in ("iptables", "ip6tables"):
        for act in ("", "-save", "-restore"):
            (root / f"usr/sbin/{family}{act}").symlink_to(f"{family}-nft{act}")
    return root
