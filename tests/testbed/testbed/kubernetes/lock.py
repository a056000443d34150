"""One build at a time, whoever asks."""

import contextlib
import fcntl

from . import HOME


@contextlib.contextmanager
def held(name):
    HOME.mkdir(parents=True, exist_ok=True)
    with open(HOME / name, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
