"""Machines that tests/testbed boots, with labkit on them."""

import os
import shutil

from labkit import ROOT
from process import run

TESTBED = os.path.join(ROOT, "tests", "testbed")
HOME = os.environ.get("LABKIT_TESTBED", "/var/tmp/labkit-testbed")
LAB = os.path.join(TESTBED, "lab.toml")


def testbed(script, *words, patience_s=900):
    return run([os.path.join(TESTBED, script), *words], patience_s)


def inside(name, *argv):
    return testbed("exec", name, *argv)


def root(name):
    """The machine's files, as they are from outside."""
    return os.path.join(HOME, "machines", name, "root")


def equip(labkit, name):
    """labkit, the description of the lab, and its secret."""
    shutil.copy(labkit.path, os.path.join(root(name), "usr/local/bin/labkit"))
    settings = os.path.join(root(name), "etc/labkit")
    os.makedirs(settings, exist_ok=True)
    shutil.copy(LAB, settings)
    secret = os.path.join(settings, "secret")
    with open(secret, "w") as file:
        file.write("5a" * 32 + "\n")
    os.chmod(secret, 0o600)
