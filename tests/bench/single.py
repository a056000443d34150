"""Mininet's `single,N`: built and taken down once; one line of JSON says how long that took.

Run as a program of its own: `single.py N`. Its import is not timed.
"""

import json
import os
import resource
import subprocess
import sys
import time

from answer import EACH_LINK
from mininet.log import setLogLevel
from mininet.net import Mininet
from mininet.nodelib import LinuxBridge
from mininet.topo import SingleSwitchTopo

PORTS = "/sys/class/net/s1/brif"


def cpu_ms():
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages) * 1e3


def clock_ms():
    return time.perf_counter() * 1e3


def reaches(net, n):
    """Whether the last host reaches the first, soon."""
    first, last = net.get("h1"), net.get(f"h{n}")
    inside = lambda host, *argv: subprocess.run(
        ["mnexec", "-a", str(host.pid), *argv], stdout=subprocess.DEVNULL, check=False
    )
    subprocess.run(["sh", "-c", EACH_LINK], stdout=subprocess.DEVNULL, check=False)
    for host in (first, last):
        inside(host, "sh", "-c", EACH_LINK)
    pings = (inside(last, "ping", "-qc1", "-W0.3", first.IP()) for _ in range(60))
    return any(ping.returncode == 0 for ping in pings)


def reap():
    """Mininet does not wait for its shells; their CPU time counts only once somebody did."""
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass


def main(n):
    setLogLevel("error")
    # It would change kernel settings that are not this namespace's own.
    Mininet.inited = True
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    start, cpu = clock_ms(), cpu_ms()
    net = Mininet(SingleSwitchTopo(n), switch=LinuxBridge, controller=None, waitConnected=False)
    net.start()
    up_ms = clock_ms() - start
    pause = cpu_ms()
    ports, reached = len(os.listdir(PORTS)), reaches(net, n)
    pause = cpu_ms() - pause
    start = clock_ms()
    net.stop()
    down_ms = clock_ms() - start
    reap()
    total = cpu_ms() - cpu - pause
    print(json.dumps(dict(up_ms=up_ms, down_ms=down_ms, cpu_ms=total, ports=ports, reached=reached)))


main(int(sys.argv[1]))
