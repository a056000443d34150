"""Where the figures come from."""

import os
import platform
import subprocess
import time


def first_line(argv):
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)
    except OSError:
        return "none"
    return ((done.stdout or done.stderr).strip().splitlines() or ["none"])[0]


def processor():
    with open("/proc/cpuinfo") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return names[0] if names else platform.machine()


def memory_gib():
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30


def load():
    return " ".join(f"{value:.1f}" for value in os.getloadavg())


def lines(labkit, root, load_before):
    mininet = first_line(["/usr/bin/python3", "-c", "import mininet.net; print(mininet.net.VERSION)"])
    commit = first_line(["git", "-C", root, "describe", "--always", "--exclude", "*"])
    return [
        f"* {time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC, commit {commit}",
        f"* {processor()}, {os.cpu_count()} CPUs, {memory_gib():.0f} GiB, Linux {platform.release()}",
        f"* load before {load_before}, after {load()} (1, 5, 15 minutes)",
        f"* {first_line([labkit, '--version'])}, {first_line(['ip', '-V'])}, {first_line(['iperf3', '--version'])}, "
        f"Mininet {mininet}, Python {platform.python_version()}",
    ]
