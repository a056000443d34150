"""Three booted machines become a cluster: `labkit run ex2` on all at once, and the script tests/testbed/cluster."""

import glob
import json
import os
import re
import shutil
from statistics import median

from booted import TESTBED, equip, root, testbed
from figures import Section, at_least, at_most, number, ratio, spread, table, times
from offline import bundle
from process import Failure, run

NAMES = ["master", "node01", "node02"]
# Each writes down what it says and how it ends, so that the end of the last is that of all.
AT_ONCE = """
exec=$1 place=$2
shift 2
for name; do
    { status=0; "$exec" "$name" labkit run ex2 --set hpl=false >"$place/$name.out" 2>"$place/$name.err" || status=$?; echo $status >"$place/$name.status"; } &
done
wait
"""
LABKIT, SCRIPT = "labkit run ex2", "tests/testbed/cluster"
TITLE = "Three machines become a cluster"
AGAIN = 3


def labkit_at_once(place):
    """On all machines; gives how long all took together, and what each said."""
    os.makedirs(place, exist_ok=True)
    wall_ms = run(["sh", "-c", AT_ONCE, "sh", os.path.join(TESTBED, "exec"), place, *NAMES], patience_s=1200).wall_ms
    return wall_ms, {name: proven(name, place) for name in NAMES}


def proven(name, place):
    """What it said on a machine, where it ended well and the pods of all others and their service were reached."""
    def read(what):
        with open(os.path.join(place, f"{name}.{what}"), encoding="utf-8") as file:
            return file.read()

    said = read("err")
    proofs = [line for line in said.splitlines() if line.startswith(f"✓ routed: pod on {name} → ")]
    if read("status").strip() != "0" or len(proofs) != len(NAMES):
        last = "\n".join((read("out") + said).splitlines()[-20:])
        raise Failure(f"{LABKIT} on {name}: status {read('status').strip()}, {len(proofs)} of {len(NAMES)} proofs\n{last}")
    return said


def phases(name):
    """Seconds of each phase of the only run there is on a machine."""
    [file] = glob.glob(os.path.join(root(name), "var/lib/labkit/runs/*/samples.jsonl"))
    with open(file) as lines:
        samples = [json.loads(line) for line in lines]
    return {sample["case"]: sample["value"] for sample in samples if sample["metric"] == "phase_s"}


def fresh():
    testbed("down")
    testbed("up", str(len(NAMES)), "--kubernetes")


class Taken:
    """What the rounds took."""

    def __init__(self):
        self.first = {LABKIT: [], SCRIPT: []}
        # Of all machines at once, in ms.
        self.again = []
        # By machine and phase, seconds of each round; of the script by phase alone.
        self.phases = {}
        self.script_phases = {}

    def labkit(self, labkit, packed, place):
        """Machines that have the bundle, and nowhere else to get anything from."""
        fresh()
        for name in NAMES:
            equip(labkit, name)
            os.makedirs(os.path.join(root(name), "var/lib/labkit"))
            shutil.copy(packed, os.path.join(root(name), "var/lib/labkit/lab.bundle.tar"))
            for file in glob.glob(os.path.join(root(name), "etc/apt/sources.list.d/*")):
                os.remove(file)
        wall_ms, _ = labkit_at_once(place)
        self.first[LABKIT].append(wall_ms / 1e3)
        for name in NAMES:
            for phase, seconds in phases(name).items():
                self.phases.setdefault(name, {}).setdefault(phase, []).append(seconds)
        for _ in range(AGAIN):
            wall_ms, said = labkit_at_once(place)
            for name, text in said.items():
                if "nothing to do: all " not in text:
                    raise Failure(f"{LABKIT} on {name}: a second run still changes something:\n{text}")
            self.again.append(wall_ms)

    def script(self):
        fresh()
        ended = testbed("cluster", patience_s=1200)
        self.first[SCRIPT].append(ended.wall_ms / 1e3)
        for phase, ms in re.findall(r"^cluster: (\w+) (\d+) ms$", ended.stderr, re.MULTILINE):
            self.script_phases.setdefault(phase, []).append(int(ms) / 1e3)


def measure(options, labkit, directory):
    if options.quick and "cluster" not in options.only:
        said = "left out of `--quick`: `cargo test --test cluster` does the same; `--quick --only cluster` measures it once"
        options.say(f"cluster: {said}")
        return Section(TITLE, f"Not measured: {said}.\n")
    place = os.path.join(directory, "cluster")
    os.makedirs(place)
    taken = Taken()
    try:
        options.say("cluster: the bundle")
        packed = bundle(labkit, place, "ex2")
        size = os.path.getsize(packed) / 1e6
        for at in range(1 if options.quick else options.rounds or 3):
            options.say(f"cluster: {LABKIT}, round {at + 1}")
            taken.labkit(labkit, packed, place)
            if not options.quick:
                options.say(f"cluster: {SCRIPT}, round {at + 1}")
                taken.script()
    finally:
        testbed("down")
        shutil.rmtree(place)
    return section(taken, size)


def section(taken, size):
    own, rival = taken.first[LABKIT], taken.first[SCRIPT]
    rows = [[f"`{LABKIT}`", spread(own), times(1)]]
    if rival:
        rows.append([f"`{SCRIPT}`", spread(rival), times(ratio(rival, own))])
    text = (
        f"Three machines booted by systemd-nspawn on this one, fresh for each run. labkit begins on all at once, gets packages and images "
        f"from a bundle of {size:.0f} MB on each machine, proves the way between all pods, and has ended when the last has. The script does the "
        "same by hand and proves nothing: packages from a mirror, images brought from outside.\n\n"
        + table(["method", "seconds (quartiles)", "÷ labkit"], rows)
    )
    text += "\nlabkit's own phases, seconds. A worker's `kubeadm` begins with waiting for the master.\n\n"
    names = list(taken.phases)
    rows = [[phase, *(number(median(taken.phases[name][phase])) for name in names)] for phase in taken.phases[names[0]]]
    text += table(["phase", *names], rows)
    if rival:
        text += "\nThe script's:\n\n" + table(["phase", "seconds (quartiles)"], [[phase, spread(all)] for phase, all in taken.script_phases.items()])
    text += "\nAgain on all three at once, with nothing to do but the proof, and with the way into the machines:\n\n"
    text += table(["runs", "ms (quartiles)"], [[len(taken.again), spread(taken.again)]])
    return Section(TITLE, text, [
        at_most("three Ready nodes, pods proven", 60, median(own), "s"),
        at_least("three Ready nodes, pods proven: against the script", 1, ratio(rival, own) if rival else None),
        at_most("second run on three nodes at once, pods proven", 2000, median(taken.again), "ms"),
    ])
