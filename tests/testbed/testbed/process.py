"""Processes that outlive the command that started them, known again by pid and start time."""

import os
import signal
import subprocess
import time
from pathlib import Path

from . import HOME

PATIENCE = 120


def started(pid):
    """Clock ticks since boot at which it began; none where there is none, or only its remains."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def children(pid):
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def name(pid):
    """Of its program; none where it has ended."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().rstrip("\n")
    except OSError:
        return None


def wait(condition, what, seconds=PATIENCE):
    """Until the condition gives something; an error where it never does."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise SystemExit(f"testbed: {what}: not within {seconds} s")
        time.sleep(0.02)
    return found


class Kept:
    """A process by the name of its file below `run/`."""

    def __init__(self, name):
        self.file = HOME / "run" / name
        self.output = HOME / "run" / f"{name}.log"

    def start(self, argv, **options):
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with open(self.output, "wb") as output:
            child = subprocess.Popen([str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=output,
                                     stderr=subprocess.STDOUT, start_new_session=True, **options)
        self.file.write_text(f"{child.pid} {started(child.pid)}")

    def pid(self):
        """Its pid while it runs."""
        try:
            pid, when = self.file.read_text().split()
        except (OSError, ValueError):
            return None
        return int(pid) if started(pid) == when else None

    def wait_for_output(self, words):
        wait(lambda: not self.pid() or words in self.output.read_text(errors="replace"), f"{self.file.name} begins")
        if not self.pid():
            raise SystemExit(f"testbed: {self.file.name} ended: {self.output.read_text(errors='replace')}")

    def stop(self, how=signal.SIGKILL):
        if pid := self.pid():
            os.kill(pid, how)
            wait(lambda: not self.pid(), f"{self.file.name} ends", 10)
        self.file.unlink(missing_ok=True)
