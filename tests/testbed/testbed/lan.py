"""The lab's network: a bridge in a namespace of its own, and a namespace for each machine. The host takes no part."""

from pathlib import Path

from . import LAB, MIRROR, NAT, PREFIX, address, run

NAME = f"{PREFIX}-lan"


def ip(netns, *words):
    run("ip", "-n", netns, *words)


def exists(netns):
    return Path("/run/netns", netns).exists()


def of(machine):
    """The namespace of a machine."""
    return f"{PREFIX}-{machine}"


def up():
    if exists(NAME):
        return
    run("ip", "netns", "add", NAME)
    ip(NAME, "link", "set", "lo", "up")
    ip(NAME, "link", "add", "br0", "type", "bridge")
    ip(NAME, "addr", "add", f"{MIRROR}/24", "dev", "br0")
    ip(NAME, "link", "set", "br0", "up")
    # Every lookup is told at once that nobody answers names here, not one in a second.
    run("ip", "netns", "exec", NAME, "sysctl", "-qw", "net.ipv4.icmp_ratelimit=0")


def ports(machine):
    return f"n-{machine}", f"p-{machine}"


def macs(machine):
    """Of its adapters. They stay when it boots again: the others have them in their tables."""
    last = int(address(machine).rsplit(".", 1)[1])
    return {"eth0": f"02:00:0a:00:02:{last:02x}", "eth1": f"02:00:c0:a8:38:{last:02x}"}


def plug(machine):
    """Two adapters, as a machine of VirtualBox's has: one to a world that is alike for all, one to the lab."""
    netns = of(machine)
    run("ip", "netns", "add", netns)
    for port, (name, mac) in zip(ports(machine), macs(machine).items()):
        ip(NAME, "link", "add", port, "type", "veth", "peer", "name", name, "address", mac, "netns", netns)
        ip(NAME, "link", "set", port, "up")
        ip(netns, "link", "set", name, "up")
    ip(NAME, "link", "set", f"p-{machine}", "master", "br0")
    ip(netns, "link", "set", "lo", "up")
    ip(netns, "addr", "add", f"{NAT}.15/24", "dev", "eth0")
    ip(netns, "route", "add", "default", "via", f"{NAT}.2")
    ip(netns, "addr", "add", f"{address(machine)}/24", "dev", "eth1")


def unplug(machine):
    if exists(NAME):
        # Those of a namespace go when the kernel comes round to it, and a machine that boots again needs the names now.
        for port in ports(machine):
            run("ip", "-n", NAME, "link", "del", port, check=False)
    if exists(of(machine)):
        run("ip", "netns", "del", of(machine))


def down():
    if exists(NAME):
        run("ip", "netns", "del", NAME)
