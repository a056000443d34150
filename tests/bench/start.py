"""How long a process takes that has nothing to do but start."""

import os
import time
from statistics import median

from figures import Section, at_most, number, quartiles, table
from process import Failure

PYTHON = "/usr/bin/python3"


def once(argv, env, nowhere):
    actions = [(os.POSIX_SPAWN_DUP2, nowhere, descriptor) for descriptor in (0, 1, 2)]
    start = time.perf_counter()
    _, code, usage = os.wait4(os.posix_spawn(argv[0], argv, env, file_actions=actions), 0)
    wall_ms = (time.perf_counter() - start) * 1e3
    if code:
        raise Failure(f"{' '.join(argv)}: status {os.waitstatus_to_exitcode(code)}")
    return wall_ms, (usage.ru_utime + usage.ru_stime) * 1e3


def measure(options, labkit, _):
    programs = {
        "labkit --version": [labkit.path, "--version"],
        "labkit list": [labkit.path, "list"],
        "/bin/true": ["/bin/true"],
        "python3 -c pass": [PYTHON, "-c", "pass"],
    }
    for words, expected in (("--version", "labkit"), ("list", "ex1")):
        if expected not in labkit.run(words).stdout:
            raise Failure(f"labkit {words} does not show `{expected}`")
    taken = {name: [] for name in programs}
    rounds = 20 if options.quick else 200
    options.say(f"start, {rounds} rounds")
    nowhere = os.open("/dev/null", os.O_RDWR)
    for _ in range(rounds):
        for name, argv in programs.items():
            taken[name].append(once(argv, labkit.env, nowhere))
    os.close(nowhere)
    rows = []
    for name, both in taken.items():
        wall = [one for one, _ in both]
        low, high = quartiles(wall)
        rows.append([f"`{name}`", number(min(wall)), number(median(wall)), f"{number(low)}–{number(high)}", number(median(cpu for _, cpu in both))])
    text = "Spawn to exit, taken in turn.\n\n" + table(["program", "least ms", "median ms", "quartiles", "CPU ms"], rows)
    typical = lambda name: median(wall for wall, _ in taken[name])
    return Section("Start", text, [
        at_most("`labkit --version`", 2, typical("labkit --version"), "ms"),
        at_most("`labkit list`", 5, typical("labkit list"), "ms"),
    ])
