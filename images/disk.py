"""The disk: partitions, file systems, and a loader that BIOS and UEFI find. Nothing is mounted, and no loop device is used."""

import os
import struct
import uuid
from dataclasses import dataclass
from pathlib import Path

from process import Refusal, run

SECTOR = 512
MIB = 1 << 20
# Where each partition begins, in MiB: the BIOS's part of the loader, UEFI's, and all the rest.
CORE, EFI, ROOT = 1, 2, 34
# Of the disk's end, for the second copy of the partition table.
TAIL = 1
BIOS_MODULES = "biosdisk part_gpt ext2 normal linux search search_fs_uuid configfile serial terminal echo test gzio minicmd".split()
EFI_MODULES = "part_gpt fat ext2 normal linux search search_fs_uuid configfile serial terminal echo test gzio minicmd all_video".split()


@dataclass(frozen=True)
class Names:
    """The numbers by which a disk and its parts are known: they follow from what is in the image."""

    disk: str
    core: str
    efi: str
    root: str

    @staticmethod
    def of(digest):
        def one(part):
            return str(uuid.uuid5(uuid.NAMESPACE_URL, f"labkit:{digest}:{part}"))

        return Names(*(one(part) for part in ("disk", "core", "efi", "root")))


def partition(image, size, names, architecture):
    """`sfdisk`: GPT, whose second part UEFI reads; the first is the BIOS's."""
    with image.open("wb") as file:
        file.truncate(size)
    parts = [(CORE, EFI - CORE, "21686148-6449-6E6F-744E-656564454649", names.core),
             (EFI, ROOT - EFI, "C12A7328-F81F-11D2-BA4B-00A0C93EC93B", names.efi),
             (ROOT, size // MIB - ROOT - TAIL, "0FC63DAF-8483-4772-8E79-3D69D8477DE4", names.root)]
    if not architecture.has_bios:
        parts = parts[1:]
    lines = [f"start={at}MiB, size={length}MiB, type={kind}, uuid={name}" for at, length, kind, name in parts]
    table = "\n".join(["label: gpt", f"label-id: {names.disk}", *lines]) + "\n"
    run("sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", image, input=table)


def fill_root(image, tree, size, names, epoch):
    """`mke2fs -d`: the tree as an ext4 file system, sparse, the same bytes for the same tree."""
    length = size // 1024 - (ROOT + TAIL) * 1024
    # 64 KiB of disk for each file that may ever be: container images have many.
    run("mke2fs", "-q", "-t", "ext4", "-U", names.root, "-L", "labkit", "-m", "1", "-i", "65536",
        "-E", f"offset={ROOT * MIB},hash_seed={names.root},lazy_itable_init=1,lazy_journal_init=0,root_owner=0:0",
        "-d", tree, image, f"{length}k")
    # It takes over when the tree was last read and changed, which is now.
    inodes = len({path.lstat().st_ino for path in tree.rglob("*")}) + 16
    commands = "".join(f"sif <{inode}> {time} @{epoch}\n" for inode in range(2, inodes) for time in ("atime", "ctime", "crtime"))
    run("debugfs", "-w", "-f", "-", f"{image}?offset={ROOT * MIB}", input=commands)


def kernel(tree):
    """Where the newest kernel and its initrd have names that stay: Debian's are in /, Ubuntu's in /boot."""
    for place in ("", "/boot"):
        if (tree / place.lstrip("/") / "vmlinuz").is_symlink():
            return f"{place}/vmlinuz", f"{place}/initrd.img"
    raise Refusal("the kernel's package left no link to it, neither in / nor in /boot")


def grub_config(tree, names, architecture):
    """Starts at once, and says so on the screen and on the serial line."""
    linux, initrd = kernel(tree)
    # Where there is no BIOS, UEFI's own console has both, and GRUB knows no serial line.
    both = "serial --unit=0 --speed=115200\nterminal_input console serial\nterminal_output console serial\n"
    return f"""{both if architecture.has_bios else ""}set timeout=0
menuentry "labkit" {{
    linux {linux} root=UUID={names.root} ro console=tty0 console={architecture.serial},115200n8
    initrd {initrd}
}}
"""


def install_loader(image, tree, scratch, names, architecture, epoch):
    if architecture.has_bios:
        install_bios(image, tree, names)
    install_efi(image, tree, scratch, names, architecture, epoch)


def mkimage(tree, names, kind, modules):
    """A loader that knows how to find its file system by its UUID, made by the tree's own GRUB of its own modules."""
    made, early = tree / "tmp" / "core.img", tree / "tmp" / "early.cfg"
    early.write_text(f"search.fs_uuid {names.root} root\nset prefix=($root)/boot/grub\n")
    run("chroot", tree, "grub-mkimage", "-O", kind, "-o", "/tmp/core.img", "-p", "/boot/grub", "-c", "/tmp/early.cfg", *modules)
    return made


def install_bios(image, tree, names):
    """What `grub-bios-setup` writes: where the rest is goes into the first sector, and into the rest's own first one."""
    boot = bytearray((tree / "usr/lib/grub/i386-pc/boot.img").read_bytes()[:440])
    core = bytearray(mkimage(tree, names, "i386-pc", BIOS_MODULES).read_bytes())
    if len(core) > (EFI - CORE) * MIB:
        raise Refusal(f"the loader has {len(core)} bytes, and its partition {(EFI - CORE) * MIB}")
    first = CORE * MIB // SECTOR
    struct.pack_into("<Q", boot, 0x5C, first)
    # For a BIOS that does not say which disk it started from.
    boot[0x66:0x68] = b"\x90\x90"
    struct.pack_into("<Q", core, SECTOR - 12, first + 1)
    with image.open("r+b") as file:
        file.write(boot)
        file.seek(CORE * MIB)
        file.write(core)


def install_efi(image, tree, scratch, names, architecture, epoch):
    """A FAT file system with the loader where UEFI looks on a disk that it does not know."""
    loader = mkimage(tree, names, architecture.efi, EFI_MODULES)
    os.utime(loader, (epoch, epoch))
    system = scratch / "efi.img"
    with system.open("wb") as file:
        file.truncate((ROOT - EFI) * MIB)
    run("mkfs.vfat", "--invariant", "-i", names.efi[:8], "-n", "EFI", system)
    run("mmd", "-i", system, "::EFI", "::EFI/BOOT")
    run("mcopy", "-m", "-i", system, loader, f"::EFI/BOOT/{architecture.efi_file}")
    with image.open("r+b") as file:
        file.seek(EFI * MIB)
        file.write(Path(system).read_bytes())
