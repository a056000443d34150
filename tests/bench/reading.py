"""Reading what other tools printed, and reporting on many runs."""

import glob
import json
import os
import shutil
from statistics import median

from figures import Budget, Section, at_most, number, ratio, spread, table, times
from labkit import ROOT
from process import Failure, run

CAPTURE = os.path.join(ROOT, "tests", "captures", "hpcc-ok.txt")
TIME = "/usr/bin/time"


def large_file(directory, megabytes):
    """Runs of hpcc one behind the other, as hpcc itself appends them; no two are the same measurement."""
    with open(CAPTURE, "rb") as file:
        text = file.read()
    before, mark, after = text.partition(b"MPIRandomAccess_time=")
    after = after.partition(b"\n")[2]
    path = os.path.join(directory, "hpccoutf.txt")
    count = megabytes * 1_000_000 // len(text) + 1
    with open(path, "wb") as file:
        for at in range(count):
            file.write(before + mark + b"0.%06d\n" % (100_000 + at) + after)
    return path, count


def reading(options, labkit, directory):
    path, count = large_file(directory, 10 if options.quick else 100)
    size = os.path.getsize(path) / 1e6
    methods = {
        "labkit import --dry-run": [labkit.path, "import", path, "--case", "x", "--dry-run"],
        "sha256sum": ["sha256sum", path],
        "python3, split at `=`": ["/usr/bin/python3", "-c", "import sys\nfor l in open(sys.argv[1]):\n    k, e, v = l.partition('=')", path],
    }
    taken = {name: [] for name in methods}
    for at in range(2 if options.quick else options.rounds or 7):
        options.say(f"reading {size:.0f} MB, round {at + 1}")
        for name, argv in methods.items():
            ended = run(argv, env=labkit.env)
            taken[name].append(ended.cpu_ms)
            if name.startswith("labkit") and ended.stdout.split()[-3:] != ["hpcc", "complete", str(count)]:
                raise Failure(f"{count} runs were written, labkit read:\n{ended.stdout}")
    memory = run([TIME, "-f", "%M", *methods["labkit import --dry-run"]], env=labkit.env).stderr.split()[-1]
    own = taken["labkit import --dry-run"]
    rows = [[name, spread(cpu), number(size / median(cpu) * 1e3), times(ratio(cpu, own))] for name, cpu in taken.items()]
    speed = size / median(own) * 1e3
    text = (
        f"One file of {size:.0f} MB, {count} whole runs of hpcc. CPU time, so that the rate is that of one core; a ratio "
        f"above 1 is slower than labkit. Peak memory of labkit: {int(memory) / 1e3:.1f} MB.\n\n"
    )
    text += table(["program", "CPU ms (quartiles)", "MB/s of a core", "CPU ÷ labkit"], rows)
    return text, [
        Budget("reading hpcc: rate of a core", "≥ 200 MB/s", f"{number(speed)} MB/s", speed >= 200),
        at_most("reading hpcc: peak memory", 16, int(memory) / 1e3, "MB"),
    ]


def many_runs(labkit, count, rounds):
    """One real run, and as many copies of its files under other names."""
    labkit.run("run", "ex1", "--quiet", "--set", "seconds=1", "--set", f"rounds={rounds}", "--set", "pings=50")
    [first] = glob.glob(os.path.join(labkit.state, "runs", "*"))
    with open(os.path.join(first, "run.json")) as file:
        facts = json.load(file)
    for at in range(1, count):
        facts["id"] = f"20260101-{at // 3600:02}{at // 60 % 60:02}{at % 60:02}-ex1-copy"
        directory = os.path.join(labkit.state, "runs", facts["id"])
        os.makedirs(directory)
        for name in ("samples.jsonl", "proofs.jsonl", "readings.jsonl"):
            shutil.copy(os.path.join(first, name), directory)
        with open(os.path.join(directory, "run.json"), "w") as file:
            json.dump(facts, file)
    with open(os.path.join(first, "samples.jsonl")) as file:
        return sorted(os.listdir(os.path.join(labkit.state, "runs"))), sum(1 for _ in file)


def reporting(options, labkit, directory):
    count = 50 if options.quick else 1000
    options.say(f"a report over {count} runs")
    names, samples = many_runs(labkit, count, 1 if options.quick else 3)
    page = os.path.join(directory, "many.html")
    walls = [labkit.run("report", *names, "-o", page).wall_ms for _ in range(2 if options.quick else 7)]
    labkit.forget()
    text = f"\n{count} runs of ex1 with {samples} samples each, read and made into one page of {os.path.getsize(page) / 1e6:.1f} MB.\n\n"
    text += table(["runs", "ms (quartiles)"], [[count, spread(walls)]])
    return text, [at_most(f"a report over {count} runs", 1, median(walls) / 1e3, "s")]


def measure(options, labkit, directory):
    text, budgets = reading(options, labkit, directory)
    more, others = reporting(options, labkit, directory)
    return Section("Reading and reporting", text + more, budgets + others)
