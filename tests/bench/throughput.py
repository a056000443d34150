"""TCP over labkit's links against the same links made by `ip`, turn by turn."""

import json
import os
from statistics import median

import enclosure
from ex1 import ADDRESSES, Commands, Own, prove
from figures import Budget, Section, number, quartiles, spread, table
from process import Failure, end_group, run, spawn

CASES = dict(zip(["veth", "bridge", "vxlan"], ADDRESSES))
PORT = "5201"


class OwnLab(Own):
    """Made by labkit."""

    name = "labkit"

    def enter(self, ns):
        return [self.labkit.path, "exec", ns, "--"], self.labkit.env


class TypedLab(Commands):
    """Made by `ip`."""

    def enter(self, ns):
        return ["ip", "netns", "exec", ns], dict(os.environ)


class Served:
    """A lab that stands, with a server in ns2."""

    def __init__(self, lab):
        self.lab, self.name, self.server = lab, lab.name, None

    def up(self):
        self.lab.up()
        self.lab.look()
        prove(self.lab.inside)
        prefix, env = self.lab.enter("ns2")
        with open("/dev/null", "w") as nowhere:
            self.server = spawn([*prefix, "iperf3", "-s", "-p", PORT], nowhere, nowhere, env)
        listens = f"for i in $(seq 100); do ss -ltn | grep -q ':{PORT} ' && exit 0; sleep 0.05; done; exit 1"
        run([*prefix, "sh", "-c", listens], env=env)

    def stream(self, address, seconds):
        prefix, env = self.lab.enter("ns1")
        argv = [*prefix, "iperf3", "-c", address, "-p", PORT, "-t", seconds, "-J", "--connect-timeout", 3000]
        end = json.loads(run(argv, seconds + 20, env).stdout)["end"]
        gigabytes = end["sum_received"]["bytes"] / 1e9
        if gigabytes <= 0:
            raise Failure(f"{self.name}: nothing arrived at {address}")
        cpu = end["cpu_utilization_percent"]
        return {
            "gbit_s": end["sum_received"]["bits_per_second"] / 1e9,
            "retransmits": end["sum_sent"]["retransmits"],
            "cpu_ms_gb": (cpu["host_total"] + cpu["remote_total"]) * 10 * seconds / gigabytes,
        }

    def down(self):
        if self.server:
            end_group(self.server)
        self.lab.down()


def measure(options, labkit, directory):
    own, typed = Served(OwnLab(labkit, directory)), Served(TypedLab(labkit, directory))
    seconds = 1 if options.quick else 2
    count = 2 if options.quick else options.rounds or 7
    enclosure.settle()
    taken = {}
    try:
        own.up()
        typed.up()
        for case, address in CASES.items():
            for lab in (own, typed):
                lab.stream(address, 1)
        for number_of_round in range(count):
            options.say(f"throughput, round {number_of_round + 1}")
            for case, address in CASES.items():
                # A B B A: neither always follows the other; the second `ip` shows how far two equals differ.
                turns = [("labkit", own), ("ip", typed), ("ip again", typed), ("labkit again", own)]
                for name, lab in turns if number_of_round % 2 else reversed(turns):
                    for metric, value in lab.stream(address, seconds).items():
                        taken.setdefault((name, case), {}).setdefault(metric, []).append(value)
    finally:
        own.down()
        typed.down()
    return section(taken, seconds, count)


def section(taken, seconds, count):
    text = (
        f"iperf3, one stream of {seconds} s from ns1 to ns2, {count} rounds, each labkit – ip – ip – labkit or the other "
        "way round. The ratio is labkit's two streams to the two of `ip`, median of the rounds (quartiles); beside it "
        "what the same ratio gives between the two streams of one lab: closer to 1 than that nothing can be told.\n\n"
    )
    rows, found = [], []
    for case in CASES:
        one = lambda name, metric: taken[name, case][metric]
        both = lambda name, metric: one(name, metric) + one(f"{name} again", metric)
        sums = lambda name: [a + b for a, b in zip(one(name, "gbit_s"), one(f"{name} again", "gbit_s"))]
        divided = [a / b for a, b in zip(sums("labkit"), sums("ip"))]
        control = [a / b for name in ("ip", "labkit") for a, b in zip(one(f"{name} again", "gbit_s"), one(name, "gbit_s"))]
        for name in ("labkit", "ip"):
            cells = [spread(both(name, "gbit_s")), number(median(both(name, "retransmits"))), spread(both(name, "cpu_ms_gb"))]
            rows.append([case, name, *cells, *([spread(divided), spread(control)] if name == "labkit" else ["1", ""])])
        low, high = quartiles(divided)
        value = median(divided)
        found.append(Budget(f"throughput, {case}: labkit's links to those of `ip`", "≥ 0.97", f"{value:.2f} ({low:.2f}–{high:.2f})", value >= 0.97))
    head = ["topology", "made by", "Gbit/s (quartiles)", "retransmits", "CPU ms a GB", "ratio", "same against same"]
    return Section("Throughput", text + table(head, rows), found)
