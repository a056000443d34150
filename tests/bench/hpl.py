"""HPL on booted machines, a rank on each: what labkit adds to mpirun, what its advice is worth, and what pods cost."""

import glob
import json
import os
import shutil
import time
from statistics import median

from booted import LAB, TESTBED, equip, root, testbed
from figures import Budget, Section, at_least, at_most, number, ratio, spread, table, times
from labkit import HERE, ROOT
from offline import bundle
from process import Failure, run

NAMES = ["master", "node01", "node02"]
TITLE = "HPL on machines and in pods"
RECIPE = "/var/tmp/hpl.lua"
REPEATED = "/var/tmp/repeated.txt"
SMALL = ["--set", "n=500", "--set", "nb=64"]
# What a person types for the same: the input, the hosts, and mpirun.
BY_HAND = """
cd /var/tmp/by-hand
rm -f hpccoutf.txt
exec mpirun --allow-run-as-root --hostfile hostfile -np 2 --bind-to none --mca btl self,tcp --mca btl_tcp_if_include 192.168.56.0/24 \
    --mca oob_tcp_if_include 192.168.56.0/24 -x OPENBLAS_NUM_THREADS=1 hpcc
"""


def machines(labkit, packed):
    """Three of them, with all that `base` wants, from a bundle."""
    testbed("down")
    testbed("up", str(len(NAMES)), "--kubernetes")
    for name in NAMES:
        equip(labkit, name)
        os.makedirs(os.path.join(root(name), "var/lib/labkit"))
        shutil.copy(packed, os.path.join(root(name), "var/lib/labkit/lab.bundle.tar"))
        shutil.copy(os.path.join(HERE, "hpl.lua"), root(name) + RECIPE)
        for file in glob.glob(os.path.join(root(name), "etc/apt/sources.list.d/*")):
            os.remove(file)
    base(NAMES)


def only(names):
    """The lab has these machines from now on; the others are as good as switched off."""
    with open(LAB) as file:
        head, *nodes = file.read().split("[[node]]")
    for name in names:
        with open(os.path.join(root(name), "etc/labkit/lab.toml"), "w") as file:
            file.write("[[node]]".join([head, *nodes[:len(names)]]))
    base(names)


def base(names):
    """Workers are done soon; the master measures a little, and has all in its place."""
    at_once(names, "labkit", "run", "base", *SMALL, "--set", "links=0")


def at_once(names, *argv):
    script = 'exec=$1 names=$2; shift 2; for name in $names; do "$exec" "$name" "$@" >/dev/null 2>&1 & done; "$exec" master "$@"; status=$?; wait; exit $status'
    run(["sh", "-c", script, "sh", os.path.join(TESTBED, "exec"), " ".join(names[1:]), *argv], patience_s=1800)


def repeated(size, times):
    """Writes the report's input for N and NB of that size, computed so many times in one run; gives the file on the master."""
    with open(os.path.join(ROOT, "lua", "manifests", "hpccinf.txt")) as file:
        lines = file.readlines()
    n, nb = size
    lines[4:8] = [f"{times} N\n", " ".join([str(n)] * times) + "\n", "1 NB\n", f"{nb}\n"]
    with open(root("master") + REPEATED, "w") as file:
        file.writelines(lines)
    return REPEATED


def by_hand():
    """The input that labkit gives, where mpirun is begun by hand."""
    place = os.path.join(root("master"), "var/tmp/by-hand")
    os.makedirs(place)
    raw = max(glob.glob(os.path.join(root("master"), "var/lib/labkit/runs/*/raw/hpccinf-cluster-1.txt")))
    shutil.copy(raw, os.path.join(place, "hpccinf.txt"))
    with open(os.path.join(place, "hostfile"), "w") as file:
        file.write("192.168.56.10 slots=1\n192.168.56.11 slots=1\n")


def timed_s(*argv):
    began = time.monotonic()
    run([os.path.join(TESTBED, "exec"), "master", *argv], patience_s=3600)
    return time.monotonic() - began


def newest(recipe):
    """Samples of the newest run of a recipe that may be believed: value by case and metric, each round's, and by case and
    metric and `each` where HPL computed more than once in a round, each time's."""
    directory = max(glob.glob(os.path.join(root("master"), f"var/lib/labkit/runs/*-{recipe}-*")))
    found = {}
    with open(os.path.join(directory, "samples.jsonl")) as file:
        for sample in map(json.loads, file):
            if sample.get("valid", True):
                key = (sample["case"], sample["metric"], *(["each"] if sample.get("labels") else []))
                found.setdefault(key, []).append(sample["value"])
    return found


def measure(options, labkit, directory):
    if options.quick and "hpl" not in options.only:
        options.say("hpl: left out of `--quick`: `cargo test --test mpi --test base` does the same")
        return Section(TITLE, "Not measured: left out of `--quick`.\n")
    rounds = 1 if options.quick else options.rounds or 3
    size, repeats = ((1500, 128), 1) if options.quick else ((6000, 192), 5)
    place = os.path.join(directory, "hpl")
    os.makedirs(place)
    hand, own = [], []
    try:
        options.say("hpl: the bundle, and three machines")
        packed = bundle(labkit, place, "ex2", "base")
        machines(labkit, packed)
        # Otherwise as long as `base` allows HPL.
        brief = ["--set", "seconds=2"] if options.quick else []
        advice = ["labkit", "run", RECIPE, "--quiet", "--set", "what=advice", *brief]
        options.say("hpl: the report's input and the one that is advised, on three machines")
        # More ranks than processors: RandomAccess, which hpcc cannot leave out, takes most of twenty minutes a round.
        timed_s(*advice, "--set", "rounds=1", "--set", "rounds_alone=0")
        three = newest("hpl")
        only(NAMES[:2])
        by_hand()
        for at in range(2 * rounds + 1):
            options.say(f"hpl: launch, round {at + 1}")
            hand.append(timed_s("sh", "-ec", BY_HAND))
            own.append(timed_s("labkit", "run", RECIPE, "--quiet", *SMALL))
        options.say("hpl: the same inputs on two machines")
        timed_s(*advice, "--set", f"rounds={rounds + 2}", "--set", f"rounds_alone={rounds + 2}")
        two = newest("hpl")
        # Only now: a cluster's own work would be in all of that.
        options.say("hpl: machines and pods")
        at_once(NAMES[:2], "labkit", "run", "ex2", "--set", "hpl=false")
        pods = ["--set", "what=pods", "--set", f"rounds={rounds + 2}", "--set", f"input={repeated(size, repeats)}"]
        timed_s("labkit", "run", RECIPE, "--quiet", *pods)
        beside = newest("hpl")
    finally:
        testbed("down")
        shutil.rmtree(place)
    return section(hand, own, {"three": three, "two": two}, beside)


def section(hand, own, advice, beside):
    def of(samples, case, *metric):
        return samples.get((case, *metric)) or fail(f"{case} has no {metric[0]} that may be believed")

    def fail(why):
        raise Failure(why)

    def row(machines, case):
        values = [of(advice[machines], case, metric) for metric in ("hpl_gflops", "dgemm_star_gflops", "hpl_efficiency_percent")]
        return [machines, case, *map(spread, values)]

    def advised(machines, metric):
        return ratio(*(of(advice[machines], case, metric) for case in ("advised", "report")))

    rows = [row(machines, case) for machines in ("three", "two") for case in ("report", "advised")] + [row("two", "alone")]
    text = "Machines booted by systemd-nspawn on this one, a rank on each, with Debian's hpcc, Open MPI and OpenBLAS. On two of them:\n\n"
    text += table(["way", "seconds (quartiles)"], [["mpirun by hand", spread(hand)], ["labkit", spread(own)]])
    text += "\nlabkit's is two launches: what every rank finds where it is, and HPCC. The report's input against the one that is advised"
    text += f" (on three machines once, and {os.cpu_count()} processors for all of them):\n\n"
    text += table(["machines", "input", "HPL, GFLOPS", "DGEMM of a rank, GFLOPS", "HPL, of DGEMM, %"], rows)
    plain = {machines: advised(machines, "hpl_gflops") for machines in advice}
    own_dgemm = {machines: advised(machines, "hpl_efficiency_percent") for machines in advice}
    text += "\nThat is each run's own DGEMM, whose matrix grows with N, and a larger one is faster. Against one and the same DGEMM of"
    text += f" these machines, the advised input is {times(plain['three'])} the report's on three, and {times(plain['two'])} on two.\n"
    pairs = {title: [of(beside, name + case, "hpl_gflops", "each") for name in ("machines", "pods")] for title, case in (("both", ""), ("one alone", " alone"))}
    text += "\nThe same input on two machines and in pods, in turns, a cluster on both; the median of all of HPL's solves:\n\n"
    text += table(["ranks", "machines, GFLOPS", "pods, GFLOPS", "pods ÷ machines"],
                  [[title, spread(one), spread(other), times(ratio(other, one))] for title, (one, other) in pairs.items()])
    added = median(one - other for one, other in zip(own, hand))
    alone = median(of(advice["two"], "alone", "hpl_efficiency_percent"))
    return Section(TITLE, text, [
        at_most("launch of HPCC: more than mpirun by hand", 1, added, "s"),
        at_least("HPL on three machines, efficiency of the advised input to the report's", 1.15, own_dgemm["three"]),
        at_least("the same on two machines", 1.15, own_dgemm["two"]),
        at_least("the same on two machines, by one DGEMM", 1.15, plain["two"]),
        Budget("HPL on one rank, of its DGEMM", "≥ 90 %", number(alone) + " %", alone >= 90),
        at_least("HPL in pods to that on machines", 0.95, ratio(pairs["both"][1], pairs["both"][0])),
    ])
