"""The programs, each one static file."""

import os
import shutil

from .. import run, say
from . import HERE, PROGRAMS, VERSION, lock, openapi, source
from .mark import Mark

MINOR = VERSION.split(".")[1]
# kubeadm refuses to be of no version.
STAMPED = ("component-base/version", "client-go/pkg/version")
# In no suite of Debian's: ours, of what Kubernetes has vendored.
OWN = ("coredns", "crictl")


def build(*names):
    """Makes those that are not there yet, one build at a time; gives the directory."""
    with lock.held():
        missing = [name for name in names if not mark(name).holds()]
        if missing:
            source.refuse_without_tools()
            tree = source.unpacked()
            PROGRAMS.mkdir(exist_ok=True)
            for name in missing:
                say(f"build {name} {VERSION}")
                compile(tree, name)
                mark(name).write()
    return PROGRAMS


def mark(name):
    own = (HERE / f"{name}.go").read_text() if name in OWN else ""
    return Mark(PROGRAMS / name, stamp(), source.REFLECT, own)


def compile(tree, name):
    environment = source.environment()
    if name == "kube-apiserver":
        openapi.generate(tree, environment)
    place = f"cmd/{name}"
    if name in OWN:
        place = f"cmd/testbed-{name}"
        (tree / place).mkdir(exist_ok=True)
        shutil.copy(HERE / f"{name}.go", tree / place / "main.go")
    begun = PROGRAMS / f"{name}.new"
    run("go", "build", "-trimpath", "-ldflags", stamp(), "-o", begun, f"./{place}", cwd=tree, env=environment)
    os.rename(begun, PROGRAMS / name)


def stamp():
    """Its version, as upstream's build writes it into every program; symbols are left out."""
    facts = {"gitVersion": f"v{VERSION}", "gitMajor": "1", "gitMinor": MINOR}
    places = [f"{root}{place}" for place in STAMPED for root in ("k8s.io/", "k8s.io/kubernetes/vendor/k8s.io/")]
    return " ".join(["-s", "-w", *(f"-X {place}.{name}={value}" for place in places for name, value in facts.items())])
