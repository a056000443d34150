"""HPL on two booted machines, a rank on each: what labkit adds to mpirun, what its advice is worth, and what pods cost."""

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

NAMES = ["master", "node01"]
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
    """Two of them, with all that `base` wants, from a bundle."""
    testbed("down")
    testbed("up", "2", "--kubernetes")
    with open(LAB) as file:
        lab = file.read().rsplit("[[node]]", 1)[0]
    for name in NAMES:
        equip(labkit, name)
        with open(os.path.join(root(name), "etc/labkit/lab.toml"), "w") as file:
            file.write(lab)
        os.makedirs(os.path.join(root(name), "var/lib/labkit"))
        shutil.copy(packed, os.path.join(root(name), "var/lib/labkit/lab.bundle.tar"))
        shutil.copy(os.path.join(HERE, "hpl.lua"), root(name) + RECIPE)
        for file in glob.glob(os.path.join(root(name), "etc/apt/sources.list.d/*")):
            os.remove(file)
    # Workers are done soon; the master measures a little, and has all in its place.
    at_once("labkit", "run", "base", *SMALL, "--set", "links=0")
    by_hand()


def at_once(*argv):
    script = 'exec=$1; shift 2; "$exec" node01 "$@" >/dev/null 2>&1 & "$exec" master "$@"; status=$?; wait; exit $status'
    run(["sh", "-c", script, "sh", os.path.join(TESTBED, "exec"), "both", *argv], patience_s=1800)


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
    [raw, *_] = sorted(glob.glob(os.path.join(root("master"), "var/lib/labkit/runs/*/raw/hpccinf-cluster-1.txt")))
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
        options.say("hpl: the bundle, and two machines")
        packed = bundle(labkit, place, "ex2", "base")
        machines(labkit, packed)
        for at in range(2 * rounds + 1):
            options.say(f"hpl: launch, round {at + 1}")
            hand.append(timed_s("sh", "-ec", BY_HAND))
            own.append(timed_s("labkit", "run", RECIPE, "--quiet", *SMALL))
        options.say("hpl: the report's input and the one that is advised")
        # Otherwise as long as `base` allows HPL. DGEMM, which it is held against, is measured for a second in each round.
        brief = ["--set", "seconds=2"] if options.quick else []
        timed_s("labkit", "run", RECIPE, "--quiet", "--set", "what=advice", "--set", f"rounds={rounds + 2}", "--set", f"rounds_alone={rounds}", *brief)
        advice = newest("hpl")
        # Only now: a cluster's own work would be in all of that.
        options.say("hpl: machines and pods")
        at_once("labkit", "run", "ex2", "--set", "hpl=false")
        pods = ["--set", "what=pods", "--set", f"rounds={rounds + 2}", "--set", f"input={repeated(size, repeats)}"]
        timed_s("labkit", "run", RECIPE, "--quiet", *pods)
        beside = newest("hpl")
    finally:
        testbed("down")
        shutil.rmtree(place)
    return section(hand, own, advice, beside)


def section(hand, own, advice, beside):
    def of(case, *metric, samples=advice):
        return samples.get((case, *metric)) or fail(f"{case} has no {metric[0]} that may be believed")

    def fail(why):
        raise Failure(why)

    efficiency = {case: of(case, "hpl_efficiency_percent") for case in ("report", "advised", "alone")}
    rows = [[case, spread(of(case, "hpl_gflops")), spread(values)] for case, values in efficiency.items()]
    text = "Two machines booted by systemd-nspawn on this one, a rank on each, with Debian's hpcc, Open MPI and OpenBLAS.\n\n"
    text += table(["way", "seconds (quartiles)"], [["mpirun by hand", spread(hand)], ["labkit", spread(own)]])
    text += "\nlabkit's is two launches: what every rank finds where it is, and HPCC. The report's input against the one that is advised:\n\n"
    text += table(["input", "HPL, GFLOPS", "of DGEMM, %"], rows)
    # Each run has a DGEMM of its own, for a second or less, and of a matrix that grows with N: a larger one is faster.
    plain = ratio(of("advised", "hpl_gflops"), of("report", "hpl_gflops"))
    dgemm = {case: spread(of(case, "dgemm_star_gflops")) for case in efficiency}
    text += "\nThat is each run's own DGEMM, whose matrix grows with N, and a larger one is faster: "
    text += ", ".join(f"{case} {value}" for case, value in dgemm.items())
    text += f" GFLOPS a rank. Against one and the same DGEMM of these machines, the advised input is {times(plain)} the report's.\n"
    pairs = {title: [of(name + case, "hpl_gflops", "each", samples=beside) for name in ("machines", "pods")] for title, case in (("both", ""), ("one alone", " alone"))}
    text += "\nThe same input on machines and in pods, in turns, a cluster on both; the median of all of HPL's solves:\n\n"
    text += table(["ranks", "machines, GFLOPS", "pods, GFLOPS", "pods ÷ machines"],
                  [[title, spread(one), spread(other), times(ratio(other, one))] for title, (one, other) in pairs.items()])
    added = median(one - other for one, other in zip(own, hand))
    return Section(TITLE, text, [
        at_most("launch of HPCC: more than mpirun by hand", 1, added, "s"),
        at_least("HPL, efficiency of the advised input to the report's, by one DGEMM", 1.15, plain),
        at_least("the same, each by its own run's DGEMM", 1.15, ratio(efficiency["advised"], efficiency["report"])),
        Budget("HPL on one rank, of its DGEMM", "≥ 90 %", number(median(efficiency["alone"])) + " %", median(efficiency["alone"]) >= 90),
        at_least("HPL in pods to that on machines", 0.95, ratio(pairs["both"][1], pairs["both"][0])),
    ])
