"""Whether what was built carries packets, and since when."""

import time

from process import Failure, run


# Asked for one device, the kernel first works off what it knows of its carrier; asked for all, it does not. Without
# that it may take seconds until a cable works whose ends have the same number, as they often have where nobody
# chooses numbers.
EACH_LINK = "ip -o link | sed 's/^[0-9]*: \\([^:@]*\\).*/link show dev \\1/' | ip -batch -"


def look_at_links(inside):
    inside("sh", "-c", EACH_LINK)


def wait(inside, address, patience_s=60):
    """Pings until an answer comes."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return inside("ping", "-qc1", "-W0.3", address)
        except Failure as failure:
            if time.monotonic() > deadline:
                raise Failure(f"no answer from {address} in {patience_s} s: {failure}") from None


def by_ip(ns):
    return lambda *argv: run(["ip", "netns", "exec", ns, *argv])
