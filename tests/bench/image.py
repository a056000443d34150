"""The image of a machine: how long it takes to be made, whether it is the same again, and what labkit adds to its boot."""

import hashlib
import os
import shutil
from concurrent.futures import ThreadPoolExecutor

from booted import LAB, equip, inside, testbed
from figures import Budget, Section, at_most, number, ratio, spread, table, times
from labkit import ROOT
from node import timed_ms
from process import run
from qemu import Machine

TITLE = "The image of a machine"
BOXES = ["labkit-virtualbox-amd64.box", "labkit-libvirt-amd64.box"]
# What labkit's units do at each boot.
UNITS = [["labkit", "identity", "--set"], ["labkit", "heal"], ["labkit", "provision"]]


def packed(labkit, place):
    lock, bundle, tar = (os.path.join(place, name) for name in ("lab.lock", "lab.bundle", "lab.bundle.tar"))
    labkit.run("bundle", "lock", "node", "-o", lock, patience_s=600)
    labkit.run("bundle", "build", lock, "-o", bundle, "--quiet", patience_s=1800)
    labkit.run("bundle", "pack", bundle, "-o", tar, "--quiet", patience_s=600)
    return tar


def build_s(labkit, bundle, out):
    """Both boxes; the disk alone beside them is a copy."""
    argv = [os.path.join(ROOT, "images", "build"), "--labkit", labkit.path, "--machine-bundle", bundle, "-o", out]
    return run([*argv, "--form", "virtualbox", "--form", "libvirt", "--form", "qcow2"], patience_s=1800).wall_ms / 1e3


def digests(out):
    found = []
    for name in BOXES:
        with open(os.path.join(out, name), "rb") as file:
            found.append(hashlib.file_digest(file, "sha256").hexdigest())
    return found


def disks(place):
    """One that says nothing, since it has another label, and one that says what the machine is to become."""
    files = os.path.join(place, "seed")
    os.makedirs(files)
    shutil.copy(LAB, files)
    for name, text in {"secret": "5a" * 32 + "\n", "provision.toml": 'recipes = ["node"]\n'}.items():
        with open(os.path.join(files, name), "w") as file:
            file.write(text)
    made = {label: os.path.join(place, f"{label}.iso") for label in ("OTHER", "LABKIT")}
    for label, iso in made.items():
        run(["genisoimage", "-quiet", "-V", label, "-r", "-o", iso, files])
    return made.values()


def boots(options, image, other, seed, rounds):
    """Seconds of a processor: to a login, to a node, and to a node that was one. The first two at once, a processor for each:
    whatever else slows this machine down slows both."""
    login, first, again = [], [], []
    for at in range(rounds):
        options.say(f"image: boots, round {at + 1}")
        untold, told = Machine(image, other), Machine(image, seed)
        try:
            with ThreadPoolExecutor() as both:
                to_login = both.submit(untold.boot_s, "localhost login: ")
                first.append(told.boot_s("ready     master: all is done"))
            login.append(to_login.result())
            again.append(told.boot_s("ready     master: nothing was left to do"))
        finally:
            untold.remove()
            told.remove()
    return login, first, again


def idle(labkit):
    """Milliseconds of labkit's units on a booted machine that is a node already: all three, one after the other."""
    try:
        testbed("down")
        testbed("up", "1")
        equip(labkit, "master")
        inside("master", "labkit", "run", "node")
        return [[timed_ms(argv) for argv in UNITS] for _ in range(15)]
    finally:
        testbed("down")


def measure(options, labkit, directory):
    if options.quick:
        options.say("image: left out of `--quick`: `cargo test --test image --test boot` does the same")
        return Section(TITLE, "Not measured: left out of `--quick`.\n")
    rounds = options.rounds or 3
    place = os.path.join("/var/tmp", f"labkit-bench-image-{os.getpid()}")
    os.makedirs(place)
    try:
        bundle = packed(labkit, place)
        taken, made = [], []
        for at in range(2):
            options.say(f"image: build, round {at + 1}")
            taken.append(build_s(labkit, bundle, place))
            made.append(digests(place))
        sizes = [os.path.getsize(os.path.join(place, name)) for name in BOXES]
        login, first, again = boots(options, os.path.join(place, "labkit-amd64.qcow2"), *disks(place), rounds)
    finally:
        shutil.rmtree(place)
    options.say("image: a boot with nothing to do")
    return section(taken, made, sizes, (login, first, again), idle(labkit))


def section(taken, made, sizes, processor, parts):
    text = "Both boxes of Debian's packages from this machine's archives, with the bundle of `node` in them:\n\n"
    text += table(["box", "MB"], [[name, number(size / 1e6)] for name, size in zip(BOXES, sizes)])
    text += "\nOne machine of it in QEMU, one CPU by software emulation; QEMU's time on processors:\n\n"
    names = ("from power-on to a login, told nothing", "to a node, the first time", "to a node, the second time")
    text += table(["boot", "seconds (quartiles)"], [[name, spread(values)] for name, values in zip(names, processor)])
    text += "\nThe three units with nothing to do, on a node booted by systemd-nspawn:\n\n"
    each = list(zip(*parts))
    text += table(["unit", "ms (quartiles)"], [[f"`{' '.join(argv)}`", spread(values)] for argv, values in zip(UNITS, each)])
    login, first, _ = processor
    more, total_ms, is_same = ratio(first, login), sorted(map(sum, parts))[len(parts) // 2], made[0] == made[1]
    return Section(TITLE, text, [
        at_most("image: both boxes are made", 300, max(taken), "s"),
        Budget("image: made twice, the same bytes", "yes", "yes" if is_same else "no", is_same),
        Budget("image: processor to a node against to a login", "≤ 1.20×", times(more), more <= 1.2),
        at_most("labkit's part of a boot with nothing to do", 1000, total_ms, "ms"),
    ])
