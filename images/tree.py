"""The files of the machine: Debian's packages, labkit and its bundle, and what makes a machine of them."""

import os
import shutil
from pathlib import Path

from process import Refusal, run

HERE = Path(__file__).resolve().parent
# What every machine has. Named one by one: another mirror's idea of what is important makes no other image.
PACKAGES = ("apt bash ca-certificates coreutils dbus e2fsprogs gpgv initramfs-tools iperf3 iproute2 iputils-ping kmod "
            "less libpam-systemd nano netbase openssh-client openssh-server procps sudo systemd systemd-sysv tzdata udev "
            "zstd").split()
# What `node` asks for: there already, a machine becomes one in a moment.
NODE = "chrony conntrack ethtool iptables socat".split()
# A package of its own since Debian 12 and Ubuntu 24.04.
RESOLVER = "systemd-resolved"
DOCUMENTS = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*")
# Drivers of hardware that no hypervisor has: half of the kernel's package. What is done in software stays.
DRIVERS = ("sound drivers/bluetooth drivers/comedi drivers/iio drivers/infiniband/hw drivers/isdn drivers/media drivers/staging "
           "drivers/net/wireless/*").split()
DRIVERS += [f"drivers/gpu/drm/{name}" for name in "amd i915 nouveau radeon xe".split()]
DRIVERS += [f"drivers/net/ethernet/{name}" for name in "broadcom cavium chelsio mellanox netronome qlogic sfc".split()]
DRIVERS += [f"drivers/scsi/{name}" for name in "bfa lpfc qla2xxx qla4xxx".split()]
LEFT_OUT = (*DOCUMENTS, *(f"*/lib/modules/*/kernel/{directory}/*" for directory in DRIVERS))
UNITS = ("labkit-identity.service", "labkit-heal.service", "labkit-provision.service")
# Its mounts and its children end with it, however it ends.
APART = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
# Nobody upgrades or locks packages behind the lab's back, and nothing waits for a network that is not there.
MASKED = ("apt-daily.timer", "apt-daily-upgrade.timer", "apt-daily.service", "apt-daily-upgrade.service",
          "unattended-upgrades.service", "systemd-networkd-wait-online.service")
# Vagrant's, which everybody has: `vagrant up` puts another in its place.
INSECURE_KEY = (HERE / "files" / "vagrant.pub").read_text()


def packages(architecture, distribution):
    """All that is asked for; what these depend on comes with them."""
    return [*PACKAGES, *NODE, RESOLVER, distribution.kernels[architecture.name], *architecture.loaders]


def own_sources(release, distribution):
    """This machine's archives of that distribution, as lines of sources.list, of another release where one is wanted."""
    line = "$(CREATED_BY)|$(ORIGIN)|deb $(SITE) $(RELEASE) $(COMPONENT)"
    made = run("apt-get", "indextargets", "--format", line)
    lines = sorted({entry.split("|")[2] for entry in made.splitlines() if entry.startswith(f"Packages|{distribution.name}|")})
    if not lines:
        raise Refusal(f"this machine's apt knows no archive of {distribution.name}'s", "`apt-get update`, --sources FILE or --bundle FILE")
    words = [entry.split() for entry in lines]
    own = min((suite for _, _, suite, *_ in words), key=len)
    return "".join(f"deb {site} {suite.replace(own, release)} {' '.join(rest)}\n" for _, site, suite, *rest in words)


def unpack(tree, architecture, included, sources, suite, more=()):
    """`mmdebstrap`: the packages, configured. `sources` is what a sources.list or a .sources file says."""
    left_out = [f"--dpkgopt=path-exclude={path}" for path in LEFT_OUT]
    # The initrd is made once, when all is there, and not by the kernel's package and by others after it: it takes ten minutes
    # where another architecture's programs are run.
    initrd = '--customize-hook=chroot "$1" update-initramfs -c -k all'
    run(*APART, "mmdebstrap", "--quiet", "--mode=root", "--variant=essential", f"--architectures={architecture.name}",
        f"--include={','.join(included)}", '--aptopt=APT::Install-Recommends "false"',
        "--dpkgopt=force-unsafe-io", *left_out, initrd, *more, suite, tree, "-", input=sources,
        env={**os.environ, "INITRD": "No"})
    name_initrd(tree)
    # How it was unpacked here: a machine may lose its power while packages are installed.
    for path in ("etc/apt/apt.conf.d/99mmdebstrap", "etc/dpkg/dpkg.cfg.d/99mmdebstrap"):
        (tree / path).unlink(missing_ok=True)


def name_initrd(tree):
    """Beside the link to the kernel: its package makes none to an initrd that is not there yet."""
    for place in (tree, tree / "boot"):
        if (place / "vmlinuz").is_symlink():
            link(place, "initrd.img", os.readlink(place / "vmlinuz").replace("vmlinuz", "initrd.img"))


def furnish(tree, root_uuid, labkit, bundle):
    """What the machine has beyond its packages."""
    write(tree, "etc/dpkg/dpkg.cfg.d/image", "".join(f"path-exclude={path}\n" for path in LEFT_OUT))
    write(tree, "etc/fstab", f"UUID={root_uuid} / ext4 errors=remount-ro 0 1\n")
    write(tree, "etc/hostname", "localhost\n")
    write(tree, "etc/hosts", "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n")
    # Every wired device asks for an address, but the lab's, which is matched before it.
    write(tree, "etc/systemd/network/80-dhcp.network",
          "[Match]\nType=ether\nKind=!*\n\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=ipv6\n\n[DHCPv4]\nClientIdentifier=mac\n")
    write(tree, "etc/ssh/sshd_config.d/image.conf", "PasswordAuthentication no\nUseDNS no\nGSSAPIAuthentication no\n")
    link(tree, "etc/resolv.conf", "/run/systemd/resolve/stub-resolv.conf")
    user(tree)
    for path in sorted((HERE / "files").iterdir()):
        place = {".service": "etc/systemd/system", ".rules": "etc/udev/rules.d"}.get(path.suffix)
        if place:
            put(path, tree / place / path.name)
    for unit in MASKED:
        link(tree, f"etc/systemd/system/{unit}", "/dev/null")
    run("chroot", tree, "systemctl", "--quiet", "enable", *UNITS, "systemd-networkd.service", "systemd-resolved.service",
        "ssh.service")
    put(labkit, tree / "usr/local/bin/labkit", 0o755)
    if bundle:
        put(bundle, tree / "var/lib/labkit/lab.bundle.tar")


def user(tree):
    """Vagrant's, who may do everything; nobody has a password."""
    run("chroot", tree, "useradd", "--create-home", "--shell", "/bin/bash", "vagrant")
    write(tree, "etc/sudoers.d/vagrant", "vagrant ALL=(ALL) NOPASSWD: ALL\n", 0o440)
    home = tree / "home/vagrant"
    owner = (home.stat().st_uid, home.stat().st_gid)
    write(tree, "home/vagrant/.ssh/authorized_keys", INSECURE_KEY, 0o600)
    (home / ".ssh").chmod(0o700)
    for path in (home / ".ssh", home / ".ssh/authorized_keys"):
        os.chown(path, *owner)


def write(tree, path, text, mode=0o644):
    path = tree / path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(text)
    path.chmod(mode)


def link(tree, path, to):
    path = tree / path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(to)


def put(file, path, mode=0o644):
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, path)
    path.chmod(mode)


def settle(tree, epoch):
    """One time for everything, so that the same packages make the same image."""
    for dir, names, files in os.walk(tree, topdown=False):
        for name in [*files, *names, "."]:
            path = os.path.join(dir, name)
            os.utime(path, (epoch, min(epoch, int(os.lstat(path).st_mtime))), follow_symlinks=False)


def size(tree):
    """Bytes of all files."""
    return sum(path.lstat().st_size for path in tree.rglob("*") if not path.is_symlink() and path.is_file())
