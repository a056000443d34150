"""N cables between two namespaces, both ends addressed and up."""

import json
import os
import re
from statistics import median

import answer
import enclosure
from figures import Budget, Section, at_least, number, ratio, spread, table, times
from labkit import HERE, HOSTS
from process import Failure, run
from star import PYTHON, write


def subnet(i):
    return f"10.{i // 256}.{i % 256}"


class Own:
    name = "labkit"

    def __init__(self, labkit, _):
        self.labkit = labkit

    def round(self, n):
        own = self.labkit
        ended = own.run("run", HOSTS, "--build-only", "--set", "shape=pairs", "--set", f"n={n}", "--set", "down=true")
        samples = own.samples()
        return {"up": ended.wall_ms, "cpu": ended.cpu_ms, "build": samples["build_ms"]}

    def prove(self, n):
        own = self.labkit
        own.run("run", HOSTS, "--quiet", "--build-only", "--keep", "--set", "shape=pairs", "--set", f"n={n}")
        count(self.name, n, own.run("exec", "b", "--", "ip", "-j", "-4", "addr", "show", "up").stdout)
        answer.wait(lambda *argv: own.run("exec", "b", "--", *argv), f"{subnet(n)}.1")
        own.run("down")
        own.forget()


class Floor:
    """Ready-made messages, nothing else: what the kernel takes for the devices, without any process or namespace."""

    name = "floor"

    def __init__(self, *_):
        pass

    def round(self, n):
        ended = run([PYTHON, os.path.join(HERE, "floor.py"), n])
        built = float(ended.stdout)
        return {"up": built, "build": built}

    def prove(self, n):
        """The program counts for itself."""


class Commands:
    name = "ip"

    def __init__(self, _, directory):
        self.directory = directory

    def scripts(self, n):
        up = ["ip netns add a", "ip netns add b"]
        for i in range(1, n + 1):
            up += [
                f"ip -n a link add a{i} type veth peer name b{i} netns b",
                f"ip -n a addr add {subnet(i)}.1/24 dev a{i}",
                f"ip -n a link set a{i} up",
                f"ip -n b addr add {subnet(i)}.2/24 dev b{i}",
                f"ip -n b link set b{i} up",
            ]
        return write(self.directory, "up", up), write(self.directory, "down", ["ip netns del a", "ip netns del b"])

    def round(self, n):
        up, down = self.scripts(n)
        raised = run(["sh", "-e", up])
        count(self.name, n, run("ip -n b -j -4 addr show up".split()).stdout)
        for ns in ("a", "b"):
            answer.look_at_links(answer.by_ip(ns))
        answer.wait(answer.by_ip("b"), f"{subnet(n)}.1")
        dropped = run(["sh", "-e", down])
        return {"up": raised.wall_ms, "cpu": raised.cpu_ms + dropped.cpu_ms}

    def prove(self, n):
        """Every round is looked at."""


class Batch(Commands):
    name = "ip -batch"

    def scripts(self, n):
        queue = "numtxqueues 1 numrxqueues 1"
        numbers = range(1, n + 1)
        write(self.directory, "namespaces", ["netns add a", "netns add b"])
        near = [f"link add a{i} up {queue} type veth peer name b{i} {queue} netns b" for i in numbers]
        near += [f"addr add {subnet(i)}.1/24 dev a{i}" for i in numbers]
        far = [f"addr add {subnet(i)}.2/24 dev b{i}" for i in numbers] + [f"link set b{i} up" for i in numbers]
        write(self.directory, "near", near)
        write(self.directory, "far", far)
        write(self.directory, "last", ["netns del a", "netns del b"])
        up = ["ip -batch {0}/namespaces", "ip -n a -batch {0}/near", "ip -n b -batch {0}/far"]
        up = [line.format(self.directory) for line in up]
        return write(self.directory, "up", up), write(self.directory, "down", [f"ip -batch {self.directory}/last"])


def count(name, n, shown):
    """`ip -j addr` of namespace b: each end is up and has its address."""
    ends = [link for link in json.loads(shown) if re.match(r"b\d", link.get("ifname", "")) and link["addr_info"]]
    if len(ends) != n:
        raise Failure(f"{name}: {len(ends)} of {n} cables are up and addressed")


def measure(options, labkit, directory):
    sizes = options.sizes or ([1, 10] if options.quick else [1, 10, 100, 500])
    methods = [kind(labkit, directory) for kind in (Own, Commands, Batch, Floor)]
    taken = {}
    for n in sizes:
        for method in methods:
            method.prove(n)
        for number_of_round in range(2 if options.quick else options.rounds or (3 if n > 100 else 7)):
            options.say(f"pairs of {n}, round {number_of_round + 1}")
            for method in methods:
                enclosure.settle()
                for metric, value in method.round(n).items():
                    taken.setdefault((method.name, n), {}).setdefault(metric, []).append(value)
    return section(sizes, [method.name for method in methods], taken)


def section(sizes, names, taken):
    text = (
        "Two namespaces, N cables, both ends addressed and up. `floor` is what the kernel takes for the bare messages, "
        "made beforehand and sent in one piece for each namespace and phase; no process start and no namespaces are in it. It is to be "
        "compared with labkit's own `build_ms`, which has the two namespaces and the look whether all is settled in it. "
        "`up` of labkit is its whole process, down included.\n\n"
    )
    rows = []
    for n in sizes:
        own = taken["labkit", n]
        for name in names:
            one = taken[name, n]
            versus = {"labkit": "1", "floor": "–"}.get(name) or times(ratio(one["up"], own["up"]))
            cpu = number(median(one["cpu"])) if "cpu" in one else "–"
            built = number(median(one["build"])) if "build" in one else "–"
            rows.append([n, name, spread(one["up"]), built, number(median(one["up"]) / n), cpu, versus])
    head = ["cables", "method", "up ms (quartiles)", "build_ms", "up ms a cable", "CPU ms", "up ÷ labkit"]
    text += table(head, rows)
    found = []
    for n in (n for n in sizes if n >= 100):
        own = taken["labkit", n]
        share = ratio(own["build"], taken["floor", n]["build"])
        found.append(Budget(f"{n} pairs: `build_ms` over the kernel's floor", "≤ 1.15×", times(share), share <= 1.15))
        found.append(at_least(f"{n} pairs: up against a perfect `ip -batch`", 1.8, ratio(taken["ip -batch", n]["up"], own["up"])))
    return Section("N cables between two namespaces", text, found)
