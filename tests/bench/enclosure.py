"""The machine that everything is built on: a network and mount namespace of this process alone."""

import ctypes
import os
import socket
import time

from process import Failure, run

LIBC = ctypes.CDLL(None, use_errno=True)
NEWNS, NEWNET = 0x00020000, 0x40000000
RECURSIVE_PRIVATE = 0x4000 | 0x40000
DETACH = 2
SET_CHILD_SUBREAPER = 36
LEFT_BEHIND = 90


def call(name, *arguments):
    if getattr(LIBC, name)(*arguments) < 0:
        number = ctypes.get_errno()
        raise Failure(f"{name}: {os.strerror(number)}")


def mount(what, place):
    call("mount", what.encode(), place.encode(), what.encode(), 0, None)


def enter():
    """From here on the real host's network is out of reach, and ends with this process."""
    LIBC.prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    call("unshare", NEWNS | NEWNET)
    call("mount", None, b"/", None, RECURSIVE_PRIVATE, None)
    os.makedirs("/run/netns", exist_ok=True)
    mount("tmpfs", "/run/netns")
    # The one that was there shows the devices of the namespace it was mounted in.
    mount("sysfs", "/sys")
    run(["ip", "link", "set", "lo", "up"])


def devices():
    return [name for _, name in socket.if_nameindex()]


def wait_until_gone(prefixes=("",), patience_s=LEFT_BEHIND):
    """Until no device is left but `lo`, or none whose name begins so."""
    deadline = time.monotonic() + patience_s
    while any(name != "lo" and name.startswith(tuple(prefixes)) for name in devices()):
        if time.monotonic() > deadline:
            raise Failure(f"devices are still there after {patience_s} s: {devices()[:8]}")
        time.sleep(0.0005)


class Sentinel:
    """A namespace with one cable to here. The kernel removes namespaces in the order in which they were let go
    of: when the cable vanishes, all that was dropped before is gone as well."""

    def __init__(self):
        run(["ip", "netns", "add", "sentinel"])
        run("ip link add sentinel type veth peer name far netns sentinel".split())

    def drop(self):
        start = time.perf_counter()
        call("umount2", b"/run/netns/sentinel", DETACH)
        os.unlink("/run/netns/sentinel")
        wait_until_gone(["sentinel"])
        return (time.perf_counter() - start) * 1e3


def settle():
    """Nothing of the method before may still be on its way out while the next one is timed.

    A netlink socket keeps its namespace for an RCU period after the process has ended, so the first sentinel may
    overtake it. That one's own removal waits for all such callbacks: a second one is behind everything.
    """
    Sentinel().drop()
    Sentinel().drop()
    if devices() != ["lo"] or os.listdir("/run/netns"):
        raise Failure(f"left behind: {devices()[:8]} {os.listdir('/run/netns')[:8]}")
