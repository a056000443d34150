"""Debian's source package, unpacked where Go looks for it."""

import os
import platform
import shutil

from .. import run, say, tree
from . import HOME, VERSION

GOPATH = HOME / "gopath"
TREE = GOPATH / "src/k8s.io/kubernetes"
# The vendored one is from before Go 1.18, and every program built with it crashes as it writes JSON.
REFLECT = "golang-github-modern-go-reflect2-dev"
NEEDED = {"go": "golang-go", "cc": "gcc", "dpkg-source": "dpkg-dev", "dpkg-deb": "dpkg"}


def refuse_without_tools():
    missing = [package for program, package in NEEDED.items() if not shutil.which(program)]
    if missing:
        raise SystemExit(f"testbed: not installed: {' '.join(missing)}")


def apt(*words, **options):
    """apt-get with Debian's sources and lists of its own: this machine's are neither used nor changed."""
    lists = HOME / "apt"
    if not (lists / "state/status").exists():
        for place in ("state/lists/partial", "cache/archives/partial", "etc/apt.conf.d", "etc/preferences.d"):
            (lists / place).mkdir(parents=True, exist_ok=True)
        signed = f"[signed-by={tree.KEYRING}] "
        binary = tree.sources(release=None).replace("deb ", f"deb {signed}")
        (lists / "etc/sources.list").write_text(binary + binary.replace("deb ", "deb-src "))
        (lists / "state/status").touch()
        apt("-qq", "update")
    places = {"Dir::State": lists / "state", "Dir::State::status": lists / "state/status", "Dir::Cache": lists / "cache",
              "Dir::Etc::sourcelist": lists / "etc/sources.list", "Dir::Etc::sourceparts": "-",
              "Dir::Etc::parts": lists / "etc/apt.conf.d", "Dir::Etc::preferencesparts": lists / "etc/preferences.d",
              "APT::Sandbox::User": "root"}
    return run("apt-get", *(word for name, value in places.items() for word in ("-o", f"{name}={value}")), *words, **options)


def unpacked():
    """The tree, ready to be built from."""
    if TREE.exists():
        return TREE
    say(f"fetch the source of Kubernetes {VERSION}")
    new = HOME / "new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    apt("-qq", "source", "--download-only", "kubernetes", cwd=new)
    apt("-qq", "download", REFLECT, cwd=new)
    description, = new.glob("*.dsc")
    if VERSION not in description.name:
        raise SystemExit(f"testbed: Debian's source is {description.name}, and {VERSION} is expected")
    run("dpkg-source", "-x", description, new / "tree")
    package, = new.glob(f"{REFLECT}_*.deb")
    run("dpkg-deb", "-x", package, new / "reflect2")
    vendored = new / "tree/vendor/github.com/modern-go/reflect2"
    shutil.rmtree(vendored)
    shutil.copytree(new / "reflect2/usr/share/gocode/src/github.com/modern-go/reflect2", vendored)
    TREE.parent.mkdir(parents=True, exist_ok=True)
    (new / "tree").rename(TREE)
    shutil.rmtree(new)
    return TREE


def environment():
    """What Go builds with: nothing but the tree, and programs that need no library."""
    known = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    return {**known, "GO111MODULE": "off", "GOFLAGS": "", "CGO_ENABLED": "0", "GOPATH": str(GOPATH),
            "GOCACHE": str(HOME / "gocache"), "KUBE_BUILD_PLATFORMS": f"linux/{machine()}"}


def machine():
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
