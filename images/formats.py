"""The disk in the forms that hypervisors read, and in Vagrant's boxes."""

import gzip
import hashlib
import io
import json
import os
import tarfile
from pathlib import Path

import ovf
from process import run

# What a box's machine is when nobody says otherwise.
BOX_DIR = Path(__file__).resolve().parent / "files"


def convert(raw, kind, made, epoch, architecture):
    """One file of this form, under its name once it is whole."""
    part = made.with_name(f".{made.name}.part")
    try:
        WRITERS[kind](raw, part, epoch, architecture)
        os.replace(part, made)
    finally:
        part.unlink(missing_ok=True)


def write_raw(raw, part, *_):
    run("cp", "--sparse=always", "--reflink=auto", raw, part)


def write_qcow2(raw, part, *_):
    run("qemu-img", "convert", "-c", "-O", "qcow2", raw, part)


def write_vmdk(raw, part, *_):
    """As OVF wants it: in compressed grains, read in one stream."""
    run("qemu-img", "convert", "-O", "vmdk", "-o", "subformat=streamOptimized", raw, part)
    # qemu-img draws the number that tells one content from another.
    with part.open("r+b") as file:
        head = file.read(64 * 1024)
        at = head.index(b"\nCID=") + 5
        file.seek(0)
        file.write(head[:at] + hashlib.sha256(str(raw.stat().st_size).encode()).hexdigest()[:8].encode() + head[at + 8:])


def write_libvirt(raw, part, epoch, architecture):
    disk = part.with_name(part.name + ".qcow2")
    write_qcow2(raw, disk)
    gigabytes = -(-raw.stat().st_size // (1 << 30))
    metadata = {"provider": "libvirt", "format": "qcow2", "virtual_size": gigabytes, "architecture": architecture.name}
    box(part, epoch, metadata, {"box.img": disk, "Vagrantfile": BOX_DIR / "Vagrantfile.libvirt"})
    disk.unlink()


def write_virtualbox(raw, part, epoch, architecture):
    disk = part.with_name(part.name + ".vmdk")
    write_vmdk(raw, disk)
    machine = ovf.machine(architecture, "disk.vmdk", disk.stat().st_size, raw.stat().st_size)
    metadata = {"provider": "virtualbox", "architecture": architecture.name}
    box(part, epoch, metadata, {"box.ovf": machine.encode(), "disk.vmdk": disk,
                                "Vagrantfile": BOX_DIR / "Vagrantfile.virtualbox"})
    disk.unlink()


def box(part, epoch, metadata, files):
    """A tar.gz with metadata.json at its head. What is compressed already is not made smaller."""
    with part.open("wb") as out, gzip.GzipFile("", "wb", 1, out, mtime=epoch) as packed, \
            tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in {"metadata.json": (json.dumps(metadata, indent=2) + "\n").encode(), **files}.items():
            entry = tarfile.TarInfo(name)
            entry.mtime, entry.mode = epoch, 0o644
            if isinstance(content, bytes):
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
            else:
                entry.size = content.stat().st_size
                with content.open("rb") as file:
                    tar.addfile(entry, file)


WRITERS = {"raw": write_raw, "qcow2": write_qcow2, "vmdk": write_vmdk, "virtualbox": write_virtualbox, "libvirt": write_libvirt}
