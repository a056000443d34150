"""The tree that every machine starts from: what a provider's Debian image holds, built once from Debian's packages."""

import hashlib
import platform
import shutil
from pathlib import Path

from . import HOME, LAB, MIRROR, MIRROR_PORT, OFFERED, RELEASE, mirror, run, say

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
INCLUDED = ("systemd systemd-sysv libpam-systemd dbus openssh-server openssh-client iproute2 iputils-ping procps kmod "
            "sudo less nano gpg gpgv ca-certificates strace").split()
# Built into this kernel or not there at all: machines have no modules of their own to load.
MODULES = ("net/bridge/bridge net/bridge/br_netfilter fs/overlayfs/overlay net/netfilter/nf_conntrack "
           "net/netfilter/x_tables net/netfilter/xt_set net/netfilter/ipset/ip_set "
           "net/ipv4/netfilter/ip_tables net/ipv4/netfilter/iptable_nat net/ipv4/netfilter/iptable_filter "
           "drivers/net/vxlan/vxlan drivers/net/veth drivers/net/tun kernel/configs").split()
FILES = Path(__file__).parent / "files"


def sources(release=RELEASE):
    """This machine's own Debian archives, as lines of sources.list, of another release where one is wanted."""
    made = run("apt-get", "indextargets", "--format", "$(CREATED_BY)|$(ORIGIN)|deb $(SITE) $(RELEASE) $(COMPONENT)").stdout
    lines = {line.split("|")[2] for line in made.splitlines() if line.startswith("Packages|Debian|")}
    if not lines:
        raise SystemExit("testbed: this machine's apt knows no archive of Debian's: `apt-get update` first?")
    lines = [line.split() for line in sorted(lines)]
    own = min((suite for _, _, suite, *_ in lines), key=len)
    return "".join(f"deb {site} {suite.replace(own, release or own)} {' '.join(rest)}\n" for _, site, suite, *rest in lines)


def digest():
    """Changes whenever the tree would: a cached one of another digest is built anew."""
    parts = [INCLUDED, OFFERED, MODULES, sources(), platform.release(), LAB, MIRROR_PORT]
    parts += [path.read_text() for path in sorted(FILES.iterdir())] + [Path(__file__).read_text()]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def build():
    """Makes the tree and the mirror, unless they are there; gives the tree's path."""
    tree, mark = HOME / "tree", HOME / "tree.sha256"
    wanted = digest()
    if mark.exists() and mark.read_text() == wanted:
        return tree
    say("build the tree that machines start from")
    mark.unlink(missing_ok=True)
    for old in (tree, HOME / "machines", HOME / "mirror"):
        shutil.rmtree(old, ignore_errors=True)
    HOME.mkdir(parents=True, exist_ok=True)
    debs = HOME / "mirror" / "pool"
    debs.mkdir(parents=True)
    # The offered packages are fetched while the tree still knows Debian's own archives.
    fetch = f'chroot "$1" apt-get -qq -y --download-only --no-install-recommends install {" ".join(OFFERED)}'
    keep = f'cp "$1"/var/cache/apt/archives/*.deb {debs}'
    run("mmdebstrap", "--mode=root", "--variant=important", "--components=main", f"--keyring={KEYRING}",
        f"--include={','.join(INCLUDED)}", "--aptopt=APT::Install-Recommends \"false\"",
        "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/doc/*",
        "--dpkgopt=force-unsafe-io", f"--customize-hook={fetch}", f"--customize-hook={keep}",
        "", tree, "-", input=sources())
    furnish(tree)
    mirror.publish()
    mark.write_text(wanted)
    return tree


def furnish(tree):
    """What an image has beyond its packages, and what a container lacks of a machine."""
    for name in ("apt.conf.d/99mmdebstrap", "sources.list"):
        (tree / "etc/apt" / name).unlink(missing_ok=True)
    shutil.copy(mirror.key(), tree / "etc/apt/keyrings/mirror.gpg")
    (tree / "etc/apt/sources.list.d/mirror.sources").write_text(mirror.source())
    # Nobody answers there, so that a lookup of another name fails at once.
    (tree / "etc/resolv.conf").write_text(f"nameserver {MIRROR}\n")
    (tree / "etc/hostname").write_text("debian\n")
    (tree / "etc/hosts").write_text("127.0.0.1 localhost\n127.0.1.1 debian\n")
    (tree / "etc/machine-id").write_text("")
    for key in (tree / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    for name in ("testbed-machine", "runc"):
        shutil.copy(FILES / name, tree / "usr/local/sbin")
        (tree / "usr/local/sbin" / name).chmod(0o755)
    for unit in ("testbed-machine.service", "testbed-hostkeys.service"):
        shutil.copy(FILES / unit, tree / "etc/systemd/system")
    run("chroot", tree, "systemctl", "-q", "enable", "testbed-machine.service", "testbed-hostkeys.service")
    run("chroot", tree, "useradd", "-m", "-s", "/bin/bash", "-G", "sudo", "vagrant")
    modules = tree / "lib/modules" / platform.release()
    modules.mkdir(parents=True)
    (modules / "modules.builtin").write_text("".join(f"kernel/{name}.ko\n" for name in MODULES))
    (modules / "modules.order").write_text("")
    run("chroot", tree, "depmod", platform.release())
    for deb in (tree / "var/cache/apt/archives").glob("*.deb"):
        deb.unlink()
