"""A star of N hosts: one bridge, N namespaces, each with a cable, an address and both devices up."""

import json
import os
import re
import time
from statistics import median

import answer
import enclosure
from figures import Section, at_least, at_most, number, ratio, spread, table, times
from labkit import HERE, HOSTS
from process import Failure, run

PYTHON = "/usr/bin/python3"
# Hosts beyond which a method takes minutes; left out unless everything is asked for.
MOST = {"ip": 100, "Mininet": 100}
MOST_FULL = {"ip": 1000, "Mininet": 500}


def address(host):
    return f"10.0.{host // 256}.{host % 256}"


def write(directory, name, lines):
    path = os.path.join(directory, name)
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")
    return path


class Own:
    """labkit. Up is the whole process less its own time for going down: start, recipe and results included."""

    name = "labkit"

    def __init__(self, labkit, _):
        self.labkit = labkit

    def round(self, n):
        ended = self.labkit.run("run", HOSTS, "--build-only", "--set", f"n={n}", "--set", "down=true")
        samples = self.labkit.samples()
        return {
            "up": ended.wall_ms - samples["down_ms"],
            "gone": samples["down_ms"],
            "down": float(re.search(r"returned ([\d.]+)", ended.stderr)[1]),
            "cpu": ended.cpu_ms,
            "build": samples["build_ms"],
            "build_cpu": samples["build_cpu_ms"],
        }

    def prove(self, n):
        """The same star, kept, is looked into from outside."""
        own = self.labkit
        own.run("run", HOSTS, "--quiet", "--build-only", "--keep", "--set", f"n={n}")
        ports = own.run("exec", "host", "--", "ip", "-o", "link", "show", "master", "s1").stdout
        if ports.count("state UP") != n:
            raise Failure(f"labkit: a star of {n} has {ports.count('state UP')} working ports")
        answer.wait(lambda *argv: own.run("exec", f"h{n}", "--", *argv), address(1))
        own.run("down")
        own.forget()


class Commands:
    """`ip`, one process for each command; the host's end is made where it stays, the other in its namespace."""

    name = "ip"

    def __init__(self, _, directory):
        self.directory = directory

    def scripts(self, n):
        up = ["ip link add s1 type bridge", "ip link set s1 up"]
        for i in range(1, n + 1):
            up += [
                f"ip netns add h{i}",
                f"ip link add p{i} type veth peer name eth0 netns h{i}",
                f"ip link set p{i} master s1 up",
                f"ip -n h{i} link set lo up",
                f"ip -n h{i} addr add {address(i)}/16 dev eth0",
                f"ip -n h{i} link set eth0 up",
            ]
        down = [f"ip netns del h{i}" for i in range(1, n + 1)] + ["ip link del s1"]
        return write(self.directory, "up", up), write(self.directory, "down", down)

    def round(self, n):
        up, down = self.scripts(n)
        raised = run(["sh", "-e", up])
        look(self.name, n)
        start = time.perf_counter()
        dropped = run(["sh", "-e", down])
        enclosure.wait_until_gone()
        gone_ms = (time.perf_counter() - start) * 1e3
        return {
            "up": raised.wall_ms,
            "down": dropped.wall_ms,
            "gone": gone_ms,
            "cpu": raised.cpu_ms + dropped.cpu_ms,
        }

    def prove(self, n):
        """Every round is looked at."""


class Batch(Commands):
    """`ip -batch` at its best: one for the namespaces and the switch, one for each host, one queue for each end."""

    name = "ip -batch"

    def scripts(self, n):
        first = ["link add s1 up type bridge"]
        script = [f"ip -batch {self.directory}/first"]
        queue = "numtxqueues 1 numrxqueues 1"
        for i in range(1, n + 1):
            first += [
                f"netns add h{i}",
                f"link add p{i} up master s1 {queue} type veth peer name eth0 {queue} netns h{i}",
            ]
            lines = ["link set lo up", f"addr add {address(i)}/16 dev eth0", "link set eth0 up"]
            script.append(f"ip -n h{i} -batch {write(self.directory, f'h{i}', lines)}")
        write(self.directory, "first", first)
        write(self.directory, "last", [f"netns del h{i}" for i in range(1, n + 1)] + ["link del s1"])
        return write(self.directory, "up", script), write(self.directory, "down", [f"ip -batch {self.directory}/last"])


class Mininet:
    """Mininet with Linux bridges and no controller; its import is not counted."""

    name = "Mininet"

    def __init__(self, *_):
        pass

    def round(self, n):
        start = time.perf_counter()
        told = json.loads(run([PYTHON, os.path.join(HERE, "single.py"), n], 240).stdout)
        if told["ports"] != n or not told["reached"]:
            raise Failure(f"Mininet: a star of {n} has {told['ports']} ports, reached: {told['reached']}")
        enclosure.wait_until_gone(patience_s=max(5, 90 - (time.perf_counter() - start)))
        return {"up": told["up_ms"], "down": told["down_ms"], "gone": told["down_ms"], "cpu": told["cpu_ms"]}

    def prove(self, n):
        """Every round is looked at, inside the program."""


def look(name, n):
    """A second opinion on what stands in this namespace."""
    deadline = time.monotonic() + 10
    states = []
    while states.count("forwarding") != n:
        shown = json.loads(run("ip -j -d link show master s1".split()).stdout or "[]")
        states = [link["linkinfo"]["info_slave_data"]["state"] for link in shown]
        if time.monotonic() > deadline:
            raise Failure(f"{name}: a star of {n} has {states.count('forwarding')} working ports")
    answer.look_at_links(lambda *argv: run(argv))
    for host in ("h1", f"h{n}"):
        answer.look_at_links(answer.by_ip(host))
    answer.wait(answer.by_ip(f"h{n}"), address(1))


def measure(options, labkit, directory):
    sizes = options.sizes or ([2, 10] if options.quick else [2, 10, 100, 500, 1000])
    most = MOST_FULL if options.full else MOST
    methods = [kind(labkit, directory) for kind in (Own, Commands, Batch, Mininet) if kind.name not in options.without]
    taken = {}
    for n in sizes:
        present = [method for method in methods if n <= most.get(method.name, n)]
        for method in present:
            method.prove(n)
        for number_of_round in range(rounds(options, n)):
            options.say(f"star of {n}, round {number_of_round + 1}")
            for method in present:
                enclosure.settle()
                for metric, value in method.round(n).items():
                    taken.setdefault((method.name, n), {}).setdefault(metric, []).append(value)
    return section(sizes, [method.name for method in methods], taken, options)


def rounds(options, n):
    if options.quick:
        return 2
    return options.rounds or {1000: 3}.get(n, 5)


def section(sizes, names, taken, options):
    text = (
        "One bridge, one namespace for each host, a cable, an address, all up. `up` of labkit is its whole process, from "
        "start to written results, less its time for going down; of the rivals it is the script, and of Mininet the "
        "calls without its import. `returns` is when the call to take it down returned, `gone` when the last device "
        "had vanished. CPU is user and system time of up and down together. Ratios are medians of each round's ratio, rival to "
        "labkit: above 1 labkit is the faster.\n\n"
    )
    rows = []
    for n in sizes:
        own = taken["labkit", n]
        for name in names:
            one = taken.get((name, n))
            if not one:
                rows.append([f"{n}", name] + ["not run"] + ["–"] * 6)
                continue
            cells = [spread(one["up"]), number(median(one["down"])), number(median(one["gone"])), number(median(one["cpu"]))]
            ratios = ["1"] * 3 if name == "labkit" else [times(ratio(one[key], own[key])) for key in ("up", "gone", "cpu")]
            rows.append([f"{n}", name] + cells + ratios)
    head = ["hosts", "method", "up ms (quartiles)", "returns ms", "gone ms", "CPU ms", "up ÷ labkit", "gone ÷", "CPU ÷"]
    text += table(head, rows)
    skipped = sorted({f"`{name}` at {n}" for name in names for n in sizes if (name, n) not in taken})
    if skipped:
        text += f"\nNot run, because each takes minutes: {', '.join(skipped)} (`--full` runs them).\n"
    text += "\nGrowth: milliseconds of `up` for each host.\n\n"
    per_host = lambda name, n, key: number(median(taken[name, n][key]) / n) if (name, n) in taken else "–"
    growth = [[name] + [per_host(name, n, "up") for n in sizes] for name in names]
    growth.append(["labkit, its own `build_ms`"] + [per_host("labkit", n, "build") for n in sizes])
    growth.append(["labkit, its own `build_cpu_ms`"] + [per_host("labkit", n, "build_cpu") for n in sizes])
    text += table(["method"] + [f"N = {n}" for n in sizes], growth)
    return Section("Star of N hosts", text, budgets(sizes, taken))


def budgets(sizes, taken):
    found = []
    for n, limit_s in ((100, 0.12), (500, 0.75), (1000, 2)):
        if n not in sizes:
            continue
        own = taken["labkit", n]
        found.append(at_most(f"star of {n}: built and settled (`build_ms`)", limit_s, median(own["build"]) / 1e3, "s"))
        for rival, limit in (("ip -batch", 2.5), ("ip", 9), ("Mininet", 15)):
            other = taken.get((rival, n))
            if other:
                found.append(at_least(f"star of {n}: up against `{rival}`", limit, ratio(other["up"], own["up"])))
        found.append(at_most(f"star of {n}: down returns", 10, median(own["down"]), "ms"))
        if n == 500:
            found.append(at_most("star of 500: gone", 0.3, median(own["gone"]) / 1e3, "s"))
    if 100 in sizes and 1000 in sizes:
        growth = median(taken["labkit", 1000]["build"]) / median(taken["labkit", 100]["build"]) / 10
        found.append(at_most("star: time for each host, N = 1000 against 100", 1.5, growth, "×"))
    return found
