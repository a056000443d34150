"""A cgroup for each machine, in every hierarchy there is (version 1), or in the one there is (version 2)."""

import contextlib
import os
import signal
from pathlib import Path

from . import PREFIX, process

ROOT = Path("/sys/fs/cgroup")


def hierarchies():
    each = [path for path in sorted(ROOT.iterdir()) if (path / "cgroup.procs").exists() and path.is_dir()]
    return [ROOT] if (ROOT / "cgroup.controllers").exists() else each


def places(machine):
    return [hierarchy / PREFIX / machine for hierarchy in hierarchies()]


def make(machine):
    for place in places(machine):
        for level in (place.parent, place):
            level.mkdir(exist_ok=True)
            # Version 1 lets nobody in before these are set.
            for name in ("cpuset.cpus", "cpuset.mems"):
                if (level / name).exists():
                    (level / name).write_text((level.parent / name).read_text())


def enter(machine):
    """Moves the calling process there."""
    for place in places(machine):
        (place / "cgroup.procs").write_text(str(os.getpid()))


def levels(place):
    """The directories from there down, the deepest first. Others, such as a kubelet, may remove some meanwhile: unlike
    `Path.rglob`, `os.walk` goes on without them."""
    return [Path(level) for level, _, _ in os.walk(place, topdown=False)]


def members(machine):
    pids = set()
    for level in (level for place in places(machine) for level in levels(place)):
        # It is gone, and so are its processes.
        with contextlib.suppress(OSError):
            pids.update(map(int, (level / "cgroup.procs").read_text().split()))
    return pids


def drop(machine):
    """Ends whatever is left in it, and removes it."""
    def empty():
        for pid in members(machine):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return not members(machine)

    process.wait(empty, f"{machine}'s processes end", 20)
    for place in places(machine):
        for level in levels(place):
            # Nobody is left who could have removed it.
            level.rmdir()
        # The last machine takes it away: others are still in it, or were quicker.
        with contextlib.suppress(OSError):
            place.parent.rmdir()
