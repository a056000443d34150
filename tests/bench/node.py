"""Bringing a machine into a state: labkit, Ansible and the shell script of `labkit explain node`, on a booted machine."""

import os
import shutil
from statistics import median

from booted import equip, inside, root, testbed
from figures import Budget, Section, at_least, at_most, ratio, spread, table, times
from labkit import HERE
from process import Failure

PLAYBOOK = os.path.join(HERE, "node.yml")
# The time of the command alone, by the machine's own clock: not that of going there.
TIMED = 'began=$(date +%s%N); "$@" >/tmp/said 2>&1 || { cat /tmp/said; exit 1; }; ended=$(date +%s%N); echo $((ended - began))'
METHODS = {
    "labkit run node": ["labkit", "run", "node"],
    "sh -e node.sh": ["sh", "-e", "/var/tmp/node.sh"],
    "ansible-playbook": ["ansible-playbook", "--inventory", "localhost,", "--connection", "local", "/var/tmp/node.yml"],
}


def timed_ms(argv):
    return int(inside("master", "sh", "-c", TIMED, "timed", *argv).stdout.split()[-1]) / 1e6


def fresh(labkit):
    """A machine as it comes from its provider, with what the three methods need lying ready."""
    testbed("down")
    testbed("up", "1")
    equip(labkit, "master")
    shutil.copy(PLAYBOOK, os.path.join(root("master"), "var/tmp/node.yml"))
    inside("master", "sh", "-c", "labkit explain node > /var/tmp/node.sh; apt-get -qq update")


def measure(options, labkit, directory):
    if options.quick:
        rounds, again, rival_again = 1, 3, 1
    else:
        rounds, again, rival_again = options.rounds or 3, 15, 5
    first = {name: [] for name in METHODS}
    second = {name: [] for name in METHODS}
    try:
        for at in range(rounds):
            for name, argv in METHODS.items():
                options.say(f"node: {name}, round {at + 1}")
                fresh(labkit)
                if name.startswith("ansible"):
                    inside("master", "sh", "-c", "DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install ansible-core python3-apt >/dev/null 2>&1")
                first[name].append(timed_ms(argv))
                if name.startswith("sh"):
                    continue
                for _ in range(rival_again if name.startswith("ansible") else again):
                    second[name].append(timed_ms(argv))
                said = inside("master", "cat", "/tmp/said").stdout
                done = ("changed=0" if name.startswith("ansible") else "nothing to do: all ") in said
                if not done:
                    raise Failure(f"{name}: a second run still changes something:\n{said}")
    finally:
        testbed("down")
    own = first["labkit run node"]
    rows = [[f"`{name}`", spread([ms / 1e3 for ms in taken]), times(ratio(taken, own))] for name, taken in first.items()]
    text = (
        "One machine booted by systemd-nspawn, with a mirror beside it; the time of the command alone, by the machine's "
        "own clock. The playbook (tests/bench/node.yml) has the same tasks.\n\nFirst run, from a fresh machine:\n\n"
        + table(["method", "seconds (quartiles)", "÷ labkit"], rows)
    )
    quick, rival = median(second["labkit run node"]), median(second["ansible-playbook"])
    rows = [[f"`{name}`", spread(taken), times(median(taken) / quick)] for name, taken in second.items() if taken]
    text += "\nSecond run, with nothing to do:\n\n" + table(["method", "ms (quartiles)", "÷ labkit"], rows)
    slower = ratio(first["sh -e node.sh"], own)
    return Section("A machine becomes a node", text, [
        at_most("second run of a node", 1000, quick, "ms"),
        at_least("second run against Ansible", 20, rival / quick),
        Budget("first run against the shell script", "≥ 1×", times(slower), slower >= 1),
    ])
