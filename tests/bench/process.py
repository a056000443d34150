"""Programs run to their end: how long they took, what CPU time they used, what they said."""

import os
import shlex
import signal
import tempfile
import time
from dataclasses import dataclass


class Failure(Exception):
    """A method did not do its work."""


@dataclass
class Ended:
    status: int
    wall_ms: float
    # User and system time of the program and of all it waited for.
    cpu_ms: float
    stdout: str
    stderr: str


class Overdue(BaseException):
    """The alarm rang. No ordinary error, so that nothing on the way takes it for one."""


def ring(*_):
    raise Overdue


def spawn(argv, stdout, stderr, env=None):
    """Starts a program in a process group of its own."""
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, stdout.fileno(), 1),
        (os.POSIX_SPAWN_DUP2, stderr.fileno(), 2),
    ]
    return os.posix_spawnp(argv[0], argv, env or os.environ, file_actions=actions, setpgroup=0)


def run(argv, patience_s=120, env=None, status=0):
    """Runs a program; any other end than `status` is a Failure that shows what was written; None takes any."""
    argv = [str(word) for word in argv]
    with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
        signal.signal(signal.SIGALRM, ring)
        start = time.perf_counter()
        pid = spawn(argv, stdout, stderr, env)
        try:
            signal.setitimer(signal.ITIMER_REAL, patience_s)
            _, code, usage = os.wait4(pid, 0)
            wall_ms = (time.perf_counter() - start) * 1e3
        except Overdue:
            end_group(pid)
            raise Failure(f"{shlex.join(argv)}: not over after {patience_s} s") from None
        except BaseException:
            end_group(pid)
            raise
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        said = []
        for file in (stdout, stderr):
            file.seek(0)
            said.append(file.read())
    ended = os.waitstatus_to_exitcode(code)
    if status is not None and ended != status:
        last = "\n".join((said[0] + said[1]).splitlines()[-20:])
        raise Failure(f"{shlex.join(argv)}: status {ended}\n{last}")
    return Ended(ended, wall_ms, (usage.ru_utime + usage.ru_stime) * 1e3, *said)


def end_group(pid):
    for end in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(pid, end)
        except ProcessLookupError:
            return
        for _ in range(20):
            if os.waitpid(pid, os.WNOHANG)[0]:
                return
            time.sleep(0.02)


def children(pid):
    """Every process below this one."""
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as file:
                for child in map(int, file.read().split()):
                    found += children(child) + [child]
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


def end_all():
    """Ends what this process has started and what that left behind (it is their subreaper)."""
    for _ in range(50):
        left = children(os.getpid())
        if not left:
            return
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.02)

