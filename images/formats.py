"""The disk in the forms that hypervisors read, and in Vagrant's boxes."""

import gzip
import hashlib
import io
import json
import os
import tarfile
from pathlib import Path

import ovf
from process import run, say

FILES = Path(__file__).resolve().parent / "files"


class Forms:
    """Writes them, each file under its name once it is whole."""

    def __init__(self, raw, scratch, epoch, architecture, distribution):
        self.raw, self.scratch, self.epoch = raw, scratch, epoch
        self.architecture, self.distribution = architecture, distribution

    def write(self, form, file):
        part = file.with_name(f".{file.name}.part")
        try:
            if form in ("virtualbox", "libvirt"):
                getattr(self, form)(part)
            else:
                run("cp", "--sparse=always", "--reflink=auto", self.disk(form), part)
            os.replace(part, file)
        finally:
            part.unlink(missing_ok=True)

    def disk(self, form):
        """The disk in this form, made once: compressing it is most of the work."""
        if form == "raw":
            return self.raw
        made = self.scratch / f"disk.{form}"
        if not made.exists():
            say(f"write the disk as {form}")
            getattr(self, f"make_{form}")(made)
        return made

    def make_qcow2(self, made):
        run("qemu-img", "convert", "-c", "-O", "qcow2", self.raw, made)

    def make_vmdk(self, made):
        """As OVF wants it: in compressed grains, read in one stream."""
        run("qemu-img", "convert", "-O", "vmdk", "-o", "subformat=streamOptimized", self.raw, made)
        number_content(made)

    def libvirt(self, part):
        disk = self.disk("qcow2")
        metadata = {"provider": "libvirt", "format": "qcow2", "virtual_size": -(-self.raw.stat().st_size // (1 << 30)),
                    "architecture": self.architecture.name}
        self.box(part, metadata, {"box.img": disk, "Vagrantfile": FILES / "Vagrantfile.libvirt"})

    def virtualbox(self, part):
        disk = self.disk("vmdk")
        machine = ovf.machine(self.architecture, self.distribution, "disk.vmdk", disk.stat().st_size, self.raw.stat().st_size)
        metadata = {"provider": "virtualbox", "architecture": self.architecture.name}
        self.box(part, metadata, {"box.ovf": machine.encode(), "disk.vmdk": disk, "Vagrantfile": FILES / "Vagrantfile.virtualbox"})

    def box(self, part, metadata, files):
        """A tar.gz with metadata.json at its head. What is compressed already is not made smaller."""
        files = {"metadata.json": (json.dumps(metadata, indent=2) + "\n").encode(), **files}
        with part.open("wb") as out, gzip.GzipFile("", "wb", 1, out, mtime=self.epoch) as packed, \
                tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for name, content in files.items():
                entry = tarfile.TarInfo(name)
                entry.mtime, entry.mode = self.epoch, 0o644
                is_text = isinstance(content, bytes)
                entry.size = len(content) if is_text else content.stat().st_size
                with io.BytesIO(content) if is_text else content.open("rb") as file:
                    tar.addfile(entry, file)


def number_content(vmdk):
    """`CID`, which tells one content from another, follows from the content: qemu-img draws it, of up to eight digits."""
    with vmdk.open("r+b") as file:
        head = file.read(64 * 1024)
        at = head.index(b"\nCID=") + len(b"\nCID=")
        # The descriptor's text ends at the first of the zeros that fill its sectors.
        rest = head[head.index(b"\n", at):head.index(b"\0", at)]

        def number(digits):
            file.seek(0)
            file.write(head[:at] + digits + rest)

        number(b"00000000")
        file.seek(0)
        number(hashlib.file_digest(file, "sha256").hexdigest()[:8].encode())
