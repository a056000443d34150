"""What differs from one processor to the next."""

import platform
from dataclasses import dataclass

from process import Refusal

# What an ELF file names its machine by.
ELF = {62: "amd64", 183: "arm64"}


@dataclass(frozen=True)
class Architecture:
    """As Debian names it, and how a machine of it starts."""

    name: str
    # The loader's packages; where its modules are; what UEFI looks for on a disk that it does not know.
    loaders: tuple
    efi: str
    efi_file: str
    serial: str
    # Whether a BIOS starts it as well.
    has_bios: bool
    # Its disk's controller and its first device in box.ovf: what VirtualBox itself gives such a machine.
    controller: str
    adapter: str


ALL = {
    "amd64": Architecture("amd64", ("grub-pc-bin", "grub-efi-amd64-bin"), "x86_64-efi", "BOOTX64.EFI", "ttyS0", True, "AHCI",
                          "E1000"),
    "arm64": Architecture("arm64", ("grub-efi-arm64-bin",), "arm64-efi", "BOOTAA64.EFI", "ttyAMA0", False, "VirtioSCSI",
                          "VirtioNet"),
}
OWN = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def of_program(path):
    """What a program for Linux runs on."""
    head = path.open("rb").read(20)
    if head[:5] != b"\x7fELF\x02":
        raise Refusal(f"{path} is no program of 64 bits for Linux", "--labkit target/…/release/labkit")
    return ELF.get(int.from_bytes(head[18:20], "little"), "another architecture")
