"""The program under test."""

import glob
import json
import os
import shutil
import tempfile

from process import Failure, run

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
HOSTS = os.path.join(HERE, "hosts.lua")


def binary():
    """`$LABKIT`, or the release build of this tree."""
    given = os.environ.get("LABKIT")
    target = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
    built = glob.glob(os.path.join(target, "*", "release", "labkit"))
    built += glob.glob(os.path.join(target, "release", "labkit"))
    if given or built:
        return os.path.abspath(given or built[0])
    raise Failure("no labkit: `cargo build --release` first, or set LABKIT")


class Labkit:
    """Runs labkit with a state directory of its own."""

    def __init__(self, path):
        self.path = path
        self.state = tempfile.mkdtemp(prefix="labkit-bench-")
        # No bundle that happens to be on this machine.
        self.env = dict(os.environ, LABKIT_STATE=self.state, LABKIT_BUNDLE="none")

    def run(self, *arguments, patience_s=120):
        return run([self.path, *arguments], patience_s, self.env)

    def samples(self):
        """The samples of the only run there is, by metric; the run is removed."""
        [directory] = glob.glob(os.path.join(self.state, "runs", "*"))
        with open(os.path.join(directory, "samples.jsonl")) as file:
            samples = {sample["metric"]: sample["value"] for sample in map(json.loads, file)}
        self.forget()
        return samples

    def forget(self):
        shutil.rmtree(os.path.join(self.state, "runs"), ignore_errors=True)

    def remove(self):
        shutil.rmtree(self.state, ignore_errors=True)
