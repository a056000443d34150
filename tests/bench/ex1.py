"""The three topologies of ex1, by labkit and by the commands that `labkit explain ex1` prints."""

import os
import re
import shutil
import time
from statistics import median

import answer
import enclosure
from figures import Budget, Section, at_least, at_most, number, ratio, spread, table, times
from process import Failure, run
from star import write

# One for each topology: veth, bridge, vxlan.
ADDRESSES = ["192.168.1.2", "192.168.2.2", "10.1.1.2"]
SYSCTL = re.compile(r"ip netns exec (\S+) sysctl -qw (\S+)")
IP = re.compile(r"ip (?:-n (\S+) )?(.+)")


def commands(labkit):
    """What a person would type to build it, up to the first proof. A cable is made before its ends are used."""
    sections = [[]]
    for line in labkit.run("explain", "ex1").stdout.splitlines():
        if re.search(r"\bping\b", line):
            break
        if line.startswith("#") or not line.strip():
            sections.append([])
        elif line.startswith("ip "):
            sections[-1].append(line)
    found = [line for part in sections for line in sorted(part, key=creates_no_cable)]
    if sum("netns add" in line for line in found) < 2:
        raise Failure("`labkit explain ex1` shows no namespaces")
    return found


def creates_no_cable(line):
    return not re.search(r"link add .* type veth ", line)


def prove(inside):
    """Every topology carries packets."""
    for address in ADDRESSES:
        answer.wait(inside, address)


class Commands:
    """One process for each command."""

    name = "ip"

    def __init__(self, labkit, directory):
        self.directory = directory
        self.commands = commands(labkit)
        self.namespaces = [line.split()[-1] for line in self.commands if line.startswith("ip netns add ")]
        # What the host keeps when the namespaces have gone.
        self.bridges = re.findall(r"^ip link add name (\S+) type bridge", "\n".join(self.commands), re.M)

    def scripts(self):
        down = [f"ip netns del {ns}" for ns in self.namespaces] + [f"ip link del {name}" for name in self.bridges]
        return write(self.directory, "up", self.commands), write(self.directory, "down", down)

    def up(self):
        return run(["sh", "-e", self.scripts()[0]])

    def inside(self, *argv):
        return answer.by_ip("ns1")(*argv)

    def look(self):
        answer.look_at_links(lambda *argv: run(argv))
        for ns in self.namespaces:
            answer.look_at_links(answer.by_ip(ns))

    def down(self):
        return run(["sh", "-e", self.scripts()[1]])


class Batch(Commands):
    """The same commands, one `ip -batch` for each namespace, the settings of each by one `sysctl`."""

    name = "ip -batch"
    settings = True

    def scripts(self):
        # A cable is made from the earlier of its namespaces: this order needs no second visit to any.
        first, rest, keys = [], {}, {}
        for line in self.commands:
            setting = SYSCTL.fullmatch(line)
            if setting:
                keys.setdefault(setting[1], []).append(setting[2])
                continue
            ns, words = IP.fullmatch(line).groups()
            (rest.setdefault(ns, []) if ns else first).append(words)
        first.sort(key=lambda words: not words.startswith("netns add"))
        up = [f"ip -batch {write(self.directory, 'first', first)}"]
        for ns in self.namespaces:
            if self.settings:
                up.append(f"ip netns exec {ns} sysctl -qw {' '.join(keys[ns])}")
            up.append(f"ip -n {ns} -batch {write(self.directory, ns, rest[ns])}")
        last = [f"netns del {ns}" for ns in self.namespaces] + [f"link del {name}" for name in self.bridges]
        write(self.directory, "last", last)
        return write(self.directory, "up", up), write(self.directory, "down", [f"ip -batch {self.directory}/last"])


class BareBatch(Batch):
    """Less work than the others do: the namespaces keep the settings they were born with."""

    name = "ip -batch, no sysctl"
    settings = False


class Own:
    """Kept by a process that holds the namespaces, so that it can be looked into and taken down apart."""

    name = "labkit --keep"

    def __init__(self, labkit, _):
        self.labkit = labkit

    def up(self):
        return self.labkit.run("run", "ex1", "--build-only", "--keep", "--quiet")

    def inside(self, *argv):
        return self.labkit.run("exec", "ns1", "--", *argv)

    def look(self):
        """It waited until all was settled."""

    def down(self):
        ended = self.labkit.run("down")
        self.labkit.forget()
        return ended


def measure(options, labkit, directory):
    methods = [kind(labkit, directory) for kind in (Own, Commands, Batch, BareBatch)]
    taken = {}
    # In how many rounds it is waited for until packets pass; where links are left alone that takes seconds.
    waits = 0 if options.quick else 3
    for number_of_round in range(2 if options.quick else options.rounds or 15):
        options.say(f"ex1, round {number_of_round + 1}")
        enclosure.settle()
        whole = labkit.run("run", "ex1", "--build-only", "--quiet")
        labkit.forget()
        add(taken, "labkit", up=whole.wall_ms, cpu=whole.cpu_ms)
        for method in methods:
            enclosure.settle()
            start = time.perf_counter()
            raised = method.up()
            if number_of_round >= waits:
                method.look()
            prove(method.inside)
            if number_of_round < waits:
                add(taken, method.name, works=(time.perf_counter() - start) * 1e3)
            sentinel = enclosure.Sentinel()
            start = time.perf_counter()
            dropped = method.down()
            sentinel.drop()
            gone_ms = (time.perf_counter() - start) * 1e3
            add(taken, method.name, up=raised.wall_ms, cpu=raised.cpu_ms, down=dropped.wall_ms, gone=gone_ms)
    enclosure.settle()
    idle = [enclosure.Sentinel().drop() for _ in range(3)]
    return section(taken, [method.name for method in methods], len(methods[1].commands), idle, peaks(labkit))


def add(taken, name, **values):
    for metric, value in values.items():
        taken.setdefault(name, {}).setdefault(metric, []).append(value)


def settled(taken, keeps):
    """Up and settled: commands of `ip` return before their links pass packets."""
    if "works" not in keeps:
        return []
    return [at_least("ex1: up and settled (all answer a ping) against `ip`", 20, ratio(taken["ip"]["works"], keeps["works"]))]


def peaks(labkit):
    """Largest resident size of any process of a run, in MB.

    A spawned process inherits the peak of the one that spawned it: only a small one in between can tell.
    """
    if not shutil.which("time"):
        return {}
    found = {}
    full = ["--set", "seconds=1", "--set", "rounds=1"]
    for name, words in (("run ex1 --build-only", ["--build-only"]), ("run ex1, 1 round of 1 s", full)):
        argv = [shutil.which("time"), "-f", "peak %M", labkit.path, "run", "ex1", "--quiet", *words]
        told = run(argv, env=labkit.env, status=None)
        labkit.forget()
        # Its own proof may fail on a busy machine (status 4); it measured all the same.
        if told.status not in (0, 4):
            raise Failure(f"labkit run ex1: status {told.status}\n{told.stderr}")
        found[name] = int(re.search(r"peak (\d+)", told.stderr)[1]) / 1024
    return found


def section(taken, names, commands_typed, idle, peak):
    own, keeps = taken["labkit"], taken["labkit --keep"]
    text = (
        f"All three at once. `ip` types the {commands_typed} commands of `labkit explain ex1`; `ip -batch` the same in one "
        "process for each namespace and one `sysctl` for each; the last line leaves the settings out. `labkit` is the whole process of "
        "`run ex1 --build-only`, settled, results written, and its end; its namespaces go with it. `labkit --keep` and `labkit "
        f"down` are two. `works` is when all three had answered a ping (three rounds). `gone` is when the kernel was done with all of it; the look itself takes {number(median(idle))} ms of that.\n\n"
    )
    rows = [["labkit", spread(own["up"]), "–", number(median(own["cpu"])), "with up", "–", "1", "1", "–"]]
    for name in names:
        one = taken[name]
        works = number(median(one["works"])) if "works" in one else "–"
        cells = [spread(one["up"]), works, number(median(one["cpu"])), spread(one["down"]), number(median(one["gone"]))]
        downs = "1" if one is keeps else times(ratio(one["down"], keeps["down"]))
        rows.append([name, *cells, times(ratio(one["up"], own["up"])), times(ratio(one["up"], keeps["up"])), downs])
    head = ["method", "up ms (quartiles)", "works ms", "up CPU ms", "down ms (quartiles)", "gone ms", "up ÷ labkit", "up ÷ --keep", "down ÷ labkit down"]
    text += table(head, rows)
    if peak:
        text += "\n" + table(["peak memory", "MB"], [[name, number(value)] for name, value in peak.items()])
    found = [
        at_most("ex1: CPU of the whole process", 15, median(own["cpu"]), "ms"),
        at_least("ex1: up against `ip`", 20, ratio(taken["ip"]["up"], own["up"])),
        at_least("ex1: up against `ip -batch`", 3, ratio(taken["ip -batch"]["up"], own["up"])),
        *settled(taken, keeps),
        at_least("ex1: down against `ip`", 20, ratio(taken["ip"]["down"], keeps["down"])),
    ]
    full = peak.get("run ex1, 1 round of 1 s")
    found.append(at_most("ex1: peak memory of a full run", 32, full, "MB") if full else Budget("ex1: peak memory", "≤ 32 MB", "–", None))
    return Section("ex1", text, found)
