"""One build at a time, whoever asks."""

import contextlib
import fcntl

from . import HOME


@contextlib.contextmanager
def held():
    HOME.mkdir(parents=True, exist_ok=True)
    with open(HOME / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
