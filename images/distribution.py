"""What differs from Debian to Ubuntu."""

import platform
from dataclasses import dataclass

from process import Refusal


@dataclass(frozen=True)
class Distribution:
    name: str
    # Its kernel's package, by architecture.
    kernels: dict
    # DMTF's number, as box.ovf has it.
    os_id: int
    # VirtualBox's word for it, by architecture.
    os_types: dict


DEBIAN = Distribution("Debian", {"amd64": "linux-image-amd64", "arm64": "linux-image-arm64"}, 96,
                      {"amd64": "Debian_64", "arm64": "Debian_arm64"})
# Its usual kernel brings firmware for all hardware that there is.
UBUNTU = Distribution("Ubuntu", {"amd64": "linux-image-virtual", "arm64": "linux-image-virtual"}, 94,
                      {"amd64": "Ubuntu_64", "arm64": "Ubuntu_arm64"})
RELEASES = {"bookworm": DEBIAN, "trixie": DEBIAN, "noble": UBUNTU}


def own_release():
    """This machine's, where an image can be made of it."""
    release = platform.freedesktop_os_release().get("VERSION_CODENAME")
    if release not in RELEASES:
        raise Refusal(f"no image is made of this machine's release, {release}", f"--release {' or '.join(RELEASES)}, with --sources FILE or --bundle BUNDLE")
    return release
